import type { Next, ActivityExecuteInput, ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/common';
import { TerminalError } from '../contracts/errors';

/** Turns the errors that no retry can mend into non-retryable failures whose type is the error's class name. */
export const terminalErrorInterceptor: ActivityInboundCallsInterceptor = {
  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      throw error instanceof TerminalError ? asFailure(error) : error;
    }
  },
};

function asFailure(error: TerminalError): ApplicationFailure {
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const failure = ApplicationFailure.create({ type: error.name, message: error.message, nonRetryable: true, cause });
  failure.stack = error.stack;
  return failure;
}
