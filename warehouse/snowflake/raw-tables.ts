import { statSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { LINEAGE_COLUMNS } from '../../contracts/raw-partition';
import type { SourceTable } from '../../contracts/source-contract';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { parquet, sqlString } from '../../duckdb/sql-text';
import type { PlacedPartition, StagedFiles } from '../warehouse';
import type { SnowflakeAccount, SnowflakeConnection } from './connection';
import { quoted, type DatabaseNames } from './database-names';
import { snowflakeString } from './sql-text';
import { statementTag } from './statement-tag';

/** Snowflake loads the files of a COPY side by side: one of this size keeps one thread busy for some seconds. */
const LARGE_FILE_BYTES = 256_000_000;

const LINEAGE = LINEAGE_COLUMNS.map(({ name, type }) => ({
  name,
  type: type === 'timestamp' ? 'timestamp_ntz' : type,
}));

const REJECT_COLUMNS = [
  ...LINEAGE.filter(({ name }) => name !== '_loaded_at'),
  { name: 'reason', type: 'varchar' },
  { name: 'raw_record', type: 'varchar' },
];

/** The table that holds all partitions of a source table. */
export function runTable(names: DatabaseNames, table: string): string {
  return `${names.store}."RAW".${quoted(`${table}_run`)}`;
}

/** The table that holds all rejected records. */
export function rejectTable(names: DatabaseNames): string {
  return `${names.store}."RAW"."REJECTED_RECORD"`;
}

/**
 * Loads a staged partition under its `_LOAD_SEQ`: to the stage, and from there in one transaction. Nothing refers to its rows
 * before the seal, and an attempt that fails leaves at most rows that nobody reads.
 *
 * @throws Error (to be tried again) when not all of a file arrived or was loaded.
 */
export async function placePartition(
  account: SnowflakeAccount,
  names: DatabaseNames,
  table: SourceTable,
  loadSeq: bigint,
  staged: StagedFiles,
  signal?: AbortSignal,
): Promise<void> {
  const rows = staged.rows === undefined ? undefined : await localFiles(staged.rows);
  const rejects = staged.rejects === undefined ? undefined : await localFiles(staged.rejects);
  const load = async (connection: SnowflakeConnection): Promise<void> => {
    if (rows !== undefined) await requireTable(connection, names, table.name, rows.columns);
    const stage = `${names.stage}/${table.name}/${loadSeq}`;
    for (const file of [...(rows?.files ?? []), ...(rejects?.files ?? [])]) await put(connection, file, stage);
    await connection.run('begin');
    if (rows !== undefined) {
      const columns = [...rows.columns.map((name) => ({ name, type: 'varchar' })), ...LINEAGE];
      await copy(connection, runTable(names, table.name), columns, stage, rows);
    }
    if (rejects !== undefined) {
      await copy(connection, rejectTable(names), REJECT_COLUMNS, stage, rejects, { table_name: table.name });
    }
    await connection.run('commit');
  };
  await account.withConnection(statementTag(`load ${table.name} ${loadSeq}`), 'load', load, signal);
}

/** Rows of placed partitions that are there now, by load_seq: what a lost COMMIT has left must stop the seal. */
export async function requireRows(
  account: SnowflakeAccount,
  names: DatabaseNames,
  placed: PlacedPartition[],
): Promise<void> {
  const byTable = groupByTable(placed);
  await account.withConnection(statementTag('count rows'), 'load', async (connection) => {
    for (const [table, partitions] of byTable) {
      const counted = await countRows(connection, runTable(names, table), partitions);
      const rejected = await countRows(connection, rejectTable(names), partitions);
      for (const { loadSeq, staged } of partitions) {
        const [rows, rejects] = [counted.get(String(loadSeq)) ?? 0, rejected.get(String(loadSeq)) ?? 0];
        if (rows !== staged.rowsAccepted || rejects !== staged.rowsRejected) {
          throw new Error(
            `partition ${loadSeq} of ${table} has ${rows} rows and ${rejects} rejected records in the warehouse, ` +
              `not ${staged.rowsAccepted} and ${staged.rowsRejected}: it is loaded again.`,
          );
        }
      }
    }
  });
}

/** Takes the staged files of partitions away, once they are sealed. What is left behind costs space, and retention sweeps it. */
export async function clearStage(
  account: SnowflakeAccount,
  names: DatabaseNames,
  placed: PlacedPartition[],
): Promise<void> {
  await account.withConnection(statementTag('clear stage'), 'load', async (connection) => {
    for (const { table, loadSeq } of placed) await connection.run(`remove @${names.stage}/${table.name}/${loadSeq}/`);
  });
}

/** A staged file as it goes to the stage: whole, or in parts. */
interface LocalFiles {
  files: string[];
  rows: number;
  /** Source columns. */
  columns: string[];
}

async function localFiles(file: string): Promise<LocalFiles> {
  return withDuckDb({ path: ':memory:' }, async (db) => {
    const [counted] = await db.rows(`select sum(num_rows) as n from parquet_file_metadata(${sqlString(file)})`);
    const described = await db.rows(`describe select * from ${parquet([file])}`);
    const columns = described.map((row) => String(row.column_name));
    const lineage = new Set<string>([...LINEAGE_COLUMNS.map(({ name }) => name), 'reason', 'raw_record']);
    return {
      files: statSync(file).size > LARGE_FILE_BYTES ? await split(db, file) : [file],
      rows: Number(counted?.n),
      columns: columns.filter((name) => !lineage.has(name)),
    };
  });
}

async function split(db: DuckDb, file: string): Promise<string[]> {
  const folder = `${file}.parts`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await db.run(
    `copy (select * from ${parquet([file])}) to ${sqlString(folder)}
     (format parquet, compression zstd, file_size_bytes ${LARGE_FILE_BYTES / 2}, filename_pattern 'part_{uuid}')`,
  );
  return (await readdir(folder)).map((name) => path.join(folder, name));
}

/** Uploads one file. The driver can end well without having uploaded: each row's status says. */
async function put(connection: SnowflakeConnection, file: string, stage: string): Promise<void> {
  const uploaded = await connection.rows(
    `put ${snowflakeString(`file://${file}`)} @${stage}/ auto_compress = false overwrite = true`,
  );
  const failed = uploaded.find((row) => row.status !== 'UPLOADED' && row.status !== 'SKIPPED');
  if (uploaded.length !== 1 || failed !== undefined) {
    throw new Error(
      `${path.basename(file)} did not reach the stage (${String(failed?.status ?? 'no word of it')}): it is tried again.`,
    );
  }
}

/** Loads staged files into a table; exactly as many rows as they hold. */
async function copy(
  connection: SnowflakeConnection,
  target: string,
  columns: { name: string; type: string }[],
  stage: string,
  { files, rows }: LocalFiles,
  constants: Record<string, string> = {},
): Promise<void> {
  if (rows === 0) return;
  const into = [...columns.map(({ name }) => quoted(name)), ...Object.keys(constants).map(quoted)];
  const values = [
    ...columns.map(({ name, type }) => `$1:"${name}"::${type}`),
    ...Object.values(constants).map(snowflakeString),
  ];
  const names = files.map((file) => snowflakeString(path.basename(file)));
  const loaded = await connection.rows(
    `copy into ${target} (${into.join(', ')})
     from (select ${values.join(', ')} from @${stage}/)
     files = (${names.join(', ')}) file_format = (type = parquet) force = true on_error = abort_statement`,
  );
  const count = loaded.reduce((sum, row) => sum + Number(row.rows_loaded), 0);
  if (loaded.length !== files.length || count !== rows) {
    throw new Error(`${count} of ${rows} rows were loaded into ${target} from ${stage}: it is tried again.`);
  }
}

/** Makes the table of a source table's partitions, with all of the given columns. DDL commits: never within a transaction. */
async function requireTable(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  table: string,
  columns: string[],
): Promise<void> {
  const target = runTable(names, table);
  const there = await columnsOf(connection, names, [table]);
  const known = there.get(table);
  if (known === undefined) {
    const described = [...columns.map((name) => ({ name, type: 'varchar' })), ...LINEAGE];
    const body = described.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ');
    await connection.run(`create table if not exists ${target} (${body})`);
  }
  for (const column of columns.filter((name) => known !== undefined && !known.has(name))) {
    await connection.run(`alter table ${target} add column if not exists ${quoted(column)} varchar`);
  }
}

/** Columns, in lower case, of the tables that hold partitions; a table that is not there yet is left out. */
export async function columnsOf(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  tables: readonly string[],
): Promise<Map<string, Set<string>>> {
  const wanted = tables.map((table) => snowflakeString(`${table}_run`.toUpperCase())).join(', ');
  const rows = await connection.rows(
    `select table_name, column_name from ${names.store}.information_schema.columns
     where table_schema = 'RAW' and table_name in (${wanted})`,
  );
  const found = new Map<string, Set<string>>();
  for (const row of rows) {
    const table = String(row.table_name).toLowerCase().replace(/_run$/, '');
    found.set(table, (found.get(table) ?? new Set()).add(String(row.column_name).toLowerCase()));
  }
  return found;
}

async function countRows(
  connection: SnowflakeConnection,
  table: string,
  partitions: PlacedPartition[],
): Promise<Map<string, number>> {
  const rows = await connection.rows(
    `select _load_seq, count(*) as n from ${table}
     where _load_seq in (${partitions.map(({ loadSeq }) => loadSeq).join(', ')}) group by _load_seq`,
  );
  return new Map(rows.map((row) => [String(row._load_seq), Number(row.n)]));
}

function groupByTable(placed: PlacedPartition[]): Map<string, PlacedPartition[]> {
  const groups = new Map<string, PlacedPartition[]>();
  for (const partition of placed) {
    groups.set(partition.table.name, [...(groups.get(partition.table.name) ?? []), partition]);
  }
  return groups;
}
