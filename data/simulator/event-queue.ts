import type { Moment } from './days';

interface Entry {
  at: Moment;
  order: number;
  happen: (at: Moment) => void;
}

/** What is going to happen, by time; what was asked for first comes first among events of the same second. */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #asked = 0;
  /** Time of the event that is happening, or last happened. */
  now: Moment;

  constructor(now: Moment) {
    this.now = now;
  }

  /** Lets something happen at `at`, or now if that is past. */
  schedule(at: Moment, happen: (at: Moment) => void): void {
    const heap = this.#heap;
    const entry = { at: Math.max(at, this.now), order: this.#asked++, happen };
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent] as Entry)) break;
      heap[index] = heap[parent] as Entry;
      index = parent;
    }
    heap[index] = entry;
  }

  /** Lets everything happen that is due before `end`. */
  runUntil(end: Moment): void {
    for (let first = this.#heap[0]; first !== undefined && first.at < end; first = this.#heap[0]) {
      this.#removeFirst();
      this.now = first.at;
      first.happen(first.at);
    }
    this.now = end;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[index] = heap[child] as Entry;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
