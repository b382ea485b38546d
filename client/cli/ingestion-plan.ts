import type { Config } from '../../contracts/config';
import { codeVersion } from '../../contracts/installation';
import type { AwaitedDelivery, Delivery, RunManifest } from '../../contracts/run';
import { readSourceContracts } from '../../contracts/source-contract';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import { awaitedDeliveries } from '../../ingestion/arrival';
import { planRun } from '../../ingestion/plan-run';
import { surveyRun, type DatedDelivery } from '../../ingestion/survey-run';
import { configuredWarehouse } from './configured-warehouse';

/**
 * What an ingestion would do with a delivery. `new` and `changed` are pending; `again` is loaded whatever is published: the
 * run's own date, or what is reloaded, but for `reused`: unchanged, and not loaded again on request; `later` is left to later
 * runs, `left out` was not asked for, `withdrawn` was taken away from
 * readers by a rollback and has not changed since.
 */
export type DeliveryState = 'new' | 'changed' | 'again' | 'reused' | 'unchanged' | 'later' | 'left out' | 'withdrawn';

/** One table's files for one logical date. */
export interface PlannedDelivery {
  table: string;
  logicalDate: string;
  files: string[];
  sizeBytes: number;
  state: DeliveryState;
}

/** An ingestion that was only thought through. */
export interface PreparedPlan {
  sourceSystem: string;
  logicalDate: string;
  /** By logical date, then table. */
  deliveries: PlannedDelivery[];
  ignoredFiles: string[];
  /** What a run that is started now would wait for. */
  waitingFor: AwaitedDelivery[];
  /** Dates that lack their done marker. */
  unfinishedDates: string[];
}

/**
 * Plans an ingestion without starting it. Needs no Temporal; reads the source folder, the contracts and the store.
 *
 * @throws TerminalError as an ingestion would: a system, table or date that is not there, an incomplete delivery.
 */
export async function planIngestion(config: Config, input: RawIngestionInput): Promise<PreparedPlan> {
  const systems = await readSourceContracts(config.dbtDir);
  const known = await (await configuredWarehouse(config)).knownDeliveries();
  const { sourceDir, strategy, onUnchanged } = config;
  const asked = { input, scheduledAt: undefined, systems, sourceDir };
  const survey = await surveyRun(asked);
  const waiting = awaitedDeliveries(survey, undefined, new Date());
  // A file that was written just now is at rest in seconds: only what a run would wait long for is told.
  const waitingFor = (waiting?.waitingFor ?? []).filter(({ kind }) => kind !== 'file');
  const isAwaited = waitingFor.length > 0;
  const run = { loadId: 'plan', workflowId: 'plan', runId: 'plan' };
  const { manifest, ignoredFiles, withdrawn, unfinishedDates } = await planRun(
    { ...asked, run, known, strategy, onUnchanged, codeVersion: codeVersion(), isAwaited },
    survey,
  );
  const deliveries = survey.delivered
    .map((delivery) => describe(delivery, manifest, known.published, withdrawn, input))
    .sort((a, b) => compare(a.logicalDate, b.logicalDate) || compare(a.table, b.table));
  const { sourceSystem, logicalDate } = manifest;
  return { sourceSystem, logicalDate, deliveries, ignoredFiles, waitingFor, unfinishedDates };
}

function describe(
  { table, logicalDate, files }: DatedDelivery,
  manifest: RunManifest,
  published: Delivery[],
  withdrawn: Delivery[],
  input: RawIngestionInput,
): PlannedDelivery {
  const isSame = (delivery: Pick<Delivery, 'table' | 'logicalDate'>) =>
    delivery.table === table && delivery.logicalDate === logicalDate;
  return {
    table,
    logicalDate,
    files: files.map((file) => file.path),
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    state: withdrawn.some(isSame)
      ? 'withdrawn'
      : stateOf(
          { table, logicalDate },
          manifest.batches.flat().find(isSame),
          published.find(isSame),
          manifest.reused.some(isSame),
          manifest.logicalDate,
          input,
        ),
  };
}

function stateOf(
  { table, logicalDate }: { table: string; logicalDate: string },
  planned: Delivery | undefined,
  published: Delivery | undefined,
  isReused: boolean,
  runDate: string,
  input: RawIngestionInput,
): DeliveryState {
  if (planned !== undefined) {
    if (published === undefined) return 'new';
    return hashes(planned) === hashes(published) ? 'again' : 'changed';
  }
  if (isReused) return 'reused';
  if (logicalDate > runDate) return 'later';
  const isAskedFor = (input.tables?.includes(table) ?? true) && !(input.exact && logicalDate < runDate);
  return isAskedFor ? 'unchanged' : 'left out';
}

function hashes(delivery: Delivery): string {
  return delivery.files
    .map((file) => `${file.path} ${file.sha256}`)
    .sort()
    .join('\n');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
