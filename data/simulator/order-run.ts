import type { Moment } from './days';
import type { CountReport, Counters, Order } from './model';
import { type Random, between, noise } from './random';

const SCRAP_SHARE = 0.018;
const REWORK_SHARE = 0.014;
/** Good only after a correction on the unit itself. */
const INLINE_FIX_SHARE = 0.025;

/** An order while it runs on its work unit: the time that is still to be spent on it, and what came out so far. */
export class OrderRun {
  readonly order: Order;
  readonly counters: Counters = { produced: 0, good: 0, rework: 0, scrap: 0, goodFirstPass: 0 };
  /** Seconds of setting up and of producing that are left. */
  setupLeftS: number;
  runLeftS: number;
  lastReportAt: Moment | undefined;
  readonly #random: Random;
  readonly #secondsPerItem: number;
  readonly #quantity: number;
  readonly #runS: number;
  readonly #shares: { scrap: number; rework: number; inlineFix: number };
  readonly #carried = { scrap: 0, rework: 0, inlineFix: 0 };

  /** @param setupS seconds of setting up before it. */
  constructor(order: Order, setupS: number, random: Random) {
    const { workUnit, batch } = order;
    this.order = order;
    // What is packaged is what was made.
    this.#quantity = order.type === 'packaging' ? batch.quantity : order.quantity;
    this.#random = random;
    this.setupLeftS = setupS;
    const standardS = workUnit.standardTimes.get(batch.material.number) as number;
    this.#secondsPerItem = standardS * workUnit.pace * (1 + 0.025 * noise(random, 6));
    this.#runS = Math.max(1, Math.ceil(this.#quantity * this.#secondsPerItem));
    this.runLeftS = this.#runS;
    const ofBatch = between(random, 0.4, 1.8);
    this.#shares = {
      scrap: SCRAP_SHARE * ofBatch,
      rework: REWORK_SHARE * between(random, 0.4, 1.8),
      inlineFix: INLINE_FIX_SHARE * ofBatch,
    };
  }

  get isDone(): boolean {
    return this.setupLeftS === 0 && this.runLeftS === 0;
  }

  /** Whether items were made since the last report. */
  get hasProgress(): boolean {
    return this.#made > this.counters.produced;
  }

  /** Brings the counters up to date. @returns what was added since the last report. */
  count(wear: number): Counters {
    const produced = this.#made - this.counters.produced;
    const scrap = this.#draw('scrap', produced, produced * (1 + wear));
    const rework = this.#draw('rework', produced - scrap, produced);
    const good = produced - scrap - rework;
    const goodFirstPass = good - this.#draw('inlineFix', good, produced);
    const added = { produced, good, rework, scrap, goodFirstPass };
    for (const counter of Object.keys(added) as (keyof Counters)[]) this.counters[counter] += added[counter];
    return added;
  }

  report(number: number, countedAt: Moment): CountReport {
    this.lastReportAt = countedAt;
    return { ...this.counters, number, order: this.order, workUnit: this.order.workUnit, countedAt };
  }

  get #made(): number {
    return Math.min(this.#quantity, Math.floor((this.#runS - this.runLeftS) / this.#secondsPerItem));
  }

  /** Whole items of a kind, `limit` at most; what is left of an item counts next time. */
  #draw(kind: 'scrap' | 'rework' | 'inlineFix', limit: number, items: number): number {
    const expected = this.#carried[kind] + items * this.#shares[kind] * between(this.#random, 0.2, 1.8);
    const drawn = Math.min(limit, Math.floor(expected));
    this.#carried[kind] = expected - drawn;
    return drawn;
  }
}
