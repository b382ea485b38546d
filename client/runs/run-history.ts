import type { Client } from '@temporalio/client';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow';
import { tsToMs } from '@temporalio/common/lib/time';

/** What a run's history tells, in the platform's words. */

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];
type EventId = NonNullable<HistoryEvent['eventId']>;
type Payloads = { payloads?: Parameters<typeof decodeArrayFromPayloads>[1] } | null | undefined;

/** Work that a run had done: an activity, a child run or a wait. Times in milliseconds since the epoch. */
export interface Step {
  /** Activity type, workflow type of a child, or `wait`. */
  name: string;
  /** What the Web UI shows beside it. */
  summary: string | undefined;
  /** Of a child. */
  workflowId: string | undefined;
  scheduledAt: number;
  /** Undefined while it is under way. */
  endedAt: number | undefined;
  outcome: 'under way' | 'done' | 'failed' | 'cancelled';
  /** Attempts that it took. */
  attempts: number;
  /** Why it failed, or why its last attempt but one did. */
  failure: string | undefined;
  result: unknown;
  /** The workflow task that asked for it: where a reset begins to ask again. */
  askedBy: EventId;
}

/** Something that happened to the run itself. */
export interface RunEvent {
  at: number;
  text: string;
}

/** A run from its beginning to where it is. */
export interface RunStory {
  input: unknown[];
  steps: Step[];
  /** Updates, requests to cancel, its beginning and its end. */
  events: RunEvent[];
  /** The sentence with which it failed. */
  failure: string | undefined;
  result: unknown;
}

/** Reads the whole history of one execution. */
export async function readStory(client: Client, workflowId: string, runId: string): Promise<RunStory> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const reader = new StoryReader(client);
  for (const event of events ?? []) await reader.read(event);
  return reader.story;
}

class StoryReader {
  readonly story: RunStory = { input: [], steps: [], events: [], failure: undefined, result: undefined };
  /** By the event that asked for them. */
  private readonly open = new Map<string, Step>();

  constructor(private readonly client: Client) {}

  async read(event: HistoryEvent): Promise<void> {
    const at = tsToMs(event.eventTime);
    const begin = async (name: string, askedBy: EventId | null | undefined, workflowId?: string | null) => {
      const [summary] = await this.values(
        event.userMetadata?.summary ? { payloads: [event.userMetadata.summary] } : undefined,
      );
      const step: Step = {
        ...{ name, summary: typeof summary === 'string' ? summary : undefined, workflowId: workflowId ?? undefined },
        ...{
          scheduledAt: at,
          endedAt: undefined,
          outcome: 'under way',
          attempts: 0,
          failure: undefined,
          result: undefined,
        },
        // The server always says so.
        askedBy: askedBy as EventId,
      };
      this.open.set(String(event.eventId), step);
      this.story.steps.push(step);
    };
    const end = async (of: unknown, outcome: Step['outcome'], result?: Payloads, failure?: unknown) => {
      const step = this.open.get(String(of));
      if (step === undefined) return;
      const text = failure === undefined ? step.failure : await this.sentence(failure);
      Object.assign(step, { endedAt: at, outcome, failure: text, result: (await this.values(result))[0] });
    };
    const note = (text: string) => this.story.events.push({ at, text });

    const started = event.workflowExecutionStartedEventAttributes;
    if (started) {
      this.story.input = await this.values(started.input);
      note(`began${(started.attempt ?? 1) > 1 ? `, attempt ${started.attempt}` : ''}`);
    }
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) await begin(scheduled.activityType?.name ?? 'an activity', scheduled.workflowTaskCompletedEventId);
    const attempt = event.activityTaskStartedEventAttributes;
    const step = attempt && this.open.get(String(attempt.scheduledEventId));
    if (step) {
      step.attempts = attempt.attempt ?? 1;
      if (attempt.lastFailure) step.failure = await this.sentence(attempt.lastFailure);
    }
    const done = event.activityTaskCompletedEventAttributes;
    if (done) await end(done.scheduledEventId, 'done', done.result);
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    if (failed) await end(failed.scheduledEventId, 'failed', undefined, failed.failure);
    const cancelled = event.activityTaskCanceledEventAttributes;
    if (cancelled) await end(cancelled.scheduledEventId, 'cancelled');

    const timer = event.timerStartedEventAttributes;
    if (timer) await begin('wait', timer.workflowTaskCompletedEventId);
    const fired = event.timerFiredEventAttributes;
    if (fired) await end(fired.startedEventId, 'done');
    const stopped = event.timerCanceledEventAttributes;
    if (stopped) await end(stopped.startedEventId, 'cancelled');

    const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
    if (child) await begin(child.workflowType?.name ?? 'a run', child.workflowTaskCompletedEventId, child.workflowId);
    const childDone = event.childWorkflowExecutionCompletedEventAttributes;
    if (childDone) await end(childDone.initiatedEventId, 'done', childDone.result);
    const childFailed =
      event.childWorkflowExecutionFailedEventAttributes ?? event.startChildWorkflowExecutionFailedEventAttributes;
    if (childFailed)
      await end(
        childFailed.initiatedEventId,
        'failed',
        undefined,
        'failure' in childFailed ? childFailed.failure : null,
      );
    const childEnded =
      event.childWorkflowExecutionCanceledEventAttributes ??
      event.childWorkflowExecutionTerminatedEventAttributes ??
      event.childWorkflowExecutionTimedOutEventAttributes;
    if (childEnded) await end(childEnded.initiatedEventId, 'cancelled');

    const update = event.workflowExecutionUpdateAcceptedEventAttributes;
    if (update) note(`update '${update.acceptedRequest?.input?.name ?? ''}' accepted`);
    if (event.workflowExecutionCancelRequestedEventAttributes) note('was asked to cancel');
    const completed = event.workflowExecutionCompletedEventAttributes;
    if (completed) {
      [this.story.result] = await this.values(completed.result);
      note('ended well');
    }
    const fault = event.workflowExecutionFailedEventAttributes;
    if (fault) {
      this.story.failure = await this.sentence(fault.failure);
      note(`failed: ${this.story.failure}`);
    }
    if (event.workflowExecutionCanceledEventAttributes) note('was cancelled');
    const terminated = event.workflowExecutionTerminatedEventAttributes;
    if (terminated) {
      this.story.failure = `terminated: ${terminated.reason ?? 'no reason given'}`;
      note(`was ${this.story.failure}`);
    }
    if (event.workflowExecutionTimedOutEventAttributes) note('took longer than it may');
    if (event.workflowExecutionContinuedAsNewEventAttributes) note('goes on as a new execution under the same id');
  }

  private async values(payloads: Payloads): Promise<unknown[]> {
    return decodeArrayFromPayloads(this.client.options.loadedDataConverter, payloads?.payloads);
  }

  /** The innermost message: that of the activity which failed, not "Activity task failed". */
  private async sentence(failure: unknown): Promise<string> {
    const converter = this.client.options.loadedDataConverter;
    type Failure = Parameters<typeof decodeOptionalFailureToOptionalError>[1];
    let error: Error | undefined = await decodeOptionalFailureToOptionalError(converter, failure as Failure);
    const outer = error?.message;
    while (error?.cause instanceof Error && /^(Activity|Child Workflow)/i.test(error.message)) error = error.cause;
    return (error?.message ?? outer ?? 'no reason given').split('\n')[0] ?? '';
  }
}
