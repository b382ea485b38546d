import path from 'node:path';
import { Context } from '@temporalio/activity';
import type { CandidateResult, RunIdentity } from '../contracts/run';
import { readSourceContracts } from '../contracts/source-contract';
import { runDbtBuild } from '../transform/dbt-build';
import { projectDigest } from '../transform/project-digest';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

/** Failures and warnings that travel with the result; all of them are in RAW.DBT_RUN_AUDIT. */
const FINDINGS_IN_RESULT = 20;

export function createBuildCandidate({ config, warehouse, dbt }: ActivityDependencies) {
  /**
   * Opens a candidate on the head and builds all models and tests into it with one dbt process. Every attempt takes a new
   * number: nothing reopens what a killed attempt wrote.
   */
  return async function buildCandidate(run: RunIdentity): Promise<CandidateResult> {
    return withHeartbeat(async (report, signal) => {
      const systems = await readSourceContracts(config.dbtDir);
      const tables = systems.flatMap((system) => system.tables);
      const candidate = await warehouse.createCandidate({
        run,
        tables,
        attempt: Context.current().info.attempt,
        scope: 'FULL',
        projectDigest: await projectDigest(config.dbtDir),
        withoutDates: [],
        replacedTables: [],
      });
      const ended = { models: 0, tests: 0, warnings: 0, seconds: 0 };
      try {
        const build = await runDbtBuild({
          dbt,
          dbtDir: config.dbtDir,
          folder: candidate.folder,
          target: candidate.dbtTarget,
          threads: config.threads,
          parseCacheDir: path.join(config.stateDir, 'dbt'),
          signal,
          onNode: (done, of, node) => report({ at: node, done, of }),
        });
        const [first] = build.failures;
        const failure = first === undefined ? undefined : `${first.node}: ${first.message}`;
        await warehouse.finishCandidate(candidate, { ...build, failure });
        return {
          publication: candidate.publication,
          status: build.status,
          ...build.counts,
          failures: build.failures.slice(0, FINDINGS_IN_RESULT),
          warned: build.warned.slice(0, FINDINGS_IN_RESULT),
        };
      } catch (error) {
        const status = signal.aborted ? 'CANCELLED' : 'FAILED';
        const failure = (error as Error).message;
        await warehouse.finishCandidate(candidate, { status, counts: ended, nodes: [], failure, artifacts: [] });
        throw error;
      }
    });
  };
}
