import type { Client } from '@temporalio/client';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow';
import type { ActivityProgress, RunProgress } from '../contracts/run';
import { WORKFLOW_CONTRACTS, type WorkflowType } from '../contracts/workflow-contracts';
import type { RunHandle } from './start-runs';

/** An activity that has not ended, as the server knows it. */
export interface PendingWork {
  activity: string;
  /** From the newest heartbeat. */
  progress: ActivityProgress | undefined;
  /** Counts from 1. */
  attempt: number;
  /** Why the last attempt failed: it is being tried again. */
  lastFailure: string | undefined;
}

/** What a run is doing now. */
export interface Snapshot {
  /** Answer of the run's own query; undefined for workflows without one, and until a worker has taken the run up. */
  run: RunProgress | undefined;
  pending: PendingWork[];
}

/** A worker that is away leaves a query unanswered. */
const ANSWER_WITHIN_MS = 2_000;

/** Whether a workflow of a type answers the query `progress`. */
export function answersProgress(workflowType: WorkflowType): boolean {
  return 'progress' in WORKFLOW_CONTRACTS[workflowType].queries;
}

/**
 * Asks the server what a run does. What is not answered within two seconds is taken from the last snapshot.
 *
 * @param answersQuery the workflow answers the query `progress`.
 */
export async function readSnapshot<T extends WorkflowType>(
  client: Client,
  handle: Pick<RunHandle<T>, 'query' | 'describe'>,
  answersQuery: boolean,
  last: Snapshot,
): Promise<Snapshot> {
  const inTime = <V>(question: () => Promise<V>) => client.withDeadline(Date.now() + ANSWER_WITHIN_MS, question);
  const [run, pending] = await Promise.allSettled([
    answersQuery ? inTime(() => handle.query<RunProgress>('progress')) : undefined,
    inTime(() => handle.describe()).then(({ raw }) =>
      Promise.all((raw.pendingActivities ?? []).map((activity) => toPendingWork(client, activity))),
    ),
  ]);
  return {
    run: run.status === 'fulfilled' ? run.value : last.run,
    // Between two activities nothing is pending: what was done last says more than nothing.
    pending:
      pending.status === 'fulfilled' && (answersQuery || pending.value.length > 0) ? pending.value : last.pending,
  };
}

type RawDescription = Awaited<ReturnType<RunHandle<WorkflowType>['describe']>>['raw'];
type RawPendingActivity = NonNullable<RawDescription['pendingActivities']>[number];

async function toPendingWork(client: Client, activity: RawPendingActivity): Promise<PendingWork> {
  const converter = client.options.loadedDataConverter;
  const [progress] = await decodeArrayFromPayloads(converter, activity.heartbeatDetails?.payloads);
  const failure = await decodeOptionalFailureToOptionalError(converter, activity.lastFailure);
  return {
    activity: activity.activityType?.name ?? 'an activity',
    progress: (progress as ActivityProgress | null | undefined) ?? undefined,
    attempt: activity.attempt ?? 1,
    lastFailure: failure?.message,
  };
}
