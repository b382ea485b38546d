import type { Delivery, ReusedDelivery, RunManifest, SourceFile } from '../../contracts/run';
import type { DuckDb, JsonRow } from '../../duckdb/connection';
import { recordReused } from './ledger';
import { isoTime } from './store-schema';

/** The manifest of a run, or undefined. */
export async function selectManifest(db: DuckDb, loadId: string): Promise<RunManifest | undefined> {
  const [run] = await db.rows('select *, logical_date::varchar as date_text from run_manifest where load_id = $1', [
    loadId,
  ]);
  if (run === undefined) return undefined;
  const files = await db.rows('select * from run_delivery where load_id = $1 order by batch, position', [loadId]);
  return {
    loadId,
    workflowId: String(run.workflow_id),
    runId: String(run.run_id),
    sourceSystem: String(run.source_system),
    logicalDate: String(run.date_text),
    logicalDateOrigin: run.logical_date_origin as RunManifest['logicalDateOrigin'],
    startedAt: isoTime(run.started_at),
    contractDigests: JSON.parse(String(run.contract_digests)) as Record<string, string>,
    codeVersion: String(run.code_version),
    replacedTables: JSON.parse(String(run.replaced_tables ?? '[]')) as string[],
    batches: toBatches(files),
    reused: await selectReused(db, loadId),
  };
}

/** What a run did not load again, as its manifest's audit events say. */
async function selectReused(db: DuckDb, loadId: string): Promise<ReusedDelivery[]> {
  const rows = await db.rows(
    `select table_name, logical_date::varchar as logical_date, load_seq, reused_load_id from raw.raw_load_audit
     where load_id = $1 and status = 'REUSED' order by event_id`,
    [loadId],
  );
  return rows.map((row) => ({
    table: String(row.table_name),
    logicalDate: String(row.logical_date),
    reusedLoadId: String(row.reused_load_id),
    reusedLoadSeq: BigInt(String(row.load_seq)),
  }));
}

/** Writes a manifest and what it reuses; the caller has seen, in the same transaction, that there is none. */
export async function insertManifest(db: DuckDb, manifest: RunManifest): Promise<void> {
  await db.run(
    `insert into run_manifest (load_id, workflow_id, run_id, source_system, logical_date, logical_date_origin, started_at,
       contract_digests, code_version, replaced_tables)
     values ($1, $2, $3, $4, $5::date, $6, $7::timestamp, $8::json, $9, $10::json)`,
    [
      manifest.loadId,
      manifest.workflowId,
      manifest.runId,
      manifest.sourceSystem,
      manifest.logicalDate,
      manifest.logicalDateOrigin,
      manifest.startedAt,
      JSON.stringify(manifest.contractDigests),
      manifest.codeVersion,
      JSON.stringify(manifest.replacedTables),
    ],
  );
  const rows = manifest.batches.flatMap((deliveries, batch) =>
    deliveries.flatMap((delivery) => delivery.files.map((file) => ({ batch, delivery, file }))),
  );
  const records = rows.map(({ batch, delivery, file }, position) => ({
    batch,
    position,
    table_name: delivery.table,
    logical_date: delivery.logicalDate,
    source_file: file.path,
    size_bytes: file.sizeBytes,
    modified_at: file.modifiedAt,
    sha256: file.sha256,
  }));
  await db.run(
    `insert into run_delivery select $1, unnest(from_json($2::json, '[{"batch": "INTEGER", "position": "INTEGER",
      "table_name": "VARCHAR", "logical_date": "DATE", "source_file": "VARCHAR", "size_bytes": "BIGINT",
      "modified_at": "VARCHAR", "sha256": "VARCHAR"}]'), max_depth := 2)`,
    [manifest.loadId, JSON.stringify(records)],
  );
  await recordReused(db, manifest);
}

/** Groups rows of run_delivery, in their order, into batches of deliveries. */
function toBatches(rows: JsonRow[]): Delivery[][] {
  const batches: Delivery[][] = [];
  for (const row of rows) {
    const batch = (batches[Number(row.batch)] ??= []);
    addFile(batch, row);
  }
  return batches;
}

/** Adds a row of run_delivery to the delivery it belongs to: the last one, or a new one. */
function addFile(deliveries: Delivery[], row: JsonRow): void {
  const table = String(row.table_name);
  const logicalDate = String(row.logical_date);
  let delivery = deliveries.at(-1);
  if (delivery?.table !== table || delivery.logicalDate !== logicalDate) {
    delivery = { table, logicalDate, files: [] };
    deliveries.push(delivery);
  }
  delivery.files.push(toSourceFile(row));
}

/** The file of a row of run_delivery. */
export function toSourceFile(row: JsonRow): SourceFile {
  return {
    path: String(row.source_file),
    sizeBytes: Number(row.size_bytes),
    modifiedAt: String(row.modified_at),
    sha256: String(row.sha256),
  };
}
