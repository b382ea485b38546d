import path from 'node:path';
import type { Table } from './columns';
import { type Moment, SECONDS_PER_DAY } from './days';
import type { Defects } from './defects/defects';
import type { Material } from './materials';
import type { Batch, MaintenanceOrder, Order } from './model';
import type { Equipment, Site } from './plant';
import type { Row } from './row';
import type { Simulation } from './simulation';
import { SnapshotRows, type StandardTime, type UnitShift } from './snapshot-rows';
import { type SnapshotSource, SnapshotTable } from './snapshot-table';
import type { Supplier } from './suppliers';

/** Shifts that begin within this time after a logical date are known by its end. */
const SHIFTS_KNOWN_DAYS = 7;

/** A snapshot table as far as writing it goes. */
type WritableTable = Pick<SnapshotTable<unknown>, 'settle' | 'write'>;

/** The tables of a simulation that each delivery holds whole. */
export class SnapshotTables {
  readonly #simulation: Simulation;
  readonly #defects: Defects;
  /** Folder for the records that can no longer change. */
  readonly #spoolFolder: string;
  readonly #tables = new Map<Table, WritableTable>();
  readonly #materials: SnapshotTable<Material>;
  readonly #batches: SnapshotTable<Batch>;
  readonly #orders: SnapshotTable<Order>;
  readonly #maintenanceOrders: SnapshotTable<MaintenanceOrder>;
  readonly #shifts: SnapshotTable<UnitShift>;
  #shiftsKnownTo: Moment;

  constructor(simulation: Simulation, defects: Defects, spoolFolder: string) {
    this.#simulation = simulation;
    this.#defects = defects;
    this.#spoolFolder = spoolFolder;
    this.#shiftsKnownTo = simulation.beginsAt;
    const rows = new SnapshotRows(simulation.zone);
    this.#materials = this.#constantTable('materials', (material) => rows.material(material));
    this.#shifts = this.#constantTable('shifts', (shift) => rows.shift(shift));
    this.#batches = this.#table('batches', {
      records: (batch) => defects.records('batches', rows.batch(batch)),
      isClosed: ({ status }) => status === 'released' || status === 'rejected' || status === 'cancelled',
    });
    this.#orders = this.#table('production_orders', {
      records: (order, delivery) => defects.orderRecords(rows.order(order), order, delivery),
      isClosed: (order, delivery) =>
        order.status === 'cancelled' || (order.status === 'completed' && defects.isOrderSettled(order, delivery)),
    });
    this.#maintenanceOrders = this.#table('maintenance_orders', {
      records: (order) => defects.records('maintenance_orders', rows.maintenanceOrder(order, simulation.now)),
      isClosed: ({ completedAt }) => completedAt < simulation.now,
    });
    this.#constantTable('sites', (site: Site) => rows.site(site)).add(simulation.sites);
    this.#constantTable('suppliers', (supplier: Supplier) => rows.supplier(supplier)).add(simulation.suppliers);
    const equipment = this.#constantTable('equipment', (element: Equipment) => rows.equipment(element));
    const standardTimes = this.#constantTable('standard_times', (time: StandardTime) => rows.standardTime(time));
    for (const site of simulation.sites) {
      equipment.add(site.equipment);
      for (const workUnit of site.workUnits) {
        standardTimes.add(workUnit.materials.map((material) => ({ workUnit, material })));
      }
    }
  }

  /** @returns undefined for an append table. */
  get(table: Table): WritableTable | undefined {
    return this.#tables.get(table);
  }

  /** Takes over what the simulation put on record on the day that it ran last. */
  addDay(): void {
    const { records, operations, now } = this.#simulation;
    this.#materials.add(records.newMaterials);
    this.#batches.add(records.newBatches);
    this.#orders.add(records.newOrders);
    this.#maintenanceOrders.add(records.newMaintenanceOrders);
    const knownTo = now + SHIFTS_KNOWN_DAYS * SECONDS_PER_DAY;
    for (const { workUnit } of operations) {
      const windows = workUnit.calendar.between(this.#shiftsKnownTo, knownTo);
      this.#shifts.add(windows.map((window) => ({ workUnit, window })));
    }
    this.#shiftsKnownTo = knownTo;
  }

  #table<T>(table: Table, source: SnapshotSource<T>): SnapshotTable<T> {
    const created = new SnapshotTable(path.join(this.#spoolFolder, `${table}.csv`), source);
    this.#tables.set(table, created);
    return created;
  }

  /** A table whose rows never change. */
  #constantTable<T>(table: Table, row: (thing: T) => Row): SnapshotTable<T> {
    return this.#table(table, {
      records: (thing) => this.#defects.records(table, row(thing)),
      isClosed: () => true,
    });
  }
}
