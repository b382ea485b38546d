import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { SchemaDriftError, SourceChangedError, TerminalError } from '../contracts/errors';
import type { BatchResult, Delivery, FailedDelivery, RunManifest } from '../contracts/run';
import type { SourceTable } from '../contracts/source-contract';
import { withDuckDb, type DuckDb } from '../duckdb/connection';
import type {
  FailedPartition,
  PartitionToLoad,
  PlacedPartition,
  SealedPartition,
  Warehouse,
} from '../warehouse/warehouse';
import { readableFile } from './landing';
import { fingerprintFile, preflight, type InspectedFile, type Preflight } from './preflight';
import { refuseTooManyRejected } from './rejected-ratio';
import { stageDelivery } from './stage';

/** One batch of a run's manifest, for one attempt. */
export interface LoadBatchRequest {
  manifest: RunManifest;
  batch: number;
  /** 1 for the first attempt. */
  attempt: number;
  tables: SourceTable[];
  sourceDir: string;
  /** Where landed bytes are kept, if they are. */
  landingDir?: string | undefined;
  /** Go on with the others when a delivery cannot be loaded (a backfill): it is told of in the result. */
  isGoingOn?: boolean | undefined;
  /** Scratch folder on the file system of the state folder. */
  stagingDir: string;
  threads: number;
  signal?: AbortSignal | undefined;
  /** Called as each delivery begins. */
  onProgress?: (done: number, of: number, delivery: Delivery) => void;
}

/**
 * Loads one batch: each delivery is inspected, staged, placed and counted; then all are sealed together. A delivery that
 * this run has sealed before is not touched again. When one fails, those before it are sealed and its failure is audited;
 * those after it are tried only where the request says so and no retry could mend the failure.
 *
 * @throws SourceChangedError when a file or its contract is not what the manifest recorded; TooManyRejectedError; what staging
 * throws.
 */
export async function loadBatch(warehouse: Warehouse, request: LoadBatchRequest): Promise<BatchResult> {
  const { manifest, batch, attempt, signal } = request;
  const deliveries = manifest.batches[batch] ?? [];
  refuseChangedContracts(request, deliveries);
  const partitions = await warehouse.startPartitions(manifest, deliveries, attempt);
  const open = partitions.filter((partition) => partition.sealed === undefined);
  const sealed = partitions.flatMap((partition) => partition.sealed ?? []);
  const placed: PlacedPartition[] = [];
  const failed: FailedDelivery[] = [];
  const settings = { threads: String(request.threads) };
  await withDuckDb({ path: ':memory:', settings, signal }, async (db) => {
    for (const [index, partition] of open.entries()) {
      request.onProgress?.(index, open.length, partition.delivery);
      const found: FailedPartition = { drift: [] };
      try {
        placed.push(await placeOne(db, warehouse, request, partition, found));
      } catch (error) {
        if (request.isGoingOn && error instanceof TerminalError && !signal?.aborted) {
          await auditFailure(warehouse, [partition], error, found);
          const { table, logicalDate } = partition.delivery;
          failed.push({ table, logicalDate, error: error.message.slice(0, LONGEST_ERROR) });
          continue;
        }
        await warehouse.sealPartitions(placed);
        await auditFailure(warehouse, open.slice(index), signal?.aborted ? cancelled() : error, found);
        throw error;
      }
    }
  });
  sealed.push(...(await warehouse.sealPartitions(placed)));
  const loaded = deliveries.filter((d) => !failed.some((f) => f.table === d.table && f.logicalDate === d.logicalDate));
  const counts = { ...sum(sealed), sizeBytes: bytesOf(loaded) };
  return { tables: [...new Set(deliveries.map((d) => d.table))], ...counts, ...(failed.length > 0 && { failed }) };
}

/** Of an error that travels with the result; the audit has all of it. */
const LONGEST_ERROR = 500;

/** @param found is filled with what is known of the delivery, for the audit in case it fails. */
async function placeOne(
  db: DuckDb,
  warehouse: Warehouse,
  request: LoadBatchRequest,
  { delivery, loadSeq }: PartitionToLoad,
  found: FailedPartition,
): Promise<PlacedPartition> {
  const { manifest, signal } = request;
  const table = tableOf(request.tables, delivery.table);
  const scratch = path.join(request.stagingDir, String(loadSeq));
  await mkdir(scratch, { recursive: true });
  try {
    const files: InspectedFile[] = [];
    for (const delivered of delivery.files) {
      const { path: name, sha256 } = delivered;
      const file = await readableFile(request.sourceDir, request.landingDir, delivered);
      const seen = await inspect(file, name, table, sha256, signal);
      refuseChange(name, seen.sha256, sha256);
      files.push({ file, name, preflight: seen });
      found.drift.push(...seen.drift);
    }
    const rows = path.join(scratch, 'rows.parquet');
    const rejects = path.join(scratch, 'rejects.parquet');
    const lineage = {
      loadSeq,
      loadId: manifest.loadId,
      logicalDate: delivery.logicalDate,
      loadedAt: manifest.startedAt,
    };
    const staged = await stageDelivery(db, table, files, lineage, rows, rejects);
    // Again, now that the reader has read it: the bytes it saw are the manifest's.
    for (const { file, name, preflight: seen } of files) {
      refuseChange(name, (await fingerprintFile(file, signal)).sha256, seen.sha256);
    }
    found.drift = staged.drift;
    try {
      refuseTooManyRejected(table, delivery, staged);
    } catch (error) {
      found.staged = staged;
      await warehouse.placePartition(table, loadSeq, { rows: undefined, rejects });
      throw error;
    }
    const placed = { rows, rejects: staged.rowsRejected > 0 ? rejects : undefined };
    await warehouse.placePartition(table, loadSeq, placed, signal);
    return { table, loadSeq, staged };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function refuseChangedContracts({ manifest, tables }: LoadBatchRequest, deliveries: Delivery[]): void {
  for (const { table } of deliveries) {
    if (tableOf(tables, table).digest !== manifest.contractDigests[table]) {
      throw new SourceChangedError(
        `the contract of ${table} has changed since ${manifest.loadId} began: start a new run to load it as it is described now.`,
      );
    }
  }
}

function refuseChange(name: string, found: string, expected: string): void {
  if (found !== expected) {
    throw new SourceChangedError(
      `${name} has changed since the run recorded it (SHA-256 ${found.slice(0, 12)}…, was ${expected.slice(0, 12)}…): ` +
        `start a new run to load it as it is now.`,
    );
  }
}

/** A file that cannot be read any more, because it has been changed or taken away, is a change, not a bad file. */
async function inspect(
  file: string,
  name: string,
  table: SourceTable,
  sha256: string,
  signal: AbortSignal | undefined,
): Promise<Preflight> {
  try {
    return await preflight(file, name, table, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new SourceChangedError(`${name} is gone since the run recorded it: deliver it again and start a new run.`);
    }
    if (error instanceof TerminalError) refuseChange(name, (await fingerprintFile(file, signal)).sha256, sha256);
    throw error;
  }
}

/** What a cancelled attempt is audited with: the reason that reaches it is Temporal's own word, or none. */
function cancelled(): Error {
  return new Error('cancelled: its run ended before this delivery was loaded');
}

/** The delivery that failed is audited with its error; those after it were never tried. */
async function auditFailure(
  warehouse: Warehouse,
  rest: PartitionToLoad[],
  error: unknown,
  found: FailedPartition,
): Promise<void> {
  const [failed, ...untried] = rest;
  const kind = error instanceof TerminalError ? `${error.name}: ` : '';
  // What the error carries is of its own file: files before it were found to drift too.
  const own = error instanceof SchemaDriftError ? error.drift : [];
  const drift = [
    ...found.drift.filter((event) => !own.some(({ sourceFile }) => sourceFile === event.sourceFile)),
    ...own,
  ];
  if (failed !== undefined) {
    await warehouse.failPartition(failed.loadSeq, `${kind}${(error as Error).message}`, { ...found, drift });
  }
  for (const { loadSeq } of untried)
    await warehouse.failPartition(loadSeq, 'not tried: an earlier delivery of its batch failed');
}

function tableOf(tables: SourceTable[], name: string): SourceTable {
  const table = tables.find((candidate) => candidate.name === name);
  if (table === undefined) throw new SourceChangedError(`table ${name} is no longer described: start a new run.`);
  return table;
}

function sum(partitions: SealedPartition[]): SealedPartition & { partitions: number } {
  return partitions.reduce<SealedPartition & { partitions: number }>(
    (total, partition) => ({
      partitions: total.partitions + 1,
      rowsRead: total.rowsRead + partition.rowsRead,
      rowsLoaded: total.rowsLoaded + partition.rowsLoaded,
      rowsRejected: total.rowsRejected + partition.rowsRejected,
    }),
    { partitions: 0, rowsRead: 0, rowsLoaded: 0, rowsRejected: 0 },
  );
}

function bytesOf(deliveries: Delivery[]): number {
  return deliveries.flatMap((delivery) => delivery.files).reduce((total, file) => total + file.sizeBytes, 0);
}
