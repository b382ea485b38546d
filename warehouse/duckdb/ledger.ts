import { link, mkdir, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { CHECKSUM_KIND } from '../../contracts/raw-partition';
import type { Delivery, RunManifest } from '../../contracts/run';
import type { DuckDb } from '../../duckdb/connection';
import type { PartitionToLoad, PlacedPartition, SealedPartition, StagedFiles } from '../warehouse';
import type { Layout } from './layout';
import { utcNow } from './store-schema';

/** Opens a partition per delivery that the run has not sealed yet. */
export async function startPartitions(
  db: DuckDb,
  run: RunManifest,
  deliveries: Delivery[],
  attempt: number,
): Promise<PartitionToLoad[]> {
  const started: PartitionToLoad[] = [];
  for (const delivery of deliveries) {
    const sealed = await sealedOf(db, run.loadId, delivery.table, delivery.logicalDate);
    if (sealed !== undefined) {
      started.push({ delivery, ...sealed });
      continue;
    }
    const [row] = await db.rows("select nextval('load_seq') as load_seq");
    const loadSeq = BigInt(String(row?.load_seq));
    await db.run(
      `insert into raw_partition (load_seq, load_id, table_name, logical_date, status, attempt, started_at)
       values ($1, $2, $3, $4::date, 'STARTED', $5, $6::timestamp)`,
      [loadSeq, run.loadId, delivery.table, delivery.logicalDate, attempt, utcNow()],
    );
    await db.run(
      `insert into raw.raw_load_audit (event_id, recorded_at, load_id, workflow_id, run_id, table_name, logical_date,
         load_seq, attempt, status, source_files, fingerprint, size_bytes)
       values (nextval('audit_event'), $1::timestamp, $2, $3, $4, $5, $6::date, $7, $8, 'STARTED', $9, $10, $11)`,
      [
        utcNow(),
        run.loadId,
        run.workflowId,
        run.runId,
        delivery.table,
        delivery.logicalDate,
        loadSeq,
        attempt,
        delivery.files.map((file) => file.path).join('\n'),
        deliveryFingerprint(delivery),
        BigInt(delivery.files.reduce((sum, file) => sum + file.sizeBytes, 0)),
      ],
    );
    started.push({ delivery, loadSeq, sealed: undefined });
  }
  return started;
}

/** One hash for a delivery's files: equal exactly when paths and bytes are. */
export function deliveryFingerprint(delivery: Delivery): string {
  const lines = delivery.files.map((file) => `${file.sha256}  ${file.path}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/**
 * Moves staged files to their final names: durable, and never over an existing file. Every attempt has a number of its own,
 * so that a name that is taken means a fault, not a retry.
 */
export async function placeFiles(layout: Layout, table: string, loadSeq: bigint, staged: StagedFiles): Promise<void> {
  const target = layout.partition(table, loadSeq);
  await mkdir(path.dirname(target), { recursive: true });
  await placeFile(staged.rows, target);
  if (staged.rejects !== undefined) await placeFile(staged.rejects, layout.rejects(table, loadSeq));
  await syncToDisk(path.dirname(target));
}

async function placeFile(from: string, to: string): Promise<void> {
  await syncToDisk(from);
  await link(from, to);
  await rm(from);
}

async function syncToDisk(fileOrFolder: string): Promise<void> {
  const descriptor = await open(fileOrFolder, 'r');
  try {
    await descriptor.sync();
  } finally {
    await descriptor.close();
  }
}

/**
 * Seals a placed partition: from here on it counts. Only one that is still STARTED can be sealed, and only the first per
 * (LOAD_ID, table, logical date); a late attempt finds the other's seal and takes its counts.
 */
export async function sealPartition(
  db: DuckDb,
  layout: Layout,
  { table, loadSeq, staged }: PlacedPartition,
): Promise<SealedPartition> {
  // A file that was lost between placing and sealing must stop the seal, not the readers later.
  await stat(layout.partition(table.name, loadSeq));
  const [partition] = await db.rows(
    'select load_id, logical_date::varchar as logical_date, status from raw_partition where load_seq = $1',
    [loadSeq],
  );
  if (partition === undefined) throw new Error(`partition ${loadSeq} is not in the ledger`);
  const other = await sealedOf(db, String(partition.load_id), table.name, String(partition.logical_date));
  if (other !== undefined) {
    if (other.loadSeq !== loadSeq) await setStatus(db, loadSeq, 'ABANDONED');
    return other.sealed;
  }
  if (partition.status !== 'STARTED') {
    throw new Error(`partition ${loadSeq} of ${table.name} is ${String(partition.status)} and cannot be sealed`);
  }
  await db.run(
    `update raw_partition set status = 'SEALED', columns = $2::json::varchar[], rows_read = $3, rows_loaded = $4,
       rows_rejected = $5, checksum = $6, checksum_kind = $7, sealed_at = $8::timestamp
     where load_seq = $1`,
    [
      loadSeq,
      JSON.stringify(table.columns.map((column) => column.name)),
      BigInt(staged.rowsRead),
      BigInt(staged.rowsAccepted),
      BigInt(staged.rowsRejected),
      staged.checksum,
      CHECKSUM_KIND,
      utcNow(),
    ],
  );
  await recordEvent(db, loadSeq, 'LOADED', null);
  return { rowsRead: staged.rowsRead, rowsLoaded: staged.rowsAccepted, rowsRejected: staged.rowsRejected };
}

/** Marks an attempt as ABANDONED, so that nothing can seal it, and records why. A sealed one stays sealed. */
export async function failPartition(db: DuckDb, loadSeq: bigint, error: string): Promise<void> {
  await db.run("update raw_partition set status = 'ABANDONED' where load_seq = $1 and status = 'STARTED'", [loadSeq]);
  await recordEvent(db, loadSeq, 'FAILED', error);
}

/** Deliveries of the manifest without a sealed partition. */
export async function unsealedDeliveries(db: DuckDb, run: RunManifest): Promise<Delivery[]> {
  const rows = await db.rows(
    `select table_name, logical_date::varchar as logical_date from raw_partition
     where load_id = $1 and status = 'SEALED'`,
    [run.loadId],
  );
  const sealed = new Set(rows.map((row) => `${String(row.table_name)} ${String(row.logical_date)}`));
  return run.batches.flat().filter((delivery) => !sealed.has(`${delivery.table} ${delivery.logicalDate}`));
}

/** Sums over a load's sealed partitions. */
export async function loadCounts(
  db: DuckDb,
  loadId: string,
): Promise<SealedPartition & { partitions: number; sizeBytes: number }> {
  const [row] = await db.rows(
    `select count(*) as partitions, sum(rows_read) as rows_read, sum(rows_loaded) as rows_loaded,
       sum(rows_rejected) as rows_rejected,
       (select sum(size_bytes) from run_delivery where load_id = $1) as size_bytes
     from raw_partition where load_id = $1 and status = 'SEALED'`,
    [loadId],
  );
  return {
    partitions: Number(row?.partitions),
    rowsRead: Number(row?.rows_read),
    rowsLoaded: Number(row?.rows_loaded),
    rowsRejected: Number(row?.rows_rejected),
    sizeBytes: Number(row?.size_bytes),
  };
}

async function sealedOf(
  db: DuckDb,
  loadId: string,
  table: string,
  logicalDate: string,
): Promise<{ loadSeq: bigint; sealed: SealedPartition } | undefined> {
  const [row] = await db.rows(
    `select load_seq, rows_read, rows_loaded, rows_rejected from raw_partition
     where load_id = $1 and table_name = $2 and logical_date = $3::date and status = 'SEALED'`,
    [loadId, table, logicalDate],
  );
  if (row === undefined) return undefined;
  return {
    loadSeq: BigInt(String(row.load_seq)),
    sealed: {
      rowsRead: Number(row.rows_read),
      rowsLoaded: Number(row.rows_loaded),
      rowsRejected: Number(row.rows_rejected),
    },
  };
}

async function setStatus(db: DuckDb, loadSeq: bigint, status: 'ABANDONED'): Promise<void> {
  await db.run('update raw_partition set status = $2 where load_seq = $1', [loadSeq, status]);
}

/** Appends an event: what the STARTED event says of the attempt, and the partition's counts as they are now. */
async function recordEvent(
  db: DuckDb,
  loadSeq: bigint,
  status: 'LOADED' | 'FAILED',
  error: string | null,
): Promise<void> {
  await db.run(
    `insert into raw.raw_load_audit
     select nextval('audit_event'), $2::timestamp, a.load_id, a.workflow_id, a.run_id, a.table_name, a.logical_date,
       a.load_seq, a.attempt, $3, a.source_files, a.fingerprint, a.size_bytes, p.rows_read, p.rows_loaded,
       p.rows_rejected, p.checksum, p.checksum_kind, $4::varchar
     from raw.raw_load_audit as a join raw_partition as p using (load_seq)
     where a.load_seq = $1 and a.status = 'STARTED'`,
    [loadSeq, utcNow(), status, error],
  );
}
