import { rm } from 'node:fs/promises';
import { writeAsUtf8 } from './encoding';
import type { SourceTable } from '../contracts/source-contract';
import type { Lineage, StagedPartition } from '../contracts/raw-partition';
import { ReconciliationError, UnreadableFileError } from '../contracts/errors';
import { discardRows } from './discard-rows';
import type { FileColumn } from './header';
import type { InspectedFile } from './preflight';
import { changedTypes } from './type-drift';
import type { DuckDb } from '../duckdb/connection';
import { contentChecksum } from '../duckdb/content-checksum';
import { parquet, sqlIdentifier, sqlString } from '../duckdb/sql-text';

/** The reader keeps no more than this of a rejected record. */
const READER_RAW_LIMIT = 10_000;

const REJECTS = 'staging_rejects';
const REJECTS_SCAN = 'staging_rejects_scan';
const PARQUET = '(format parquet, compression zstd)';

/**
 * Splits the files of one delivery into rows that satisfy the contract (Parquet) and records that do not (Parquet).
 *
 * RAW keeps cells as text; an empty cell is null, never zero. A bad record is data, not an error: it keeps its record
 * number, raw text and reason. `_SOURCE_ROW_NUMBER` is the record's number in its file, the first after the header being
 * 1, rejected records counted, empty lines not. A described column that a file lacks is null; a new one is kept beside the
 * described ones when the drift policy is `evolve`. Memory does not grow with the files.
 *
 * @param db an in-memory database of the caller's. @param target Parquet path for accepted rows; written here.
 * @param rejectsTarget Parquet path for rejected records; written only when there are any.
 * @throws ReconciliationError (terminal) when the reader and the independent record count disagree; SchemaDriftError when a
 * column has another type and the policy is to fail.
 */
export async function stageDelivery(
  db: DuckDb,
  table: SourceTable,
  files: InspectedFile[],
  lineage: Lineage,
  target: string,
  rejectsTarget: string,
): Promise<StagedPartition> {
  await db.run(`create or replace temp table rejected_records (
    _load_seq bigint, _load_id varchar, _logical_date date, _source_file varchar, _source_row_number bigint,
    reason varchar, raw_record varchar)`);
  const parts: string[] = [];
  const drift = files.flatMap(({ preflight }) => preflight.drift);
  const added = addedColumns(table, files);
  let rowsRead = 0;
  try {
    for (const [index, file] of files.entries()) {
      const part = files.length === 1 ? target : `${target}.part${index}`;
      parts.push(part);
      await stageFile(db, table, file, lineage, added, part);
      const changed = await changedTypes(db, table, file.name, part, drift);
      drift.push(...changed.map(({ event }) => event));
      await discardRows(db, table, file, lineage, { added, changed }, part);
      rowsRead += file.preflight.records;
    }
    if (files.length > 1) await db.run(`copy (from ${parquet(parts)}) to ${sqlString(target)} ${PARQUET}`);
  } finally {
    if (files.length > 1) await Promise.all(parts.map((part) => rm(part, { force: true })));
  }
  const rowsRejected = await countRows(db, 'rejected_records');
  if (rowsRejected > 0) {
    await db.run(
      `copy (from rejected_records order by _source_file, _source_row_number) to ${sqlString(rejectsTarget)} ${PARQUET}`,
    );
  }
  const columns = [
    ...table.columns.map((column) => column.name),
    ...(table.drift.new_column === 'evolve' ? added : []),
  ];
  const { rowsAccepted, checksum } = await readBack(db, columns, target);
  if (rowsRead !== rowsAccepted + rowsRejected) {
    throw new ReconciliationError(
      `${files.map((file) => file.name).join(', ')}: ${rowsRead} records in the file, but ${rowsAccepted} rows and ` +
        `${rowsRejected} rejected records after reading: nothing was loaded; look for quotes that stand inside cells.`,
    );
  }
  return { rowsRead, rowsAccepted, rowsRejected, checksum, columns, drift };
}

/** New columns that are read: to keep their cells, or to reject the records that fill them. */
function addedColumns({ drift }: SourceTable, files: InspectedFile[]): string[] {
  if (drift.new_column === 'discard_value') return [];
  const names = files.flatMap(({ preflight }) => preflight.columns.filter((column) => column.fills === undefined));
  return [...new Set(names.map((column) => column.name))];
}

/** Counts and checks what the Parquet file really holds, by reading it again. */
async function readBack(
  db: DuckDb,
  columns: string[],
  target: string,
): Promise<{ rowsAccepted: number; checksum: string }> {
  const checksum = contentChecksum(columns);
  const [row] = await db.rows(`select count(*) as n, ${checksum} as checksum from ${parquet([target])}`);
  return { rowsAccepted: Number(row?.n), checksum: String(row?.checksum) };
}

async function stageFile(
  db: DuckDb,
  table: SourceTable,
  file: InspectedFile,
  lineage: Lineage,
  added: string[],
  target: string,
): Promise<void> {
  const copy = table.csv.encoding === 'windows-1252' ? `${target}.utf8.csv` : undefined;
  try {
    if (copy !== undefined) await writeAsUtf8(file.file, file.name, copy);
    // A landed copy is named by its content: only the delivered name tells whether it is compressed.
    const isGzip = copy === undefined && file.name.toLowerCase().endsWith('.gz');
    const scan = readCsv(table, file.preflight.columns, copy ?? file.file, isGzip);
    // row_number() counts accepted rows; rejected records are put back into the count below, when there are any.
    await db.run(
      `copy (select ${selectList(table, file, lineage, added)} from ${scan}) to ${sqlString(target)} ${PARQUET}`,
    );
    const rejected = await countRows(db, `(select distinct line from ${REJECTS})`);
    const { surplus } = file.preflight;
    if (rejected > 0) await keepRejects(db, file, lineage);
    if (rejected > 0 || surplus.length > 0) {
      await db.run(
        `create or replace temp table surplus_records as
         select unnest(from_json($1::json, '[{"record": "BIGINT", "fields": "INTEGER", "raw": "VARCHAR"}]'), max_depth := 2)`,
        [JSON.stringify(surplus)],
      );
      await renumber(db, file, target);
      await keepSurplus(db, file, lineage);
    }
  } catch (error) {
    throw asUnreadable(error, file.name);
  } finally {
    await db.run(`drop table if exists ${REJECTS}; drop table if exists ${REJECTS_SCAN}`);
    if (copy !== undefined) await rm(copy, { force: true });
  }
}

/**
 * `read_csv` with everything stated but the line end: the sniffer has been seen to turn ragged files into one column. Not in
 * parallel: two scanners have been seen to split valid records where their parts met in a quoted line end.
 */
function readCsv({ csv }: SourceTable, header: FileColumn[], file: string, isGzip: boolean): string {
  const encoding = csv.encoding === 'latin-1' ? 'latin-1' : 'utf-8';
  const columns = header.map(({ name }) => `${sqlString(name)}: 'VARCHAR'`).join(', ');
  return `read_csv(${sqlString(globLiteral(file))}, auto_detect = false, header = true, columns = {${columns}},
    delim = ${sqlString(csv.delimiter)}, quote = ${sqlString(csv.quote)}, escape = ${sqlString(csv.quote)},
    encoding = '${encoding}', null_padding = false, strict_mode = true,
    hive_partitioning = false, parallel = false,
    compression = ${isGzip ? "'gzip'" : "'none'"},
    store_rejects = true, rejects_table = '${REJECTS}', rejects_scan = '${REJECTS_SCAN}', rejects_limit = 0)`;
}

function selectList(table: SourceTable, file: InspectedFile, lineage: Lineage, added: string[]): string {
  const { columns } = file.preflight;
  const cell = (delivered: string | undefined, name: string) =>
    `${delivered === undefined ? 'null::varchar' : sqlIdentifier(delivered)} as ${sqlIdentifier(name)}`;
  return [
    ...table.columns.map(({ name }) => cell(columns.find(({ fills }) => fills === name)?.name, name)),
    ...added.map((name) => cell(columns.find((column) => column.name === name)?.name, name)),
    `${lineage.loadSeq}::bigint as _load_seq`,
    `${sqlString(lineage.loadId)} as _load_id`,
    `date ${sqlString(lineage.logicalDate)} as _logical_date`,
    `${sqlString(file.name)} as _source_file`,
    `row_number() over () as _source_row_number`,
    `${utcTimestamp(lineage.loadedAt)} as _loaded_at`,
  ].join(', ');
}

/** The reader's `line` counts the header and empty lines; a record's number counts neither. */
async function keepRejects(db: DuckDb, file: InspectedFile, lineage: Lineage): Promise<void> {
  await db.run(`create or replace temp table empty_lines as
    select unnest(${JSON.stringify(file.preflight.emptyLines)}::bigint[]) as line`);
  await db.run(`insert into rejected_records
    select ${lineage.loadSeq}::bigint, ${sqlString(lineage.loadId)}, date ${sqlString(lineage.logicalDate)},
      ${sqlString(file.name)}, line - 1 - (select count(*) from empty_lines e where e.line < r.line - 1),
      lower(replace(error_type::varchar, '_', ' ')) || ': ' || reason, ltrim(csv_line, chr(10) || chr(13)) || if(length(csv_line) >= ${READER_RAW_LIMIT}, ' … (cut)', '')
    from (
      -- The first error of a record; the first line of its message is the sentence, the rest hints for the reader.
      select line, any_value(csv_line) as csv_line, arg_min(error_type, coalesce(column_idx, 0)) as error_type,
        split_part(arg_min(error_message, coalesce(column_idx, 0)), chr(10), 1) as reason
      from ${REJECTS} group by line
    ) r`);
}

/** Records with too many fields that the reader let pass, since the surplus ones are empty: rejected all the same. */
async function keepSurplus(db: DuckDb, file: InspectedFile, lineage: Lineage): Promise<void> {
  const reason = `too many columns: Expected Number of Columns: ${file.preflight.columns.length} Found: `;
  await db.run(
    `insert into rejected_records
     select $1, $2, $3::date, $4, s.record, $5 || s.fields, s.raw from surplus_records as s
     where s.record not in (select _source_row_number from rejected_records where _source_file = $4)`,
    [lineage.loadSeq, lineage.loadId, lineage.logicalDate, file.name, reason],
  );
}

/** What DuckDB says of a file that it cannot read at all: no retry mends that. */
function asUnreadable(error: unknown, name: string): unknown {
  const message = (error as Error).message.split('\n')[0] ?? '';
  if (!/^Invalid Input Error|GZIP/i.test(message)) return error;
  return new UnreadableFileError(`${name} cannot be read as its contract describes it: ${message}`, { cause: error });
}

/**
 * Rewrites the row numbers of accepted rows so that they count the rejected records before them, and leaves out the rows of
 * records with too many fields.
 */
async function renumber(db: DuckDb, file: InspectedFile, target: string): Promise<void> {
  const aside = `${target}.numbered`;
  await db.run(`copy (
    with rejected as (
      select _source_row_number - row_number() over (order by _source_row_number) as accepted_before,
        row_number() over (order by _source_row_number) as nth
      from rejected_records where _source_file = ${sqlString(file.name)}
    ), steps as (
      select accepted_before, max(nth) as rejected_before from rejected group by accepted_before
    )
    select p.* replace (p._source_row_number + coalesce(s.rejected_before, 0) as _source_row_number)
    from ${parquet([target])} as p
    asof left join steps as s on p._source_row_number > s.accepted_before
    where p._source_row_number + coalesce(s.rejected_before, 0) not in (select record from surplus_records)
    order by p._source_row_number
  ) to ${sqlString(aside)} ${PARQUET}`);
  await db.run(`copy (from ${parquet([aside])}) to ${sqlString(target)} ${PARQUET}`);
  await rm(aside);
}

async function countRows(db: DuckDb, relation: string): Promise<number> {
  const [row] = await db.rows(`select count(*) as n from ${relation}`);
  return Number(row?.n);
}

/** A path in which glob characters stand for themselves. */
function globLiteral(file: string): string {
  return file.replace(/[[*?]/g, (character) => `[${character}]`);
}

function utcTimestamp(iso: string): string {
  return `timestamp ${sqlString(new Date(iso).toISOString().replace('T', ' ').replace('Z', ''))}`;
}
