import { InvalidInputError } from '../contracts/errors';
import type { CheckOutcome, DataQualityResult } from '../contracts/quality';
import type { RunIdentity } from '../contracts/run';
import { readSourceContracts, type SourceSystem } from '../contracts/source-contract';
import { dataQualityMonitoringInputSchema, parseWorkflowInput } from '../contracts/workflow-inputs';
import { checkPublication, endOfNewestDelivery } from '../quality/checks';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

/** Input of `checkQuality`. `input` is the workflow's own, not yet validated. */
export interface CheckQualityInput {
  run: RunIdentity;
  input: unknown;
  scheduledAt: string | undefined;
}

const FINDINGS_IN_RESULT = 50;
const WORST_FIRST = ['ERROR', 'FAIL', 'WARN', 'PASS'];

export function createCheckQuality({ config, warehouse, codeVersion }: ActivityDependencies) {
  /** Validates the workflow's input, runs all checks on a publication and writes RAW.DATA_QUALITY_AUDIT. */
  return async function checkQuality({ run, input, scheduledAt }: CheckQualityInput): Promise<DataQualityResult> {
    return withHeartbeat(async (report, signal) => {
      const parsed = parseWorkflowInput(dataQualityMonitoringInputSchema, 'mfgDataQualityMonitoring', input);
      const described = await readSourceContracts(config.dbtDir);
      const systems = chooseSystems(described, parsed.sourceSystem);
      const publication = parsed.publication ?? (await warehouse.head());
      if (publication === undefined) {
        throw new InvalidInputError(
          'nothing is published yet, so there is nothing to check: run mfgRawIngestion first.',
        );
      }
      // Asked also when a time is given: a publication that does not exist fails here, with one sentence.
      const newest = await endOfNewestDelivery(warehouse, publication, systems);
      const asOf = resolveAsOf(parsed.asOf, scheduledAt, newest);
      const of = systems.flatMap((system) => system.tables).length;
      const startedAt = new Date().toISOString();
      let done = 0;
      const onTable = (table: string) => report({ at: table, done: done++, of });
      const outcomes = await checkPublication(warehouse, publication, systems, asOf, onTable, signal);
      await warehouse.saveQuality(
        run,
        outcomes.map((outcome, ordinal) => ({
          ...outcome,
          ordinal,
          publication,
          isGate: false,
          details: {},
          ruleVersion: '',
          codeVersion,
          startedAt,
        })),
      );
      return summarise(publication, asOf, outcomes);
    });
  };
}

function chooseSystems(described: SourceSystem[], name: string | undefined): SourceSystem[] {
  if (name === undefined) return described;
  const system = described.find((candidate) => candidate.name === name);
  if (system !== undefined) return [system];
  const names = described.map((candidate) => candidate.name).join(', ');
  throw new InvalidInputError(`there is no source system '${name}': described are ${names}.`);
}

/** Given; else the clock, when a schedule started the run; else the end of the newest logical date in the publication. */
function resolveAsOf(given: string | undefined, scheduledAt: string | undefined, newest: Date): Date {
  if (given === 'now') return new Date();
  if (given !== undefined) return new Date(given);
  return scheduledAt === undefined ? newest : new Date();
}

function summarise(publication: number, asOf: Date, outcomes: CheckOutcome[]): DataQualityResult {
  const count = (...statuses: CheckOutcome['status'][]) => outcomes.filter((o) => statuses.includes(o.status)).length;
  return {
    publication,
    asOf: asOf.toISOString(),
    checks: outcomes.length,
    passed: count('PASS'),
    warned: count('WARN'),
    failed: count('FAIL', 'ERROR'),
    findings: outcomes
      .filter((outcome) => outcome.status !== 'PASS')
      .sort((a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status))
      .slice(0, FINDINGS_IN_RESULT),
  };
}
