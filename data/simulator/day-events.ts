import type { AppendTable } from './columns';
import type { Defects } from './defects/defects';
import { EventRows } from './event-rows';
import type { DeliveredEvent } from './event-table';
import type { Row } from './row';
import { UnitSensors } from './sensors';
import type { Simulation } from './simulation';
import type { Totals } from './totals';

/** The events of the day that a simulation ran last, as records; each table is to be asked for once a day. */
export class DayEvents {
  readonly #simulation: Simulation;
  readonly #defects: Defects;
  readonly #totals: Totals;
  readonly #rows: EventRows;
  readonly #sensors: UnitSensors[];

  /** @param totals are told of the sensors' readings, which nobody keeps. */
  constructor(
    simulation: Simulation,
    defects: Defects,
    totals: Totals,
    { seed, sensorIntervalS }: { seed: number; sensorIntervalS: number },
  ) {
    this.#simulation = simulation;
    this.#defects = defects;
    this.#totals = totals;
    this.#rows = new EventRows(simulation.zone);
    this.#sensors = simulation.operations.map((operation) => new UnitSensors(operation, sensorIntervalS, seed));
  }

  /** The events of a table, one by one, so that they need not be held. */
  *of(table: AppendTable, delivery: number): Generator<DeliveredEvent> {
    if (table === 'production_counts') {
      for (const report of this.#simulation.records.counts) {
        yield this.#defects.countEvent(report, (shown) => this.#rows.count(shown), delivery);
      }
    } else {
      for (const row of this.#rowsOf(table)) yield this.#defects.event(table, row);
    }
  }

  *#rowsOf(table: Exclude<AppendTable, 'production_counts'>): Generator<Row> {
    const { records } = this.#simulation;
    switch (table) {
      case 'equipment_states':
        yield* this.#states();
        break;
      case 'quality_inspections':
        for (const inspection of records.inspections) yield this.#rows.inspection(inspection);
        break;
      case 'material_receipts':
        for (const receipt of records.receipts) yield this.#rows.receipt(receipt);
        break;
      case 'sensor_readings':
        yield* this.#readings();
        break;
    }
  }

  *#states(): Generator<Row> {
    const { records, operations } = this.#simulation;
    for (const { timeline } of operations) {
      for (const interval of timeline.takeChanged()) {
        interval.number ??= records.next('state');
        yield this.#rows.state(interval);
      }
    }
  }

  *#readings(): Generator<Row> {
    for (const sensors of this.#sensors) {
      for (const reading of sensors.read(this.#simulation.records)) {
        this.#totals.addReading(reading);
        yield this.#rows.reading(reading);
      }
    }
  }
}
