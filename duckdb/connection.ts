import { DuckDBInstance, type DuckDBConnection, type DuckDBValue, type Json } from '@duckdb/node-api';

/** A row as DuckDB gives it in JSON: 64-bit integers, dates and timestamps are text. */
export type JsonRow = Record<string, Json>;

/** One open DuckDB connection, in the few ways the platform uses it. */
export interface DuckDb {
  /** Runs a statement, or several, for their effect. Parameters are bound: `$1`, `$2`, … (one statement only). */
  run(sql: string, params?: readonly DuckDBValue[]): Promise<void>;
  /** Runs one query and returns all its rows: for metadata, not for data. */
  rows(sql: string, params?: readonly DuckDBValue[]): Promise<JsonRow[]>;
  readonly connection: DuckDBConnection;
}

/** Where and how to open. */
export interface DuckDbOptions {
  /** A file, or ':memory:'. */
  path: string;
  /** DuckDB settings at opening, such as threads, memory_limit, access_mode. */
  settings?: Record<string, string>;
  /** Interrupts the running statement. */
  signal?: AbortSignal | undefined;
}

/**
 * Opens a DuckDB database for one piece of work and closes it after, whatever happens, so that the file's lock is freed.
 *
 * The caller makes sure that no other instance in this process has the same file open for writing (two would lose data).
 *
 * @throws what `work` throws; the signal's reason when it was aborted.
 */
export async function withDuckDb<T>(options: DuckDbOptions, work: (db: DuckDb) => Promise<T>): Promise<T> {
  const { signal } = options;
  signal?.throwIfAborted();
  const instance = await DuckDBInstance.create(options.path, options.settings);
  try {
    const connection = await instance.connect();
    const interrupt = () => connection.interrupt();
    signal?.addEventListener('abort', interrupt);
    try {
      return await work(toDuckDb(connection, signal));
    } catch (error) {
      // An interrupted statement fails with DuckDB's own words: the reason for the interrupt is what callers need.
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', interrupt);
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

function toDuckDb(connection: DuckDBConnection, signal: AbortSignal | undefined): DuckDb {
  return {
    connection,
    async run(sql, params) {
      signal?.throwIfAborted();
      await connection.run(sql, params === undefined ? undefined : [...params]);
    },
    async rows(sql, params) {
      signal?.throwIfAborted();
      const reader = await connection.runAndReadAll(sql, params === undefined ? undefined : [...params]);
      return reader.getRowObjectsJson();
    },
  };
}
