import type { Table } from '../../data/simulator/columns';
import { type Random, sample } from '../../data/simulator/random';
import type { Csv, Injection } from './delivery';

/** Changes a file's cells. Its result is what is delivered. */
export type Edit = (csv: Csv, random: Random) => Csv;

/** An injection that edits one table's file of the faulty day. @throws Error when the edit leaves the file as it was. */
export function edited(table: Table, edit: Edit): Injection {
  return async ({ next, date, random }) => {
    const before = await next.read(date, table);
    const after = edit({ header: before.header, records: before.records.map((record) => [...record]) }, random);
    if (JSON.stringify(before) === JSON.stringify(after)) throw new Error(`${table} of ${date} is left as it was.`);
    await next.write(date, table, after);
  };
}

/** An injection that changes the bytes of one table's file. */
export function rewritten(table: Table, change: (text: string) => string | Buffer): Injection {
  return async ({ next, date }) => next.write(date, table, change(await next.text(date, table)));
}

/** Where a column stands. @throws Error when the file has none of that name. */
export function columnOf({ header }: Csv, column: string): number {
  const index = header.indexOf(column);
  if (index < 0) throw new Error(`the file has no column ${column}: ${header.join(', ')}`);
  return index;
}

/** Which records lend themselves to a fault. */
export type Choice = (cell: (column: string) => string) => boolean;

/** `count` records, or as many as there are, that satisfy the choice; in the file's order. */
export function chosen(csv: Csv, random: Random, count: number, choice: Choice = () => true): string[][] {
  const isChosen = (record: string[]) => choice((column) => record[columnOf(csv, column)] ?? '');
  const taken = new Set(sample(random, csv.records.filter(isChosen), count));
  return csv.records.filter((record) => taken.has(record));
}

/** How many records a share of the file is: at least one. */
export function shareOf({ records }: Csv, share: number): number {
  return Math.max(1, Math.round(share * records.length));
}

/** Puts another value into a column of some records. */
export function change(
  column: string,
  value: (cell: string, cellOf: (column: string) => string) => string,
  { count, choice }: { count: (csv: Csv) => number; choice?: Choice },
): Edit {
  return (csv, random) => {
    const index = columnOf(csv, column);
    for (const record of chosen(csv, random, count(csv), choice)) {
      record[index] = value(record[index] ?? '', (other) => record[columnOf(csv, other)] ?? '');
    }
    return csv;
  };
}

/** Leaves a share of the records out. */
export function withoutShare(share: number): Edit {
  return (csv, random) => {
    const gone = new Set(chosen(csv, random, shareOf(csv, share)));
    return { ...csv, records: csv.records.filter((record) => !gone.has(record)) };
  };
}

/** Repeats a share of the records at the file's end, each as `twin` makes it. */
export function repeated(share: number, twin: (record: string[], csv: Csv) => string[]): Edit {
  return (csv, random) => {
    const twins = chosen(csv, random, shareOf(csv, share)).map((record) => twin([...record], csv));
    return { ...csv, records: [...csv.records, ...twins] };
  };
}

/** Empties a column in a share of all records, taken from those in which it is filled. */
export function emptied(column: string, share: number): Edit {
  const choice: Choice = (cell) => cell(column) !== '';
  return change(column, () => '', { count: (csv) => shareOf(csv, share), choice });
}

/** `YYYY-MM-DD[ HH:MM:SS[+HH:MM]]` moved by whole days, the rest left as it is. */
export function movedByDays(text: string, days: number): string {
  const moved = new Date(Date.parse(`${text.slice(0, 10)}T00:00:00Z`) + days * 86_400_000);
  return moved.toISOString().slice(0, 10) + text.slice(10);
}

/** Exactly one record. */
export const ONE = { count: () => 1 };
/** All that the choice allows. */
export const ALL = { count: () => Number.MAX_SAFE_INTEGER };
