import { InvalidInputError } from '../../contracts/errors';
import type { PublishResult } from '../../contracts/run';
import type { BuildRecord, Candidate, CandidateRequest } from '../warehouse';
import { contractDigests, digestsOf, readArtifact, withChangedContracts, writeArtifacts } from './build-inputs';
import { addLoadToDataSet, selectHead, visibleTables, type DataSetEntry, type VisibleTable } from './data-sets';
import { utcNow, type StoreDb } from './store-db';
import { forgetWithdrawn, withdraw } from './withdrawn';

/** An open entry of the log: what its data set is made from. */
export interface OpenedEntry extends Omit<Candidate, 'base' | 'folder'> {
  base: DataSetEntry | null;
  /** What its RAW views show, table by table. */
  tables: VisibleTable[];
}

/**
 * Opens an entry on the head for a candidate: takes the next number and registers its partitions.
 *
 * @param isKept whether a data set is still there to be copied.
 * @throws InvalidInputError when nothing is loaded.
 */
export async function openEntry(
  db: StoreDb,
  { run, tables, attempt, settingsDigest, ...request }: CandidateRequest,
  codeVersion: string,
  isKept: (dataSet: number) => Promise<boolean>,
): Promise<OpenedEntry> {
  const base = (await selectHead(db)) ?? null;
  const publication = await db.take('publication_number', 1);
  const baseManifest = base === null ? undefined : await readArtifact(db, base.dataSet, 'manifest.json');
  const digests = base === null ? undefined : await digestsOf(db, base.dataSet);
  const hasSameSettings = digests?.settingsDigest === settingsDigest;
  const obstacle = await obstacleToCopying(base, baseManifest, hasSameSettings, isKept);
  const scope = request.scope === 'PARTIAL' && obstacle === undefined ? 'PARTIAL' : 'FULL';
  await db.insert('raw.raw_publication', [
    {
      publication,
      base: base?.publication ?? null,
      data_set: publication,
      status: 'BUILDING',
      kind: 'BUILD',
      scope,
      load_id: run.loadId,
      workflow_id: run.workflowId,
      run_id: run.runId,
      attempt,
      code_version: codeVersion,
      project_digest: request.projectDigest,
      settings_digest: settingsDigest,
      contract_digests: JSON.stringify(contractDigests(tables)),
      created_at: utcNow(),
    },
  ]);
  const part = { loadId: run.loadId, ...request };
  const changed = await addLoadToDataSet(db, publication, base?.dataSet ?? null, part);
  const visible = await visibleTables(db, publication, tables);
  if (visible.every(({ current }) => current.length === 0)) {
    throw new InvalidInputError('nothing is loaded yet, so there is nothing to build: run mfgRawIngestion first.');
  }
  const changedTables =
    base === null ? tables.map((table) => table.name) : await withChangedContracts(db, changed, base.dataSet, tables);
  return {
    publication,
    base,
    scope,
    fullBecause: request.scope === scope ? undefined : obstacle,
    isProjectChanged: digests?.projectDigest !== request.projectDigest,
    changedTables,
    baseManifest,
    tables: visible,
  };
}

/** Why a base cannot be copied for a partial build; undefined when it can. */
async function obstacleToCopying(
  base: DataSetEntry | null,
  manifest: string | undefined,
  hasSameSettings: boolean,
  isKept: (dataSet: number) => Promise<boolean>,
): Promise<string | undefined> {
  if (base === null) return 'nothing is published yet';
  if (manifest === undefined) return `publication ${base.publication} has no dbt manifest`;
  if (!hasSameSettings) {
    return `publication ${base.publication} was built with other macros, project settings or programs`;
  }
  if (!(await isKept(base.dataSet))) return `the file of publication ${base.publication} is gone`;
  return undefined;
}

/** Replaces what the audits say of a build that has not ended. */
export async function recordNodes(db: StoreDb, publication: number, build: BuildRecord): Promise<void> {
  if (build.nodes.length === 0 && build.artifacts.length === 0) return;
  await db.run('delete from raw.dbt_run_audit where publication = $1', [publication]);
  await db.insert(
    'raw.dbt_run_audit',
    build.nodes.map(({ node, resourceType, status, message, rows, seconds }) => ({
      publication,
      node,
      resource_type: resourceType,
      status,
      message,
      rows_affected: rows,
      seconds,
    })),
  );
  await writeArtifacts(db, publication, build.artifacts);
}

/** How a build ended, as far as the log tells. */
export type BuildEnd = Pick<BuildRecord, 'status' | 'failure'> & Partial<Pick<BuildRecord, 'counts'>>;

/** Ends an open entry of a log: the store's own, or its copy in a candidate (`log` names the table). An ended one stays. */
export async function endBuild(
  db: Pick<StoreDb, 'run'>,
  publication: number,
  end: BuildEnd,
  log = 'raw.raw_publication',
): Promise<void> {
  const { counts } = end;
  await db.run(
    `update ${log} set status = $2, models = cast($3 as integer), tests = cast($4 as integer), warnings = cast($5 as integer),
       build_seconds = cast($6 as double), failure = cast($7 as varchar), built_at = cast($8 as timestamp)
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

/**
 * Decides by compare and swap on the log whether a built candidate becomes the head: `undefined` when it does and is not yet. The
 * caller then shows its data set and sets the head.
 */
export async function decidePublication(db: StoreDb, publication: number): Promise<PublishResult | undefined> {
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
  if ((head?.publication ?? null) !== (row?.base === null ? null : Number(row?.base))) {
    await db.run("update raw.raw_publication set status = 'SUPERSEDED' where publication = $1", [publication]);
    return { publication, outcome: 'BASE_MOVED' };
  }
  return undefined;
}

/** Makes an entry the head, now that nothing stands against it, and settles which deliveries are withdrawn. */
export async function becomeHead(db: StoreDb, publication: number): Promise<void> {
  const before = await selectHead(db);
  await db.run(
    `update raw.raw_publication set status = 'PUBLISHED', published_at = coalesce(published_at, cast($2 as timestamp))
     where publication = $1`,
    [publication, utcNow()],
  );
  await db.run('update head set publication = $1', [publication]);
  const [entry] = await db.rows('select kind, data_set from raw.raw_publication where publication = $1', [publication]);
  if (entry?.kind === 'ROLLBACK' && before !== undefined) {
    await withdraw(db, publication, before.dataSet, Number(entry.data_set));
  } else {
    await forgetWithdrawn(db, publication);
  }
}
