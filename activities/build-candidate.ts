import path from 'node:path';
import { Context } from '@temporalio/activity';
import type { BuildCandidateInput, CandidateResult } from '../contracts/run';
import { readSourceContracts } from '../contracts/source-contract';
import * as transform from '../transform/build-candidate';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

export function createBuildCandidate({ config, warehouse, dbt }: ActivityDependencies) {
  /** Opens a candidate on the head and builds models and tests into it: all of them, or what the order says. */
  return async function buildCandidate({
    build,
    withoutDates,
    replacedTables,
    ...run
  }: BuildCandidateInput): Promise<CandidateResult> {
    return withHeartbeat(async (report, signal) => {
      const systems = await readSourceContracts(config.dbtDir);
      return transform.buildCandidate(warehouse, {
        run,
        order: build ?? { scope: 'FULL', select: [] },
        tables: systems.flatMap((system) => system.tables),
        attempt: Context.current().info.attempt,
        withoutDates,
        replacedTables,
        dbt,
        dbtDir: config.dbtDir,
        threads: config.threads,
        parseCacheDir: path.join(config.stateDir, 'dbt'),
        signal,
        onNode: (done, of, node) => report({ at: node, done, of }),
      });
    });
  };
}
