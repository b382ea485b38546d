import type { JsonRow } from '../../duckdb/connection';
import type { Disagreement } from '../warehouse';
import { selectHead, type DataSetEntry } from './data-sets';
import { checkStore } from './log-checks';
import type { StoreDb } from './store-db';

/** A partition as the ledger has it. */
export interface RecordedPartition {
  loadSeq: string;
  table: string;
  logicalDate: string;
  status: string;
  rowsLoaded: number;
  rowsRejected: number;
  columns: string[];
  checksum: string;
  checksumKind: string;
  /** Its files are gone, as retention has recorded. */
  isRemoved: boolean;
  isRetired: boolean;
}

/** A data set as the log has it. */
export interface RecordedDataSet {
  dataSet: number;
  status: string;
  /** Retention has marked it, and later removed its files. */
  isDropped: boolean;
  isRemoved: boolean;
}

/** What is compared with what the warehouse holds, as of one moment of the store. */
export interface RecordedState {
  found: Disagreement[];
  head: DataSetEntry | undefined;
  partitions: RecordedPartition[];
  dataSets: RecordedDataSet[];
  /** Data sets that readers may open. */
  shown: number[];
  /** Rows of raw.raw_published_load. */
  differences: JsonRow[];
}

/** Reads what the store says, and checks that it agrees with itself. */
export async function readRecordedState(db: StoreDb): Promise<RecordedState> {
  const found = await checkStore(db);
  const partitions = (
    await db.rows(
      `select load_seq, table_name, logical_date::varchar as logical_date, status, rows_loaded, rows_rejected,
         columns, checksum, checksum_kind, removed_at is not null as is_removed,
         retired_at is not null as is_retired
       from raw_partition order by load_seq`,
    )
  ).map((row): RecordedPartition => ({
    loadSeq: String(row.load_seq),
    table: String(row.table_name),
    logicalDate: String(row.logical_date),
    status: String(row.status),
    rowsLoaded: Number(row.rows_loaded),
    rowsRejected: Number(row.rows_rejected),
    columns: row.columns === null ? [] : (JSON.parse(String(row.columns)) as string[]),
    checksum: String(row.checksum),
    checksumKind: String(row.checksum_kind),
    isRemoved: row.is_removed === true,
    isRetired: row.is_retired === true,
  }));
  const rows = await db.rows(
    `select data_set, min(case when publication = data_set then status end) as status,
       count_if(status = 'PUBLISHED') > 0 as is_published, count_if(dropped_at is not null) > 0 as is_dropped,
       count_if(removed_at is not null) > 0 as is_removed
     from raw.raw_publication group by data_set order by data_set`,
  );
  const shown = rows
    .filter((row) => row.is_published === true && row.is_dropped === false)
    .map((row) => Number(row.data_set));
  const dataSets = rows.map((row) => ({
    dataSet: Number(row.data_set),
    status: row.is_published === true ? 'PUBLISHED' : String(row.status),
    isDropped: row.is_dropped === true,
    isRemoved: row.is_removed === true,
  }));
  const differences = await db.rows(
    `select data_set, base_data_set, table_name || ' ' || logical_date::varchar as place, load_seq from raw.raw_published_load`,
  );
  return { found, head: await selectHead(db), partitions, dataSets, shown, differences };
}

/** What the log says that data sets hold: `<table> <date>` and load_seq. Nearest difference first, up to the oldest base. */
export function contentsOf(
  dataSets: number[],
  differences: JsonRow[],
): { dataSet: number; held: [place: string, loadSeq: string][] }[] {
  const nodes = new Map<string, { base: string; entries: [string, string | null][] }>();
  for (const row of differences) {
    const dataSet = String(row.data_set);
    const node = nodes.get(dataSet) ?? { base: String(row.base_data_set), entries: [] };
    nodes.set(dataSet, node);
    if (row.place !== null) node.entries.push([String(row.place), row.load_seq === null ? null : String(row.load_seq)]);
  }
  return dataSets.map((dataSet) => {
    const held = new Map<string, string | null>();
    for (let node = nodes.get(String(dataSet)); node !== undefined; node = nodes.get(node.base)) {
      for (const [place, loadSeq] of node.entries) if (!held.has(place)) held.set(place, loadSeq);
    }
    return { dataSet, held: [...held].filter((place): place is [string, string] => place[1] !== null) };
  });
}
