import { type Moment, SECONDS_PER_DAY, SECONDS_PER_HOUR } from './days';
import type { EventQueue } from './event-queue';
import type { Batch, Order } from './model';
import type { WorkUnit } from './plant';
import { type Random, randomStream, wholeBetween } from './random';
import type { Records } from './records';
import { Reservations } from './reservations';
import type { FloorUnit, SiteFloor } from './site-floor';
import { Schedule, type Slot, plannedDurationS } from './slots';

const HORIZON_DAYS = 15;
const RELEASED_AHEAD_S = SECONDS_PER_DAY;
/** A batch is planned to be packaged this many hours after its planned end: it is inspected first. */
const PACKAGED_AFTER_HOURS = { from: 8, to: 16 };
/** An order that waits longer than this past its planned start is planned anew, or given up if very many do. */
const OVERDUE_S = 20 * SECONDS_PER_HOUR;
const MOST_OVERDUE = 6;

/** Plans the orders of a site: two weeks ahead, moved and cancelled as things turn out. */
export class Planner {
  readonly #floor: SiteFloor;
  readonly #clock: EventQueue;
  readonly #records: Records;
  readonly #random: Random;
  readonly #schedules: Schedule[];
  readonly #reservations: Reservations;
  readonly #units: Map<WorkUnit, FloorUnit>;

  constructor(floor: SiteFloor, records: Records, seed: number) {
    const { site, clock } = floor;
    this.#floor = floor;
    this.#clock = clock;
    this.#records = records;
    this.#random = randomStream(seed, 'planner', site.profile.siteId);
    const production = site.workUnits.filter(({ kind }) => kind === 'production');
    this.#schedules = production.map((workUnit) => new Schedule(workUnit, seed, clock.now));
    this.#reservations = new Reservations(site.workUnits.filter(({ kind }) => kind === 'packaging'));
    this.#units = new Map(floor.units.map((unit) => [unit.workUnit, unit]));
  }

  /** The first day: the stock covers what is known of it, and of the days after it. */
  begin(): void {
    this.#planNew(this.#clock.now);
    this.#floor.stock.fill(this.waiting());
  }

  /** The planner's work of a day: new orders in time, overdue ones anew, raw materials for both. */
  planDay(now: Moment): void {
    this.#planNew(now);
    for (const unit of this.#floor.units) this.#replanOverdue(unit, now);
    this.#reservations.forgetBefore(now);
    this.#floor.stock.review(this.waiting(), now);
  }

  /** Orders that have not started. */
  waiting(): Order[] {
    return this.#floor.units.flatMap(({ queue }) => queue);
  }

  #planNew(now: Moment): void {
    for (const schedule of this.#schedules) {
      for (const slot of schedule.slotsUntil(now + HORIZON_DAYS * SECONDS_PER_DAY)) {
        if (slot.plannedAt <= now) this.#plan(slot);
        else this.#clock.schedule(slot.plannedAt, () => this.#plan(slot));
      }
    }
  }

  #plan(slot: Slot): void {
    const number = this.#records.next('batch');
    const { material, quantity, workUnit, plan } = slot;
    const batch: Batch = {
      number,
      batchId: `B-${String(number).padStart(6, '0')}`,
      material,
      site: this.#floor.site,
      quantity,
      status: 'planned',
      startedAt: undefined,
      packagingOrder: undefined,
    };
    this.#records.newBatches.push(batch);
    const order = this.#add({ batch, type: 'production', workUnit, plan });
    if (material.type === 'finished') {
      batch.packagingOrder = this.#add({ batch, type: 'packaging', ...this.#placeForPackaging(order) });
      this.#reservations.reserve(batch.packagingOrder);
    }
    if (slot.cancelledAt !== undefined) this.#clock.schedule(slot.cancelledAt, () => this.#cancel(order));
    const { moved } = slot;
    if (moved !== undefined) {
      this.#clock.schedule(moved.at, (at) => {
        this.#moveTo(order, Math.max(at, order.plan.startAt) + moved.days * SECONDS_PER_DAY);
      });
    }
  }

  #add(order: Pick<Order, 'batch' | 'type' | 'workUnit' | 'plan'>): Order {
    const number = this.#records.next('order');
    const added: Order = {
      ...order,
      number,
      orderId: `PO-${String(number).padStart(6, '0')}`,
      quantity: order.batch.quantity,
      status: 'planned',
      startedAt: undefined,
      endedAt: undefined,
    };
    this.#records.newOrders.push(added);
    this.#clock.schedule(order.plan.startAt - RELEASED_AHEAD_S, () => this.#release(added));
    this.#units.get(order.workUnit)?.enqueue(added);
    return added;
  }

  #release(order: Order): void {
    if (order.status === 'planned') order.status = 'released';
  }

  #placeForPackaging({ batch, plan }: Order) {
    const { from, to } = PACKAGED_AFTER_HOURS;
    const readyAt = plan.endAt + SECONDS_PER_HOUR * wholeBetween(this.#random, from, to);
    return this.#reservations.find(readyAt, ({ standardTimes }) =>
      plannedDurationS(batch.quantity * (standardTimes.get(batch.material.number) as number)),
    );
  }

  #cancel(order: Order): void {
    if (!isWaiting(order)) return;
    this.#floor.cancel(order);
    this.#reservations.release(order.batch.packagingOrder ?? order);
  }

  /** Gives an order that has not started a new plan; its packaging follows. */
  #moveTo(order: Order, from: Moment): void {
    if (!isWaiting(order)) return;
    const { workUnit, batch } = order;
    const runS = order.quantity * (workUnit.standardTimes.get(batch.material.number) as number);
    const startAt = workUnit.calendar.add(from, 0);
    order.plan = { startAt, endAt: workUnit.calendar.add(startAt, plannedDurationS(runS)) };
    this.#units.get(workUnit)?.enqueue(order);
    const { packagingOrder } = batch;
    if (order.type === 'packaging' || packagingOrder === undefined) return;
    if (packagingOrder.plan.startAt < order.plan.endAt + PACKAGED_AFTER_HOURS.from * SECONDS_PER_HOUR) {
      this.#packageLater(packagingOrder, order);
    }
  }

  #packageLater(packagingOrder: Order, after: Order): void {
    if (!isWaiting(packagingOrder)) return;
    this.#reservations.release(packagingOrder);
    this.#units.get(packagingOrder.workUnit)?.forget(packagingOrder);
    Object.assign(packagingOrder, this.#placeForPackaging(after));
    this.#reservations.reserve(packagingOrder);
    this.#units.get(packagingOrder.workUnit)?.enqueue(packagingOrder);
  }

  /** Puts what waits too long one after another from now on; the oldest is given up when there is too much of it. */
  #replanOverdue({ queue, workUnit }: FloorUnit, now: Moment): void {
    const overdue = queue.filter(({ plan }) => plan.startAt < now - OVERDUE_S);
    if (overdue.length > MOST_OVERDUE) this.#cancel(overdue.shift() as Order);
    let freeAt = workUnit.calendar.add(now, 2 * SECONDS_PER_HOUR);
    for (const order of overdue) {
      this.#moveTo(order, freeAt);
      freeAt = order.plan.endAt;
    }
  }
}

/** Whether an order could still be moved or cancelled. */
function isWaiting({ status }: Order): boolean {
  return status === 'planned' || status === 'released';
}
