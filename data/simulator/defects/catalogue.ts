import type { Table } from '../columns';

/** A defect of single records, of a share of them. */
interface RowDefect {
  what: string;
  tables: readonly Table[];
}

/** A defect of the files of one delivery, in an export with a folder for each day. */
interface FileDefect {
  what: string;
  table: Table;
  /** Deliveries before the one that has it by default; undefined: none has. */
  onDelivery: number | undefined;
}

const MASTER: readonly Table[] = ['materials', 'batches', 'production_orders'];
const EVENTS: readonly Table[] = [
  'equipment_states',
  'production_counts',
  'quality_inspections',
  'sensor_readings',
  'material_receipts',
];

/** What real exports get wrong record by record, in the order in which it is decided: a record has the first that hits. */
export const ROW_DEFECTS = {
  ended_before_started: {
    what: 'the end lies some hours before the start',
    tables: ['production_orders', 'maintenance_orders'],
  },
  finished_in_future: { what: 'the end lies a year ahead', tables: ['production_orders'] },
  manufacture_date_wrong: {
    what: 'the batch is dated two years too early; its orders are planned_far_from_manufacture then',
    tables: ['batches'],
  },
  orphan_batch: { what: 'a batch that does not exist', tables: ['production_orders', 'quality_inspections'] },
  orphan_material: { what: 'a material that does not exist', tables: ['batches', 'material_receipts'] },
  orphan_equipment: { what: 'a work unit that does not exist', tables: ['sensor_readings', 'maintenance_orders'] },
  orphan_order: { what: 'an order that does not exist', tables: ['equipment_states'] },
  null_token: { what: 'N/A or #N/A instead of a value', tables: [...MASTER, 'maintenance_orders', ...EVENTS] },
  whitespace_only: {
    what: 'blanks instead of a value',
    tables: ['batches', 'production_orders', 'quality_inspections', 'sensor_readings', 'material_receipts'],
  },
  empty_cell: {
    what: 'nothing instead of a value',
    tables: [
      'materials',
      'batches',
      'maintenance_orders',
      'production_counts',
      'quality_inspections',
      'sensor_readings',
    ],
  },
  decimal_comma: {
    what: 'a comma instead of the decimal point',
    tables: [
      'batches',
      'production_orders',
      'production_counts',
      'quality_inspections',
      'sensor_readings',
      'material_receipts',
    ],
  },
  identical_duplicate: { what: 'the record stands there twice', tables: [...MASTER, 'maintenance_orders', ...EVENTS] },
  conflicting_duplicate: {
    what: 'a record of the same key with a wrong value stands before it',
    tables: [...MASTER, 'maintenance_orders', ...EVENTS],
  },
  late_arrival: { what: 'the event comes one to three deliveries later', tables: EVENTS },
  overlapping_states: {
    what: 'a state ends up to ten minutes after the next one began',
    tables: ['equipment_states'],
  },
  counter_reset: {
    what: 'the counter starts again from 0 within an order; the first reading after it is noted',
    tables: ['production_counts'],
  },
  corrected_value: {
    what: 'a wrong value that a later delivery puts right; both records are noted',
    tables: ['production_orders', 'production_counts', 'sensor_readings'],
  },
  too_few_fields: { what: 'a torn record', tables: ['batches', 'production_orders', ...EVENTS] },
  too_many_fields: { what: 'a record with a field too many', tables: ['batches', 'production_orders', ...EVENTS] },
} as const satisfies Record<string, RowDefect>;

/** What real exports get wrong with whole files. */
export const FILE_DEFECTS = {
  byte_order_mark: { what: 'the file begins with a byte-order mark', table: 'materials', onDelivery: 2 },
  crlf: { what: 'lines end with CR LF', table: 'batches', onDelivery: 4 },
  delivered_twice: {
    what: 'the same file again as <table>-2.csv',
    table: 'equipment_states',
    onDelivery: 3,
  },
  corrected_day: {
    what: 'right good and scrap quantities for the day before, in <table>-correction.csv',
    table: 'production_counts',
    onDelivery: 5,
  },
  header_only: {
    what: 'the header only; the events come with the next delivery',
    table: 'quality_inspections',
    onDelivery: 8,
  },
  renamed_column: { what: 'planned_quantity is called planned_qty', table: 'production_orders', onDelivery: undefined },
  added_column: { what: 'a last column more, remark', table: 'equipment', onDelivery: undefined },
  missing_column: { what: 'the last column is missing', table: 'quality_inspections', onDelivery: undefined },
  unclosed_quote: {
    what: 'a quote opens in the last record and never closes; none on a day without records',
    table: 'production_counts',
    onDelivery: undefined,
  },
  invalid_utf8: {
    what: 'the file is Latin-1: the platform rejects its records that are not UTF-8, and loads the others',
    table: 'suppliers',
    onDelivery: undefined,
  },
  empty_file: { what: 'a file of no bytes', table: 'maintenance_orders', onDelivery: undefined },
} as const satisfies Record<string, FileDefect>;

export type RowKind = keyof typeof ROW_DEFECTS;
export type FileKind = keyof typeof FILE_DEFECTS;

/** Two kinds follow from others: nothing sets them off by themselves. */
export type DefectKind = RowKind | FileKind | 'planned_far_from_manufacture' | 'ambiguous_local_time';

/** Share of the records of a table that have a defect, for each kind. */
export const RATE_OFTEN = 0.005;
export const RATE_OTHERWISE = 0.002;

export const ROW_KINDS = Object.keys(ROW_DEFECTS) as RowKind[];
export const FILE_KINDS = Object.keys(FILE_DEFECTS) as FileKind[];

export function rowDefect(kind: RowKind): RowDefect {
  return ROW_DEFECTS[kind];
}

export function fileDefect(kind: FileKind): FileDefect {
  return FILE_DEFECTS[kind];
}

export function defaultRate(table: Table): number {
  return MASTER.includes(table) ? RATE_OFTEN : RATE_OTHERWISE;
}
