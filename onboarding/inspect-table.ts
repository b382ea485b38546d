import path from 'node:path';
import { TerminalError } from '../contracts/errors';
import { parseSourcesFile, type SourceTable } from '../contracts/source-contract';
import type { DuckDb } from '../duckdb/connection';
import { parquet, sqlIdentifier } from '../duckdb/sql-text';
import { preflight, type InspectedFile } from '../ingestion/preflight';
import { stageDelivery } from '../ingestion/stage';
import { ColumnEvidence } from './column-evidence';
import type { FoundFile, FoundTable } from './folder';
import { columnNames } from './names';
import { sniffFile, type SniffedFile } from './sniff';

/** A table's files, read as the loader would read them. */
export interface InspectedTable {
  name: string;
  stem: string;
  files: FoundFile[];
  written: SniffedFile;
  /** One per header cell, in the file's order. */
  columns: { name: string; header: string; cells: ColumnEvidence }[];
  /** Parquet files of the rows that were looked at. */
  rows: string[];
  /** Rows that were looked at, and records that the loader would reject. */
  rowCount: number;
  rejected: number;
  /** Deliveries that were looked at, oldest first; the others are older. */
  deliveries: (string | undefined)[];
  /** One sentence for each file that the loader would refuse, and the like. */
  problems: string[];
}

/** The newest deliveries are looked at: as many as this, and no more once they exceed so many bytes. */
const DELIVERIES = 12;
const BYTES = 512 * 1024 * 1024;
/** A flat file's rows count as one delivery of no date. */
const NO_DATE = '1970-01-01';

/**
 * Reads a table's newest deliveries with the loader's own preflight and staging, all columns as text.
 *
 * @param db an in-memory database of the caller's. @param scratch a folder of the caller's for Parquet files.
 * @throws UnreadableFileError and the like (terminal) when the loader would refuse the newest file whatever its contract says.
 */
export async function inspectTable(
  db: DuckDb,
  system: string,
  name: string,
  { stem, files }: FoundTable,
  scratch: string,
): Promise<InspectedTable> {
  const newest = files.at(-1) as FoundFile;
  const written = await sniffFile(newest.file, newest.path);
  const names = columnNames(written.header);
  const contract = textContract(system, name, written, names);
  const table: InspectedTable = {
    ...{ name, stem, files, written },
    columns: names.map((column, index) => {
      return { name: column, header: written.header[index] ?? '', cells: new ColumnEvidence() };
    }),
    ...{ rows: [], rowCount: 0, rejected: 0, deliveries: [], problems: [] },
  };
  let bytes = 0;
  for (const [logicalDate, delivered] of byDate(files).reverse().slice(0, DELIVERIES)) {
    bytes += delivered.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (bytes > BYTES && table.rows.length > 0) break;
    const target = path.join(scratch, `${name}-${table.rows.length}.parquet`);
    try {
      await stageOne(db, contract, table, logicalDate, delivered, target);
    } catch (error) {
      if (!(error instanceof TerminalError) || table.rows.length === 0) throw error;
      table.problems.push(error.message);
    }
  }
  await collect(db, table);
  return table;
}

async function stageOne(
  db: DuckDb,
  contract: SourceTable,
  table: InspectedTable,
  logicalDate: string | undefined,
  files: FoundFile[],
  target: string,
): Promise<void> {
  const inspected: InspectedFile[] = [];
  for (const { file, path: name } of files) {
    inspected.push({ file, name, preflight: await preflight(file, name, contract) });
  }
  const lineage = { loadSeq: 0n, loadId: '', logicalDate: logicalDate ?? NO_DATE, loadedAt: `${NO_DATE}T00:00:00Z` };
  const staged = await stageDelivery(db, contract, inspected, lineage, target, `${target}.rejects`);
  table.rows.push(target);
  table.rowCount += staged.rowsAccepted;
  table.rejected += staged.rowsRejected;
  table.deliveries.unshift(logicalDate);
}

/** Distinct values with their counts, column by column, as staging trims them. */
async function collect(db: DuckDb, { rows, columns }: InspectedTable): Promise<void> {
  for (const { name, cells } of columns) {
    const cell = `trim(${sqlIdentifier(name)}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))`;
    const sql = `select ${cell} as cell, count(*)::double as n from ${parquet(rows)} group by 1 order by min(_source_row_number)`;
    const result = await db.connection.stream(sql);
    for await (const chunk of result.yieldRowsJs()) {
      for (const [value, count] of chunk) cells.add(value as string | null, count as number);
    }
  }
}

/** A contract that takes every cell as it is; a sources file in JSON, which is YAML, so that it is checked as any other. */
function textContract(system: string, name: string, written: SniffedFile, names: string[]): SourceTable {
  const { delimiter, quote, encoding, header } = written;
  const columns = names.map((column, index) => {
    return { name: column, data_type: 'text', config: { meta: { source_name: header[index] } } };
  });
  const source = {
    name: system,
    config: { meta: { time_zone: 'UTC', csv: { delimiter, quote, encoding } } },
    tables: [{ name, columns, config: { meta: { mode: 'snapshot', key: names.slice(0, 1) } } }],
  };
  return parseSourcesFile(JSON.stringify({ sources: [source] }), `the draft of ${system}`, system)
    .tables[0] as SourceTable;
}

function byDate(files: FoundFile[]): [string | undefined, FoundFile[]][] {
  const dates = new Map<string | undefined, FoundFile[]>();
  for (const file of files) dates.set(file.logicalDate, [...(dates.get(file.logicalDate) ?? []), file]);
  return [...dates];
}
