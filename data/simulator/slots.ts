import { type Moment, SECONDS_PER_DAY, SECONDS_PER_HOUR } from './days';
import type { Material } from './materials';
import type { Plan } from './model';
import type { WorkUnit } from './plant';
import { type Random, between, pick, randomStream, wholeBetween } from './random';

/** A place in a production unit's schedule, before anyone else knows of the order in it. */
export interface Slot {
  workUnit: WorkUnit;
  material: Material;
  quantity: number;
  plan: Plan;
  /** From then on the order is in the system. */
  plannedAt: Moment;
  cancelledAt: Moment | undefined;
  /** When the plan is moved, and by how many days. */
  moved: { at: Moment; days: number } | undefined;
}

const GRID_S = 900;
/** Share of shift time in which an average unit is expected to produce at standard speed. */
const EXPECTED_EFFICIENCY = 0.83;
const EXPECTED_SETUP_S = 1800;
const LEAD_DAYS = { from: 3, to: 14 };
const RUSH_SHARE = 0.04;
const CANCELLED_SHARE = 0.02;
const MOVED_SHARE = 0.04;
const SAME_MATERIAL_SHARE = 0.2;
/** Free shift time after an order, as a share of its duration: units are planned to about five sixths. */
const SLACK = { from: 0.08, to: 0.3 };

/** The schedule of one production unit, drawn order by order. */
export class Schedule {
  readonly #workUnit: WorkUnit;
  readonly #random: Random;
  #freeAt: Moment;
  #material: Material;

  constructor(workUnit: WorkUnit, seed: number, beginsAt: Moment) {
    this.#workUnit = workUnit;
    this.#random = randomStream(seed, 'schedule', workUnit.equipmentId);
    this.#freeAt = workUnit.calendar.add(beginsAt, GRID_S * wholeBetween(this.#random, 0, 16));
    this.#material = pick(this.#random, workUnit.materials);
  }

  /** The slots that begin before `until` and were not drawn yet. */
  slotsUntil(until: Moment): Slot[] {
    const slots: Slot[] = [];
    while (this.#freeAt < until) slots.push(this.#next());
    return slots;
  }

  #next(): Slot {
    const [random, workUnit] = [this.#random, this.#workUnit];
    if (random() >= SAME_MATERIAL_SHARE) this.#material = pick(random, workUnit.materials);
    const material = this.#material;
    const standardTimeS = workUnit.standardTimes.get(material.number) as number;
    const quantity = Math.max(50, 50 * Math.round((between(random, 5, 14) * SECONDS_PER_HOUR) / standardTimeS / 50));
    const durationS = plannedDurationS(quantity * standardTimeS);
    const startAt = this.#freeAt;
    const plan = { startAt, endAt: workUnit.calendar.add(startAt, durationS) };
    const slackS = GRID_S * Math.round((durationS * between(random, SLACK.from, SLACK.to)) / GRID_S);
    this.#freeAt = workUnit.calendar.add(plan.endAt, slackS);
    const isRush = random() < RUSH_SHARE;
    const leadS = isRush
      ? wholeBetween(random, 2700, 4 * SECONDS_PER_HOUR)
      : wholeBetween(random, LEAD_DAYS.from * SECONDS_PER_DAY, LEAD_DAYS.to * SECONDS_PER_DAY);
    const odds = random();
    const noticeS = wholeBetween(random, 3 * SECONDS_PER_HOUR, 40 * SECONDS_PER_HOUR);
    const isCancelled = !isRush && odds < CANCELLED_SHARE;
    const isMoved = !isRush && !isCancelled && odds < CANCELLED_SHARE + MOVED_SHARE;
    return {
      workUnit,
      material,
      quantity,
      plan,
      plannedAt: startAt - leadS,
      cancelledAt: isCancelled ? startAt - noticeS : undefined,
      moved: isMoved ? { at: startAt - noticeS, days: wholeBetween(random, 1, 3) } : undefined,
    };
  }
}

/** Shift time that is planned for a run of `standardRunS` seconds at standard speed, set-up included. */
export function plannedDurationS(standardRunS: number): number {
  return GRID_S * Math.ceil((standardRunS / EXPECTED_EFFICIENCY + EXPECTED_SETUP_S) / GRID_S);
}
