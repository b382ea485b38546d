import path from 'node:path';
import { existsSync } from 'node:fs';
import type { DuckDb } from '../../duckdb/connection';
import type { OpenDuckDb } from './open-duckdb';
import type { Seen } from './views';

/** What the store says of the log, to compare with the model's. */
export interface StoredLog {
  head: number | null;
  entries: string[];
  withdrawn: string[];
  /** `<place> <LOAD_ID>: <read> read, <loaded> loaded, <rejected> rejected` of sealed partitions. */
  sealed: string[];
  pinned: number[];
}

/**
 * Opens a data set's file read-only, with nothing of the product but DuckDB, and writes down all that a reader can see in
 * it: each RAW view by date and load, the rejected records, the marts.
 */
export async function readDataSet(duckDb: OpenDuckDb, file: string): Promise<Seen | undefined> {
  if (!existsSync(file)) return undefined;
  return duckDb.attached(file, 'read_only', async (db) => {
    const rows = await db.rows(SEEN);
    return rows.map((row) => String(row.line)).sort();
  });
}

const partitions = (view: string, value: string) => `
  select '${view} ' || _logical_date || ' ' || _load_id || ': ' || count(*) || ' rows, sum '
    || sum(${value}::bigint) || ', ' || count(distinct _load_seq) || ' attempts' as line
  from raw.${view} group by _logical_date, _load_id`;

const SEEN = [
  `select 'publication ' || publication as line from raw.current_publication`,
  ...['materials', 'materials_history', 'materials_run'].map((view) => partitions(view, 'quantity')),
  ...['readings', 'readings_history', 'readings_run'].map((view) => partitions(view, 'value')),
  `select 'current_load ' || table_name || ' ' || logical_date || ' ' || load_id from raw.current_load`,
  `select 'rejected ' || table_name || ' ' || _logical_date || ' ' || _load_id || ' ' || count(*)
   from raw.raw_rejected_rows group by table_name, _logical_date, _load_id`,
  `select 'material_totals ' || total || ' ' || history_total from marts.material_totals`,
  `select 'reading_totals ' || total from marts.reading_totals`,
  `select 'plant_totals ' || total from marts.plant_totals`,
].join('\nunion all\n');

/** Reads the store's tables read-only, without a session: nothing is mended by looking. */
export async function readStore(duckDb: OpenDuckDb, stateDir: string): Promise<StoredLog> {
  return duckDb.attached(path.join(stateDir, 'store.duckdb'), 'read_only', async (db) => {
    const lines = async (sql: string) => (await texts(db, sql)).sort();
    const [head] = await texts(db, 'select publication from head');
    return {
      head: head === 'null' || head === undefined ? null : Number(head),
      entries: await lines(`select publication || ' ' || kind || ' on ' || coalesce(base::varchar, 'nothing') || ' to '
        || coalesce(target::varchar, 'nothing') || ' shows ' || data_set || ' ' || status from raw.raw_publication`),
      withdrawn: await lines(
        `select distinct table_name || ' ' || logical_date || ' ' || load_id from withdrawn_delivery`,
      ),
      sealed: await lines(`select table_name || ' ' || logical_date || ' ' || load_id || ': ' || rows_read || ' read, '
        || rows_loaded || ' loaded, ' || rows_rejected || ' rejected' from raw_partition where status = 'SEALED'`),
      pinned: (
        await texts(
          db,
          `select publication from raw.raw_publication_pin group by publication
           having arg_max(action, event_id) = 'PIN' order by publication`,
        )
      ).map(Number),
    };
  });
}

async function texts(db: DuckDb, sql: string): Promise<string[]> {
  return (await db.rows(sql)).map((row) => String(Object.values(row)[0]));
}
