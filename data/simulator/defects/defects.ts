import type { AppendTable, Table } from '../columns';
import type { Day, Moment } from '../days';
import type { DeliveredEvent } from '../event-table';
import type { CountReport, Order } from '../model';
import type { Row } from '../row';
import type { RecordToWrite } from '../table-file';
import { FILE_KINDS, type FileKind, type RowKind, fileDefect } from './catalogue';
import { CountDefects } from './count-defects';
import { type FileFaults, fileFaults } from './file-faults';
import { RowDecisions } from './row-decisions';
import { type DefectSettings, dayOfDefect } from './settings';
import { spoil } from './spoil';

const NOTHING: DeliveredEvent['later'] = [];
/** A torn record keeps this many fields. */
const FIELDS_LEFT = 3;

export interface DefectOptions {
  seed: number;
  firstDay: Day;
  days: number;
  layout: 'dated' | 'flat';
  defects: DefectSettings;
}

/** Turns what the system knows into what it exports, of which some is wrong; what is right stays as it is. */
export class Defects {
  readonly #options: DefectOptions;
  readonly #decisions: RowDecisions;
  readonly #counts: CountDefects;
  readonly #dayOf: (moment: Moment) => Day;

  /** @param dayOf the logical date of a moment. */
  constructor(options: DefectOptions, dayOf: (moment: Moment) => Day) {
    this.#options = options;
    this.#dayOf = dayOf;
    this.#decisions = new RowDecisions(options.seed, options.defects);
    this.#counts = new CountDefects(this.#decisions);
  }

  /** The records of a thing of a snapshot table. */
  records(table: Table, row: Row): RecordToWrite[] {
    if (row.isAmbiguous) return [{ cells: row.cells, kind: 'ambiguous_local_time' }];
    return this.#spoilt(table, this.#decisions.kindOf(table, row.number), row);
  }

  /** The records of an order, whose defects depend on its batch and on the day. */
  orderRecords(row: Row, order: Order, delivery: number): RecordToWrite[] {
    const { cells, isAmbiguous } = row;
    const { batch } = order;
    const isMisdated = this.#decisions.kindOf('batches', batch.number) === 'manufacture_date_wrong';
    if (isMisdated && batch.startedAt !== undefined && !isAmbiguous) {
      return [{ cells, kind: 'planned_far_from_manufacture' }];
    }
    const correctedOn = this.#correctedOn(order);
    if (correctedOn === undefined || isAmbiguous) return this.records('production_orders', row);
    const wrong = spoil('production_orders', 'corrected_value', cells, 0);
    if (wrong === undefined || delivery > correctedOn) return [{ cells }];
    return [{ cells: delivery < correctedOn ? wrong : cells, kind: 'corrected_value' }];
  }

  /** Whether an order that ended is shown as it will be for ever. */
  isOrderSettled(order: Order, delivery: number): boolean {
    return delivery > (this.#correctedOn(order) ?? -1);
  }

  /** The records of an event of an append table. */
  event(table: AppendTable, row: Row): DeliveredEvent {
    const { cells, number } = row;
    const kind = this.#decisions.kindOf(table, number);
    if (kind === undefined) return { now: [{ cells }], later: NOTHING };
    if (kind === 'late_arrival') {
      const deliveries = 1 + Math.floor(3 * this.#decisions.shareOf(number));
      return { now: [], later: [{ record: { cells, kind }, deliveries }] };
    }
    const now = this.#spoilt(table, kind, row);
    if (kind !== 'corrected_value') return { now, later: NOTHING };
    return { now, later: [{ record: { cells, kind }, deliveries: 1 }] };
  }

  /** The records of a count report: its counter may have started again, or its day may be put right by a later one. */
  countEvent(report: CountReport, row: (report: CountReport) => Row, delivery: number): DeliveredEvent {
    const { shown, isReset } = this.#counts.restart(report);
    if (isReset) return { now: [{ cells: row(shown).cells, kind: 'counter_reset' }], later: NOTHING };
    const wrong = delivery + 1 === this.#deliveryOf('corrected_day') ? this.#counts.wrongSplit(shown) : undefined;
    if (wrong === undefined) return this.event('production_counts', row(shown));
    this.#counts.correctLater({ cells: row(shown).cells, kind: 'corrected_day' });
    return { now: [{ cells: row(wrong).cells, kind: 'corrected_day' }], later: NOTHING };
  }

  /** The records that put the day before right, in a file of their own; none on most days. */
  corrections(delivery: number): RecordToWrite[] {
    return delivery === this.#deliveryOf('corrected_day') ? this.#counts.takeCorrections() : [];
  }

  /** Whether a table's file of a delivery has a defect as a whole. */
  has(kind: FileKind, table: Table, delivery: number): boolean {
    return fileDefect(kind).table === table && this.#deliveryOf(kind) === delivery;
  }

  /** What is wrong with a table's file of a delivery. */
  faults(table: Table, delivery: number): FileFaults {
    const kinds = FILE_KINDS.filter((kind) => this.has(kind, table, delivery));
    return fileFaults(
      table,
      // These two make files of their own.
      kinds.filter((kind) => kind !== 'delivered_twice' && kind !== 'corrected_day'),
    );
  }

  /** The delivery that has a file defect: one of the export, and of the dated layout, since no flat file is of one day. */
  #deliveryOf(kind: FileKind): number | undefined {
    const { firstDay, days, layout, defects } = this.#options;
    const day = layout === 'dated' ? dayOfDefect(kind, defects, firstDay) : undefined;
    return day === undefined || day >= firstDay + days ? undefined : day - firstDay;
  }

  /** The delivery that shows the right end of an order that was booked too early. */
  #correctedOn({ number, endedAt }: Order): number | undefined {
    if (endedAt === undefined || this.#decisions.kindOf('production_orders', number) !== 'corrected_value') {
      return undefined;
    }
    const endedOn = this.#dayOf(endedAt) - this.#options.firstDay;
    return endedOn + 1 + Math.floor(3 * this.#decisions.shareOf(number));
  }

  #spoilt(table: Table, kind: RowKind | undefined, { cells, number }: Row): RecordToWrite[] {
    if (kind === undefined) return [{ cells }];
    if (kind === 'identical_duplicate') return [{ cells }, { cells, kind }];
    if (kind === 'too_few_fields') return [{ cells: cells.slice(0, FIELDS_LEFT), kind, isMalformed: true }];
    if (kind === 'too_many_fields') return [{ cells: [...cells, 'x'], kind, isMalformed: true }];
    const spoilt = spoil(table, kind, cells, this.#decisions.shareOf(number));
    if (spoilt === undefined) return [{ cells }];
    return kind === 'conflicting_duplicate' ? [{ cells: spoilt }, { cells, kind }] : [{ cells: spoilt, kind }];
  }
}
