import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Delivery, RunManifest } from '../../contracts/run';
import type { SourceTable } from '../../contracts/source-contract';
import { sqlString } from '../../duckdb/sql-text';
import type { PartitionToLoad, PlacedPartition, Warehouse } from '../../warehouse/warehouse';
import { placeOf, tableOf, type Content } from './deliveries';
import type { OpenDuckDb } from './open-duckdb';

/** One batch of a run's manifest, for one attempt. */
interface QuickLoadRequest {
  manifest: RunManifest;
  batch: number;
  attempt: number;
  tables: SourceTable[];
  sourceDir: string;
  stagingDir: string;
  /** What the manifest's deliveries hold. */
  contentOf: (delivery: Delivery) => Content;
  /** Go on with the others when a delivery cannot be loaded. */
  isGoingOn: boolean;
}

/**
 * Loads a batch as `loadBatch` does, step by step, but for the reading of CSV: the rows of a delivery are written as SQL. Most
 * sequences use it, since reading takes longer than all that the log does; the others read the files.
 *
 * @throws Error when a file is not what the manifest recorded, or cannot be read.
 */
export async function quickLoad(warehouse: Warehouse, duckDb: OpenDuckDb, request: QuickLoadRequest): Promise<void> {
  const { manifest, batch, attempt } = request;
  const partitions = await warehouse.startPartitions(manifest, manifest.batches[batch] ?? [], attempt);
  const open = partitions.filter((partition) => partition.sealed === undefined);
  const placed: PlacedPartition[] = [];
  let failure: Error | undefined;
  for (const [index, partition] of open.entries()) {
    try {
      placed.push(await place(warehouse, duckDb, request, partition));
    } catch (error) {
      if (request.isGoingOn && (error as Error).name !== 'Killed') {
        failure = error as Error;
        await warehouse.failPartition(partition.loadSeq, failure.message);
        continue;
      }
      await warehouse.sealPartitions(placed);
      for (const { loadSeq } of open.slice(index)) await warehouse.failPartition(loadSeq, (error as Error).message);
      throw error;
    }
  }
  await warehouse.sealPartitions(placed);
  if (failure !== undefined) throw failure;
}

async function place(
  warehouse: Warehouse,
  duckDb: OpenDuckDb,
  { manifest, tables, sourceDir, stagingDir, contentOf }: QuickLoadRequest,
  { delivery, loadSeq }: PartitionToLoad,
): Promise<PlacedPartition> {
  const table = tables.find(({ name }) => name === delivery.table);
  if (table === undefined) throw new Error(`no table ${delivery.table}`);
  const content = contentOf(delivery);
  const file = delivery.files[0];
  const sha256 = createHash('sha256')
    .update(readFileSync(path.join(sourceDir, file?.path ?? '')))
    .digest('hex');
  if (sha256 !== file?.sha256) throw new Error(`${file?.path} has changed`);
  if (!content.isReadable) throw new Error(`${file.path} cannot be read`);
  mkdirSync(stagingDir, { recursive: true });
  const rows = path.join(stagingDir, `${loadSeq}.parquet`);
  const rejects = path.join(stagingDir, `${loadSeq}.rejects.parquet`);
  const lineage = `${loadSeq}::bigint as _load_seq, ${sqlString(manifest.loadId)} as _load_id,
    date ${sqlString(delivery.logicalDate)} as _logical_date, ${sqlString(file.path)} as _source_file,
    n as _source_row_number`;
  const value = sqlString(String(content.value));
  const cells =
    tableOf(placeOf(delivery.table, delivery.logicalDate)) === 'materials'
      ? `'m' || n as material_id, 'steel' as material_name, ${value} as quantity`
      : `'r' || n as reading_id, ${value} as value`;
  const loadedAt = `timestamp ${sqlString(manifest.startedAt.replace('T', ' ').replace('Z', ''))} as _loaded_at`;
  await duckDb.connected((db) =>
    db.run(`copy (select ${cells}, ${lineage}, ${loadedAt} from range(1, ${content.rows + 1}) as r(n))
    to ${sqlString(rows)} (format parquet)`),
  );
  if (content.rejects > 0) {
    await duckDb.connected((db) =>
      db.run(`copy (select ${lineage}, 'too many columns' as reason, 'raw' as raw_record
      from range(1, ${content.rejects + 1}) as r(n)) to ${sqlString(rejects)} (format parquet)`),
    );
  }
  await warehouse.placePartition(table, loadSeq, { rows, rejects: content.rejects > 0 ? rejects : undefined });
  return {
    table,
    loadSeq,
    staged: {
      rowsRead: content.rows + content.rejects,
      rowsAccepted: content.rows,
      rowsRejected: content.rejects,
      checksum: String(content.value),
      columns: table.columns.map((column) => column.name),
      drift: [],
    },
  };
}
