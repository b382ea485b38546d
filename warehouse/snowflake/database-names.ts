import type { SnowflakeNames } from '../../contracts/snowflake-settings';

/** An identifier that stands for the same name as an unquoted one, whatever words are reserved. */
export function quoted(name: string): string {
  return `"${name.toUpperCase().replaceAll('"', '""')}"`;
}

/** A name of the catalog, in its own spelling. */
export function exactly(name: unknown): string {
  return `"${String(name).replaceAll('"', '""')}"`;
}

/**
 * The databases of one platform.
 *
 * - `MFG_STORE`: ledger, audits, log (schemas PLATFORM and RAW), the rows of all partitions (RAW.<TABLE>_RUN), the stage.
 * - `MFG_<n>`: data set n. Never renamed, and never changed after its build: readers may name it for several statements.
 * - `MFG`: what readers open: a clone of the head's data set, swapped in by each publication.
 * - `MFG_NEXT_<entry>_<token>`: such a clone before the swap, and after it what was shown before, until it is dropped.
 */
export interface DatabaseNames {
  store: string;
  shown: string;
  /** A role that reads what is published. */
  reader: string;
  stage: string;
  dataSet(dataSet: number): string;
  next(entry: number, token: string): string;
  /** Of a database's name what it is; undefined when it is none of these. */
  parse(name: string): { kind: 'data set'; dataSet: number } | { kind: 'next' } | undefined;
  /** A LIKE pattern that all data sets and clones match. */
  pattern: string;
}

export function databaseNames(names: SnowflakeNames): DatabaseNames {
  const { prefix, store, database, accessRoles } = names;
  return {
    store: quoted(store),
    shown: quoted(database),
    reader: quoted(accessRoles.dataRead),
    stage: `${quoted(store)}."RAW"."LOADS"`,
    dataSet: (dataSet) => quoted(`${prefix}_${dataSet}`),
    next: (entry, token) => quoted(`${prefix}_NEXT_${entry}_${token}`),
    parse: (name) => {
      if (!name.startsWith(`${prefix}_`)) return undefined;
      const rest = name.slice(prefix.length + 1);
      if (/^[1-9]\d{0,15}$/.test(rest)) return { kind: 'data set', dataSet: Number(rest) };
      return /^NEXT_[1-9]\d{0,15}_[0-9A-F]+$/.test(rest) ? { kind: 'next' } : undefined;
    },
    pattern: `${prefix.replaceAll('_', '\\\\_')}\\\\_%`,
  };
}
