import { mkdirSync } from 'node:fs';
import { readlink, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { sqlIdentifier } from '../../duckdb/sql-text';
import type { StoreDb, StoreSession } from '../store/store-db';
import type { Layout } from './layout';
import { migrateStore } from './store-schema';

/** How long a session waits for another process to let go of the store before it gives up (and its activity retries). */
const LOCK_PATIENCE_MS = 30_000;

/** Sessions on one store file run one after another within a process: two instances on one file would lose data. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Opens sessions on the store file.
 *
 * Each is one transaction and lasts milliseconds; other processes wait for it. It begins and ends by making the
 * `published` link point at the head's build, so that whoever comes next mends what a killed publisher left behind.
 *
 * @throws Error naming the process that holds the store, when it does not let go in time; what `work` throws otherwise.
 */
export function storeSessions(layout: Layout): StoreSession {
  mkdirSync(layout.builds, { recursive: true });
  return (work) => enqueue(layout.store, () => openWhenFree(layout, work));
}

function enqueue<T>(file: string, session: () => Promise<T>): Promise<T> {
  const before = queues.get(file) ?? Promise.resolve();
  const mine = before.then(session, session);
  queues.set(
    file,
    mine.catch(() => undefined),
  );
  return mine;
}

async function openWhenFree<T>(layout: Layout, work: (db: StoreDb) => Promise<T>): Promise<T> {
  const deadline = Date.now() + LOCK_PATIENCE_MS;
  for (let wait = 10; ; wait = Math.min(wait * 2, 200)) {
    try {
      // An early checkpoint: a process killed during COMMIT has been seen to come back with half of a transaction.
      const settings = { threads: '1', wal_autocheckpoint: '1KB' };
      return await withDuckDb({ path: layout.store, settings }, (db) => transaction(layout, db, work));
    } catch (error) {
      if (!isLocked(error)) throw error;
      if (Date.now() > deadline) {
        throw new Error(`the store ${layout.store} is held by another process (${holder(error)}): it is tried again.`, {
          cause: error,
        });
      }
      await sleep(wait / 2 + Math.random() * wait);
    }
  }
}

async function transaction<T>(layout: Layout, db: DuckDb, work: (db: StoreDb) => Promise<T>): Promise<T> {
  await db.run('begin');
  let result: T;
  try {
    await migrateStore(db);
    await pointLinkAtHead(layout, db);
    result = await work(toStoreDb(db));
    await db.run('commit');
  } catch (error) {
    // After a failed COMMIT there is no transaction left to roll back, and ROLLBACK itself throws.
    await db.run('rollback').catch(() => undefined);
    throw error;
  }
  await pointLinkAtHead(layout, db);
  return result;
}

function toStoreDb(db: DuckDb): StoreDb {
  return {
    run: db.run.bind(db),
    rows: db.rows.bind(db),
    async insert(table, rows) {
      const columns = Object.keys(rows[0] ?? {});
      if (columns.length === 0) return;
      const values = columns.map((column) => `r->>'${column}'`);
      await db.run(
        `insert into ${table} (${columns.map(sqlIdentifier).join(', ')})
         select ${values.join(', ')} from (select unnest($1::json[]) as r)`,
        [JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))],
      );
    },
    async take(counter, count) {
      const rows = await db.rows(`select nextval('${counter}') as number from range($1)`, [count]);
      return Number(rows[0]?.number);
    },
  };
}

/** Swaps the `published` link, atomically, when it does not show the head's data set. */
async function pointLinkAtHead(layout: Layout, db: DuckDb): Promise<void> {
  const [row] = await db.rows(
    'select p.data_set as data_set from head join raw.raw_publication as p on p.publication = head.publication',
  );
  if (row === undefined) return;
  const target = path.join(path.basename(layout.builds), String(row.data_set));
  const current = await readlink(layout.published).catch(() => undefined);
  if (current === target) return;
  const aside = `${layout.published}.new`;
  await rm(aside, { force: true });
  await symlink(target, aside);
  await rename(aside, layout.published);
}

function isLocked(error: unknown): boolean {
  return /Could not set lock on file|Conflicting lock is held/.test((error as Error).message);
}

function holder(error: unknown): string {
  return /PID (\d+)/.exec((error as Error).message)?.[0] ?? 'unknown';
}
