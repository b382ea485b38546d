/** Columns of each table, in the file's order. The first one is the key; of standard times it is the first two. */
export const COLUMNS = {
  materials: ['material_id', 'material_name', 'material_type', 'unit_of_measure', 'status', 'created_at'],
  batches: [
    'batch_id',
    'material_id',
    'manufacturing_site',
    'manufacture_date',
    'expiry_date',
    'quantity',
    'batch_status',
  ],
  production_orders: [
    'order_id',
    'batch_id',
    'order_type',
    'planned_start_date',
    'planned_end_date',
    'actual_start_date',
    'actual_end_date',
    'order_status',
    'line_id',
    'planned_quantity',
  ],
  sites: ['site_id', 'site_name', 'time_zone', 'day_starts_at'],
  equipment: ['equipment_id', 'equipment_name', 'equipment_level', 'parent_equipment_id', 'site', 'commissioned_on'],
  standard_times: ['equipment_id', 'material_id', 'planned_run_time_per_item_s'],
  shifts: ['shift_id', 'equipment_id', 'starts_at', 'ends_at', 'planned_busy_time_s'],
  equipment_states: ['state_id', 'equipment_id', 'order_id', 'state', 'reason_code', 'started_at', 'ended_at'],
  production_counts: [
    'count_id',
    'order_id',
    'equipment_id',
    'counted_at',
    'produced_quantity',
    'good_quantity',
    'rework_quantity',
    'scrap_quantity',
    'good_first_pass_quantity',
  ],
  quality_inspections: [
    'inspection_id',
    'batch_id',
    'characteristic',
    'measured_value',
    'lower_limit',
    'upper_limit',
    'unit',
    'result',
    'inspected_at',
  ],
  maintenance_orders: [
    'maintenance_order_id',
    'equipment_id',
    'maintenance_type',
    'failure_code',
    'reported_at',
    'started_at',
    'completed_at',
  ],
  sensor_readings: ['reading_id', 'equipment_id', 'sensor', 'read_at', 'value', 'unit'],
  suppliers: ['supplier_id', 'supplier_name', 'country_code', 'supplier_status'],
  material_receipts: [
    'receipt_id',
    'supplier_id',
    'material_id',
    'material_lot_id',
    'received_at',
    'received_quantity',
    'rejected_quantity',
  ],
} as const;

export type Table = keyof typeof COLUMNS;
export type ColumnOf<T extends Table> = (typeof COLUMNS)[T][number];

/** A file of these holds the events of its logical date; of all others the whole table as of the date's end. */
export const APPEND_TABLES = [
  'equipment_states',
  'production_counts',
  'quality_inspections',
  'sensor_readings',
  'material_receipts',
] as const satisfies Table[];

export type AppendTable = (typeof APPEND_TABLES)[number];

/** Where a column stands in its table. */
export function columnIndex<T extends Table>(table: T, column: ColumnOf<T>): number {
  return (COLUMNS[table] as readonly string[]).indexOf(column);
}
