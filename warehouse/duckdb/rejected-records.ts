import { stat } from 'node:fs/promises';
import { withDuckDb, type DuckDb, type JsonRow } from '../../duckdb/connection';
import { parquet, sqlString } from '../../duckdb/sql-text';
import type { RejectedRecord, RejectsFilter } from '../warehouse';
import { partitionsOf, selectHead } from './data-sets';
import type { Layout } from './layout';
import type { StoreSession } from './store';

/** A partition with rejected records, whatever became of it. */
interface RejectsFile {
  load_seq: string;
  table_name: string;
  state: RejectedRecord['state'];
  file: string;
}

/**
 * Reads rejected records from the files beside their partitions: those of the head, of one load, or of all. Only partitions
 * whose files are kept are counted.
 */
export async function rejectedRecords(
  session: StoreSession,
  layout: Layout,
  filter: RejectsFilter,
): Promise<{ total: number; records: RejectedRecord[] }> {
  const known = await session((db) => selectPartitions(db, layout, filter));
  const files = (await Promise.all(known.map(kept))).flat();
  if (files.length === 0) return { total: 0, records: [] };
  return withDuckDb({ path: ':memory:' }, async (db) => {
    const names = files.map(({ load_seq, table_name, state }) => ({ load_seq, table_name, state }));
    const from = `${parquet(files.map(({ file }) => file))} as r join (
       select unnest(from_json(${sqlString(JSON.stringify(names))}::json,
         '[{"load_seq": "BIGINT", "table_name": "VARCHAR", "state": "VARCHAR"}]'), max_depth := 2)
     ) as p on p.load_seq = r._load_seq`;
    const [count] = await db.rows(`select count(*) as n from ${from}`);
    const rows = await db.rows(
      `select p.table_name, p.state, r._logical_date::varchar as logical_date, r._load_id as load_id, r._load_seq as load_seq,
         r._source_file as source_file, r._source_row_number as record, r.reason, r.raw_record as raw
       from ${from} order by r._load_seq desc, r._source_file, r._source_row_number limit $1`,
      [filter.limit],
    );
    return { total: Number(count?.n), records: rows.map(toRecord) };
  });
}

async function selectPartitions(db: DuckDb, layout: Layout, { load, table }: RejectsFilter): Promise<RejectsFile[]> {
  const head = await selectHead(db);
  const current = head === undefined ? [] : await partitionsOf(db, head.dataSet);
  const shown = new Set(current.map((row) => String(row.load_seq)));
  const rows = await db.rows(
    `select load_seq, table_name, status from raw_partition
     where rows_rejected > 0 and status in ('SEALED', 'ABANDONED') and ($1::varchar is null or load_id = $1)
       and ($2::varchar is null or table_name = $2)`,
    [load.kind === 'load' ? load.loadId : null, table ?? null],
  );
  return rows
    .map((row): RejectsFile => {
      const place = { load_seq: String(row.load_seq), table_name: String(row.table_name) };
      const state = shown.has(place.load_seq) ? 'current' : row.status === 'SEALED' ? 'loaded' : 'failed';
      return { ...place, state, file: layout.rejects(place.table_name, place.load_seq) };
    })
    .filter(({ state }) => load.kind !== 'current' || state === 'current');
}

/** None, when the file is gone: what nobody needs any more is removed from the disk. */
async function kept(partition: RejectsFile): Promise<RejectsFile[]> {
  return stat(partition.file).then(
    () => [partition],
    () => [],
  );
}

function toRecord(row: JsonRow): RejectedRecord {
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
