import { DateTime } from 'luxon';
import { InvalidInputError } from '../contracts/errors';
import type { CheckOutcome, DataQualityResult } from '../contracts/quality';
import type { RunIdentity } from '../contracts/run';
import { readSourceContracts, type SourceSystem } from '../contracts/source-contract';
import { dataQualityMonitoringInputSchema, parseWorkflowInput } from '../contracts/workflow-inputs';
import { readModelQuality } from '../contracts/model-quality';
import { checkPublication } from '../quality/checks';
import type { CheckedOutcome } from '../quality/outcome';
import type { Warehouse } from '../warehouse/warehouse';
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
      const head = await warehouse.head();
      const publication = parsed.publication ?? head;
      if (publication === undefined) {
        throw new InvalidInputError(
          'nothing is published yet, so there is nothing to check: run mfgRawIngestion first.',
        );
      }
      let done = 0;
      const { asOf, outcomes } = await checkPublication(warehouse, {
        target: { kind: 'publication', publication },
        systems,
        models: await readModelQuality(config.dbtDir),
        asOf: resolveAsOf(parsed.asOf, scheduledAt),
        publishedAt: publication === head ? await publishedAt(warehouse, publication) : undefined,
        onTable: (table, of) => report({ at: table, done: done++, of }),
        signal,
      });
      await warehouse.saveQuality(
        run,
        outcomes.map((outcome, ordinal) => ({ ...outcome, ordinal, publication, codeVersion })),
      );
      return summarise(publication, asOf, outcomes);
    });
  };
}

async function publishedAt(warehouse: Warehouse, publication: number): Promise<Date | undefined> {
  const { rows } = await warehouse.query(
    { kind: 'head' },
    `select cast(published_at as varchar) as published_at from raw.raw_publication where publication = ${publication}`,
  );
  const text = rows[0]?.published_at;
  return typeof text === 'string' ? DateTime.fromSQL(text, { zone: 'utc' }).toJSDate() : undefined;
}

function chooseSystems(described: SourceSystem[], name: string | undefined): SourceSystem[] {
  if (name === undefined) return described;
  const system = described.find((candidate) => candidate.name === name);
  if (system !== undefined) return [system];
  const names = described.map((candidate) => candidate.name).join(', ');
  throw new InvalidInputError(`there is no source system '${name}': described are ${names}.`);
}

/** Given; else the clock, when a schedule started the run; else undefined: the end of the newest delivery in the publication. */
function resolveAsOf(given: string | undefined, scheduledAt: string | undefined): Date | undefined {
  if (given === 'now') return new Date();
  if (given !== undefined) return new Date(given);
  return scheduledAt === undefined ? undefined : new Date();
}

/** What a run tells of the outcomes: the worst of them, without the numbers behind them, which the audit keeps. */
function summarise(publication: number, asOf: Date, outcomes: CheckedOutcome[]): DataQualityResult {
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
      .slice(0, FINDINGS_IN_RESULT)
      .map(({ check, table, severity, status, observed, expected, threshold, detail, sample }) => ({
        ...{ check, table, severity, status, observed, expected, detail },
        ...(threshold !== undefined && { threshold }),
        ...(sample !== undefined && sample.length > 0 && { sample }),
      })),
  };
}
