import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishResult } from '../../contracts/run';
import { becomeHead, decidePublication } from '../store/publication-log';
import { openApproval, openRollback, setPin } from '../store/people';
import { AUDIT_TABLES, READ_ONLY, type StoreDb } from '../store/store-db';
import { countWithdrawn } from '../store/withdrawn';
import type { Warehouse } from '../warehouse';
import type { SnowflakeConnection } from './connection';
import { quoted, type DatabaseNames } from './database-names';
import { grantReading, hasDatabase, type SnowflakeStore } from './publications';
import { statementTag } from './statement-tag';

/**
 * How readers come to see an entry of the log. An ALTER DATABASE is no part of a transaction, so it takes three steps:
 *
 * 1. decided: by compare and swap in the store the entry is PUBLISHING, and somebody's (the claim names a token).
 * 2. shown: a clone of its data set is prepared under the claim's own name, with grants, live audits and the entry's number in
 *    RAW.CURRENT_PUBLICATION, and takes the place of what readers open by one SWAP. What was swapped out is dropped.
 * 3. settled: the entry is PUBLISHED and the head.
 *
 * Whoever needs the head and meets an entry that is PUBLISHING finishes it first: after a while it takes the claim over and drops the
 * clone of whoever had it, so that a publisher that wakes up late has no name left to swap with. That makes a SWAP happen once: a
 * repetition would show again what was there before.
 */

/** How long somebody else's claim is waited for before it is taken over. Showing takes a few seconds. */
const CLAIM_PATIENCE_S = 30;
const POLL_MS = 500;

/** An entry that is decided and not yet settled, claimed by this process. */
interface Claim {
  entry: number;
  dataSet: number;
  token: string;
}

/** What is done with the publication log: by runs, and by people. */
export function publishing(
  store: SnowflakeStore,
  patienceS = CLAIM_PATIENCE_S,
): Pick<Warehouse, 'publish' | 'approve' | 'rollback' | 'pin' | 'unpin'> & { finish: () => Promise<void> } {
  const { session, names } = store;
  const keptIn = (db: StoreDb) => (dataSet: number) => hasDatabase(db, names.dataSet(dataSet));
  const finish = () => finishPublishing(store, patienceS);

  /** Decides on an entry and shows it. `decide` gives undefined when there is nothing to show. */
  async function shown<T>(decide: (db: StoreDb) => Promise<{ result: T; entry: number | undefined }>): Promise<T> {
    for (;;) {
      await finish();
      const token = newToken();
      const decided = await session(async (db) => {
        // Another one was decided since: it comes first.
        if ((await entryUnderWay(db)) !== undefined) return undefined;
        const { result, entry } = await decide(db);
        if (entry !== undefined) await claim(db, entry, token);
        return { result, entry };
      });
      if (decided === undefined) continue;
      const { result, entry } = decided;
      if (entry !== undefined) {
        const dataSet = await session((db) => dataSetOf(db, entry), READ_ONLY);
        if (!(await showAndSettle(store, { entry, dataSet, token }))) await finish();
      }
      return result;
    }
  }

  return {
    finish,

    publish: (publication) =>
      shown<PublishResult>(async (db) => {
        const done = await decidePublication(db, publication);
        if (done !== undefined) return { result: done, entry: undefined };
        if (!(await keptIn(db)(publication))) throw new Error(`the database of data set ${publication} is missing`);
        return { result: { publication, outcome: 'PUBLISHED' }, entry: publication };
      }),

    approve: (candidate, act) =>
      shown(async (db) => {
        const { isDone, ...entry } = await openApproval(db, candidate, act, keptIn(db));
        return { result: entry, entry: isDone ? undefined : entry.publication };
      }),

    rollback: async (to, act) => {
      const entry = await shown(async (db) => {
        const opened = await openRollback(db, to, act, keptIn(db));
        return { result: opened, entry: opened.publication };
      });
      const withdrawnDeliveries = await session((db) => countWithdrawn(db, entry.publication), READ_ONLY);
      return { ...entry, withdrawnDeliveries };
    },

    pin: (publication, act) => session((db) => setPin(db, publication, 'PIN', act, keptIn(db))),

    unpin: (publication, act) => session((db) => setPin(db, publication, 'UNPIN', act, keptIn(db))),
  };
}

/** Finishes what somebody has decided and not settled: waits for a while, then does it in their place. */
async function finishPublishing(store: SnowflakeStore, patienceS: number): Promise<void> {
  const { session } = store;
  for (;;) {
    const underWay = await session((db) => entryUnderWay(db), READ_ONLY);
    if (underWay === undefined) return;
    if (underWay.claimAgeS < patienceS) {
      await sleep(POLL_MS);
      continue;
    }
    const token = newToken();
    const taken = await session(async (db) => {
      const still = await entryUnderWay(db);
      if (still === undefined || still.token !== underWay.token) return undefined;
      await claim(db, still.entry, token);
      return { entry: still.entry, dataSet: await dataSetOf(db, still.entry), token };
    });
    if (taken !== undefined) await showAndSettle(store, taken);
  }
}

/** Shows a claimed entry and settles it. @returns false when somebody else has taken the claim over. */
async function showAndSettle(store: SnowflakeStore, claimed: Claim): Promise<boolean> {
  await show(store, claimed);
  return store.session(async (db) => {
    const underWay = await entryUnderWay(db);
    if (underWay?.entry !== claimed.entry || underWay.token !== claimed.token) return false;
    await becomeHead(db, claimed.entry);
    await db.run('update store_lock set publisher = null, claimed_at = null');
    return true;
  });
}

/**
 * Makes readers see a claimed entry, unless they do already, or somebody else has taken the claim over.
 *
 * @throws Error (to be tried again) when others came between again and again.
 */
async function show(store: SnowflakeStore, claimed: Claim): Promise<void> {
  await showAsClaimed(store, claimed).catch(async (error: unknown) => {
    // Whoever took the claim over has dropped the clone under our hands, and shows the entry.
    if (await isStillMine(store, claimed)) throw error;
  });
}

async function showAsClaimed(store: SnowflakeStore, claimed: Claim): Promise<void> {
  const { account, names } = store;
  const mine = names.next(claimed.entry, claimed.token);
  const connected = <T>(work: (connection: SnowflakeConnection) => Promise<T>) =>
    account.withConnection(statementTag(`publish ${claimed.entry}`), 'transform', work);
  // Once, and again when a late SWAP of somebody else came between: their clones' names are gone after that.
  for (let tries = 0; tries < 3; tries++) {
    const isShown = await connected(async (connection) => {
      await dropOtherClones(connection, names, mine);
      if ((await shownEntry(connection, names)) === claimed.entry) return true;
      await prepareClone(connection, names, mine, claimed);
      return false;
    });
    const isMine = isShown || (await isStillMine(store, claimed));
    await connected(async (connection) => {
      if (!isShown && isMine) await connection.run(`alter database ${names.shown} swap with ${mine}`);
      await connection.run(`drop database if exists ${mine}`);
    });
    if (isShown || !isMine) return;
  }
  throw new Error(`entry ${claimed.entry} is decided, but readers do not see it yet: it is tried again.`);
}

/** A clone of the entry's data set as readers are to see it: with the entry's number, the audits live, and their grants. */
async function prepareClone(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  clone: string,
  { entry, dataSet }: Claim,
): Promise<void> {
  await connection.run(`create or replace transient database ${clone} clone ${names.dataSet(dataSet)}`);
  const raw = `${clone}."RAW"`;
  await connection.run(`update ${raw}.current_publication set publication = ${entry}`);
  for (const table of AUDIT_TABLES) {
    await connection.run(`drop table ${raw}.${table}`);
    await connection.run(`create view ${raw}.${table} as select * from ${names.store}."RAW".${table}`);
  }
  await grantReading(connection, names, clone);
}

/** The entry that readers see now; undefined before the first. */
export async function shownEntry(connection: SnowflakeConnection, names: DatabaseNames): Promise<number | undefined> {
  return entryIn(connection, names.shown);
}

/** The entry that a database (quoted) shows; undefined for an empty one. */
export async function entryIn(connection: SnowflakeConnection, database: string): Promise<number | undefined> {
  const tables = await connection.rows(
    `select 1 as n from ${database}.information_schema.tables
     where table_schema = 'RAW' and table_name = 'CURRENT_PUBLICATION'`,
  );
  if (tables.length === 0) return undefined;
  const [row] = await connection.rows(`select publication from ${database}."RAW".current_publication`);
  return Number(row?.publication);
}

/** Drops the clones of those whose claim was taken over, so that they have nothing left to swap with. */
async function dropOtherClones(connection: SnowflakeConnection, names: DatabaseNames, mine: string): Promise<void> {
  for (const clone of await nextDatabases(connection, names)) {
    if (clone !== mine) await connection.run(`drop database if exists ${clone}`);
  }
}

/** Clones that stand beside what readers open, quoted. */
export async function nextDatabases(connection: SnowflakeConnection, names: DatabaseNames): Promise<string[]> {
  const found = await connection.rows(`show databases like '${names.pattern}'`);
  return found
    .map((row) => String(row.name))
    .filter((name) => names.parse(name)?.kind === 'next')
    .map(quoted);
}

async function isStillMine({ session }: SnowflakeStore, { entry, token }: Claim): Promise<boolean> {
  const underWay = await session((db) => entryUnderWay(db), READ_ONLY);
  return underWay?.entry === entry && underWay.token === token;
}

/** The entry that is PUBLISHING, if there is one, and whose it is. Age by the warehouse's own clock. */
export async function entryUnderWay(
  db: StoreDb,
): Promise<{ entry: number; token: string | null; claimAgeS: number } | undefined> {
  const [row] = await db.rows(
    `select p.publication, l.publisher,
       coalesce(datediff('second', l.claimed_at, current_timestamp()::timestamp_ntz), 1000000) as age
     from raw.raw_publication as p cross join store_lock as l where p.status = 'PUBLISHING'`,
  );
  if (row === undefined) return undefined;
  const token = row.publisher === null || row.publisher === undefined ? null : String(row.publisher);
  return { entry: Number(row.publication), token, claimAgeS: Number(row.age) };
}

async function claim(db: StoreDb, entry: number, token: string): Promise<void> {
  await db.run("update raw.raw_publication set status = 'PUBLISHING' where publication = $1", [entry]);
  await db.run('update store_lock set publisher = $1, claimed_at = current_timestamp()::timestamp_ntz', [token]);
}

async function dataSetOf(db: StoreDb, entry: number): Promise<number> {
  const [row] = await db.rows('select data_set from raw.raw_publication where publication = $1', [entry]);
  return Number(row?.data_set);
}

function newToken(): string {
  return randomBytes(6).toString('hex').toUpperCase();
}
