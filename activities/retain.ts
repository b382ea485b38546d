import type { RetentionResult } from '../contracts/run';
import { parseWorkflowInput, retentionInputSchema } from '../contracts/workflow-inputs';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

export function createRetain({ warehouse }: ActivityDependencies) {
  /** Validates the input of `mfgRetention` and removes what its rules do not keep. */
  return async function retain(input: unknown): Promise<RetentionResult> {
    const rules = parseWorkflowInput(retentionInputSchema, 'mfgRetention', input);
    return withHeartbeat((_report, signal) => warehouse.retain(rules, signal));
  };
}
