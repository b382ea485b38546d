import type { RecordToWrite, TableFile } from './table-file';

interface Held extends RecordToWrite {
  /** Delivery with which it comes. */
  due: number;
}

/** How an event becomes records: those of this delivery, and those that a later one brings. */
export interface DeliveredEvent {
  now: RecordToWrite[];
  later: { record: RecordToWrite; deliveries: number }[];
}

/** A table whose files hold the events of a delivery, among them those that earlier ones owed. */
export class EventTable {
  #held: Held[] = [];

  /** Keys of the events that deliveries after the last one would bring. */
  get undelivered(): string[] {
    return this.#held.map(({ cells }) => cells[0] as string);
  }

  /** @param isHeldBack the file has its header only: all of it comes with the next delivery. */
  async write(file: TableFile, events: Iterable<DeliveredEvent>, delivery: number, isHeldBack: boolean): Promise<void> {
    const due = this.#held.filter((held) => held.due <= delivery);
    this.#held = this.#held.filter((held) => held.due > delivery);
    const write = async (record: RecordToWrite) => {
      if (isHeldBack) this.#held.push({ ...record, due: delivery + 1 });
      else await file.write(record);
    };
    for (const { cells, kind, isMalformed } of due) await write({ cells, kind, isMalformed });
    for (const { now, later } of events) {
      for (const record of now) {
        const waiting = isHeldBack ? write(record) : file.write(record);
        if (waiting !== undefined) await waiting;
      }
      for (const { record, deliveries } of later) this.#held.push({ ...record, due: delivery + deliveries });
    }
  }
}
