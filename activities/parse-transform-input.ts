import { dbtTransformInputSchema, parseWorkflowInput } from '../contracts/workflow-inputs';

export function createParseTransformInput() {
  /** Validates the input of `mfgDbtTransform`. */
  return async function parseTransformInput(input: unknown): Promise<void> {
    parseWorkflowInput(dbtTransformInputSchema, 'mfgDbtTransform', input);
  };
}
