import type { Delivery, ReusedDelivery, RunManifest, SourceFile } from '../../contracts/run';
import type { JsonRow } from '../../duckdb/connection';
import { recordReused } from './ledger';
import { isoTime, timestamp, type StoreDb } from './store-db';

/** The manifest of a run, or undefined. */
export async function selectManifest(db: StoreDb, loadId: string): Promise<RunManifest | undefined> {
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
async function selectReused(db: StoreDb, loadId: string): Promise<ReusedDelivery[]> {
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
export async function insertManifest(db: StoreDb, manifest: RunManifest): Promise<void> {
  await db.insert('run_manifest', [
    {
      load_id: manifest.loadId,
      workflow_id: manifest.workflowId,
      run_id: manifest.runId,
      source_system: manifest.sourceSystem,
      logical_date: manifest.logicalDate,
      logical_date_origin: manifest.logicalDateOrigin,
      started_at: timestamp(new Date(manifest.startedAt)),
      contract_digests: JSON.stringify(manifest.contractDigests),
      code_version: manifest.codeVersion,
      replaced_tables: JSON.stringify(manifest.replacedTables),
    },
  ]);
  const files = manifest.batches.flatMap((deliveries, batch) =>
    deliveries.flatMap((delivery) => delivery.files.map((file) => ({ batch, delivery, file }))),
  );
  await db.insert(
    'run_delivery',
    files.map(({ batch, delivery, file }, position) => ({
      load_id: manifest.loadId,
      batch,
      position,
      table_name: delivery.table,
      logical_date: delivery.logicalDate,
      source_file: file.path,
      size_bytes: file.sizeBytes,
      modified_at: file.modifiedAt,
      sha256: file.sha256,
    })),
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
