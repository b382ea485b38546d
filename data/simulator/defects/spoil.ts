import { type ColumnOf, type Table, columnIndex } from '../columns';
import type { RowKind } from './catalogue';

/**
 * Changes the cells of a record into what a defect makes of them.
 *
 * @param share decides where there is a choice, 0 ≤ share < 1.
 * @returns false when the record does not lend itself to the defect.
 */
type Spoil = (cells: string[], share: number) => boolean;

const HOUR_S = 3600;
const YEAR_S = 365 * 24 * HOUR_S;
/** Orders are booked as ended this much too early, as long as that is after their start. */
const BOOKED_EARLY_S = 2700;
const OVERLAP_S = 600;
const ORDER_START = columnIndex('production_orders', 'actual_start_date');
const ORDER_END = columnIndex('production_orders', 'actual_end_date');
const STATE_END = columnIndex('equipment_states', 'ended_at');

/** Of each kind and table that changes a record what it does. Keys are never spoiled. */
const SPOILS: Partial<Record<RowKind, Partial<Record<Table, Spoil>>>> = {
  ended_before_started: {
    production_orders: endBeforeStart('production_orders', 'actual_end_date', 'actual_start_date'),
    maintenance_orders: endBeforeStart('maintenance_orders', 'completed_at', 'started_at'),
  },
  finished_in_future: { production_orders: (cells) => shiftCell(cells, ORDER_END, YEAR_S) },
  manufacture_date_wrong: {
    batches: changed('batches', 'manufacture_date', (date) => date.replace(/^\d+/, (year) => String(Number(year) - 2))),
  },
  orphan_batch: {
    production_orders: orphan('production_orders', 'batch_id', 'B-9'),
    quality_inspections: orphan('quality_inspections', 'batch_id', 'B-9'),
  },
  orphan_material: {
    batches: orphan('batches', 'material_id', 'M-9'),
    material_receipts: orphan('material_receipts', 'material_id', 'M-9'),
  },
  orphan_equipment: {
    sensor_readings: orphan('sensor_readings', 'equipment_id', 'XXX-U'),
    maintenance_orders: orphan('maintenance_orders', 'equipment_id', 'XXX-U'),
  },
  orphan_order: { equipment_states: orphan('equipment_states', 'order_id', 'PO-9') },
  null_token: {
    materials: put('materials', 'unit_of_measure', 'N/A'),
    batches: put('batches', 'quantity', '#N/A'),
    production_orders: put('production_orders', 'line_id', 'N/A'),
    maintenance_orders: put('maintenance_orders', 'failure_code', 'N/A'),
    equipment_states: put('equipment_states', 'reason_code', 'N/A'),
    production_counts: put('production_counts', 'good_first_pass_quantity', '#N/A'),
    quality_inspections: put('quality_inspections', 'unit', 'N/A'),
    sensor_readings: put('sensor_readings', 'value', '#N/A'),
    material_receipts: put('material_receipts', 'rejected_quantity', 'N/A'),
  },
  whitespace_only: {
    batches: put('batches', 'batch_status', ' \t '),
    production_orders: put('production_orders', 'order_type', '   '),
    quality_inspections: put('quality_inspections', 'result', '  '),
    sensor_readings: put('sensor_readings', 'unit', ' '),
    material_receipts: put('material_receipts', 'material_lot_id', '   '),
  },
  empty_cell: {
    materials: put('materials', 'material_name', ''),
    batches: put('batches', 'manufacturing_site', ''),
    maintenance_orders: put('maintenance_orders', 'failure_code', ''),
    production_counts: put('production_counts', 'rework_quantity', ''),
    quality_inspections: put('quality_inspections', 'measured_value', ''),
    sensor_readings: put('sensor_readings', 'value', ''),
  },
  decimal_comma: {
    batches: commaIn('batches', 'quantity'),
    production_orders: commaIn('production_orders', 'planned_quantity'),
    production_counts: commaIn('production_counts', 'produced_quantity'),
    quality_inspections: commaIn('quality_inspections', 'measured_value'),
    sensor_readings: commaIn('sensor_readings', 'value'),
    material_receipts: commaIn('material_receipts', 'received_quantity'),
  },
  // The record that stands before the right one.
  conflicting_duplicate: {
    materials: changed('materials', 'status', (status) => (status === 'active' ? 'blocked' : 'active')),
    batches: otherNumber('batches', 'quantity'),
    production_orders: otherNumber('production_orders', 'planned_quantity'),
    maintenance_orders: changed('maintenance_orders', 'failure_code', (code) => (code === 'motor' ? 'seal' : 'motor')),
    equipment_states: changed('equipment_states', 'state', (state) => (state === 'producing' ? 'setup' : 'producing')),
    production_counts: otherNumber('production_counts', 'produced_quantity'),
    quality_inspections: otherNumber('quality_inspections', 'measured_value'),
    sensor_readings: otherNumber('sensor_readings', 'value'),
    material_receipts: otherNumber('material_receipts', 'received_quantity'),
  },
  overlapping_states: {
    equipment_states: (cells, share) => shiftCell(cells, STATE_END, 1 + Math.floor(share * OVERLAP_S)),
  },
  // What stands there until the right value comes.
  corrected_value: {
    production_orders: bookEarly,
    production_counts: otherNumber('production_counts', 'produced_quantity'),
    sensor_readings: otherNumber('sensor_readings', 'value'),
  },
};

/** @returns the changed cells; undefined when the record does not lend itself to the defect. */
export function spoil(table: Table, kind: RowKind, cells: readonly string[], share: number): string[] | undefined {
  const changed = [...cells];
  return SPOILS[kind]?.[table]?.(changed, share) ? changed : undefined;
}

function endBeforeStart<T extends Table>(table: T, endColumn: ColumnOf<T>, startColumn: ColumnOf<T>): Spoil {
  const [end, start] = [columnIndex(table, endColumn), columnIndex(table, startColumn)];
  return (cells, share) => {
    if (cells[end] === '') return false;
    cells[end] = cells[start] as string;
    return shiftCell(cells, end, -HOUR_S * (1 + Math.floor(share * 5)));
  };
}

function bookEarly(cells: string[]): boolean {
  const early = [...cells];
  if (!shiftCell(early, ORDER_END, -BOOKED_EARLY_S)) return false;
  const end = early[ORDER_END] as string;
  if (end <= (cells[ORDER_START] as string)) return false;
  cells[ORDER_END] = end;
  return true;
}

function orphan<T extends Table>(table: T, column: ColumnOf<T>, prefix: string): Spoil {
  return changed(table, column, (_, share) => prefix + String(100_000 + Math.floor(share * 900_000)));
}

function put<T extends Table>(table: T, column: ColumnOf<T>, value: string): Spoil {
  const index = columnIndex(table, column);
  return (cells) => {
    if (cells[index] === value) return false;
    cells[index] = value;
    return true;
  };
}

function commaIn<T extends Table>(table: T, column: ColumnOf<T>): Spoil {
  return changed(table, column, (number) => number.replace('.', ','));
}

/** A number with as many decimals, half as large again and one more. */
function otherNumber<T extends Table>(table: T, column: ColumnOf<T>): Spoil {
  return changed(table, column, (number) => (Number(number) * 1.5 + 1).toFixed((number.split('.')[1] ?? '').length));
}

/** Changes a cell unless it is empty. */
function changed<T extends Table>(table: T, column: ColumnOf<T>, to: (cell: string, share: number) => string): Spoil {
  const index = columnIndex(table, column);
  return (cells, share) => change(cells, index, (cell) => to(cell, share));
}

function change(cells: string[], index: number, to: (cell: string) => string): boolean {
  const cell = cells[index] as string;
  if (cell === '') return false;
  cells[index] = to(cell);
  return true;
}

/** Moves a time by some seconds; what follows the second (an offset) stays. */
function shiftCell(cells: string[], index: number, seconds: number): boolean {
  return change(cells, index, (time) => {
    const moved = Date.parse(`${time.slice(0, 19).replace(' ', 'T')}Z`) + seconds * 1000;
    return new Date(moved).toISOString().slice(0, 19).replace('T', ' ') + time.slice(19);
  });
}
