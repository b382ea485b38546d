import { type Day, type LocalTime, MINUTES_PER_HOUR, dayOf, isSunday, startOf } from './local-time';
import { type Material, SITES, type Site, madeMaterials } from './plant';
import { type Random, between, pick, randomStream } from './random';

/** What really happens to a batch. */
export interface Batch {
  batchId: string;
  material: Material;
  site: string;
  plannedQuantity: number;
  /** What came out, in the material's unit. */
  madeQuantity: number;
  /** The batch exists in the system from here on. */
  plannedAt: LocalTime;
  cancelledAt: LocalTime | undefined;
  /** Undefined for a batch that was cancelled before it began. */
  startedAt: LocalTime | undefined;
  endedAt: LocalTime | undefined;
  inspectedAt: LocalTime | undefined;
  passes: boolean;
}

export interface Plan {
  startAt: LocalTime;
  endAt: LocalTime;
}

/** What really happens to a production order; a delivery shows as much of it as has happened. */
export interface Order {
  orderId: string;
  batch: Batch;
  type: 'production' | 'packaging';
  lineId: string;
  quantity: number;
  plannedAt: LocalTime;
  plan: Plan;
  /** A later plan, and when it was made. */
  newPlan: (Plan & { madeAt: LocalTime }) | undefined;
  releasedAt: LocalTime;
  cancelledAt: LocalTime | undefined;
  startedAt: LocalTime | undefined;
  endedAt: LocalTime | undefined;
}

/** Everything that ever happens at the plant, whatever anyone knows of it yet. */
export interface Course {
  batches: Batch[];
  orders: Order[];
}

/** Days before the first delivery whose orders it already shows. */
const PAST_DAYS = 12;
/** Orders are planned this far ahead, at most. */
const HORIZON_DAYS = 14;
const SLOTS_PER_DAY = 3;
const FIRST_SLOT_STARTS_AT = 6 * MINUTES_PER_HOUR;
const SLOT_MINUTES = 8 * MINUTES_PER_HOUR;
const PACKAGING_SLOT_MINUTES = 4 * MINUTES_PER_HOUR;
const IDS_PER_DAY = 100;

/** Where a line or a site has got to while days are simulated one after another. */
interface Progress {
  lineFreeAt: Map<string, LocalTime>;
  toPackage: Map<Day, { batch: Batch; random: Random }[]>;
}

/** A place in the plan that an order can take. */
interface Slot {
  id: number;
  site: string;
  lineId: string;
  startAt: LocalTime;
}

/**
 * Plans and runs the plant from before the first delivery to the planning horizon after the last one.
 *
 * Lines work their orders off one after another, so that a delay is passed on to the orders behind it; some lines are
 * slower than others. No production on Sundays.
 */
export function simulateCourse(seed: number, firstDay: Day, days: number): Course {
  const made = madeMaterials(seed, firstDay);
  const progress: Progress = { lineFreeAt: new Map(), toPackage: new Map() };
  const course: Course = { batches: [], orders: [] };
  for (let day = firstDay - PAST_DAYS; day < firstDay + days + HORIZON_DAYS; day++) {
    if (isSunday(day)) continue;
    let id = day * IDS_PER_DAY;
    for (const site of SITES) {
      for (const slot of packagingSlots(day, site, progress)) {
        course.orders.push(packagingOrder({ ...slot, id: id++ }, slot.batch, slot.random, progress));
      }
      for (const lineId of site.productionLines) {
        for (let n = 0; n < SLOTS_PER_DAY; n++) {
          const startAt = startOf(day) + FIRST_SLOT_STARTS_AT + n * SLOT_MINUTES;
          const random = randomStream(seed, 'order', day, lineId, n);
          const slot = { id: id++, site: site.site, lineId, startAt };
          const order = productionOrder(slot, pick(random, made), random, progress);
          course.batches.push(order.batch);
          course.orders.push(order);
          schedulePackaging(order.batch, day, random, progress);
        }
      }
    }
  }
  return course;
}

function productionOrder(slot: Slot, material: Material, random: Random, progress: Progress): Order {
  const plan = { startAt: slot.startAt, endAt: slot.startAt + 30 * Math.round(between(random, 10, 15)) };
  const plannedAt = planningTime(plan, random);
  const quantity = 50 * Math.round(between(random, 8, 60));
  const isCancelled = random() < 0.02;
  const isMoved = !isCancelled && random() < 0.04;
  const newPlan = isMoved ? moved(plan, random) : undefined;
  const run = isCancelled
    ? undefined
    : newPlan === undefined
      ? runOnLine(slot.lineId, plan, plan.startAt, random, progress)
      : carryOut(newPlan, random);
  const cancelledAt = isCancelled ? plan.startAt - 3 * MINUTES_PER_HOUR : undefined;
  const batch: Batch = {
    batchId: `B-${slot.id}`,
    material,
    site: slot.site,
    plannedQuantity: quantity,
    madeQuantity: Math.round(quantity * between(random, 0.94, 1.01) * 10) / 10,
    plannedAt,
    cancelledAt,
    startedAt: run?.startedAt,
    endedAt: run?.endedAt,
    inspectedAt: run === undefined ? undefined : run.endedAt + between(random, 12, 60) * MINUTES_PER_HOUR,
    passes: random() < 0.97,
  };
  return {
    orderId: `PO-${slot.id}`,
    batch,
    type: 'production',
    lineId: slot.lineId,
    quantity,
    plannedAt,
    plan,
    newPlan,
    releasedAt: Math.max(plannedAt, plan.startAt - 24 * MINUTES_PER_HOUR),
    cancelledAt,
    startedAt: run?.startedAt,
    endedAt: run?.endedAt,
  };
}

/** Two of five batches of finished goods are packaged in an order of their own, two days later. */
function schedulePackaging(batch: Batch, day: Day, random: Random, { toPackage }: Progress): void {
  if (batch.endedAt === undefined || batch.material.type !== 'finished' || random() > 0.4) return;
  const packagingDay = isSunday(day + 2) ? day + 3 : day + 2;
  toPackage.set(packagingDay, [...(toPackage.get(packagingDay) ?? []), { batch, random }]);
}

function packagingSlots(day: Day, { site, packagingLine }: Site, { toPackage }: Progress) {
  return (toPackage.get(day) ?? [])
    .filter(({ batch }) => batch.site === site)
    .map((due, n) => ({
      ...due,
      site,
      lineId: packagingLine,
      startAt: startOf(day) + FIRST_SLOT_STARTS_AT + n * PACKAGING_SLOT_MINUTES,
    }));
}

function packagingOrder(slot: Slot, batch: Batch, random: Random, progress: Progress): Order {
  const plan = { startAt: slot.startAt, endAt: slot.startAt + 30 * Math.round(between(random, 3, 7)) };
  const plannedAt = Math.max(batch.plannedAt, planningTime(plan, random));
  const run = runOnLine(slot.lineId, plan, batch.endedAt ?? plan.startAt, random, progress);
  return {
    orderId: `PO-${slot.id}`,
    batch,
    type: 'packaging',
    lineId: slot.lineId,
    quantity: batch.plannedQuantity,
    plannedAt,
    plan,
    newPlan: undefined,
    releasedAt: Math.max(plannedAt, plan.startAt - 12 * MINUTES_PER_HOUR),
    cancelledAt: undefined,
    ...run,
  };
}

/** Most orders are planned a week or two ahead, in the evening; a few are rush orders of the same morning. */
function planningTime(plan: Plan, random: Random): LocalTime {
  if (random() < 0.03) return plan.startAt - 30;
  return startOf(dayOf(plan.startAt) - Math.floor(between(random, 7, HORIZON_DAYS))) + 18 * MINUTES_PER_HOUR;
}

/** Some plans are moved by a day or two, on the day before they were to begin. */
function moved(plan: Plan, random: Random): Plan & { madeAt: LocalTime } {
  const by = pick(random, [24, 48]) * MINUTES_PER_HOUR;
  const madeAt = startOf(dayOf(plan.startAt) - 1) + 15 * MINUTES_PER_HOUR;
  return { startAt: plan.startAt + by, endAt: plan.endAt + by, madeAt };
}

/** Runs a plan on its line, which must be free, once its input is `readyAt`. */
function runOnLine(
  lineId: string,
  plan: Plan,
  readyAt: LocalTime,
  random: Random,
  { lineFreeAt }: Progress,
): { startedAt: LocalTime; endedAt: LocalTime } {
  const run = carryOut(plan, random, Math.max(readyAt, lineFreeAt.get(lineId) ?? -Infinity), paceOf(lineId));
  lineFreeAt.set(lineId, run.endedAt);
  return run;
}

/** What becomes of a plan; by itself it runs on spare capacity, as a moved order does, which does not hold up its line. */
function carryOut(
  plan: Plan,
  random: Random,
  readyAt = -Infinity,
  pace = 1,
): { startedAt: LocalTime; endedAt: LocalTime } {
  const hasTrouble = random() < 0.12;
  const late = hasTrouble ? between(random, 30, 240) : between(random, -15, 25);
  const startedAt = Math.round(Math.max(readyAt, plan.startAt + late));
  const endedAt = startedAt + Math.round((plan.endAt - plan.startAt) * pace * between(random, 0.8, 1.05));
  return { startedAt, endedAt };
}

/** The third line of each site is the oldest one: a tenth slower than planned. */
function paceOf(lineId: string): number {
  return lineId.endsWith('-L3') ? 1.1 : 1;
}
