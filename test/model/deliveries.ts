/** What the sequences deliver: a few days of two small tables. */

/** A snapshot table that every delivery must hold, and an append table that it may. */
export const TABLES = ['materials', 'readings'] as const;
export type TableName = (typeof TABLES)[number];

export const DATES = ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05'] as const;

/** What stands in one delivered file. */
export interface Content {
  /** The value of each of its rows; a negative one fails the build's gate. */
  value: number;
  rows: number;
  /** Records that do not satisfy the contract. */
  rejects: number;
  /** A file that cannot be read at all fails its load. */
  isReadable: boolean;
}

/** A table and a logical date: what a publication holds at most one partition of. */
export type Place = `${TableName} ${string}`;

export function placeOf(table: string, logicalDate: string): Place {
  return `${table as TableName} ${logicalDate}`;
}

export function tableOf(place: Place): TableName {
  return place.split(' ')[0] as TableName;
}

export function dateOf(place: Place): string {
  return place.slice(-10);
}

/** The file of a delivery, as a source system writes it. */
export function fileText(table: TableName, { value, rows, rejects, isReadable }: Content): string {
  const header = table === 'materials' ? 'material_id,material_name,quantity' : 'reading_id,value';
  const row = (n: number) => (table === 'materials' ? `m${n},steel,${value}` : `r${n},${value}`);
  const lines = Array.from({ length: rows }, (_, n) => row(n + 1));
  const surplus = Array.from({ length: rejects }, (_, n) => `${row(n + 1)},one,too,many`);
  return `${isReadable ? '' : '\n'}${[header, ...surplus, ...lines].join('\n')}\n`;
}

export function sameContent(a: Content | undefined, b: Content | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
