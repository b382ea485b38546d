import path from 'node:path';
import type { BuildOrder } from '../contracts/run';
import { resolveSelection } from '../transform/selection';
import type { ActivityDependencies } from './dependencies';

/**
 * How a run builds: FULL unless its input narrows what it does.
 *
 * @param input the workflow's, valid. @throws InvalidInputError when `select` names nothing.
 */
export async function planBuild(
  { config, dbt, warehouse }: ActivityDependencies,
  input: { select?: string[] | undefined; tables?: string[] | undefined; isReusing: boolean },
  signal: AbortSignal,
): Promise<BuildOrder> {
  const isPartial = input.isReusing || input.select !== undefined || input.tables !== undefined;
  const select =
    input.select === undefined
      ? []
      : await resolveSelection({
          select: input.select,
          dbt,
          dbtDir: config.dbtDir,
          target: warehouse.dbtTarget,
          threads: config.threads,
          parseCacheDir: path.join(config.stateDir, 'dbt'),
          scratchDir: path.join(config.stateDir, 'staging'),
          signal,
        });
  return { scope: isPartial ? 'PARTIAL' : 'FULL', select };
}
