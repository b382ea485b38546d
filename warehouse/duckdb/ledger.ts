import { link, mkdir, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { CHECKSUM_KIND } from '../../contracts/raw-partition';
import type { CheckedLoads, Delivery, RunManifest } from '../../contracts/run';
import type { SchemaDrift } from '../../contracts/schema-drift';
import type { DuckDb } from '../../duckdb/connection';
import type { FailedPartition, PartitionToLoad, PlacedPartition, SealedPartition, StagedFiles } from '../warehouse';
import type { Layout } from './layout';
import { utcNow } from './store-schema';

/** Opens a partition per delivery that the run has not sealed yet. A statement for all of them, not one for each. */
export async function startPartitions(
  db: DuckDb,
  run: RunManifest,
  deliveries: Delivery[],
  attempt: number,
): Promise<PartitionToLoad[]> {
  const sealed = await sealedPartitions(db, run.loadId);
  const open = deliveries.filter(({ table, logicalDate }) => !sealed.has(placeOf(table, logicalDate)));
  const started = await insertPartitions(db, run, open, attempt);
  return deliveries.map((delivery) => {
    const place = placeOf(delivery.table, delivery.logicalDate);
    const other = sealed.get(place);
    if (other !== undefined) return { delivery, ...other };
    const loadSeq = started.get(place);
    if (loadSeq === undefined) throw new Error(`no partition was opened for ${place}`);
    return { delivery, loadSeq, sealed: undefined };
  });
}

/** Numbers by place (audit: STARTED). */
async function insertPartitions(
  db: DuckDb,
  run: RunManifest,
  deliveries: Delivery[],
  attempt: number,
): Promise<Map<string, bigint>> {
  if (deliveries.length === 0) return new Map();
  const described = deliveries.map((delivery) => ({
    table: delivery.table,
    date: delivery.logicalDate,
    files: delivery.files.map((file) => file.path).join('\n'),
    fingerprint: deliveryFingerprint(delivery),
    bytes: delivery.files.reduce((sum, file) => sum + file.sizeBytes, 0),
  }));
  const rows = await db.rows(
    `insert into raw_partition (load_seq, load_id, table_name, logical_date, status, attempt, started_at)
     select nextval('load_seq'), $1, d."table", d.date, 'STARTED', $2, $3::timestamp
     from (select unnest(from_json($4::json, '[{"table": "VARCHAR", "date": "DATE"}]'), max_depth := 2)) as d
     returning load_seq, table_name, logical_date::varchar as logical_date`,
    [run.loadId, attempt, utcNow(), JSON.stringify(described)],
  );
  await db.run(
    `insert into raw.raw_load_audit (event_id, recorded_at, load_id, workflow_id, run_id, table_name, logical_date,
       load_seq, attempt, status, source_files, fingerprint, size_bytes)
     select nextval('audit_event'), p.started_at, p.load_id, $1, $2, p.table_name, p.logical_date, p.load_seq, p.attempt,
       'STARTED', d.files, d.fingerprint, d.bytes
     from (select unnest(from_json($3::json, '[{"table": "VARCHAR", "date": "DATE", "files": "VARCHAR",
       "fingerprint": "VARCHAR", "bytes": "BIGINT"}]'), max_depth := 2)) as d
     join raw_partition as p on p.table_name = d."table" and p.logical_date = d.date
     where list_contains($4::json::bigint[], p.load_seq)`,
    [run.workflowId, run.runId, JSON.stringify(described), numberList(rows.map((row) => String(row.load_seq)))],
  );
  return new Map(
    rows.map((row) => [placeOf(String(row.table_name), String(row.logical_date)), BigInt(String(row.load_seq))]),
  );
}

/** Appends an event REUSED per delivery that a run does not load again: it names the load and the partition that hold it. */
export async function recordReused(db: DuckDb, run: RunManifest): Promise<void> {
  if (run.reused.length === 0) return;
  await db.run(
    `insert into raw.raw_load_audit (event_id, recorded_at, load_id, workflow_id, run_id, table_name, logical_date, load_seq,
       status, source_files, fingerprint, size_bytes, rows_read, rows_loaded, rows_rejected, checksum, checksum_kind,
       reused_load_id)
     select nextval('audit_event'), $4::timestamp, $1, $2, $3, table_name, logical_date, load_seq, 'REUSED', source_files,
       fingerprint, size_bytes, rows_read, rows_loaded, rows_rejected, checksum, checksum_kind, load_id
     from raw.raw_load_audit
     where status = 'LOADED' and list_contains($5::json::bigint[], load_seq)
     order by load_seq`,
    [run.loadId, run.workflowId, run.runId, utcNow(), numberList(run.reused.map(({ reusedLoadSeq }) => reusedLoadSeq))],
  );
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
  if (staged.rows !== undefined) await placeFile(staged.rows, target);
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
 * Seals placed partitions of one load: from here on they count. Only one that is still STARTED can be sealed, and only the
 * first per (LOAD_ID, table, logical date); a late attempt finds the other's seal and takes its counts.
 */
export async function sealPartitions(
  db: DuckDb,
  layout: Layout,
  placed: PlacedPartition[],
): Promise<SealedPartition[]> {
  // A file that was lost between placing and sealing must stop the seal, not the readers later.
  await Promise.all(placed.map(({ table, loadSeq }) => stat(layout.partition(table.name, loadSeq))));
  const rows = await db.rows(
    `select load_seq, load_id, logical_date::varchar as logical_date, status
     from raw_partition where list_contains($1::json::bigint[], load_seq)`,
    [numberList(placed.map(({ loadSeq }) => loadSeq))],
  );
  const ledger = new Map(rows.map((row) => [String(row.load_seq), row]));
  const loadId = String(rows[0]?.load_id);
  const sealed = await sealedPartitions(db, loadId);
  const results: SealedPartition[] = [];
  const toSeal: PlacedPartition[] = [];
  const late: bigint[] = [];
  for (const partition of placed) {
    const { table, loadSeq, staged } = partition;
    const row = ledger.get(String(loadSeq));
    if (row?.load_id !== loadId) throw new Error(`partition ${loadSeq} is not in the ledger of ${loadId}`);
    const other = sealed.get(placeOf(table.name, String(row.logical_date)));
    if (other !== undefined) {
      if (other.loadSeq !== loadSeq) late.push(loadSeq);
      results.push(other.sealed);
      continue;
    }
    if (row.status !== 'STARTED') {
      throw new Error(`partition ${loadSeq} of ${table.name} is ${String(row.status)} and cannot be sealed`);
    }
    toSeal.push(partition);
    results.push({ rowsRead: staged.rowsRead, rowsLoaded: staged.rowsAccepted, rowsRejected: staged.rowsRejected });
  }
  await setSealed(db, toSeal);
  await abandon(db, late);
  return results;
}

async function setSealed(db: DuckDb, partitions: PlacedPartition[]): Promise<void> {
  if (partitions.length === 0) return;
  const seals = partitions.map(({ loadSeq, staged }) => ({
    load_seq: String(loadSeq),
    columns: staged.columns,
    read: staged.rowsRead,
    loaded: staged.rowsAccepted,
    rejected: staged.rowsRejected,
    checksum: staged.checksum,
  }));
  await db.run(
    `update raw_partition set status = 'SEALED', columns = s.columns, rows_read = s.read, rows_loaded = s.loaded,
       rows_rejected = s.rejected, checksum = s.checksum, checksum_kind = $2, sealed_at = $3::timestamp
     from (select unnest(from_json($1::json, '[{"load_seq": "BIGINT", "columns": ["VARCHAR"], "read": "BIGINT",
       "loaded": "BIGINT", "rejected": "BIGINT", "checksum": "VARCHAR"}]'), max_depth := 2)) as s
     where raw_partition.load_seq = s.load_seq`,
    [JSON.stringify(seals), CHECKSUM_KIND, utcNow()],
  );
  await recordEvents(
    db,
    partitions.map(({ loadSeq }) => loadSeq),
    'LOADED',
    null,
  );
  for (const { loadSeq, staged } of partitions) await recordDrift(db, loadSeq, staged.drift);
}

/** Marks an attempt as ABANDONED, so that nothing can seal it, and records why. A sealed one stays sealed. */
export async function failPartition(
  db: DuckDb,
  loadSeq: bigint,
  error: string,
  { drift, staged }: FailedPartition = { drift: [] },
): Promise<void> {
  await db.run(
    `update raw_partition set status = 'ABANDONED', rows_read = $2::bigint, rows_rejected = $3::bigint
     where load_seq = $1 and status = 'STARTED'`,
    [loadSeq, staged?.rowsRead ?? null, staged?.rowsRejected ?? null],
  );
  await recordEvents(db, [loadSeq], 'FAILED', error);
  await recordDrift(db, loadSeq, drift);
}

/** Writes the drift events of an attempt at a partition: once, however often it is told. */
async function recordDrift(db: DuckDb, loadSeq: bigint, drift: SchemaDrift[]): Promise<void> {
  if (drift.length === 0) return;
  await db.run('delete from raw.schema_drift_event where load_seq = $1', [loadSeq]);
  await db.run(
    `insert into raw.schema_drift_event
     select $2::timestamp, p.load_id, p.table_name, p.logical_date, p.load_seq, d."sourceFile", d.drift, d."column",
       d.policy, d.detail
     from (select unnest(from_json($3::json, '[{"sourceFile": "VARCHAR", "drift": "VARCHAR", "column": "VARCHAR",
       "policy": "VARCHAR", "detail": "VARCHAR"}]'), max_depth := 2)) as d, raw_partition as p
     where p.load_seq = $1`,
    [loadSeq, utcNow(), JSON.stringify(drift)],
  );
}

/** Deliveries of the manifest without a sealed partition. */
export async function unsealedDeliveries(db: DuckDb, run: RunManifest): Promise<Delivery[]> {
  const sealed = await sealedPartitions(db, run.loadId);
  return run.batches.flat().filter(({ table, logicalDate }) => !sealed.has(placeOf(table, logicalDate)));
}

/** Sums over a load's sealed partitions, but for those of the given dates. */
export async function loadCounts(db: DuckDb, loadId: string, withoutDates: string[]): Promise<CheckedLoads> {
  const [row] = await db.rows(
    `select count(*) as partitions, sum(rows_read) as rows_read, sum(rows_loaded) as rows_loaded,
       sum(rows_rejected) as rows_rejected,
       (select count(*) from raw.schema_drift_event as d join raw_partition as p using (load_seq)
        where p.load_id = $1 and p.status = 'SEALED'
          and not list_contains($2::json::date[], p.logical_date)) as drift_events,
       (select sum(size_bytes) from run_delivery
        where load_id = $1 and not list_contains($2::json::date[], logical_date)) as size_bytes
     from raw_partition where load_id = $1 and status = 'SEALED' and not list_contains($2::json::date[], logical_date)`,
    [loadId, JSON.stringify(withoutDates)],
  );
  return {
    partitions: Number(row?.partitions),
    rowsRead: Number(row?.rows_read),
    rowsLoaded: Number(row?.rows_loaded),
    rowsRejected: Number(row?.rows_rejected),
    sizeBytes: Number(row?.size_bytes),
    driftEvents: Number(row?.drift_events),
  };
}

/** A load's sealed partitions by place. */
async function sealedPartitions(
  db: DuckDb,
  loadId: string,
): Promise<Map<string, { loadSeq: bigint; sealed: SealedPartition }>> {
  const rows = await db.rows(
    `select load_seq, table_name, logical_date::varchar as logical_date, rows_read, rows_loaded, rows_rejected
     from raw_partition where load_id = $1 and status = 'SEALED'`,
    [loadId],
  );
  return new Map(
    rows.map((row) => [
      placeOf(String(row.table_name), String(row.logical_date)),
      {
        loadSeq: BigInt(String(row.load_seq)),
        sealed: {
          rowsRead: Number(row.rows_read),
          rowsLoaded: Number(row.rows_loaded),
          rowsRejected: Number(row.rows_rejected),
        },
      },
    ]),
  );
}

/** What a load has one sealed partition of, at most. */
function placeOf(table: string, logicalDate: string): string {
  return `${table} ${logicalDate}`;
}

/** Gives up attempts that nobody works on any more (audit: FAILED). */
export async function abandonPartitions(db: DuckDb, loadSeqs: string[], reason: string): Promise<void> {
  if (loadSeqs.length === 0) return;
  await abandon(db, loadSeqs);
  await recordEvents(db, loadSeqs, 'FAILED', reason);
}

async function abandon(db: DuckDb, loadSeqs: readonly (bigint | string)[]): Promise<void> {
  if (loadSeqs.length === 0) return;
  await db.run("update raw_partition set status = 'ABANDONED' where list_contains($1::json::bigint[], load_seq)", [
    numberList(loadSeqs),
  ]);
}

/** 64-bit numbers as a JSON array: JavaScript's own JSON knows no bigint. */
export function numberList(numbers: readonly (bigint | number | string)[]): string {
  return `[${numbers.join(', ')}]`;
}

/** Appends an event each: what the STARTED event says of the attempt, and the partition's counts as they are now. */
async function recordEvents(
  db: DuckDb,
  loadSeqs: readonly (bigint | string)[],
  status: 'LOADED' | 'FAILED',
  error: string | null,
): Promise<void> {
  await db.run(
    `insert into raw.raw_load_audit (event_id, recorded_at, load_id, workflow_id, run_id, table_name, logical_date, load_seq,
       attempt, status, source_files, fingerprint, size_bytes, rows_read, rows_loaded, rows_rejected, checksum,
       checksum_kind, error)
     select nextval('audit_event'), $2::timestamp, a.load_id, a.workflow_id, a.run_id, a.table_name, a.logical_date,
       a.load_seq, a.attempt, $3, a.source_files, a.fingerprint, a.size_bytes, p.rows_read, p.rows_loaded,
       p.rows_rejected, p.checksum, p.checksum_kind, $4::varchar
     from raw.raw_load_audit as a join raw_partition as p using (load_seq)
     where list_contains($1::json::bigint[], a.load_seq) and a.status = 'STARTED'`,
    [numberList(loadSeqs), utcNow(), status, error],
  );
}
