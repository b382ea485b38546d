import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { endBuild, openEntry, recordNodes } from '../store/publication-log';
import { AUDIT_TABLES, type StoreSession } from '../store/store-db';
import type { BuildRecord, Candidate, CandidateRequest, RelationName } from '../warehouse';
import type { SnowflakeAccount, SnowflakeConnection } from './connection';
import { exactly, type DatabaseNames } from './database-names';
import { columnsOf } from './raw-tables';
import { rawRelations } from './raw-views';
import { statementTag } from './statement-tag';

/** Folder of dbt's artifacts below a worker's state folder, apart from the data sets that DuckDB keeps there. */
export const BUILDS = path.join('snowflake', 'builds');

/** What the functions of this adapter share. */
export interface SnowflakeStore {
  account: SnowflakeAccount;
  names: DatabaseNames;
  session: StoreSession;
  /** This worker's own scratch: nothing that another worker needs. */
  stateDir: string;
  landingDir: string;
}

/**
 * Takes the next number of the log, registers the candidate's partitions, and makes its database: an empty one (FULL) or a
 * zero-copy clone of the base's (PARTIAL), with RAW views of exactly its partitions. A partial one whose base is gone is made FULL.
 */
export async function createCandidate(
  store: SnowflakeStore,
  request: CandidateRequest,
  codeVersion: string,
): Promise<Candidate> {
  const { account, names, session } = store;
  const { publication, base, tables, ...candidate } = await session((db) =>
    openEntry(db, request, codeVersion, (dataSet) => hasDatabase(db, names.dataSet(dataSet))),
  );
  try {
    await account.withConnection(statementTag(`open candidate ${publication}`), 'transform', async (connection) => {
      const database = names.dataSet(publication);
      const clone = base !== null && candidate.scope === 'PARTIAL' ? ` clone ${names.dataSet(base.dataSet)}` : '';
      await connection.run(`create transient database ${database}${clone}`);
      const raw = `${database}."RAW"`;
      await connection.run(`create or replace schema ${raw}`);
      await connection.run(`create table ${raw}.current_publication as select ${publication}::bigint as publication`);
      const columns = await columnsOf(
        connection,
        names,
        tables.map(({ table }) => table.name),
      );
      for (const statement of rawRelations(names, database, tables, columns)) await connection.run(statement);
    });
    const folder = path.join(store.stateDir, BUILDS, String(publication));
    await mkdir(folder, { recursive: true });
    return { ...candidate, publication, base: base?.publication ?? null, folder };
  } catch (error) {
    await session((db) => endBuild(db, publication, { status: 'FAILED', failure: (error as Error).message }));
    throw error;
  }
}

/** Whether a database (quoted) is there. */
export async function hasDatabase(connection: Pick<SnowflakeConnection, 'rows'>, database: string): Promise<boolean> {
  const name = database.replaceAll('"', '');
  const found = await connection.rows(`show databases like '${name.replaceAll('_', '\\\\_')}'`);
  return found.some((row) => row.name === name);
}

/**
 * Records a build. One whose models all stand is first completed for readers: relations that its project no longer makes go, the
 * audit tables as of now are copied into it, and readers may read it. Only then does the log say that it is built. An entry that
 * has ended stays as it is.
 */
export async function finishCandidate(
  { account, names, session }: SnowflakeStore,
  { publication }: Candidate,
  build: BuildRecord,
): Promise<void> {
  await session((db) => recordNodes(db, publication, build));
  if (build.status === 'BUILT' || build.status === 'HELD') {
    await account.withConnection(statementTag(`close candidate ${publication}`), 'transform', async (connection) => {
      const database = names.dataSet(publication);
      if (build.relations !== undefined) await dropOtherRelations(connection, database, build.relations);
      await copyAudits(connection, names, publication, build);
      await grantReading(connection, names, database);
    });
  }
  await session((db) => endBuild(db, publication, build));
}

/**
 * Copies the audit tables into the candidate. Its own entry reads PUBLISHED there when it is good: whoever can read it as a
 * published data set, reads the truth.
 */
async function copyAudits(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  publication: number,
  build: BuildRecord,
): Promise<void> {
  const raw = `${names.dataSet(publication)}."RAW"`;
  for (const table of AUDIT_TABLES) {
    await connection.run(`create or replace table ${raw}.${table} as select * from ${names.store}."RAW".${table}`);
  }
  await endBuild(connection, publication, build, `${raw}.raw_publication`);
  await connection.run(
    `update ${raw}.raw_publication set status = 'PUBLISHED' where publication = $1 and status = 'BUILT'`,
    [publication],
  );
}

/** Lets readers read all that a database holds now. */
export async function grantReading(
  connection: SnowflakeConnection,
  { reader }: DatabaseNames,
  database: string,
): Promise<void> {
  await connection.run(`grant usage on database ${database} to role ${reader}`);
  await connection.run(`grant usage on all schemas in database ${database} to role ${reader}`);
  await connection.run(`grant select on all tables in database ${database} to role ${reader}`);
  await connection.run(`grant select on all views in database ${database} to role ${reader}`);
}

/** Drops what the candidate has from its base and a build of the present project would not make. */
async function dropOtherRelations(
  connection: SnowflakeConnection,
  database: string,
  relations: RelationName[],
): Promise<void> {
  const found = await connection.rows(
    `select table_schema, table_name, table_type from ${database}.information_schema.tables
     where table_schema not in ('RAW', 'INFORMATION_SCHEMA')`,
  );
  const kept = new Set(relations.map(({ schema, name }) => `${schema}.${name}`.toUpperCase()));
  const left = new Set<unknown>();
  for (const { table_schema: schema, table_name: name, table_type: type } of found) {
    if (kept.has(`${String(schema)}.${String(name)}`)) left.add(schema);
    else {
      const relation = `${database}.${exactly(schema)}.${exactly(name)}`;
      await connection.run(`drop ${type === 'VIEW' ? 'view' : 'table'} if exists ${relation}`);
    }
  }
  const schemas = await connection.rows(
    `select schema_name from ${database}.information_schema.schemata
     where schema_name not in ('RAW', 'PUBLIC', 'INFORMATION_SCHEMA')`,
  );
  for (const { schema_name: schema } of schemas.filter((row) => !left.has(row.schema_name))) {
    await connection.run(`drop schema ${database}.${exactly(schema)}`);
  }
}
