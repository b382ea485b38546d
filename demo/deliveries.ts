import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PROJECT_ROOT } from '../contracts/config';
import { parseCall } from '../data/simulator/options';
import { writeExport } from '../data/simulator/write-export';

/** What a small simulated plant exports in five days, and the folder that it is delivered to, day by day. */
export interface Week {
  /** Everything of the demonstration; it is made anew by each call. */
  folder: string;
  /** Logical dates, Monday to Friday. */
  dates: [string, string, string, string, string];
  exported: string;
  sourceDir: string;
}

const COUNTS = 'production_counts.csv';
const PLANT = [
  '--sites',
  '2',
  '--work-units',
  '3',
  '--no-defects',
  '--no-gzip',
  '--first-day',
  '2026-03-02',
  '--days',
  '5',
];

/** Simulates the week, in the place of what an earlier demonstration left. */
export async function simulateWeek(): Promise<Week> {
  const folder = path.join(PROJECT_ROOT, '.mfg', 'bad-day');
  await rm(folder, { recursive: true, force: true });
  const { folder: out, options } = parseCall(['--out', path.join(folder, 'export'), ...PLANT]);
  await writeExport(out, options);
  const exported = path.join(out, 'source_system', 'mes');
  const dates = (await readdir(exported)).sort() as Week['dates'];
  return { folder, dates, exported, sourceDir: path.join(folder, 'source_system') };
}

/** Delivers days as the plant exported them, over whatever was delivered for them before. */
export async function deliver({ exported, sourceDir }: Week, dates: readonly string[]): Promise<void> {
  for (const date of dates) {
    await rm(path.join(sourceDir, 'mes', date), { recursive: true, force: true });
    await cp(path.join(exported, date), path.join(sourceDir, 'mes', date), { recursive: true });
  }
}

/** Leaves of a delivered file its first third: the export broke off. */
export async function truncate(week: Week, date: string, table: string): Promise<void> {
  const file = path.join(week.sourceDir, 'mes', date, `${table}.csv`);
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, Math.floor(bytes.length / 3)));
}

/** Of each order that was made on that day alone, a tenth of what was good becomes scrap: counters go on where they ended the day before. */
export async function correctCounts(week: Week, date: string): Promise<void> {
  const otherDays = week.dates.filter((other) => other !== date);
  const others = await Promise.all(otherDays.map((other) => records(path.join(week.exported, other, COUNTS))));
  const elsewhere = new Set(others.flatMap(({ rows }) => rows.map(({ order_id }) => order_id)));
  await rewrite(week, date, COUNTS, (record) => {
    if (elsewhere.has(record.order_id)) return;
    const lost = Math.floor(Number(record.good_quantity) / 10);
    record.good_quantity = String(Number(record.good_quantity) - lost);
    record.scrap_quantity = String(Number(record.scrap_quantity) + lost);
    record.good_first_pass_quantity = String(
      Math.min(Number(record.good_first_pass_quantity), Number(record.good_quantity)),
    );
  });
}

/** All standard times are a hundred times what they were. */
export async function wrongStandardTimes(week: Week, date: string): Promise<void> {
  await rewrite(week, date, 'standard_times.csv', (record) => {
    record.planned_run_time_per_item_s = String(Number(record.planned_run_time_per_item_s) * 100);
  });
}

/** Changes a delivered file. @throws Error when that leaves it as it was. */
async function rewrite(week: Week, date: string, file: string, change: (row: Row) => void): Promise<void> {
  const delivered = path.join(week.sourceDir, 'mes', date, file);
  const before = await readFile(delivered, 'utf8');
  const { columns, rows } = await records(delivered);
  rows.forEach(change);
  const lines = rows.map((row) => columns.map((column) => row[column]).join(','));
  const after = `${[columns.join(','), ...lines].join('\n')}\n`;
  if (after === before) throw new Error(`${file} of ${date} has nothing to change.`);
  await writeFile(delivered, after);
}

type Row = Record<string, string>;

/** Of a file without quotes, as the simulator writes these tables. */
async function records(file: string): Promise<{ columns: string[]; rows: Row[] }> {
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const columns = header.split(',');
  const rowOf = (line: string) =>
    Object.fromEntries(line.split(',').map((cell, index) => [columns[index] ?? '', cell]));
  return { columns, rows: lines.map(rowOf) };
}
