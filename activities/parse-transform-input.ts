import type { RunIdentity, TransformPlan } from '../contracts/run';
import { readSourceContracts } from '../contracts/source-contract';
import { dbtTransformInputSchema, parseWorkflowInput } from '../contracts/workflow-inputs';
import { isUpToDate } from '../transform/build-candidate';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';
import { planBuild } from './plan-build';

export function createParseTransformInput(dependencies: ActivityDependencies) {
  const { config, warehouse } = dependencies;
  /**
   * Validates the input of `mfgDbtTransform` and fixes what it builds.
   *
   * @param run absent in runs of version 0.1.0, which build everything.
   */
  return async function parseTransformInput(input: unknown, run?: RunIdentity): Promise<TransformPlan> {
    return withHeartbeat(async (_report, signal) => {
      const { select, onUnchanged } = parseWorkflowInput(dbtTransformInputSchema, 'mfgDbtTransform', input);
      const isReusing = (onUnchanged ?? config.onUnchanged) === 'reuse';
      const build = await planBuild(dependencies, { select, isReusing }, signal);
      if (run === undefined || !isReusing || select !== undefined) return { build, isNothingNew: false };
      const tables = (await readSourceContracts(config.dbtDir)).flatMap((system) => system.tables);
      const { dbtDir } = config;
      return { build, isNothingNew: await isUpToDate(warehouse, { run, tables, dbtDir }) };
    });
  };
}
