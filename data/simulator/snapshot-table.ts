import { appendFile } from 'node:fs/promises';
import { csvLine } from './csv';
import type { DefectKind } from './defects/catalogue';
import { type RecordToWrite, type TableFile, type WrittenRecords, note } from './table-file';
import { WriteError } from './write-error';

/** How the things of a snapshot table become records. */
export interface SnapshotSource<T> {
  /** The records of a thing as of the end of the delivery's day: one, or more when it is delivered wrong. */
  records: (thing: T, delivery: number) => RecordToWrite[];
  /** Whether no later delivery will show the thing differently. */
  isClosed: (thing: T, delivery: number) => boolean;
}

/**
 * A table that every delivery holds whole. Records that can no longer change are moved to a file, so that memory holds
 * the open things only: a snapshot is that file and then the things that are open.
 */
export class SnapshotTable<T> {
  readonly #source: SnapshotSource<T>;
  readonly #closed: WrittenRecords & { defects: Map<DefectKind, number[]> };
  #open: T[] = [];

  /** @param file where closed records go. */
  constructor(file: string, source: SnapshotSource<T>) {
    this.#source = source;
    this.#closed = { file, records: 0, malformedRecords: 0, defects: new Map() };
  }

  add(things: readonly T[]): void {
    for (const thing of things) this.#open.push(thing);
  }

  /** Moves what is closed to its file. Each delivery's end must be settled, written or not. */
  async settle(delivery: number): Promise<void> {
    const open: T[] = [];
    let text = '';
    for (const thing of this.#open) {
      if (this.#source.isClosed(thing, delivery)) {
        for (const record of this.#source.records(thing, delivery)) text += this.#close(record);
      } else {
        open.push(thing);
      }
    }
    this.#open = open;
    if (text === '') return;
    await appendFile(this.#closed.file, text).catch((error: unknown) => {
      throw new WriteError(this.#closed.file, error);
    });
  }

  /** Writes the table as of the end of a delivery that was settled. */
  async write(file: TableFile, delivery: number): Promise<void> {
    await file.addWritten(this.#closed);
    for (const thing of this.#open) {
      for (const record of this.#source.records(thing, delivery)) await file.write(record);
    }
  }

  #close({ cells, kind, isMalformed }: RecordToWrite): string {
    this.#closed.records += 1;
    if (isMalformed) this.#closed.malformedRecords += 1;
    if (kind !== undefined) note(this.#closed.defects, kind, this.#closed.records);
    return `${csvLine(cells)}\n`;
  }
}
