import { createHash } from 'node:crypto';
import type { SnowflakeNames } from '../../contracts/snowflake-settings';

/** An identifier that stands for the same name as an unquoted one, whatever words are reserved. */
export function quoted(name: string): string {
  return `"${name.toUpperCase().replaceAll('"', '""')}"`;
}

/** The name that `quoted` was given, in upper case. */
export function unquoted(identifier: string): string {
  return identifier.slice(1, -1).replaceAll('""', '"');
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
 * - `MFG_ADHOC_<person>`: a person's own clone of what readers open, for dbt by hand.
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
  /** @param person any text: what is no letter, digit or _ becomes _, and a hash keeps such names apart. */
  adHoc(person: string): string;
  /** Of a database's name what it is; undefined when it is none of these. */
  parse(name: string): { kind: 'data set'; dataSet: number } | { kind: 'next' | 'ad hoc' } | undefined;
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
    adHoc: (person) => quoted(`${prefix}_ADHOC_${safeName(person)}`),
    parse: (name) => {
      if (!name.startsWith(`${prefix}_`)) return undefined;
      const rest = name.slice(prefix.length + 1);
      if (/^[1-9]\d{0,15}$/.test(rest)) return { kind: 'data set', dataSet: Number(rest) };
      if (/^ADHOC_[A-Z0-9_]+$/.test(rest)) return { kind: 'ad hoc' };
      return /^NEXT_[1-9]\d{0,15}_[0-9A-F]+$/.test(rest) ? { kind: 'next' } : undefined;
    },
    pattern: `${prefix.replaceAll('_', '\\\\_')}\\\\_%`,
  };
}

const LONGEST_PERSON = 60;

function safeName(person: string): string {
  const name = person
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]/g, '_')
    .slice(0, LONGEST_PERSON);
  if (name === person.toUpperCase() && name !== '') return name;
  return `${name}_${createHash('sha256').update(person).digest('hex').slice(0, 8).toUpperCase()}`;
}
