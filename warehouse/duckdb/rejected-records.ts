import { stat } from 'node:fs/promises';
import { withDuckDb } from '../../duckdb/connection';
import { parquet, sqlString } from '../../duckdb/sql-text';
import { rejectingPartitions, toRejectedRecord, type RejectingPartition } from '../store/rejecting-partitions';
import { READ_ONLY, type StoreSession } from '../store/store-db';
import type { RejectedRecord, RejectsFilter } from '../warehouse';
import type { Layout } from './layout';

/** A partition with rejected records, and their file. */
interface RejectsFile extends RejectingPartition {
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
  const known = await session((db) => rejectingPartitions(db, filter), READ_ONLY);
  const files = (
    await Promise.all(
      known.map((partition) => kept({ ...partition, file: layout.rejects(partition.table_name, partition.load_seq) })),
    )
  ).flat();
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
    return { total: Number(count?.n), records: rows.map(toRejectedRecord) };
  });
}

/** None, when the file is gone: what nobody needs any more is removed from the disk. */
async function kept(partition: RejectsFile): Promise<RejectsFile[]> {
  return stat(partition.file).then(
    () => [partition],
    () => [],
  );
}
