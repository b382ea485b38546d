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
const IDS_PER_DAY = 100;

/** Where a line or a site has got to while days are simulated one after another. */
interface Progress {
  lineFreeAt: Map<string, LocalTime>;
  toPackage: Map<Day, { batch: Batch; site: Site; random: Random }[]>;
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
    let nextId = day * IDS_PER_DAY;
    for (const site of SITES) {
      for (const { batch, random } of progress.toPackage.get(day) ?? []) {
        if (batch.site === site.site) course.orders.push(packagingOrder(nextId++, day, site, batch, random, progress));
      }
      for (const lineId of site.productionLines) {
        for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
          const random = randomStream(seed, 'order', day, lineId, slot);
          const order = productionOrder(nextId++, day, slot, site.site, lineId, pick(random, made), random, progress);
          course.batches.push(order.batch);
          course.orders.push(order);
          schedulePackaging(order.batch, day, site, random, progress);
        }
      }
    }
  }
  return course;
}

function productionOrder(
  id: number,
  day: Day,
  slot: number,
  site: string,
  lineId: string,
  material: Material,
  random: Random,
  progress: Progress,
): Order {
  const startAt = startOf(day) + FIRST_SLOT_STARTS_AT + slot * SLOT_MINUTES;
  const plan = { startAt, endAt: startAt + 30 * Math.round(between(random, 10, 15)) };
  const plannedAt = planningTime(day, plan, random);
  const quantity = 50 * Math.round(between(random, 8, 60));
  const isCancelled = random() < 0.02;
  const isMoved = !isCancelled && random() < 0.04;
  const newPlan = isMoved ? moved(plan, random) : undefined;
  const run = isCancelled
    ? undefined
    : newPlan === undefined
      ? runOnLine(lineId, plan, plan.startAt, random, progress)
      : runAside(newPlan, random);
  const batch: Batch = {
    batchId: `B-${id}`,
    material,
    site,
    plannedQuantity: quantity,
    madeQuantity: Math.round(quantity * between(random, 0.94, 1.01) * 10) / 10,
    plannedAt,
    startedAt: run?.startedAt,
    endedAt: run?.endedAt,
    inspectedAt: run === undefined ? undefined : run.endedAt + between(random, 12, 60) * MINUTES_PER_HOUR,
    passes: random() < 0.97,
  };
  return {
    orderId: `PO-${id}`,
    batch,
    type: 'production',
    lineId,
    quantity,
    plannedAt,
    plan,
    newPlan,
    releasedAt: Math.max(plannedAt, plan.startAt - 24 * MINUTES_PER_HOUR),
    cancelledAt: isCancelled ? plan.startAt - 3 * MINUTES_PER_HOUR : undefined,
    startedAt: run?.startedAt,
    endedAt: run?.endedAt,
  };
}

/** A quarter of the batches is packaged in an order of its own, two days later. */
function schedulePackaging(batch: Batch, day: Day, site: Site, random: Random, { toPackage }: Progress): void {
  if (batch.endedAt === undefined || batch.material.type !== 'finished' || random() > 0.4) return;
  const packagingDay = isSunday(day + 2) ? day + 3 : day + 2;
  toPackage.set(packagingDay, [...(toPackage.get(packagingDay) ?? []), { batch, site, random }]);
}

function packagingOrder(
  id: number,
  day: Day,
  site: Site,
  batch: Batch,
  random: Random,
  progress: Progress,
): Order {
  const startAt = startOf(day) + FIRST_SLOT_STARTS_AT + 30 * Math.floor(between(random, 0, 16));
  const plan = { startAt, endAt: startAt + 30 * Math.round(between(random, 3, 7)) };
  const plannedAt = Math.max(batch.plannedAt, planningTime(day, plan, random));
  const run = runOnLine(site.packagingLine, plan, batch.endedAt ?? plan.startAt, random, progress);
  return {
    orderId: `PO-${id}`,
    batch,
    type: 'packaging',
    lineId: site.packagingLine,
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
function planningTime(day: Day, plan: Plan, random: Random): LocalTime {
  if (random() < 0.03) return plan.startAt - 30;
  return startOf(day - Math.floor(between(random, 7, HORIZON_DAYS))) + 18 * MINUTES_PER_HOUR;
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
  const run = runAside(plan, random, Math.max(readyAt, lineFreeAt.get(lineId) ?? -Infinity), paceOf(lineId));
  lineFreeAt.set(lineId, run.endedAt);
  return run;
}

/** Runs a plan on spare capacity: a moved order does not hold up its line. */
function runAside(
  plan: Plan,
  random: Random,
  readyAt = -Infinity,
  pace = 1,
): { startedAt: LocalTime; endedAt: LocalTime } {
  const hasTrouble = random() < 0.12;
  const late = hasTrouble ? between(random, 30, 240) : between(random, -15, 25);
  const startedAt = Math.round(Math.max(readyAt, plan.startAt + late));
  const endedAt = startedAt + Math.round((plan.endAt - plan.startAt) * pace * between(random, 0.82, 1.08));
  return { startedAt, endedAt };
}

/** The third line of each site is the oldest one: a tenth slower than planned. */
function paceOf(lineId: string): number {
  return lineId.endsWith('-L3') ? 1.1 : 1;
}
