import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import { ContinueAsNew, isCancellation } from '@temporalio/workflow';
import { tagOutcome } from './identity';
import { noteFailure } from './run-incidents';
import { tellFailure } from './story';

/**
 * Runs a workflow's body so that a failure shows one sentence in the Web UI: that of the activity which caused it,
 * instead of "Activity task failed", and people are told of it. A cancellation stays a cancellation, and to continue as new is no failure.
 *
 * @param sourceSystem as the workflow's input, which may not be valid, names it.
 */
export async function withPlainFailures<T>(body: () => Promise<T>, sourceSystem?: unknown): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (isCancellation(error) || error instanceof ContinueAsNew) throw error;
    tagOutcome('FAILED');
    const cause = rootCause(error);
    tellFailure(cause instanceof Error ? cause.message : String(cause));
    await noteFailure(cause, sourceSystem);
    throw plainFailure(error);
  }
}

/** The failure that shows the sentence of an error's innermost cause; an error without such a cause as it is. */
export function plainFailure(error: unknown): unknown {
  const cause = rootCause(error);
  if (!(cause instanceof ApplicationFailure) || cause === error) return error;
  return ApplicationFailure.create({
    message: cause.message,
    type: cause.type ?? undefined,
    nonRetryable: cause.nonRetryable ?? undefined,
    cause: error instanceof Error ? error : undefined,
  });
}

/** The innermost failure of an activity or child workflow. */
export function rootCause(error: unknown): unknown {
  let cause = error;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause !== undefined) {
    cause = cause.cause;
  }
  return cause;
}
