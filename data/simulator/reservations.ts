import type { Moment } from './days';
import type { Order, Plan } from './model';
import type { WorkUnit } from './plant';

/** The planned times of the packaging units of a site: each order gets the first free place, whichever unit has it. */
export class Reservations {
  readonly #plans: Map<WorkUnit, { order: Order; plan: Plan }[]>;

  constructor(workUnits: readonly WorkUnit[]) {
    this.#plans = new Map(workUnits.map((workUnit) => [workUnit, []]));
  }

  /**
   * The earliest free place at `readyAt` or later.
   *
   * @param durationS shift time that it takes on a unit.
   */
  find(readyAt: Moment, durationS: (workUnit: WorkUnit) => number): { workUnit: WorkUnit; plan: Plan } {
    let best: { workUnit: WorkUnit; plan: Plan } | undefined;
    for (const [workUnit, taken] of this.#plans) {
      const plan = firstFree(workUnit, taken, readyAt, durationS(workUnit));
      if (best === undefined || plan.endAt < best.plan.endAt) best = { workUnit, plan };
    }
    return best as { workUnit: WorkUnit; plan: Plan };
  }

  reserve(order: Order): void {
    const taken = this.#plans.get(order.workUnit);
    taken?.push({ order, plan: order.plan });
    taken?.sort((a, b) => a.plan.startAt - b.plan.startAt);
  }

  release(order: Order): void {
    const taken = this.#plans.get(order.workUnit) ?? [];
    const index = taken.findIndex((reservation) => reservation.order === order);
    if (index >= 0) taken.splice(index, 1);
  }

  forgetBefore(moment: Moment): void {
    for (const [workUnit, taken] of this.#plans) {
      this.#plans.set(
        workUnit,
        taken.filter(({ plan }) => plan.endAt > moment),
      );
    }
  }
}

function firstFree(workUnit: WorkUnit, taken: readonly { plan: Plan }[], readyAt: Moment, durationS: number): Plan {
  let startAt = workUnit.calendar.add(readyAt, 0);
  let endAt = workUnit.calendar.add(startAt, durationS);
  for (const { plan } of taken) {
    if (plan.endAt <= startAt) continue;
    if (plan.startAt >= endAt) break;
    startAt = workUnit.calendar.add(plan.endAt, 0);
    endAt = workUnit.calendar.add(startAt, durationS);
  }
  return { startAt, endAt };
}
