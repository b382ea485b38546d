import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';

/** How a run that gave no result ended. */
export type RunEnding = 'FAILED' | 'CANCELLED' | 'TERMINATED' | 'TIMED_OUT';

/** A run that ended without a result; its message is one sentence. What readers see is what they saw before, but for MonitoringFailedError. */
export class RunFailedError extends Error {
  override readonly name = 'RunFailedError';

  constructor(
    message: string,
    readonly ending: RunEnding,
    /**
     * What went wrong, by name: InvalidInputError, MissingDeliveryError, HeaderMismatchError, TooManyRejectedError,
     * GateFailedError, BuildFailedError and so on; docs/client.md lists them.
     */
    readonly kind: string,
    /** The same start may succeed later although nothing is changed. False: input, files, models or settings must change first. */
    readonly isRetryable: boolean,
    /** Number of the candidate that a gate holds back, when that is what the run failed with. */
    readonly candidate: number | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The failure of a run, from the error that waiting for its result has thrown; undefined when it is not the run that
 * ended, but the connection to the server.
 */
export function runFailureOf(error: unknown): RunFailedError | undefined {
  if (!(error instanceof WorkflowFailedError)) return undefined;
  const { cause } = error;
  const failed = (message: string, ending: RunEnding, kind: string, isRetryable: boolean, candidate?: number) =>
    new RunFailedError(message, ending, kind, isRetryable, candidate ?? null, { cause: error });
  if (cause instanceof CancelledFailure) return failed('The run was cancelled.', 'CANCELLED', 'CancelledFailure', true);
  if (cause instanceof ApplicationFailure) {
    const kind = cause.type ?? 'ApplicationFailure';
    return failed(cause.message, 'FAILED', kind, cause.nonRetryable !== true, candidateOf(cause));
  }
  const [what, ending] =
    cause instanceof TerminatedFailure
      ? (['The run was terminated', 'TERMINATED'] as const)
      : cause instanceof TimeoutFailure
        ? (['The run took longer than it may', 'TIMED_OUT'] as const)
        : (['The run failed', 'FAILED'] as const);
  const reason = cause instanceof Error && cause.message !== '' ? ` (${cause.message.split('\n')[0]})` : '';
  return failed(`${what}${reason}.`, ending, cause?.constructor.name ?? 'Failure', ending !== 'FAILED');
}

/** A gate's failure has the candidate in its details; on the way out of the workflow they stay with the innermost failure. */
function candidateOf(failure: ApplicationFailure): number | undefined {
  for (let inner: unknown = failure; inner instanceof Error; inner = inner.cause) {
    const [held] = (inner instanceof ApplicationFailure ? (inner.details ?? []) : []) as [{ candidate?: unknown }?];
    if (typeof held?.candidate === 'number') return held.candidate;
  }
  return undefined;
}
