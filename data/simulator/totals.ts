import { formatTenths } from './csv';
import type { Moment } from './days';
import type { Batch, Inspection, MaintenanceOrder, Order, Receipt } from './model';
import type { Site } from './plant';
import type { Records } from './records';
import type { Reading } from './sensors';
import type { ShiftAccount } from './shift-account';

/** Counts and sums by name. */
type Counts = Record<string, number>;

/** A group of exact sums of thousandths. */
interface Sums {
  count: number;
  failed: number;
  sum: bigint;
  sumOfSquares: bigint;
}

const THOUSAND = 1000n;

const ORDER_COUNTS = ['completed', 'completed_on_time', 'completed_late', 'cancelled'];
const BATCH_COUNTS = ['released', 'rejected'];
const MAINTENANCE_COUNTS = ['corrective_s', 'preventive_s'];
const FAILURE_COUNTS = [
  'failures',
  'repaired_failures',
  'repair_s',
  'time_between_failures_s',
  'time_between_failures_count',
  'time_to_failure_s',
  'time_to_failure_count',
];

/**
 * Sums over the simulated history up to the end of the last day that was added, for those who want to check figures
 * computed from the export. Exact: seconds, tenths and thousandths are whole numbers until they are shown.
 */
export class Totals {
  readonly #orders = new Groups();
  readonly #batches = new Groups();
  readonly #failures = new Groups();
  readonly #downtime = new Groups();
  readonly #maintenance = new Groups();
  readonly #receipts = new Groups();
  readonly #inspections = new Map<string, Sums>();
  readonly #sensors = new Map<string, { readings: number; sum: number }>();
  #openOrders: Order[] = [];
  #openBatches: Batch[] = [];
  #openMaintenance: MaintenanceOrder[] = [];
  readonly #lastFailure = new Map<string, MaintenanceOrder>();

  /** All sites and work units are told of, whether anything happens there or not. */
  constructor(sites: readonly Site[]) {
    for (const { profile, workUnits } of sites) {
      this.#orders.of(profile.siteId, ORDER_COUNTS);
      this.#batches.of(profile.siteId, BATCH_COUNTS);
      for (const { equipmentId } of workUnits) {
        this.#failures.of(equipmentId, FAILURE_COUNTS);
        this.#maintenance.of(equipmentId, MAINTENANCE_COUNTS);
      }
    }
  }

  /** Adds what a day put on record. @param now its end. */
  addDay(records: Records, now: Moment): void {
    this.#openOrders = [...this.#openOrders, ...records.newOrders].filter((order) => !this.#closeOrder(order));
    this.#openBatches = [...this.#openBatches, ...records.newBatches].filter((batch) => !this.#closeBatch(batch));
    for (const order of records.newMaintenanceOrders) if (order.type === 'corrective') this.#addFailure(order);
    const open = [...this.#openMaintenance, ...records.newMaintenanceOrders];
    this.#openMaintenance = open.filter(({ completedAt }) => completedAt >= now);
    for (const order of open) if (order.completedAt < now) this.#addRepair(order);
    for (const account of records.endedShifts) this.#addShift(account);
    for (const receipt of records.receipts) this.#addReceipt(receipt);
    for (const inspection of records.inspections) this.#addInspection(inspection);
  }

  addReading({ workUnit, sensor, value }: Reading): void {
    const key = `${workUnit.equipmentId}/${sensor}`;
    const total = this.#sensors.get(key);
    if (total === undefined) {
      this.#sensors.set(key, { readings: 1, sum: value });
    } else {
      total.readings += 1;
      total.sum += value;
    }
  }

  /** As nested objects: totals by name, site or unit, material or supplier. */
  toJson(): Record<string, object> {
    const tenths = (counts: Counts) => ({
      lots: counts['lots'],
      received_quantity: formatTenths(counts['received'] ?? 0),
      rejected_quantity: formatTenths(counts['rejected'] ?? 0),
    });
    const inspections = [...this.#inspections].map(([key, { count, failed, sum, sumOfSquares }]): [string, object] => [
      key,
      { inspections: count, failed, sum: decimal(sum, 3), sum_of_squares: decimal(sumOfSquares, 6) },
    ]);
    const sensors = [...this.#sensors].map(([key, { readings, sum }]): [string, object] => [
      key,
      { readings, sum: decimal(BigInt(sum), 3) },
    ]);
    return {
      orders: this.#orders.toJson(),
      failures: this.#failures.toJson(),
      downtime: this.#downtime.toJson(),
      maintenance: this.#maintenance.toJson(),
      receipts: this.#receipts.toJson(tenths),
      inspections: nested(inspections),
      sensors: nested(sensors),
      batches: this.#batches.toJson(),
    };
  }

  #closeOrder({ status, workUnit, endedAt, plan }: Order): boolean {
    const total = this.#orders.of(workUnit.siteId, ORDER_COUNTS);
    if (status === 'cancelled') total.add('cancelled');
    if (status === 'completed') {
      total.add('completed');
      total.add((endedAt as Moment) <= plan.endAt ? 'completed_on_time' : 'completed_late');
    }
    return status === 'completed' || status === 'cancelled';
  }

  #closeBatch({ status, site }: Batch): boolean {
    const total = this.#batches.of(site.profile.siteId, BATCH_COUNTS);
    if (status === 'released' || status === 'rejected') total.add(status);
    return status === 'released' || status === 'rejected' || status === 'cancelled';
  }

  #addFailure(failure: MaintenanceOrder): void {
    const { equipmentId } = failure.workUnit;
    const total = this.#failures.of(equipmentId, FAILURE_COUNTS);
    total.add('failures');
    const last = this.#lastFailure.get(equipmentId);
    this.#lastFailure.set(equipmentId, failure);
    if (last === undefined) return;
    total.add('time_between_failures_s', failure.reportedAt - last.reportedAt);
    total.add('time_between_failures_count');
    total.add('time_to_failure_s', failure.reportedAt - last.completedAt);
    total.add('time_to_failure_count');
  }

  #addRepair({ workUnit, type, reportedAt, startedAt, completedAt }: MaintenanceOrder): void {
    const { equipmentId } = workUnit;
    const durations = this.#maintenance.of(equipmentId, MAINTENANCE_COUNTS);
    durations.add(`${type}_s`, completedAt - startedAt);
    if (type === 'preventive') return;
    const total = this.#failures.of(equipmentId, FAILURE_COUNTS);
    total.add('repaired_failures');
    total.add('repair_s', completedAt - reportedAt);
  }

  #addShift({ workUnit, stops }: ShiftAccount): void {
    for (const [interval, seconds] of stops) {
      const total = this.#downtime.of(`${workUnit.equipmentId}/${interval.reason}`, ['occurrences', 'seconds']);
      if (!interval.isCounted) total.add('occurrences');
      interval.isCounted = true;
      total.add('seconds', seconds);
    }
  }

  #addReceipt({ supplierId, material, received, rejected }: Receipt): void {
    const total = this.#receipts.of(`${supplierId}/${material.materialId}`, ['lots', 'received', 'rejected']);
    total.add('lots');
    total.add('received', received);
    total.add('rejected', rejected);
  }

  #addInspection({ batch, characteristic, value, passes }: Inspection): void {
    const key = `${batch.material.materialId}/${characteristic}`;
    const sums = this.#inspections.get(key) ?? { count: 0, failed: 0, sum: 0n, sumOfSquares: 0n };
    this.#inspections.set(key, sums);
    sums.count += 1;
    if (!passes) sums.failed += 1;
    sums.sum += BigInt(value);
    sums.sumOfSquares += BigInt(value) * BigInt(value);
  }
}

/** Counts and sums by a key. */
class Groups {
  readonly #groups = new Map<string, Counts>();

  /** The group of a key, all its names present from the beginning. */
  of(key: string, names: readonly string[]): { add: (name: string, by?: number) => void } {
    const counts = this.#groups.get(key) ?? Object.fromEntries(names.map((name) => [name, 0]));
    this.#groups.set(key, counts);
    return { add: (name, by = 1) => (counts[name] = (counts[name] ?? 0) + by) };
  }

  toJson(show: (counts: Counts) => object = (counts) => counts): object {
    return nested([...this.#groups].map(([key, counts]) => [key, show(counts)]));
  }
}

/** Objects by their keys, those of two parts ('a/b') one inside the other. */
function nested(entries: readonly [string, object][]): object {
  const result: Record<string, object> = {};
  for (const [key, value] of entries) {
    const [outer, inner] = key.split('/') as [string, string | undefined];
    if (inner === undefined) result[outer] = value;
    else result[outer] = { ...result[outer], [inner]: value };
  }
  return result;
}

/** An exact decimal of a whole number of tenths, hundredths …; no negative ones. */
function decimal(units: bigint, digits: 3 | 6): string {
  const scale = digits === 3 ? THOUSAND : THOUSAND * THOUSAND;
  return `${units / scale}.${String(units % scale).padStart(digits, '0')}`;
}
