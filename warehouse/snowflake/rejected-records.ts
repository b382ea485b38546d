import { rejectingPartitions, toRejectedRecord } from '../store/rejecting-partitions';
import { READ_ONLY, inNumbers } from '../store/store-db';
import type { RejectedRecord, RejectsFilter } from '../warehouse';
import type { SnowflakeStore } from './publications';
import { rejectTable } from './raw-tables';
import { statementTag } from './statement-tag';

/** Reads rejected records of the head, of one load, or of all. Only those that retention keeps are counted. */
export async function rejectedRecords(
  { account, names, session }: SnowflakeStore,
  filter: RejectsFilter,
): Promise<{ total: number; records: RejectedRecord[] }> {
  const partitions = await session((db) => rejectingPartitions(db, filter), READ_ONLY);
  if (partitions.length === 0) return { total: 0, records: [] };
  const states = new Map(partitions.map(({ load_seq: loadSeq, state }) => [loadSeq, state]));
  const from = `${rejectTable(names)} where _load_seq in ${inNumbers(states.keys())}`;
  return account.withConnection(statementTag('read rejects'), 'read', async (connection) => {
    const [count] = await connection.rows(`select count(*) as n from ${from}`);
    const rows = await connection.rows(
      `select table_name, _logical_date::varchar as logical_date, _load_id as load_id, _load_seq as load_seq,
         _source_file as source_file, _source_row_number as record, reason, raw_record as raw
       from ${from} order by _load_seq desc, _source_file, _source_row_number limit ${Number(filter.limit)}`,
    );
    const records = rows.map((row) =>
      toRejectedRecord({ ...row, state: states.get(String(row.load_seq)) ?? 'loaded' }),
    );
    return { total: Number(count?.n), records };
  });
}
