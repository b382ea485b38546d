import type { Config } from '../../contracts/config';
import { codeVersion } from '../../contracts/installation';
import type { Delivery, RunManifest } from '../../contracts/run';
import { readSourceContracts } from '../../contracts/source-contract';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import { findDeliveries, type FoundDelivery } from '../../ingestion/deliveries';
import { planRun } from '../../ingestion/plan-run';
import { localWarehouse } from './local-warehouse';

/**
 * What an ingestion would do with a delivery. `new` and `changed` are pending; `again` is the run's own date, which is
 * loaded whatever is published, but for `reused`: unchanged, and not loaded again on request; `later` is left to later runs, `left out` was not asked for, `withdrawn` was taken away from
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
}

/**
 * Plans an ingestion without starting it. Needs no Temporal; reads the source folder, the contracts and the store.
 *
 * @throws TerminalError as an ingestion would: a system, table or date that is not there, an incomplete delivery.
 */
export async function planIngestion(config: Config, input: RawIngestionInput): Promise<PreparedPlan> {
  const systems = await readSourceContracts(config.dbtDir);
  const known = await localWarehouse(config).knownDeliveries();
  const { manifest, ignoredFiles, withdrawn } = await planRun({
    run: { loadId: 'plan', workflowId: 'plan', runId: 'plan' },
    input,
    scheduledAt: undefined,
    systems,
    sourceDir: config.sourceDir,
    known,
    codeVersion: codeVersion(),
    onUnchanged: config.onUnchanged,
  });
  const system = systems.find((candidate) => candidate.name === manifest.sourceSystem);
  const found = system === undefined ? [] : (await findDeliveries(config.sourceDir, system)).deliveries;
  const deliveries = found
    .map((delivery) => describe(delivery, manifest, known.published, withdrawn, input))
    .sort((a, b) => compare(a.logicalDate, b.logicalDate) || compare(a.table, b.table));
  return { sourceSystem: manifest.sourceSystem, logicalDate: manifest.logicalDate, deliveries, ignoredFiles };
}

function describe(
  { table, files, ...found }: FoundDelivery,
  manifest: RunManifest,
  published: Delivery[],
  withdrawn: Delivery[],
  input: RawIngestionInput,
): PlannedDelivery {
  const logicalDate = found.logicalDate ?? manifest.logicalDate;
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
