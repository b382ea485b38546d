import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { PublishResult } from '../../contracts/run';
import { withDuckDb } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import { becomeHead, decidePublication, endBuild, openEntry, recordNodes } from '../store/publication-log';
import { AUDIT_TABLES, type StoreDb, type StoreSession } from '../store/store-db';
import type { BuildRecord, Candidate, CandidateRequest, RelationName } from '../warehouse';
import type { Layout } from './layout';
import { currentLoadView, rawViews, rejectedRowsView, withFiles } from './raw-views';

/**
 * Takes the next number of the log, registers the candidate's partitions, and makes its database: an empty one (FULL) or a
 * copy of the base's (PARTIAL), with RAW views of exactly its partitions. A partial one whose base cannot be copied is made FULL.
 */
export async function createCandidate(
  session: StoreSession,
  layout: Layout,
  request: CandidateRequest,
  codeVersion: string,
): Promise<Candidate> {
  const { publication, base, tables, ...candidate } = await session((db) =>
    openEntry(db, request, codeVersion, (dataSet) => exists(layout.database(dataSet))),
  );
  const raw = tables.map((table) => withFiles(table, layout));
  try {
    const folder = layout.build(publication);
    await mkdir(folder, { recursive: true });
    const file = layout.database(publication);
    if (base !== null && candidate.scope === 'PARTIAL') await copyDatabase(layout.database(base.dataSet), file);
    await withDuckDb({ path: file }, async (db) => {
      await db.run('drop schema if exists raw cascade; create schema raw');
      await db.run('create table raw.current_publication as select $1::bigint as publication', [publication]);
      for (const view of [...raw.flatMap(rawViews), rejectedRowsView(raw), currentLoadView(raw)]) await db.run(view);
    });
    return { ...candidate, publication, base: base?.publication ?? null, folder };
  } catch (error) {
    await session((db) => endBuild(db, publication, { status: 'FAILED', failure: (error as Error).message }));
    throw error;
  }
}

/** A published file is closed, checkpointed and never written again, so that a copy of it is a clone. */
async function copyDatabase(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await chmod(to, 0o644);
}

/**
 * Records a build. One whose models all stand is first closed for readers: the audit tables as of now are copied into its
 * database, and the file becomes read-only. Only then does the log say that it is built. An entry that has ended stays as
 * it is.
 *
 * @throws Error when the database was not closed properly (a write-ahead log stands beside it).
 */
export async function finishCandidate(
  session: StoreSession,
  layout: Layout,
  { publication }: Candidate,
  build: BuildRecord,
): Promise<void> {
  await session((db) => recordNodes(db, publication, build));
  if (build.status === 'BUILT' || build.status === 'HELD') {
    const file = layout.database(publication);
    await session(async (db) => {
      await db.run(`attach ${sqlString(file)} as candidate`);
      if (build.relations !== undefined) await dropOtherRelations(db, build.relations);
      await copyAudits(db, publication, build);
    });
    if (await exists(`${file}.wal`)) {
      throw new Error(`${path.basename(file)} was not closed properly: its .wal is still there`);
    }
    await chmod(file, 0o444);
  }
  await session((db) => endBuild(db, publication, build));
}

/** Makes a built candidate the head, by compare and swap on the log. The link follows within the same session. */
export async function publish(session: StoreSession, layout: Layout, publication: number): Promise<PublishResult> {
  return session(async (db) => {
    const decided = await decidePublication(db, publication);
    if (decided !== undefined) return decided;
    await stat(layout.database(publication));
    await becomeHead(db, publication);
    return { publication, outcome: 'PUBLISHED' };
  });
}

/**
 * Copies the audit tables into the attached candidate through the store's own connection, as one moment. The candidate's own entry
 * reads PUBLISHED there when it is good: whoever can read it as a published data set, reads the truth.
 */
async function copyAudits(db: StoreDb, publication: number, build: BuildRecord): Promise<void> {
  for (const table of AUDIT_TABLES) {
    await db.run(`create or replace table candidate.raw.${table} as from raw.${table}`);
  }
  await endBuild(db, publication, build, 'candidate.raw.raw_publication');
  await db.run(
    "update candidate.raw.raw_publication set status = 'PUBLISHED' where publication = $1 and status = 'BUILT'",
    [publication],
  );
}

/** Drops what the attached candidate has from its base and a build of the present project would not make. */
async function dropOtherRelations(db: StoreDb, relations: RelationName[]): Promise<void> {
  const found = await db.rows(
    `select table_schema, table_name, table_type from information_schema.tables
     where table_catalog = 'candidate' and table_schema <> 'raw'`,
  );
  const placeOf = (schema: unknown, name: unknown) => `${String(schema)}.${String(name)}`.toLowerCase();
  const kept = new Set(relations.map(({ schema, name }) => placeOf(schema, name)));
  for (const { table_schema: schema, table_name: name, table_type: type } of found) {
    if (kept.has(placeOf(schema, name))) continue;
    const relation = `candidate.${sqlIdentifier(String(schema))}.${sqlIdentifier(String(name))}`;
    await db.run(`drop ${type === 'VIEW' ? 'view' : 'table'} ${relation}`);
  }
  const empty = await db.rows(
    `select schema_name from duckdb_schemas()
     where database_name = 'candidate' and not internal and schema_name not in ('raw', 'main')
       and schema_name not in (select table_schema from information_schema.tables where table_catalog = 'candidate')`,
  );
  for (const { schema_name: schema } of empty) await db.run(`drop schema candidate.${sqlIdentifier(String(schema))}`);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
