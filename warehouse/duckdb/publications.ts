import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { InvalidInputError } from '../../contracts/errors';
import type { PublishResult } from '../../contracts/run';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import type { BuildRecord, Candidate, CandidateRequest, RelationName } from '../warehouse';
import { contractDigests, digestsOf, readArtifact, withChangedContracts } from './build-inputs';
import { addLoadToDataSet, rawTablesOf, rejectFiles, selectHead } from './data-sets';
import type { Layout } from './layout';
import { forgetWithdrawn } from './withdrawn';
import { currentLoadView, rawViews, rejectedRowsView } from './raw-views';
import type { StoreSession } from './store';
import { AUDIT_TABLES, utcNow } from './store-schema';

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
  const opened = await session((db) => openEntry(db, layout, request, codeVersion));
  const { publication, base, views, ...candidate } = opened;
  try {
    const folder = layout.build(publication);
    await mkdir(folder, { recursive: true });
    const file = layout.database(publication);
    if (base !== null && candidate.scope === 'PARTIAL') await copyDatabase(layout.database(base.dataSet), file);
    await withDuckDb({ path: file }, async (db) => {
      await db.run('drop schema if exists raw cascade; create schema raw');
      await db.run('create table raw.current_publication as select $1::bigint as publication', [publication]);
      for (const view of views) await db.run(view);
    });
    return { ...candidate, publication, base: base?.publication ?? null, folder };
  } catch (error) {
    await session((db) => endBuild(db, publication, { status: 'FAILED', failure: (error as Error).message }));
    throw error;
  }
}

/** What of an open log entry its database is made from. */
interface OpenedEntry extends Omit<Candidate, 'base' | 'folder'> {
  base: DataSetEntry | null;
  views: string[];
}

interface DataSetEntry {
  publication: number;
  dataSet: number;
}

async function openEntry(
  db: DuckDb,
  layout: Layout,
  { run, tables, attempt, settingsDigest, ...request }: CandidateRequest,
  codeVersion: string,
): Promise<OpenedEntry> {
  const base = (await selectHead(db)) ?? null;
  const [row] = await db.rows("select nextval('publication_number') as publication");
  const publication = Number(row?.publication);
  const baseManifest = base === null ? undefined : await readArtifact(db, base.dataSet, 'manifest.json');
  const digests = base === null ? undefined : await digestsOf(db, base.dataSet);
  const obstacle = await obstacleToCopying(layout, base, baseManifest, digests?.settingsDigest === settingsDigest);
  const scope = request.scope === 'PARTIAL' && obstacle === undefined ? 'PARTIAL' : 'FULL';
  await db.run(
    `insert into raw.raw_publication (publication, base, data_set, status, kind, scope, load_id, workflow_id, run_id, attempt,
       code_version, project_digest, settings_digest, contract_digests, created_at)
     values ($1, $2::bigint, $1, 'BUILDING', 'BUILD', $3, $4, $5, $6, $7, $8, $9, $10, $11::json, $12::timestamp)`,
    [
      publication,
      base?.publication ?? null,
      scope,
      run.loadId,
      run.workflowId,
      run.runId,
      attempt,
      codeVersion,
      request.projectDigest,
      settingsDigest,
      JSON.stringify(contractDigests(tables)),
      utcNow(),
    ],
  );
  const part = { loadId: run.loadId, ...request };
  const changed = await addLoadToDataSet(db, publication, base?.dataSet ?? null, part);
  const raw = await rawTablesOf(db, layout, publication, tables);
  if (raw.every(({ current }) => current.length === 0)) {
    throw new InvalidInputError('nothing is loaded yet, so there is nothing to build: run mfgRawIngestion first.');
  }
  const changedTables =
    base === null ? tables.map((table) => table.name) : await withChangedContracts(db, changed, base.dataSet, tables);
  const views = [
    ...raw.flatMap(rawViews),
    rejectedRowsView(await rejectFiles(db, layout, publication)),
    currentLoadView(raw),
  ];
  return {
    publication,
    base,
    scope,
    fullBecause: request.scope === scope ? undefined : obstacle,
    isProjectChanged: digests?.projectDigest !== request.projectDigest,
    changedTables,
    baseManifest,
    views,
  };
}

/** Why a base cannot be copied for a partial build; undefined when it can. */
async function obstacleToCopying(
  layout: Layout,
  base: DataSetEntry | null,
  manifest: string | undefined,
  hasSameSettings: boolean,
): Promise<string | undefined> {
  if (base === null) return 'nothing is published yet';
  if (manifest === undefined) return `publication ${base.publication} has no dbt manifest`;
  if (!hasSameSettings) {
    return `publication ${base.publication} was built with other macros, project settings or programs`;
  }
  if (!(await exists(layout.database(base.dataSet)))) return `the file of publication ${base.publication} is gone`;
  return undefined;
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

/** Replaces what the audits say of a build that has not ended. */
async function recordNodes(db: DuckDb, publication: number, build: BuildRecord): Promise<void> {
  if (build.nodes.length === 0 && build.artifacts.length === 0) return;
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
}

/** How a build ended, as far as the log tells. */
type BuildEnd = Pick<BuildRecord, 'status' | 'failure'> & Partial<Pick<BuildRecord, 'counts'>>;

/** Ends an open entry of a log: the store's own, or its copy in a candidate (`log` names the table). */
async function endBuild(db: DuckDb, publication: number, end: BuildEnd, log = 'raw.raw_publication'): Promise<void> {
  const { counts } = end;
  await db.run(
    `update ${log} set status = $2, models = $3::integer, tests = $4::integer, warnings = $5::integer,
       build_seconds = $6::double, failure = $7::varchar, built_at = $8::timestamp
     where publication = $1 and status = 'BUILDING'`,
    [
      publication,
      end.status,
      counts?.models ?? null,
      counts?.tests ?? null,
      counts?.warnings ?? null,
      counts?.seconds ?? null,
      end.failure ?? null,
      utcNow(),
    ],
  );
}

/** Makes a built candidate the head, by compare and swap on the log. The link follows within the same session. */
export async function publish(session: StoreSession, layout: Layout, publication: number): Promise<PublishResult> {
  return session(async (db) => {
    const [row] = await db.rows('select status, base from raw.raw_publication where publication = $1', [publication]);
    const status = String(row?.status);
    const head = await selectHead(db);
    // The log and the head must both say so: numbers only grow, so a head behind an entry has never been at it.
    const isDone = status === 'PUBLISHED' && (head?.publication ?? 0) >= publication;
    if (isDone) return { publication, outcome: 'PUBLISHED' };
    // Given up by retention, since nobody seemed to work on it any more: whoever does builds it again.
    if (status === 'SUPERSEDED' || status === 'ABANDONED') return { publication, outcome: 'BASE_MOVED' };
    if (status !== 'BUILT' && status !== 'PUBLISHED') {
      throw new Error(`publication ${publication} is ${status} and cannot be published`);
    }
    await stat(layout.database(publication));
    if ((head?.publication ?? null) !== (row?.base === null ? null : Number(row?.base))) {
      await db.run("update raw.raw_publication set status = 'SUPERSEDED' where publication = $1", [publication]);
      return { publication, outcome: 'BASE_MOVED' };
    }
    await db.run(
      "update raw.raw_publication set status = 'PUBLISHED', published_at = $2::timestamp where publication = $1",
      [publication, utcNow()],
    );
    await db.run('update head set publication = $1', [publication]);
    await forgetWithdrawn(db, publication);
    return { publication, outcome: 'PUBLISHED' };
  });
}

/**
 * Copies the audit tables into the attached candidate through the store's own connection, as one moment. The candidate's own entry
 * reads PUBLISHED there when it is good: whoever can read it as a published data set, reads the truth.
 */
async function copyAudits(db: DuckDb, publication: number, build: BuildRecord): Promise<void> {
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
async function dropOtherRelations(db: DuckDb, relations: RelationName[]): Promise<void> {
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
