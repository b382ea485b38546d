import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseCall } from '../../data/simulator/options';
import { type ExportSummary, writeExport } from '../../data/simulator/write-export';

/** One record: cell by column. */
export type CsvRecord = Record<string, string>;

export interface FileTruth {
  records: number;
  malformedRecords: number;
  /** Record numbers, from 1, by kind. */
  defects: Record<string, number[]>;
}

/** What the simulator knows of the history it made, apart from what it exported. */
export interface Truth {
  files: Record<string, FileTruth>;
  /** Keys of events that happened and came with no delivery, by table: late ones of the last days. */
  undelivered: Record<string, string[]>;
  shifts: ({ shift_id: string; equipment_id: string; production_date: string } & Record<string, number>)[];
  totals: Record<string, Record<string, Record<string, number>>>;
}

/** Writes an export as the command line would. */
export function simulate(folder: string, ...args: string[]): Promise<ExportSummary> {
  const call = parseCall(['--out', folder, ...args]);
  return writeExport(call.folder, call.options);
}

/** The paths of an export's table files, relative to its folder, in order. */
export function tableFiles(folder: string): string[] {
  const names = readdirSync(path.join(folder, 'source_system'), { recursive: true }) as string[];
  return names
    .filter((name) => /\.csv(\.gz)?$/.test(name))
    .map((name) => path.join('source_system', name))
    .sort();
}

/** A file of an export, decompressed if need be. */
export function contentOf(folder: string, name: string): Buffer {
  const content = readFileSync(path.join(folder, name));
  return name.endsWith('.gz') ? gunzipSync(content) : content;
}

/** Equal for equal exports; `upTo` leaves out what was delivered later, and the truth, which is of the whole. */
export function digest(folder: string, upTo?: string): string {
  const hash = createHash('sha256');
  for (const name of tableFiles(folder).filter((file) => upTo === undefined || dayOf(file) <= upTo)) {
    hash.update(name).update(contentOf(folder, name));
  }
  if (upTo === undefined) hash.update(contentOf(folder, 'truth.json'));
  return hash.digest('hex');
}

export function readTruth(folder: string): Truth {
  return JSON.parse(readFileSync(path.join(folder, 'truth.json'), 'utf8')) as Truth;
}

/** The logical date of a file in the dated layout. */
export function dayOf(name: string): string {
  return path.basename(path.dirname(name));
}

/** The table that a file belongs to; `-2` and `-correction` are no part of it. */
export function tableOf(name: string): string {
  return path.basename(name).replace(/(-\w+)?\.csv(\.gz)?$/, '');
}

/** The cells of each record, its header first. */
export function parseCsv(text: string): string[][] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
    ),
  );
}

/** The records of a file without defects. */
export function readRecords(folder: string, name: string): CsvRecord[] {
  const [header, ...records] = parseCsv(contentOf(folder, name).toString());
  return records.map((cells) =>
    Object.fromEntries((header ?? []).map((column, index) => [column, cells[index] ?? ''])),
  );
}

/** All records of an append table, in the order of their deliveries; of the same key the last one counts. */
export function readEvents(folder: string, table: string): CsvRecord[] {
  const byKey = new Map<string, CsvRecord>();
  for (const name of tableFiles(folder).filter((file) => tableOf(file) === table)) {
    for (const record of readRecords(folder, name)) byKey.set(Object.values(record)[0] as string, record);
  }
  return [...byKey.values()];
}

/** The newest snapshot of a table. */
export function readNewest(folder: string, table: string): CsvRecord[] {
  return readRecords(folder, tableFiles(folder).findLast((file) => tableOf(file) === table) as string);
}

/** Groups by what a record says in a column. */
export function groupBy(records: CsvRecord[], ...columns: string[]): Map<string, CsvRecord[]> {
  const groups = new Map<string, CsvRecord[]>();
  for (const record of records) {
    const key = columns.map((column) => record[column]).join('/');
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return groups;
}

/** The moment of a time with an offset, or of a local time of the system, in seconds since 1970. */
export function moment(text: string, zone: { momentOf: (day: number, second: number) => number }): number {
  const wall = Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`) / 1000;
  if (text.length > 19) return Date.parse(text.replace(' ', 'T')) / 1000;
  return zone.momentOf(Math.floor(wall / 86_400), wall - 86_400 * Math.floor(wall / 86_400));
}
