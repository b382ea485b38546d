import { InvalidInputError } from '../../contracts/errors';
import type { JsonRow } from '../../duckdb/connection';
import type { LogEntry, PersonalAct, RollbackResult } from '../warehouse';
import { selectHead } from './data-sets';
import { refuseDropped } from './find-publication';
import { utcNow, type StoreDb } from './store-db';

/** What people do with the publication log: each is one short session, whatever the size of the data. */

/** A rollback that is decided: its entry is PUBLISHING. */
export type OpenedRollback = Omit<RollbackResult, 'withdrawnDeliveries'>;

/**
 * Adds an entry that points readers at an earlier publication's data set. Default: the one before what readers see.
 *
 * @param isKept whether a data set is still there.
 */
export async function openRollback(
  db: StoreDb,
  to: number | undefined,
  act: PersonalAct,
  isKept: (dataSet: number) => Promise<boolean>,
): Promise<OpenedRollback> {
  const head = await selectHead(db);
  if (head === undefined) throw new InvalidInputError('nothing is published yet, so there is nothing to roll back.');
  const target = to ?? (await publicationBefore(db, head.publication));
  const entry = await publishedEntry(db, target);
  const dataSet = Number(entry.data_set);
  if (dataSet === head.dataSet) {
    throw new InvalidInputError(`publication ${target} is what readers see already: nothing was changed.`);
  }
  await refuseMissingDataSet(target, entry, isKept);
  const publication = await addEntry(db, { kind: 'ROLLBACK', base: head.publication, target, dataSet }, entry, act);
  return { publication, from: head.publication, to: target, dataSet };
}

/**
 * Adds an entry that publishes a held candidate, when the entry that it was built on is still the head. Repeating it gives the
 * same answer.
 */
export async function openApproval(
  db: StoreDb,
  candidate: number,
  act: PersonalAct,
  isKept: (dataSet: number) => Promise<boolean>,
): Promise<LogEntry & { isDone: boolean }> {
  const [entry] = await db.rows('select * from raw.raw_publication where publication = $1', [candidate]);
  if (entry === undefined) throw new InvalidInputError(`there is no candidate ${candidate}: ${LIST}.`);
  const head = await selectHead(db);
  const [done] = await db.rows("select publication from raw.raw_publication where kind = 'APPROVAL' and target = $1", [
    candidate,
  ]);
  if (done !== undefined) return { publication: Number(done.publication), dataSet: candidate, isDone: true };
  if (entry.status !== 'HELD') {
    throw new InvalidInputError(
      `candidate ${candidate} is ${String(entry.status)}, and only a HELD one can be approved: ${LIST}.`,
    );
  }
  const base = entry.base === null ? null : Number(entry.base);
  if ((head?.publication ?? null) !== base) {
    throw new InvalidInputError(
      `candidate ${candidate} was built on publication ${base ?? 'none'}, but readers are on ${head?.publication ?? 'none'} now: ` +
        `start its run again, so that it is built on what is published.`,
    );
  }
  await refuseMissingDataSet(candidate, entry, isKept);
  const publication = await addEntry(db, { kind: 'APPROVAL', base, target: candidate, dataSet: candidate }, entry, act);
  return { publication, dataSet: candidate, isDone: false };
}

/** Keeps a publication from retention, or no longer. Repeating it changes nothing. */
export async function setPin(
  db: StoreDb,
  publication: number,
  action: 'PIN' | 'UNPIN',
  act: PersonalAct,
  isKept: (dataSet: number) => Promise<boolean>,
): Promise<void> {
  const entry = await publishedEntry(db, publication);
  if (action === 'PIN') await refuseMissingDataSet(publication, entry, isKept);
  const isPinned = (await pinnedPublications(db)).includes(publication);
  if (isPinned === (action === 'PIN')) return;
  await db.insert('raw.raw_publication_pin', [
    {
      event_id: await db.take('audit_event', 1),
      recorded_at: utcNow(),
      publication,
      action,
      actor: act.actor,
      reason: act.reason ?? null,
    },
  ]);
}

/** Publications whose newest pin event says PIN. */
export async function pinnedPublications(db: StoreDb): Promise<number[]> {
  const rows = await db.rows(
    `select publication, action from raw.raw_publication_pin
     qualify row_number() over (partition by publication order by event_id desc) = 1
     order by publication`,
  );
  return rows.filter((row) => row.action === 'PIN').map((row) => Number(row.publication));
}

const LIST = '`npx mfg publications` lists them';

/** What a log entry of a person says besides who and why. */
interface NewEntry {
  kind: 'ROLLBACK' | 'APPROVAL';
  base: number | null;
  target: number;
  dataSet: number;
}

/** Adds an entry that is about to be published. What built its data set stays named. */
async function addEntry(db: StoreDb, entry: NewEntry, built: JsonRow, act: PersonalAct): Promise<number> {
  const publication = await db.take('publication_number', 1);
  const same = [
    ...['data_set', 'scope', 'load_id', 'workflow_id', 'run_id', 'attempt', 'code_version', 'project_digest'],
    ...['settings_digest', 'contract_digests', 'models', 'tests', 'warnings', 'build_seconds', 'built_at'],
  ].join(', ');
  await db.run(
    `insert into raw.raw_publication
       (publication, base, kind, target, status, actor, reason, created_at, ${same})
     select cast($1 as bigint), cast($2 as bigint), $3, cast($4 as bigint), 'PUBLISHING', cast($5 as varchar), cast($6 as varchar), cast($7 as timestamp), ${same}
     from raw.raw_publication where publication = $8`,
    [
      publication,
      entry.base,
      entry.kind,
      entry.target,
      act.actor,
      act.reason ?? null,
      utcNow(),
      String(built.publication),
    ],
  );
  return publication;
}

async function publishedEntry(db: StoreDb, publication: number): Promise<JsonRow> {
  const [entry] = await db.rows('select * from raw.raw_publication where publication = $1', [publication]);
  if (entry?.status !== 'PUBLISHED') throw new InvalidInputError(`there is no publication ${publication}: ${LIST}.`);
  return entry;
}

/** What readers saw before the head: for a rollback, before what it went back to. */
async function publicationBefore(db: StoreDb, head: number): Promise<number> {
  let [entry] = await db.rows('select kind, base, target from raw.raw_publication where publication = $1', [head]);
  while (entry?.kind === 'ROLLBACK') {
    [entry] = await db.rows('select kind, base, target from raw.raw_publication where publication = $1', [
      String(entry.target),
    ]);
  }
  if (entry?.base === null || entry?.base === undefined) {
    throw new InvalidInputError('there is no publication before the first one: nothing was changed.');
  }
  return Number(entry.base);
}

async function refuseMissingDataSet(
  publication: number,
  entry: JsonRow,
  isKept: (dataSet: number) => Promise<boolean>,
): Promise<void> {
  refuseDropped(publication, entry.dropped_at);
  if (await isKept(Number(entry.data_set))) return;
  throw new InvalidInputError(
    `the data set of publication ${publication} is missing: \`npx mfg reconcile\` says what else is.`,
  );
}
