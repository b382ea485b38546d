import { stat } from 'node:fs/promises';
import { InvalidInputError } from '../../contracts/errors';
import type { DuckDb, JsonRow } from '../../duckdb/connection';
import type { LogEntry, PersonalAct, RollbackResult } from '../warehouse';
import { selectHead } from './data-sets';
import type { Layout } from './layout';
import { refuseDropped } from './published-data';
import type { StoreSession } from './store';
import { utcNow } from './store-schema';
import { forgetWithdrawn, withdraw } from './withdrawn';

/** What people do with the publication log: each is one short session, whatever the size of the data. */

/** Points readers at an earlier publication's data set, by a new log entry. Default: the one before what readers see. */
export async function rollback(
  session: StoreSession,
  layout: Layout,
  to: number | undefined,
  act: PersonalAct,
): Promise<RollbackResult> {
  return session(async (db) => {
    const head = await selectHead(db);
    if (head === undefined) throw new InvalidInputError('nothing is published yet, so there is nothing to roll back.');
    const target = to ?? (await publicationBefore(db, head.publication));
    const entry = await publishedEntry(db, target);
    const dataSet = Number(entry.data_set);
    if (dataSet === head.dataSet) {
      throw new InvalidInputError(`publication ${target} is what readers see already: nothing was changed.`);
    }
    await refuseMissingDataSet(layout, target, entry);
    const publication = await addEntry(db, { kind: 'ROLLBACK', base: head.publication, target, dataSet }, entry, act);
    const withdrawn = await withdraw(db, publication, head.dataSet, dataSet);
    return { publication, from: head.publication, to: target, dataSet, withdrawnDeliveries: withdrawn };
  });
}

/**
 * Publishes a held candidate, by a new log entry on its data set, when the entry that it was built on is still the head. Repeating
 * it gives the same answer.
 */
export async function approve(
  session: StoreSession,
  layout: Layout,
  candidate: number,
  act: PersonalAct,
): Promise<LogEntry> {
  return session(async (db) => {
    const [entry] = await db.rows('select * from raw.raw_publication where publication = $1', [candidate]);
    if (entry === undefined) throw new InvalidInputError(`there is no candidate ${candidate}: ${LIST}.`);
    const head = await selectHead(db);
    const [done] = await db.rows(
      "select publication from raw.raw_publication where kind = 'APPROVAL' and target = $1",
      [candidate],
    );
    if (done !== undefined) return { publication: Number(done.publication), dataSet: candidate };
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
    await refuseMissingDataSet(layout, candidate, entry);
    const publication = await addEntry(
      db,
      { kind: 'APPROVAL', base, target: candidate, dataSet: candidate },
      entry,
      act,
    );
    await forgetWithdrawn(db, publication);
    return { publication, dataSet: candidate };
  });
}

/** Keeps a publication from retention, or no longer. Repeating it changes nothing. */
export async function setPin(
  session: StoreSession,
  layout: Layout,
  publication: number,
  action: 'PIN' | 'UNPIN',
  act: PersonalAct,
): Promise<void> {
  await session(async (db) => {
    const entry = await publishedEntry(db, publication);
    if (action === 'PIN') await refuseMissingDataSet(layout, publication, entry);
    const isPinned = (await pinnedPublications(db)).includes(publication);
    if (isPinned === (action === 'PIN')) return;
    await db.run(`insert into raw.raw_publication_pin values (nextval('audit_event'), $1::timestamp, $2, $3, $4, $5)`, [
      utcNow(),
      publication,
      action,
      act.actor,
      act.reason ?? null,
    ]);
  });
}

/** Publications whose newest pin event says PIN. */
export async function pinnedPublications(db: DuckDb): Promise<number[]> {
  const rows = await db.rows(
    `select publication from raw.raw_publication_pin group by publication
     having arg_max(action, event_id) = 'PIN' order by publication`,
  );
  return rows.map((row) => Number(row.publication));
}

const LIST = '`npx mfg publications` lists them';

/** What a log entry of a person says besides who and why. */
interface NewEntry {
  kind: 'ROLLBACK' | 'APPROVAL';
  base: number | null;
  target: number;
  dataSet: number;
}

/** Adds an entry that is published at once, and makes it the head. What built its data set stays named. */
async function addEntry(db: DuckDb, entry: NewEntry, built: JsonRow, act: PersonalAct): Promise<number> {
  const [row] = await db.rows("select nextval('publication_number') as publication");
  const publication = Number(row?.publication);
  await db.run(
    `insert into raw.raw_publication by name
     select * replace (
       $1::bigint as publication, $2::bigint as base, $3 as kind, $4::bigint as target, 'PUBLISHED' as status,
       $5::varchar as actor, $6::varchar as reason, $7::timestamp as created_at, $7::timestamp as published_at,
       null as failure)
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
  await db.run('update head set publication = $1', [publication]);
  return publication;
}

async function publishedEntry(db: DuckDb, publication: number): Promise<JsonRow> {
  const [entry] = await db.rows('select * from raw.raw_publication where publication = $1', [publication]);
  if (entry?.status !== 'PUBLISHED') throw new InvalidInputError(`there is no publication ${publication}: ${LIST}.`);
  return entry;
}

/** What readers saw before the head: for a rollback, before what it went back to. */
async function publicationBefore(db: DuckDb, head: number): Promise<number> {
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

async function refuseMissingDataSet(layout: Layout, publication: number, entry: JsonRow): Promise<void> {
  refuseDropped(publication, entry.dropped_at);
  const isThere = await stat(layout.database(Number(entry.data_set))).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    throw new InvalidInputError(
      `the data set of publication ${publication} is missing: \`npx mfg reconcile\` says what else is.`,
    );
  }
}
