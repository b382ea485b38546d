import { readModelQuality } from '../contracts/model-quality';
import type { GateResult } from '../contracts/quality';
import type { RunIdentity } from '../contracts/run';
import { readSourceContracts } from '../contracts/source-contract';
import { checkPublication, hasGates } from '../quality/checks';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

export function createCheckGates({ config, warehouse, codeVersion }: ActivityDependencies) {
  /**
   * Runs the checks marked `gate: true` on a built candidate and writes RAW.DATA_QUALITY_AUDIT. When one of them does not hold, or
   * breaks, the candidate is held back.
   */
  return async function checkGates(run: RunIdentity, publication: number): Promise<GateResult> {
    return withHeartbeat(async (report, signal) => {
      const systems = await readSourceContracts(config.dbtDir);
      const models = await readModelQuality(config.dbtDir);
      if (!hasGates(systems, models)) return { checks: 0, failures: [] };
      let done = 0;
      const { outcomes } = await checkPublication(warehouse, {
        ...{ target: { kind: 'candidate', publication }, systems, models, asOf: undefined, gatesOnly: true, signal },
        onTable: (table, of) => report({ at: table, done: done++, of }),
      });
      const records = outcomes.map((outcome, ordinal) => ({ ...outcome, ordinal, publication, codeVersion }));
      await warehouse.saveQuality(run, records);
      const failures = outcomes
        .filter(({ status }) => status !== 'PASS')
        .map(({ check, table, observed, expected }) => `${check} of ${table}: ${observed}, expected ${expected}`);
      const [first] = failures;
      if (first !== undefined) await warehouse.holdCandidate(publication, first);
      return { checks: outcomes.length, failures };
    });
  };
}
