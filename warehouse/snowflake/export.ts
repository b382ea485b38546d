import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { lockDown } from '../../duckdb/lock-down';
import { parquet, sqlIdentifier } from '../../duckdb/sql-text';
import { findRelation, type Relation } from '../export/find-relation';
import { writeExport } from '../export/write-export';
import { findPublication, nothingPublished, type Publication } from '../store/find-publication';
import { READ_ONLY } from '../store/store-db';
import type { ExportFile, ExportResult, QueryTarget } from '../warehouse';
import type { SnowflakeConnection } from './connection';
import { exactly } from './database-names';
import type { SnowflakeStore } from './publications';
import { snowflakeString } from './sql-text';
import { statementTag } from './statement-tag';
import { unloadedColumns, type UnloadedColumn } from './unloaded-types';

/** Bytes of one unloaded file at the most: the driver holds a file in memory while it fetches it. */
const MAX_FILE_SIZE = 64_000_000;

/** A relation in the catalog's own spelling besides the one that people see. */
interface CatalogRelation extends Relation {
  exactly: { schema: string; name: string };
}

/** What has come down from the stage. */
interface Unloaded {
  relation: Relation;
  columns: UnloadedColumn[];
  loadIds: string[];
  rows: number;
}

/**
 * Writes a relation of a publication to a file. Snowflake unloads it to the stage as Parquet and the driver fetches that; a DuckDB
 * database that sees nothing else makes the file of it, as it does for the embedded warehouse. The data set's own database is
 * read, not what readers open: it stays the same meanwhile. What lies on the stage is removed in any case.
 */
export async function exportRelation(
  store: SnowflakeStore,
  target: QueryTarget,
  wanted: string,
  file: ExportFile,
  signal: AbortSignal | undefined,
): Promise<ExportResult> {
  const publication = await store.session((db) => findPublication(db, target), READ_ONLY);
  if (publication === undefined) throw nothingPublished();
  const { stateDir } = store;
  // Retention sweeps both when the process is killed: the folder by its place, the stage's path by its age.
  const name = `export-${randomUUID()}`;
  const scratch = path.join(stateDir, 'staging', name);
  const fetched = path.join(scratch, 'fetched');
  await mkdir(fetched, { recursive: true });
  try {
    const request = { publication, file, stateDir, sortFolder: path.join(scratch, 'sort'), signal };
    return await writeExport(request, async (db, aside) => {
      const stage = `${store.names.stage}/${name}/`;
      const { columns, ...unloaded } = await unload(store, publication, wanted, { stage, folder: fetched }, signal);
      await db.run("set TimeZone = 'UTC'");
      const files = (await readdir(fetched)).sort().map((entry) => path.join(fetched, entry));
      const from = selection(columns, files);
      await lockDown(db, { directories: [fetched], files: [aside] });
      return { ...unloaded, columns, from };
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Unloads the relation to a path of the stage and fetches the files from there. */
async function unload(
  { account, names }: SnowflakeStore,
  { publication, dataSet }: Publication,
  wanted: string,
  { stage, folder }: { stage: string; folder: string },
  signal: AbortSignal | undefined,
): Promise<Unloaded> {
  const database = names.dataSet(dataSet);
  let isUnloading = false;
  try {
    return await account.withConnection(
      statementTag('export'),
      'read',
      async (connection) => {
        const relation = findRelation(await relationsOf(connection, database), wanted, publication);
        const columns = await columnsOf(connection, database, relation);
        const loadIds = await connection.rows(
          `select distinct load_id from ${database}."RAW".current_load order by load_id`,
        );
        isUnloading = true;
        const [copied] = await connection.rows(
          `copy into @${stage} from (
             select ${columns.map(({ written }) => written).join(', ')}
             from ${database}.${exactly(relation.exactly.schema)}.${exactly(relation.exactly.name)}
           ) file_format = (type = parquet) header = true max_file_size = ${MAX_FILE_SIZE}`,
        );
        const rows = Number(copied?.rows_unloaded);
        if (rows > 0) await get(connection, stage, folder);
        const { schema, name } = relation;
        return { relation: { schema, name }, columns, rows, loadIds: loadIds.map((row) => String(row.load_id)) };
      },
      signal,
    );
  } finally {
    // In a session of its own: a failure has ended the other one.
    if (isUnloading) {
      await account
        .withConnection(statementTag('export'), 'none', (connection) => connection.run(`remove @${stage}`))
        .catch(() => undefined);
    }
  }
}

/** Fetches all files of a path. The driver can end well without having fetched one: each row's status says. */
async function get(connection: SnowflakeConnection, stage: string, folder: string): Promise<void> {
  const fetched = await connection.rows(`get @${stage} ${snowflakeString(`file://${folder}/`)}`);
  const failed = fetched.find((row) => row.status !== 'DOWNLOADED');
  if (failed === undefined) return;
  throw new Error(`${String(failed.file)} did not arrive from the stage (${String(failed.status)}): try it again.`);
}

async function relationsOf(connection: SnowflakeConnection, database: string): Promise<CatalogRelation[]> {
  const rows = await connection.rows(
    `select table_schema, table_name from ${database}.information_schema.tables
     where table_schema <> 'INFORMATION_SCHEMA' order by table_schema, table_name`,
  );
  return rows.map(({ table_schema: schema, table_name: name }) => ({
    schema: String(schema).toLowerCase(),
    name: String(name).toLowerCase(),
    exactly: { schema: String(schema), name: String(name) },
  }));
}

async function columnsOf(
  connection: SnowflakeConnection,
  database: string,
  { exactly: { schema, name } }: CatalogRelation,
): Promise<UnloadedColumn[]> {
  const rows = await connection.rows(
    `select column_name, data_type, numeric_precision, numeric_scale, comment from ${database}.information_schema.columns
     where table_schema = $1 and table_name = $2 order by ordinal_position`,
    [schema, name],
  );
  return unloadedColumns(
    rows.map((row) => ({
      name: String(row.column_name),
      dataType: String(row.data_type),
      precision: row.numeric_precision === null ? null : Number(row.numeric_precision),
      scale: row.numeric_scale === null ? null : Number(row.numeric_scale),
      comment: row.comment === null || row.comment === '' ? undefined : String(row.comment),
    })),
  );
}

/** A FROM clause over the fetched files; Snowflake unloads no file at all when there are no rows. */
function selection(columns: UnloadedColumn[], files: string[]): string {
  const named = (value: string, name: string) => `${value} as ${sqlIdentifier(name)}`;
  if (files.length === 0) {
    return `(select ${columns.map(({ type, name }) => named(`null::${type}`, name)).join(', ')} where false)`;
  }
  return `(select ${columns.map(({ read, name }) => named(read, name)).join(', ')} from ${parquet(files)})`;
}
