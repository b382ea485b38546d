import { activityInfo } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { inStatementContext, type StatementContext } from '../contracts/statement-context';

/** Tags what an activity does in the warehouse with the run, the load and the attempt that it serves. */
export const statementContextInterceptor: ActivityInboundCallsInterceptor = {
  execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const { workflowExecution, activityType, attempt } = activityInfo();
    const context: StatementContext = { activity: activityType, attempt };
    if (workflowExecution !== undefined) {
      context.workflow = workflowExecution.workflowId;
      context.run = workflowExecution.runId;
    }
    const load = loadIdIn(input.args[0]);
    if (load !== undefined) context.load = load;
    return inStatementContext(context, () => next(input));
  },
};

/** Most inputs are, or have, the identity of the run that they serve. */
function loadIdIn(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const { loadId, run } = input as { loadId?: unknown; run?: unknown };
  return typeof loadId === 'string' ? loadId : loadIdIn(run);
}
