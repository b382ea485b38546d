import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseString, writeToString } from 'fast-csv';
import type { Table } from '../../data/simulator/columns';
import type { Random } from '../../data/simulator/random';

/** A CSV file's cells, every one as its text. */
export interface Csv {
  header: string[];
  records: string[][];
}

/** The plain CSV files of a source system by logical date, as an export without compression writes them. */
export class Deliveries {
  readonly #folder: string;

  /** @param sourceDir the folder above the systems'. */
  constructor(sourceDir: string) {
    this.#folder = path.join(sourceDir, 'mes');
  }

  /** The logical dates that were delivered, ascending. */
  async dates(): Promise<string[]> {
    return (await readdir(this.#folder)).sort();
  }

  async read(date: string, table: Table): Promise<Csv> {
    return parseCsv(await this.text(date, table));
  }

  text(date: string, table: Table): Promise<string> {
    return readFile(this.#file(date, table), 'utf8');
  }

  /** @param suffix makes it a further file of the same table and date: `-2`. */
  async write(date: string, table: Table, content: Csv | string | Buffer, suffix = ''): Promise<void> {
    const file = this.#file(date, table, suffix);
    await mkdir(path.dirname(file), { recursive: true });
    const isCsv = typeof content === 'object' && 'records' in content;
    await writeFile(file, isCsv ? await formatCsv(content) : content);
  }

  async remove(date: string, table: Table): Promise<void> {
    await rm(this.#file(date, table));
  }

  async removeDay(date: string): Promise<void> {
    await rm(path.join(this.#folder, date), { recursive: true });
  }

  #file(date: string, table: Table, suffix = ''): string {
    return path.join(this.#folder, date, `${table}${suffix}.csv`);
  }
}

/** The days that a fault may touch. */
export interface FaultyDay {
  /** What the next run finds: one day's files, sound until a fault is injected. */
  next: Deliveries;
  /** Logical date of that day, of the one before it, and of the one after, whose files are there where the fault asks for them. */
  date: string;
  dateBefore: string;
  dateAfter: string;
  /** All days that were delivered and published before it. */
  history: Deliveries;
  /** Drawn from the seed and the fault's name: the same fault in the same rows, whatever else is run. */
  random: Random;
}

/** Puts one fault into the day's files. */
export type Injection = (day: FaultyDay) => Promise<void>;

export async function parseCsv(text: string): Promise<Csv> {
  const records = await new Promise<string[][]>((resolve, reject) => {
    const rows: string[][] = [];
    parseString<string[], string[]>(text, { headers: false })
      .on('error', reject)
      .on('data', (row: string[]) => rows.push(row))
      .on('end', () => resolve(rows));
  });
  const [header = [], ...rest] = records;
  return { header, records: rest };
}

export async function formatCsv({ header, records }: Csv): Promise<string> {
  return `${await writeToString([header, ...records])}\n`;
}
