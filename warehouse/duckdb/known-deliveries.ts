import type { DuckDb, JsonRow } from '../../duckdb/connection';
import type { KnownDeliveries, LoadedDelivery } from '../warehouse';
import { partitionsQuery, selectHead } from './data-sets';
import { toSourceFile } from './manifests';

/** What the head holds, and what a rollback took away from it, with the files of each. */
export async function knownDeliveries(db: DuckDb): Promise<KnownDeliveries> {
  const head = await selectHead(db);
  const published = head === undefined ? [] : await filesOf(db, partitionsQuery('$1'), [head.dataSet]);
  const withdrawn = await filesOf(db, 'select table_name, logical_date, load_seq, load_id from withdrawn_delivery', []);
  return { published: toDeliveries(published), withdrawn: toDeliveries(withdrawn) };
}

/** Rows of run_delivery for the given partitions, those of a delivery together. */
async function filesOf(db: DuckDb, partitions: string, values: number[]): Promise<JsonRow[]> {
  return db.rows(
    `select d.load_seq, d.load_id, f.table_name, f.logical_date::varchar as logical_date, f.source_file, f.size_bytes,
       f.modified_at, f.sha256, m.contract_digests->>f.table_name as contract_digest
     from (${partitions}) as d
     join run_delivery as f using (load_id, table_name, logical_date)
     join run_manifest as m using (load_id)
     order by f.table_name, f.logical_date, d.load_seq, f.position`,
    values,
  );
}

function toDeliveries(rows: JsonRow[]): LoadedDelivery[] {
  const deliveries: LoadedDelivery[] = [];
  for (const row of rows) {
    const loadSeq = BigInt(String(row.load_seq));
    let delivery = deliveries.at(-1);
    if (delivery?.loadSeq !== loadSeq) {
      delivery = {
        table: String(row.table_name),
        logicalDate: String(row.logical_date),
        files: [],
        loadId: String(row.load_id),
        loadSeq,
        contractDigest: String(row.contract_digest),
      };
      deliveries.push(delivery);
    }
    delivery.files.push(toSourceFile(row));
  }
  return deliveries;
}
