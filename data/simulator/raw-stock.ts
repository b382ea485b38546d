import { type Day, type Moment, SECONDS_PER_DAY, SECONDS_PER_HOUR, weekdayOf } from './days';
import type { EventQueue } from './event-queue';
import type { Material } from './materials';
import type { Order } from './model';
import type { Site } from './plant';
import { type Random, between, pick, randomStream, wholeBetween } from './random';
import type { Records } from './records';
import { type Supplier, suppliersOf } from './suppliers';

/** Orders that start within this time must be covered by stock and by lots on their way. */
const COVERED_DAYS = 8;
const LEAD_DAYS = { from: 1, to: 5 };
/** An express lot for a unit that stands still. */
const EXPRESS_HOURS = { from: 2, to: 8 };
const ORDERED_BEYOND_NEED = 1.1;
const LOT_STEP = 1000;
const LARGEST_LOT = 100_000;

/** Raw materials of a site, in tenths of their unit: taken by orders, planned by what orders will need (MRP). */
export class RawStock {
  onReceipt: () => void = () => undefined;
  readonly #site: Site;
  readonly #clock: EventQueue;
  readonly #records: Records;
  readonly #suppliers: readonly Supplier[];
  readonly #seed: number;
  readonly #random: Random;
  readonly #inStock = new Map<Material, number>();
  readonly #onTheirWay = new Map<Material, number>();
  readonly #onExpress = new Set<Material>();

  constructor(site: Site, clock: EventQueue, records: Records, suppliers: readonly Supplier[], seed: number) {
    this.#site = site;
    this.#clock = clock;
    this.#records = records;
    this.#suppliers = suppliers;
    this.#seed = seed;
    this.#random = randomStream(seed, 'receipts', site.profile.siteId);
  }

  /** Whether an order can start. What it lacks is sent for by express, since a unit waits for it. */
  covers(order: Order): boolean {
    let isCovered = true;
    for (const { raw, tenths } of needs(order)) {
      if ((this.#inStock.get(raw) ?? 0) >= tenths) continue;
      isCovered = false;
      if (this.#onExpress.has(raw)) continue;
      this.#onExpress.add(raw);
      this.#expect(raw, tenths, this.#expressArrival());
    }
    return isCovered;
  }

  take(order: Order): void {
    for (const { raw, tenths } of needs(order)) this.#inStock.set(raw, (this.#inStock.get(raw) ?? 0) - tenths);
  }

  /** Fills the stock so that the orders known so far can start. */
  fill(waiting: readonly Order[]): void {
    for (const [raw, tenths] of totalNeeds(waiting)) this.#inStock.set(raw, tenths);
  }

  /** Orders lots for what the orders of the next days lack. */
  review(waiting: readonly Order[], now: Moment): void {
    const due = waiting.filter(({ plan }) => plan.startAt < now + COVERED_DAYS * SECONDS_PER_DAY);
    for (const [raw, needed] of totalNeeds(due)) {
      const missing = needed - (this.#inStock.get(raw) ?? 0) - (this.#onTheirWay.get(raw) ?? 0);
      if (missing > 0) this.#expect(raw, missing, undefined);
    }
  }

  #expect(raw: Material, needed: number, arrivesAt: Moment | undefined): void {
    for (let left = Math.ceil((needed * ORDERED_BEYOND_NEED) / LOT_STEP) * LOT_STEP; left > 0; left -= LARGEST_LOT) {
      const ordered = Math.min(left, LARGEST_LOT);
      const supplier = pick(this.#random, suppliersOf(raw, this.#suppliers, this.#seed));
      this.#onTheirWay.set(raw, (this.#onTheirWay.get(raw) ?? 0) + ordered);
      const at = arrivesAt ?? this.#arrival(supplier);
      this.#clock.schedule(at, (receivedAt) => this.#receive(raw, supplier, ordered, receivedAt));
    }
  }

  #receive(raw: Material, { supplierId, poorLotRate }: Supplier, ordered: number, receivedAt: Moment): void {
    const random = this.#random;
    const received = Math.round(ordered * between(random, 0.98, 1.02));
    const rejected = random() < poorLotRate ? Math.round(received * between(random, 0.02, 0.5)) : 0;
    const number = this.#records.next('receipt');
    this.#records.receipts.push({ number, supplierId, material: raw, receivedAt, received, rejected });
    this.#onTheirWay.set(raw, (this.#onTheirWay.get(raw) ?? 0) - ordered);
    this.#inStock.set(raw, (this.#inStock.get(raw) ?? 0) + received - rejected);
    this.#onExpress.delete(raw);
    this.onReceipt();
  }

  /** Monday to Friday, 6:00 to 16:00 at the site. */
  #arrival({ slowness }: Supplier): Moment {
    const { zone } = this.#site;
    const days = Math.round(between(this.#random, LEAD_DAYS.from, LEAD_DAYS.to) * slowness);
    let day: Day = zone.dayOf(this.#clock.now) + Math.max(1, days);
    while (weekdayOf(day) % 6 === 0) day++;
    return zone.momentOf(day, wholeBetween(this.#random, 6 * SECONDS_PER_HOUR, 16 * SECONDS_PER_HOUR));
  }

  #expressArrival(): Moment {
    const { from, to } = EXPRESS_HOURS;
    return this.#clock.now + wholeBetween(this.#random, from * SECONDS_PER_HOUR, to * SECONDS_PER_HOUR);
  }
}

function needs({ quantity, batch: { material } }: Order): { raw: Material; tenths: number }[] {
  return material.recipe.map(({ raw, tenthsPerItem }) => ({ raw, tenths: tenthsPerItem * quantity }));
}

function totalNeeds(orders: readonly Order[]): Map<Material, number> {
  const total = new Map<Material, number>();
  for (const order of orders.filter(({ type }) => type === 'production')) {
    for (const { raw, tenths } of needs(order)) total.set(raw, (total.get(raw) ?? 0) + tenths);
  }
  return total;
}
