import type { JsonRow } from '../../duckdb/connection';

/**
 * The store: ledger, audits and publication log, in tables of the same shape on both warehouses. Its SQL is written once, in what
 * DuckDB and Snowflake have in common; where they differ, an adapter does it behind this interface.
 */

/** What a statement may bind. */
export type Bind = string | number | bigint | boolean | null;

/** Numbers that only grow, and that nobody else gets. */
export type Counter = 'load_seq' | 'audit_event' | 'publication_number';

/** The store within one transaction. */
export interface StoreDb {
  /** Runs one statement; `$1`, `$2`, … are bound. */
  run(sql: string, binds?: readonly Bind[]): Promise<void>;
  /** Runs one query. Names are lower case; 64-bit integers, dates and timestamps are text. */
  rows(sql: string, binds?: readonly Bind[]): Promise<JsonRow[]>;
  /** Adds rows to a table, set-based; all of them name the same columns. A text goes into a column of any type. */
  insert(table: string, rows: readonly Record<string, Bind>[]): Promise<void>;
  /** Takes the next numbers of a counter. @returns the first of them; the others follow it. */
  take(counter: Counter, count: number): Promise<number>;
}

/**
 * Runs work on the store as one transaction, with nobody else writing meanwhile.
 *
 * @param options readOnly: it only reads, so that it need not wait for those who write.
 */
export type StoreSession = <T>(work: (db: StoreDb) => Promise<T>, options?: { readOnly: true }) => Promise<T>;

/** The option of a session that only reads. */
export const READ_ONLY = { readOnly: true } as const;

/** Tables that readers see under RAW: copied into a candidate as it is closed, live in `mfg query`. */
export const AUDIT_TABLES = [
  'raw_load_audit',
  'schema_drift_event',
  'raw_publication',
  'raw_published_load',
  'raw_publication_pin',
  'dbt_run_audit',
  'data_quality_audit',
] as const;

/** Now, as TIMESTAMP text in UTC. */
export function utcNow(): string {
  return timestamp(new Date());
}

/** A time as TIMESTAMP text in UTC. */
export function timestamp(time: Date): string {
  return time.toISOString().replace('T', ' ').replace('Z', '');
}

/** A TIMESTAMP's text as ISO 8601 with milliseconds, as it was written: zeros at its end may have been left out. */
export function isoTime(timestamp: unknown): string {
  return new Date(`${String(timestamp).replace(' ', 'T')}Z`).toISOString();
}

/** The right side of `in` and `not in` for numbers of ours, which are all positive: 0 stands for none. */
export function inNumbers(numbers: Iterable<bigint | number | string>): string {
  return `(${[0, ...numbers].map((number) => BigInt(number)).join(', ')})`;
}

/** Snowflake takes 16,384 values in a list. */
const MOST_IN_LIST = 10_000;

/** Lists of numbers that are short enough for a statement each; none for no numbers. */
export function inPortions<T>(numbers: readonly T[]): T[][] {
  const portions: T[][] = [];
  for (let first = 0; first < numbers.length; first += MOST_IN_LIST) {
    portions.push(numbers.slice(first, first + MOST_IN_LIST));
  }
  return portions;
}

/** The right side of `in` and `not in` for dates and names of tables, which the boundary has validated; '' stands for none. */
export function inTexts(texts: Iterable<string>): string {
  const quoted = ['', ...texts].map((text) => {
    // Snowflake knows escapes in a literal, DuckDB does not: neither has anything to do in a name or a date.
    if (/['\\\0]/.test(text)) throw new Error(`'${text}' is no name and no date`);
    return `'${text}'`;
  });
  return `(${quoted.join(', ')})`;
}
