import { formatTenths, formatThousandths, formatWhole } from './csv';
import type { Moment } from './days';
import type { CountReport, Inspection, Receipt, StateInterval } from './model';
import type { Row } from './row';
import type { Reading } from './sensors';
import type { Zone } from './zones';

/** Turns events into rows, with the system's wall clock and its offset. */
export class EventRows {
  readonly #zone: Zone;

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  state({ number, workUnit, order, state, reason, startedAt, endedAt }: StateInterval): Row {
    const cells = [
      `ST-${number}`,
      workUnit.equipmentId,
      order?.orderId ?? '',
      state,
      reason,
      this.#time(startedAt),
      endedAt === undefined ? '' : this.#time(endedAt),
    ];
    return { number: number as number, cells };
  }

  count(report: CountReport): Row {
    const { number, order, workUnit, countedAt, produced, good, rework, scrap, goodFirstPass } = report;
    const quantities = [produced, good, rework, scrap, goodFirstPass].map(formatWhole);
    return {
      number,
      cells: [`PC-${number}`, order.orderId, workUnit.equipmentId, this.#time(countedAt), ...quantities],
    };
  }

  inspection(inspection: Inspection): Row {
    const { number, batch, characteristic, value, lowerLimit, upperLimit, unit, passes, inspectedAt } = inspection;
    const numbers = [value, lowerLimit, upperLimit].map(formatThousandths);
    const result = passes ? 'pass' : 'fail';
    return {
      number,
      cells: [`QI-${number}`, batch.batchId, characteristic, ...numbers, unit, result, this.#time(inspectedAt)],
    };
  }

  reading({ number, workUnit, sensor, readAt, value, unit }: Reading): Row {
    const time = this.#time(readAt);
    return { number, cells: [`SR-${number}`, workUnit.equipmentId, sensor, time, formatThousandths(value), unit] };
  }

  receipt({ number, supplierId, material, receivedAt, received, rejected }: Receipt): Row {
    const lot = `LOT-${String(number).padStart(5, '0')}`;
    const quantities = [formatTenths(received), formatTenths(rejected)];
    const time = this.#time(receivedAt);
    return { number, cells: [`RC-${number}`, supplierId, material.materialId, lot, time, ...quantities] };
  }

  #time(moment: Moment): string {
    return this.#zone.formatWithOffset(moment);
  }
}
