import { rm } from 'node:fs/promises';
import type { Lineage } from '../contracts/raw-partition';
import type { SourceTable } from '../contracts/source-contract';
import { UnreadableFileError } from '../contracts/errors';
import type { DuckDb } from '../duckdb/connection';
import { parquet, sqlIdentifier, sqlString } from '../duckdb/sql-text';
import { isUncastable } from './cell-types';
import { readRecords, type InspectedFile } from './preflight';
import type { ChangedType } from './type-drift';

/** More records than this are not discarded one by one: their raw text would have to be held in memory. */
const MAX_DISCARDED = 100_000;

/** As the reader: no more than this is kept of a record. */
const RAW_LIMIT = 10_000;

/** What a file's drift consists of, once its cells are staged. */
interface StagedDrift {
  /** New columns that were read. */
  added: string[];
  changed: ChangedType[];
}

/**
 * Moves the rows that drift concerns from a staged file to the rejected records, where the policy says `discard_row`: those
 * that fill a new column, and those whose cell is no value of a changed column's type. Their raw text is read from the file.
 *
 * @param staged Parquet path, rewritten here when there are such rows.
 * @throws UnreadableFileError when they are too many.
 */
export async function discardRows(
  db: DuckDb,
  table: SourceTable,
  file: InspectedFile,
  lineage: Lineage,
  { added, changed }: StagedDrift,
  staged: string,
): Promise<void> {
  const conditions: { isConcerned: string; reason: string }[] = [
    ...(table.drift.new_column === 'discard_row' ? added : []).map((name) => ({
      isConcerned: `${sqlIdentifier(name)} is not null`,
      reason: `new column: '${name.slice(0, 60)}' is not described`,
    })),
    ...(table.drift.changed_type === 'discard_row' ? changed : []).map(({ column }) => ({
      isConcerned: isUncastable(column),
      reason: `changed type: '${column.name}' is no ${column.type}`,
    })),
  ];
  if (conditions.length === 0) return;
  const cases = conditions.map(({ isConcerned, reason }) => `when ${isConcerned} then ${sqlString(reason)}`).join(' ');
  await db.run(
    `create or replace temp table discarded_records as select record, reason from
       (select _source_row_number as record, case ${cases} end as reason from ${parquet([staged])})
     where reason is not null limit ${MAX_DISCARDED + 1}`,
  );
  const records = (await db.rows('select record from discarded_records')).map((row) => Number(row.record));
  if (records.length === 0) return;
  if (records.length > MAX_DISCARDED) {
    throw new UnreadableFileError(
      `${file.name}: drift concerns more than ${MAX_DISCARDED} records, too many to discard one by one: describe the change, or ` +
        `choose another drift policy than discard_row for ${table.name}.`,
    );
  }
  const wanted = await readRecords(file.file, file.name, table.csv, new Set(records));
  const raw = wanted.map(({ record, raw: text }) => ({
    record,
    raw: text.length > RAW_LIMIT ? `${text.slice(0, RAW_LIMIT)} … (cut)` : text,
  }));
  await db.run(
    `insert into rejected_records
     select $1, $2, $3::date, $4, d.record, d.reason, r.raw
     from discarded_records as d
     join (select unnest(from_json($5::json, '[{"record": "BIGINT", "raw": "VARCHAR"}]'), max_depth := 2)) as r using (record)`,
    [lineage.loadSeq, lineage.loadId, lineage.logicalDate, file.name, JSON.stringify(raw)],
  );
  const aside = `${staged}.kept`;
  const copy = (from: string, to: string) =>
    db.run(`copy (from ${from}) to ${sqlString(to)} (format parquet, compression zstd)`);
  const kept = `${parquet([staged])} where _source_row_number not in (select record from discarded_records)`;
  await copy(kept, aside);
  await copy(parquet([aside]), staged);
  await rm(aside);
}
