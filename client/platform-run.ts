import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { InvalidInputError, TemporalUnreachableError } from '../contracts/errors';
import type { RunProgress } from '../contracts/run';
import type { ResultOf, WorkflowType } from '../contracts/workflow-contracts';
import { runFailureOf, type RunFailedError } from './run-failure';
import { answersProgress, readSnapshot, type Snapshot } from './run-progress';
import type { RunHandle } from './start-runs';
import { serverReason } from './temporal-connection';

/** How a run's progress is followed. */
export interface ProgressOptions {
  /** Milliseconds between two questions while something changes; default 500. */
  pollMs?: number;
  /** Milliseconds between two questions at the most, when nothing has changed for a while; default 5,000. */
  slowestPollMs?: number;
  /** Ends the stream; it throws nothing. */
  signal?: AbortSignal;
}

/** Which run, and whether this start has made it. */
export interface RunIdentification<T extends WorkflowType> {
  workflowType: T;
  workflowId: string;
  /** Run id of the first execution. */
  runId: string;
  isNew: boolean;
}

const POLL_MS = 500;
const SLOWEST_POLL_MS = 5_000;
const SLOWER_BY = 1.5;

/** One run of the platform: what it does, what it came to, and how it is steered. It goes on whether anybody follows it or not. */
export class PlatformRun<T extends WorkflowType> {
  readonly workflowType: T;
  readonly workflowId: string;
  /** Run id of the first execution: with the workflow id it names this run for good. */
  readonly runId: string;
  /** `<workflow id>::<run id>`: what every row that the run loads carries as `_LOAD_ID`. */
  readonly loadId: string;
  /** True when the call that gave this has started the run; false when it was there already. */
  readonly isNew: boolean;

  constructor(
    private readonly client: Client,
    { workflowType, workflowId, runId, isNew }: RunIdentification<T>,
  ) {
    this.workflowType = workflowType;
    this.workflowId = workflowId;
    this.runId = runId;
    this.loadId = `${workflowId}::${runId}`;
    this.isNew = isNew;
  }

  /**
   * Waits for the run's end, however long that takes.
   *
   * @returns what the workflow returns: outcome, publication, counts, LOAD_ID, as the type of the workflow has them.
   * @throws RunFailedError when it failed, was cancelled or terminated, in one sentence.
   * @throws TemporalUnreachableError when the server stops answering; the run goes on.
   */
  async result(): Promise<ResultOf<T>> {
    try {
      const result: unknown = await this.client.workflow.result(this.workflowId, this.runId, { followRuns: true });
      return result as ResultOf<T>;
    } catch (error) {
      throw this.failureFrom(error);
    }
  }

  /**
   * What the run does, from now to its end: a snapshot each time that something has changed. While nothing changes the server is asked
   * less and less often. A question that is not answered, since no worker is there, is asked again.
   *
   * @throws TemporalUnreachableError when the server stops answering; the run goes on, and can be followed again.
   */
  async *progress(options: ProgressOptions = {}): AsyncGenerator<Snapshot, void, undefined> {
    const { pollMs = POLL_MS, slowestPollMs = SLOWEST_POLL_MS, signal } = options;
    let last: Snapshot = { run: undefined, pending: [] };
    let told: Snapshot | undefined;
    let waitMs = pollMs;
    while (signal?.aborted !== true) {
      const isOver = await this.hasEnded();
      last = await readSnapshot(this.client, this.handle(), answersProgress(this.workflowType), last);
      const hasChanged = !isDeepStrictEqual(last, told);
      if (hasChanged) yield structuredClone((told = last));
      if (isOver) return;
      waitMs = hasChanged ? pollMs : Math.min(waitMs * SLOWER_BY, slowestPollMs);
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /**
   * Asks the run to end: what is under way is given up, and readers keep what they have. `result()` tells when that has happened. Of a run
   * that has ended it changes nothing.
   */
  async cancel(): Promise<void> {
    await this.told(() => this.handle().cancel());
  }

  /**
   * Holds an ingestion or a backfill between two batches or days, until `resume`. Repeating it changes nothing.
   *
   * @throws InvalidInputError with the run's own sentence when there is nothing left to hold.
   */
  async pause(): Promise<RunProgress> {
    return this.told(() => this.handle().executeUpdate<RunProgress, []>('pause'));
  }

  /** Lets a run that was paused go on. Repeating it changes nothing. */
  async resume(): Promise<RunProgress> {
    return this.told(() => this.handle().executeUpdate<RunProgress, []>('resume'));
  }

  /** The newest execution of this run: a long backfill continues as new. It never means a later run under the same workflow id. */
  private handle(): RunHandle<T> {
    const { workflowId, runId: firstExecutionRunId } = this;
    return this.client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId }) as RunHandle<T>;
  }

  private async hasEnded(): Promise<boolean> {
    try {
      const { status, raw } = await this.handle().describe();
      return status.name !== 'RUNNING' || raw.workflowExecutionInfo?.firstRunId !== this.runId;
    } catch (error) {
      throw this.failureFrom(error);
    }
  }

  private async told<V>(act: () => Promise<V>): Promise<V> {
    try {
      return await act();
    } catch (error) {
      const { name, cause } = error as Error;
      if (name === 'WorkflowUpdateFailedError' && cause instanceof Error) {
        throw new InvalidInputError(`${this.workflowId}: ${cause.message}.`, { cause: error });
      }
      throw this.failureFrom(error);
    }
  }

  private failureFrom(error: unknown): RunFailedError | InvalidInputError | TemporalUnreachableError {
    if (error instanceof WorkflowNotFoundError) {
      return new InvalidInputError(`${this.workflowId} does not run, or the server does not keep it any more.`, {
        cause: error,
      });
    }
    return (
      runFailureOf(error) ??
      new TemporalUnreachableError(
        `The Temporal server does not answer (${serverReason(error)}): the run ${this.workflowId} goes on when it is back.`,
        { cause: error },
      )
    );
  }
}
