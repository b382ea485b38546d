import type { Bind, StoreDb, StoreSession } from '../store/store-db';
import type { SnowflakeAccount, SnowflakeConnection } from './connection';
import type { DatabaseNames } from './database-names';
import { statementTag } from './statement-tag';
import { migrateStore, useStore } from './store-schema';

/** Rows of one INSERT: a statement and what it binds may have 1 MB. */
const MOST_CHARACTERS = 500_000;

/**
 * Opens sessions on the store: each is one transaction, which begins with an UPDATE of one row, so that those who write come one
 * after another: INSERTs of two transactions would not wait for each other. A session that only reads takes no lock and sees what
 * is committed, statement by statement.
 */
export function storeSessions(account: SnowflakeAccount, names: DatabaseNames): StoreSession {
  let migrated: Promise<void> | undefined;
  const ready = () => {
    migrated ??= account
      .withConnection(statementTag('store'), 'load', (connection) => migrateStore(connection, names))
      .catch((error: unknown) => {
        migrated = undefined;
        throw error;
      });
    return migrated;
  };
  return async (work, options) => {
    await ready();
    return account.withConnection(statementTag('store'), 'load', async (connection) => {
      await useStore(connection, names);
      const db = toStoreDb(connection);
      if (options?.readOnly) return work(db);
      await connection.run('begin');
      await connection.run('update store_lock set sessions = sessions + 1');
      const result = await work(db);
      await connection.run('commit');
      return result;
    });
  };
}

function toStoreDb(connection: SnowflakeConnection): StoreDb {
  return {
    run: (sql, binds) => connection.run(sql, binds),
    rows: (sql, binds) => connection.rows(sql, binds),
    async insert(table, rows) {
      const columns = Object.keys(rows[0] ?? {});
      if (columns.length === 0) return;
      const values = columns.map((column) => `f.value:"${column}"::varchar`);
      for (const json of inPieces(rows)) {
        await connection.run(
          `insert into ${table} (${columns.join(', ')})
           select ${values.join(', ')} from table(flatten(input => parse_json($1))) as f`,
          [json],
        );
      }
    },
    async take(counter, count) {
      await connection.run(`update store_lock set ${counter} = ${counter} + cast($1 as bigint)`, [count]);
      const [row] = await connection.rows(`select ${counter} as last from store_lock`);
      return Number(row?.last) - count + 1;
    },
  };
}

/** JSON arrays of the rows, none too long for a statement. */
function inPieces(rows: readonly Record<string, Bind>[]): string[] {
  const pieces: string[][] = [[]];
  let characters = 0;
  for (const row of rows) {
    const json = JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    if (characters + json.length > MOST_CHARACTERS && characters > 0) {
      pieces.push([]);
      characters = 0;
    }
    pieces.at(-1)?.push(json);
    characters += json.length;
  }
  return pieces.map((piece) => `[${piece.join(',')}]`);
}
