import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDb, DuckDbOptions, JsonRow } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';

/**
 * A DuckDB of the tests' own that stays open: files are attached to it for one piece of work and closed after it. Starting
 * one anew takes 20 ms, which would be most of a sequence's time.
 */
export class OpenDuckDb {
  private constructor(private readonly instance: DuckDBInstance) {}

  static async open(): Promise<OpenDuckDb> {
    return new OpenDuckDb(await DuckDBInstance.create(':memory:', { threads: '1', wal_autocheckpoint: '1KB' }));
  }

  /** Opens a file under its own name as the default database, as `withDuckDb` does; no lock or log of it stays. */
  async attached<T>(file: string, mode: 'read_only' | 'read_write', work: (db: DuckDb) => Promise<T>): Promise<T> {
    return this.connected(async (db) => {
      const name = sqlIdentifier(path.basename(file, '.duckdb'));
      await db.run(`attach ${sqlString(file)} as ${name} (${mode})`);
      await db.run(`use ${name}`);
      try {
        return await work(db);
      } finally {
        await db.run('use memory');
        const others = await db.rows('select database_name as name from duckdb_databases() where path is not null');
        for (const other of others) await db.run(`detach ${sqlIdentifier(String(other.name))}`);
      }
    });
  }

  /** Work on no file. */
  async connected<T>(work: (db: DuckDb) => Promise<T>): Promise<T> {
    const connection = await this.instance.connect();
    try {
      return await work({
        connection,
        run: async (sql, params) => void (await connection.run(sql, params && [...params])),
        rows: async (sql, params): Promise<JsonRow[]> =>
          (await connection.runAndReadAll(sql, params && [...params])).getRowObjectsJson(),
      });
    } finally {
      connection.closeSync();
    }
  }

  close(): void {
    this.instance.closeSync();
  }
}

/** The product's `withDuckDb`, which opens files in an open DuckDB when there is one. */
export class Opening {
  /** Undefined: files are opened as the product does. */
  openDuckDb: OpenDuckDb | undefined;

  constructor(private readonly actual: WithDuckDb) {}

  readonly withDuckDb: WithDuckDb = (options, work) => {
    if (this.openDuckDb === undefined || options.path === ':memory:') return this.actual(options, work);
    return this.openDuckDb.attached(options.path, 'read_write', work);
  };
}

type WithDuckDb = <T>(options: DuckDbOptions, work: (db: DuckDb) => Promise<T>) => Promise<T>;
