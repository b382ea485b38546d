import type { JsonRow } from '../../duckdb/connection';
import type { RejectedRecord, RejectsFilter } from '../warehouse';
import { partitionsOf, selectHead } from './data-sets';
import type { StoreDb } from './store-db';

/** A partition with rejected records, whatever became of it. */
export interface RejectingPartition {
  load_seq: string;
  table_name: string;
  state: RejectedRecord['state'];
}

/** The partitions with rejected records: those of the head, of one load, or of all. */
export async function rejectingPartitions(db: StoreDb, { load, table }: RejectsFilter): Promise<RejectingPartition[]> {
  const head = await selectHead(db);
  const current = head === undefined ? [] : await partitionsOf(db, head.dataSet);
  const shown = new Set(current.map((row) => String(row.load_seq)));
  const rows = await db.rows(
    `select load_seq, table_name, status from raw_partition
     where rows_rejected > 0 and status in ('SEALED', 'ABANDONED') and (cast($1 as varchar) is null or load_id = $1)
       and (cast($2 as varchar) is null or table_name = $2)`,
    [load.kind === 'load' ? load.loadId : null, table ?? null],
  );
  return rows
    .map((row): RejectingPartition => {
      const place = { load_seq: String(row.load_seq), table_name: String(row.table_name) };
      const state = shown.has(place.load_seq) ? 'current' : row.status === 'SEALED' ? 'loaded' : 'failed';
      return { ...place, state };
    })
    .filter(({ state }) => load.kind !== 'current' || state === 'current');
}

/** A row of rejected records, joined with its partition's table_name and state. */
export function toRejectedRecord(row: JsonRow): RejectedRecord {
  return {
    table: String(row.table_name),
    logicalDate: String(row.logical_date),
    loadId: String(row.load_id),
    loadSeq: String(row.load_seq),
    sourceFile: String(row.source_file),
    record: Number(row.record),
    reason: String(row.reason),
    raw: String(row.raw),
    state: row.state as RejectedRecord['state'],
  };
}
