import type { ShiftWindow } from './calendar';
import { type Day, type Moment, SECONDS_PER_HOUR, formatDay } from './days';
import { formatWhole } from './csv';
import type { Material } from './materials';
import type { Batch, MaintenanceOrder, Order } from './model';
import type { Equipment, Site, WorkUnit } from './plant';
import type { Row } from './row';
import { plannedBusyTimeS, shiftId } from './shift-account';
import type { Supplier } from './suppliers';
import type { Zone } from './zones';

/** A shift of a work unit. */
export interface UnitShift {
  workUnit: WorkUnit;
  window: ShiftWindow;
}

/** Standard time of a material on a work unit. */
export interface StandardTime {
  workUnit: WorkUnit;
  material: Material;
}

/**
 * Turns what the system holds at the end of a logical date into rows, with local times of the system. What lies later
 * is not known yet.
 */
export class SnapshotRows {
  readonly #zone: Zone;

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  material(material: Material): Row {
    const { number, materialId, name, type, unit, status, createdAt } = material;
    return this.#row(number, [materialId, name, type, unit, status, this.#zone.format(createdAt)], createdAt);
  }

  batch(batch: Batch): Row {
    const { number, batchId, material, site, startedAt, quantity, status } = batch;
    const madeOn = startedAt === undefined ? undefined : this.#zone.dayOf(startedAt);
    const expiry = madeOn === undefined ? '' : formatDay(madeOn + material.shelfLifeDays);
    const { siteId } = site.profile;
    const cells = [batchId, material.materialId, siteId, dayText(madeOn), expiry, formatWhole(quantity), status];
    return { number, cells };
  }

  order(order: Order): Row {
    const { number, orderId, batch, type, plan, startedAt, endedAt, status, workUnit, quantity } = order;
    const cells = [
      orderId,
      batch.batchId,
      type,
      this.#zone.format(plan.startAt),
      this.#zone.format(plan.endAt),
      this.#known(startedAt),
      this.#known(endedAt),
      status,
      workUnit.workCenterId,
      formatWhole(quantity),
    ];
    return this.#row(number, cells, plan.startAt, plan.endAt, startedAt, endedAt);
  }

  site({ profile }: Site): Row {
    const hours = String(profile.dayStartsAtS / SECONDS_PER_HOUR).padStart(2, '0');
    return { number: 0, cells: [profile.siteId, profile.name, profile.timeZone, `${hours}:00`] };
  }

  equipment({ number, equipmentId, name, level, parentId, siteId, commissionedOn }: Equipment): Row {
    return { number, cells: [equipmentId, name, level, parentId, siteId, commissionedOn] };
  }

  standardTime({ workUnit, material }: StandardTime): Row {
    const seconds = (workUnit.standardTimes.get(material.number) as number).toFixed(1);
    return { number: 0, cells: [workUnit.equipmentId, material.materialId, seconds] };
  }

  shift({ workUnit, window }: UnitShift): Row {
    const { startsAt, endsAt } = window;
    const [starts, ends] = [this.#zone.format(startsAt), this.#zone.format(endsAt)];
    const busy = String(plannedBusyTimeS(window));
    return this.#row(0, [shiftId(workUnit, window), workUnit.equipmentId, starts, ends, busy], startsAt, endsAt);
  }

  /** @param now a maintenance order's later times are left empty. */
  maintenanceOrder(order: MaintenanceOrder, now: Moment): Row {
    const { number, workUnit, type, failureCode, reportedAt } = order;
    const startedAt = order.startedAt < now ? order.startedAt : undefined;
    const completedAt = order.completedAt < now ? order.completedAt : undefined;
    const cells = [
      `MO-${String(number).padStart(5, '0')}`,
      workUnit.equipmentId,
      type,
      failureCode,
      this.#zone.format(reportedAt),
      this.#known(startedAt),
      this.#known(completedAt),
    ];
    return this.#row(number, cells, reportedAt, startedAt, completedAt);
  }

  supplier({ number, supplierId, name, country, status }: Supplier): Row {
    return { number, cells: [supplierId, name, country, status] };
  }

  #known(moment: Moment | undefined): string {
    return moment === undefined ? '' : this.#zone.format(moment);
  }

  #row(number: number, cells: string[], ...moments: (Moment | undefined)[]): Row {
    const isAmbiguous = moments.some((moment) => moment !== undefined && this.#zone.isAmbiguous(moment));
    return { number, cells, isAmbiguous };
  }
}

function dayText(day: Day | undefined): string {
  return day === undefined ? '' : formatDay(day);
}
