import type { JsonRow } from '../../duckdb/connection';
import type { KnownDeliveries, LoadedDelivery } from '../warehouse';
import { partitionsQuery, selectHead } from './data-sets';
import { toSourceFile } from './manifests';
import type { StoreDb } from './store-db';

/** What the head holds, and what a rollback took away from it, with the files of each. */
export async function knownDeliveries(db: StoreDb): Promise<KnownDeliveries> {
  const head = await selectHead(db);
  const published = head === undefined ? [] : await filesOf(db, await partitionsQuery(db, head.dataSet));
  const withdrawn = await filesOf(db, 'select table_name, logical_date, load_seq, load_id from withdrawn_delivery');
  return { published: toDeliveries(published), withdrawn: toDeliveries(withdrawn) };
}

/** Rows of run_delivery for the given partitions, those of a delivery together. */
async function filesOf(db: StoreDb, partitions: string): Promise<JsonRow[]> {
  return db.rows(
    `select d.load_seq, d.load_id, f.table_name, f.logical_date::varchar as logical_date, f.source_file, f.size_bytes,
       f.modified_at, f.sha256, m.contract_digests::varchar as contract_digests
     from (${partitions}) as d
     join run_delivery as f
       on f.load_id = d.load_id and f.table_name = d.table_name and f.logical_date = d.logical_date
     join run_manifest as m on m.load_id = d.load_id
     order by f.table_name, f.logical_date, d.load_seq, f.position`,
  );
}

function toDeliveries(rows: JsonRow[]): LoadedDelivery[] {
  const deliveries: LoadedDelivery[] = [];
  const digests = new Map<string, Record<string, string>>();
  for (const row of rows) {
    const loadSeq = BigInt(String(row.load_seq));
    let delivery = deliveries.at(-1);
    if (delivery?.loadSeq !== loadSeq) {
      const [loadId, table] = [String(row.load_id), String(row.table_name)];
      const ofLoad = digests.get(loadId) ?? (JSON.parse(String(row.contract_digests)) as Record<string, string>);
      digests.set(loadId, ofLoad);
      const contractDigest = ofLoad[table] ?? '';
      delivery = { table, logicalDate: String(row.logical_date), files: [], loadId, loadSeq, contractDigest };
      deliveries.push(delivery);
    }
    delivery.files.push(toSourceFile(row));
  }
  return deliveries;
}
