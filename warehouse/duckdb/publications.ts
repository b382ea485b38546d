import { chmod, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { InvalidInputError } from '../../contracts/errors';
import type { PublishResult, RunIdentity } from '../../contracts/run';
import type { SourceTable } from '../../contracts/source-contract';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import type { BuildRecord, Candidate } from '../warehouse';
import { addLoadToDataSet, rawTablesOf, rejectFiles, selectHead } from './data-sets';
import type { Layout } from './layout';
import { currentLoadView, rawViews, rejectedRowsView } from './raw-views';
import type { StoreSession } from './store';
import { AUDIT_TABLES, utcNow } from './store-schema';

/** Takes the next number of the log, registers the candidate's partitions and writes an empty database with its RAW views. */
export async function createCandidate(
  session: StoreSession,
  layout: Layout,
  run: RunIdentity,
  tables: SourceTable[],
  attempt: number,
  codeVersion: string,
): Promise<Candidate> {
  const { publication, base, views } = await session(async (db) => {
    const head = await selectHead(db);
    const [row] = await db.rows("select nextval('publication_number') as publication");
    const number = Number(row?.publication);
    await db.run(
      `insert into raw.raw_publication (publication, base, data_set, status, load_id, workflow_id, run_id, attempt,
         code_version, created_at)
       values ($1, $2::bigint, $1, 'BUILDING', $3, $4, $5, $6, $7, $8::timestamp)`,
      [number, head?.publication ?? null, run.loadId, run.workflowId, run.runId, attempt, codeVersion, utcNow()],
    );
    await addLoadToDataSet(db, number, head?.dataSet ?? null, run.loadId);
    const raw = await rawTablesOf(db, layout, number, tables);
    if (raw.every(({ current }) => current.length === 0)) {
      throw new InvalidInputError('nothing is loaded yet, so there is nothing to build: run mfgRawIngestion first.');
    }
    return {
      publication: number,
      base: head?.publication ?? null,
      views: [...raw.flatMap(rawViews), rejectedRowsView(await rejectFiles(db, layout, number)), currentLoadView(raw)],
    };
  });
  const folder = layout.build(publication);
  await mkdir(folder, { recursive: true });
  await withDuckDb({ path: layout.database(publication) }, async (db) => {
    await db.run('create schema raw');
    await db.run('create table raw.current_publication as select $1::bigint as publication', [publication]);
    for (const view of views) await db.run(view);
  });
  return { publication, base, folder, dbtTarget: 'duckdb' };
}

/**
 * Records a build and, when it is good, closes its database for publishing: the audit tables as of now are copied into
 * it, and the file becomes read-only.
 *
 * @throws Error when the database was not closed properly (a write-ahead log stands beside it).
 */
export async function finishCandidate(
  session: StoreSession,
  layout: Layout,
  candidate: Candidate,
  build: BuildRecord,
): Promise<void> {
  const { publication } = candidate;
  const file = layout.database(publication);
  await session(async (db) => {
    await db.run('delete from raw.dbt_run_audit where publication = $1', [publication]);
    await db.run('delete from build_artifact where publication = $1', [publication]);
    await db.run(
      `insert into raw.dbt_run_audit select $1, unnest(from_json($2::json, '[{"node": "VARCHAR",
         "resourceType": "VARCHAR", "status": "VARCHAR", "message": "VARCHAR", "rows": "BIGINT", "seconds": "DOUBLE"}]'),
         max_depth := 2)`,
      [publication, JSON.stringify(build.nodes)],
    );
    for (const artifact of build.artifacts) {
      await db.run('insert into build_artifact values ($1, $2, $3)', [publication, artifact.name, artifact.content]);
    }
    await db.run(
      `update raw.raw_publication set status = $2, models = $3, tests = $4, warnings = $5, build_seconds = $6,
         failure = $7::varchar, built_at = $8::timestamp
       where publication = $1 and status = 'BUILDING'`,
      [
        publication,
        build.status,
        build.counts.models,
        build.counts.tests,
        build.counts.warnings,
        build.counts.seconds,
        build.failure ?? null,
        utcNow(),
      ],
    );
  });
  if (build.status === 'BUILT' || build.status === 'HELD') await sealDatabase(session, file, publication);
}

/** Makes a built candidate the head, by compare and swap on the log. The link follows within the same session. */
export async function publish(session: StoreSession, layout: Layout, publication: number): Promise<PublishResult> {
  await stat(layout.database(publication));
  return session(async (db) => {
    const [row] = await db.rows('select status, base from raw.raw_publication where publication = $1', [publication]);
    const status = String(row?.status);
    if (status === 'PUBLISHED') return { publication, outcome: 'PUBLISHED' };
    if (status === 'SUPERSEDED') return { publication, outcome: 'BASE_MOVED' };
    if (status !== 'BUILT') throw new Error(`publication ${publication} is ${status} and cannot be published`);
    const head = await selectHead(db);
    if ((head?.publication ?? null) !== (row?.base === null ? null : Number(row?.base))) {
      await db.run("update raw.raw_publication set status = 'SUPERSEDED' where publication = $1", [publication]);
      return { publication, outcome: 'BASE_MOVED' };
    }
    await db.run(
      "update raw.raw_publication set status = 'PUBLISHED', published_at = $2::timestamp where publication = $1",
      [publication, utcNow()],
    );
    await db.run('update head set publication = $1', [publication]);
    return { publication, outcome: 'PUBLISHED' };
  });
}

async function sealDatabase(session: StoreSession, file: string, publication: number): Promise<void> {
  await session((db) => copyAudits(db, file, publication));
  if (await exists(`${file}.wal`))
    throw new Error(`${path.basename(file)} was not closed properly: its .wal is still there`);
  await chmod(file, 0o444);
}

/**
 * Copies the audit tables into the candidate through the store's own connection, as one moment. The candidate's own entry
 * reads PUBLISHED there: whoever can read it as a published data set, reads the truth.
 */
async function copyAudits(db: DuckDb, file: string, publication: number): Promise<void> {
  await db.run(`attach ${sqlString(file)} as candidate`);
  for (const table of AUDIT_TABLES) {
    await db.run(`create or replace table candidate.raw.${table} as from raw.${table}`);
  }
  await db.run(
    "update candidate.raw.raw_publication set status = 'PUBLISHED' where publication = $1 and status = 'BUILT'",
    [publication],
  );
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
