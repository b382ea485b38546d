import type { Table } from './columns';
import type { DefectKind } from './defects/catalogue';
import type { FileFaults } from './defects/file-faults';
import { csvLine, unclosedCsvLine } from './csv';
import { OutputFile, type OutputFileOptions } from './output-file';

/** A record as it is to be written; without a kind it is sound. */
export interface RecordToWrite {
  cells: readonly string[];
  kind?: DefectKind | undefined;
  /** Torn: no reader can accept it. */
  isMalformed?: boolean;
}

/** Records that were written before, as text with LF ends. */
export interface WrittenRecords {
  file: string;
  records: number;
  malformedRecords: number;
  defects: ReadonlyMap<DefectKind, readonly number[]>;
}

/** What the truth tells of a file. */
export interface FileTruth {
  records: number;
  malformedRecords: number;
  /** Record numbers, from 1, by kind; none for a defect of the file as a whole. */
  defects: Map<DefectKind, number[]>;
}

/** One file of an export while it is written: header, records, and the count of what is wrong with them. */
export class TableFile implements FileTruth {
  readonly table: Table;
  readonly output: OutputFile;
  records = 0;
  malformedRecords = 0;
  readonly defects = new Map<DefectKind, number[]>();
  readonly #faults: FileFaults;
  /** The last record so far, where that one is to be torn. */
  #last: RecordToWrite | undefined;

  private constructor(table: Table, output: OutputFile, faults: FileFaults) {
    this.table = table;
    this.output = output;
    this.#faults = faults;
    for (const kind of faults.kinds) this.defects.set(kind, []);
  }

  /** Begins a file with its header. */
  static async create(table: Table, name: string, faults: FileFaults, options: OutputFileOptions): Promise<TableFile> {
    const output = await OutputFile.create(name, { ...options, encoding: faults.encoding });
    const file = new TableFile(table, output, faults);
    if (!faults.isEmpty) await output.write(faults.header);
    return file;
  }

  /** Adds a record. @returns a promise when the caller should wait before it adds more. */
  write(record: RecordToWrite): Promise<void> | undefined {
    if (this.#faults.isEmpty) return undefined;
    if (!this.#faults.hasUnclosedQuote) return this.#add(record, csvLine(record.cells));
    const last = this.#last;
    this.#last = record;
    return last && this.#add(last, csvLine(last.cells));
  }

  /** Adds records that another file holds. */
  async addWritten({ file, records, malformedRecords, defects }: WrittenRecords): Promise<void> {
    if (this.#faults.isEmpty || records === 0) return;
    await this.output.addFile(file, this.#faults.changeText);
    for (const [kind, numbers] of defects) {
      for (const number of numbers) note(this.defects, kind, this.records + number);
    }
    this.records += records;
    this.malformedRecords += malformedRecords;
  }

  /** Ends the file and gives it its name. */
  async commit(): Promise<void> {
    const last = this.#last;
    if (last !== undefined) {
      await this.#add({ cells: last.cells, kind: 'unclosed_quote', isMalformed: true }, unclosedCsvLine(last.cells));
    }
    await this.output.commit();
  }

  #add({ kind, isMalformed }: RecordToWrite, line: string): Promise<void> | undefined {
    this.records += 1;
    if (isMalformed) this.malformedRecords += 1;
    if (kind !== undefined) note(this.defects, kind, this.records);
    return this.output.write(this.#faults.changeText(`${this.#faults.changeLine(line)}\n`));
  }
}

/** Adds a record number to those of its kind. */
export function note(defects: Map<DefectKind, number[]>, kind: DefectKind, record: number): void {
  const numbers = defects.get(kind);
  if (numbers === undefined) defects.set(kind, [record]);
  else numbers.push(record);
}
