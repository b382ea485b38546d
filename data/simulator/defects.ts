import { COLUMNS, type Row, type Table } from './tables';
import { type Random, between, pick, randomStream } from './random';

/** What real exports get wrong and this one does on purpose. */
export type DefectKind =
  // Of a thing in the plant: it stays wrong from one delivery to the next.
  | 'ended_before_started'
  | 'finished_in_future'
  | 'manufacture_date_wrong'
  | 'planned_far_from_manufacture'
  | 'orphan_batch'
  | 'orphan_material'
  | 'null_token'
  | 'whitespace_only'
  | 'empty_cell'
  | 'decimal_comma'
  // Of one delivery.
  | 'corrected_value'
  | 'identical_duplicate'
  | 'conflicting_duplicate'
  | 'too_few_fields'
  | 'too_many_fields'
  | 'byte_order_mark'
  | 'crlf';

/** One record as it is written. */
export interface Line {
  cells: string[];
  defects: DefectKind[];
}

/** One file before it is written; its `defects` concern the file as a whole. */
export interface FileContent {
  table: Table;
  lines: Line[];
  defects: DefectKind[];
}

/** Probability that a thing has any one defect of its table. */
const RATE = 0.005;
/** Deliveries, counted from 0 and repeating every ten, that are hit as a whole or hold torn records. */
const CYCLE_DAYS = 10;
const BYTE_ORDER_MARK = { table: 'materials', onDelivery: 2 };
const CRLF = { table: 'batches', onDelivery: 4 };
const TORN_RECORDS = [
  { table: 'production_orders', onDelivery: 3, kind: 'too_few_fields', records: 2 },
  { table: 'batches', onDelivery: 5, kind: 'too_few_fields', records: 1 },
  { table: 'production_orders', onDelivery: 7, kind: 'too_many_fields', records: 2 },
] as const;
const DUPLICATES: Record<Table, number> = { materials: 0, batches: 1, production_orders: 2 };
/** Until this delivery some orders' ends are booked too early; it shows the right ones. */
const CORRECTION_ON_DELIVERY = 6;
const BOOKED_EARLY_BY_MS = 45 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

interface Spoiler {
  table: Table;
  kind: DefectKind;
  /** Changes the row; false when the row does not lend itself to this defect. */
  spoil: (row: Row, random: Random) => boolean;
}

const SPOILERS: Spoiler[] = [
  { table: 'production_orders', kind: 'ended_before_started', spoil: endBeforeStart },
  { table: 'production_orders', kind: 'finished_in_future', spoil: finishInFuture },
  { table: 'production_orders', kind: 'orphan_batch', spoil: (row, random) => orphan(row, 'batch_id', 'B-9', random) },
  { table: 'production_orders', kind: 'null_token', spoil: (row) => replace(row, 'line_id', 'N/A') },
  { table: 'production_orders', kind: 'whitespace_only', spoil: (row) => replace(row, 'order_type', '   ') },
  { table: 'production_orders', kind: 'decimal_comma', spoil: (row) => useDecimalComma(row, 'planned_quantity') },
  { table: 'batches', kind: 'manufacture_date_wrong', spoil: manufacturedTwoYearsEarlier },
  { table: 'batches', kind: 'orphan_material', spoil: (row, random) => orphan(row, 'material_id', 'M-9', random) },
  { table: 'batches', kind: 'null_token', spoil: (row) => replace(row, 'quantity', '#N/A') },
  { table: 'batches', kind: 'whitespace_only', spoil: (row) => replace(row, 'batch_status', ' \t ') },
  { table: 'batches', kind: 'empty_cell', spoil: (row) => replace(row, 'manufacturing_site', '') },
  { table: 'materials', kind: 'null_token', spoil: (row) => replace(row, 'unit_of_measure', 'N/A') },
  { table: 'materials', kind: 'empty_cell', spoil: (row) => replace(row, 'material_name', '') },
];

/** The files of a delivery without a defect. */
export function flawless(tables: Record<Table, Row[]>): FileContent[] {
  return tableNames(tables).map((table) => ({
    table,
    defects: [],
    lines: tables[table].map((row) => line(table, row)),
  }));
}

/** The files of a delivery with their share of defects. @param delivery how many came before it. */
export function withDefects(tables: Record<Table, Row[]>, delivery: number, seed: number): FileContent[] {
  const misdated = new Set<string>();
  return tableNames(tables).map((table) => {
    const lines = tables[table].map((row) => {
      const spoilt = { ...row };
      const defects = spoilThing(table, spoilt, seed);
      if (table === 'production_orders') defects.push(...correct(row, spoilt, defects, delivery, seed));
      if (defects.includes('manufacture_date_wrong')) misdated.add(row['batch_id'] as string);
      if (table === 'production_orders' && misdated.has(spoilt['batch_id'] as string)) {
        defects.push('planned_far_from_manufacture');
      }
      return line(table, spoilt, defects);
    });
    const random = randomStream(seed, 'delivery', delivery, table);
    addDuplicates(table, lines, random);
    addTornRecords(table, lines, delivery, random);
    return { table, lines, defects: fileDefects(table, delivery) };
  });
}

/** Batches come before the orders that refer to them. */
function tableNames(tables: Record<Table, Row[]>): Table[] {
  return Object.keys(tables) as Table[];
}

function line(table: Table, row: Row, defects: DefectKind[] = []): Line {
  return { cells: COLUMNS[table].map((column) => row[column] as string), defects };
}

/** A thing has at most one defect, the same one in every delivery in which it can show. */
function spoilThing(table: Table, row: Row, seed: number): DefectKind[] {
  const random = randomStream(seed, 'defect', table, row[COLUMNS[table][0]] as string);
  const drawn = SPOILERS.filter((spoiler) => spoiler.table === table).find(() => random() < RATE);
  return drawn !== undefined && drawn.spoil(row, random) ? [drawn.kind] : [];
}

function correct(row: Row, spoilt: Row, defects: DefectKind[], delivery: number, seed: number): DefectKind[] {
  const isBookedEarly = randomStream(seed, 'booked early', row['order_id'] as string)() < 2 * RATE;
  if (!isBookedEarly || defects.length > 0 || row['actual_end_date'] === '') return [];
  if (delivery < CORRECTION_ON_DELIVERY) {
    spoilt['actual_end_date'] = shift(row['actual_end_date'] as string, -BOOKED_EARLY_BY_MS);
    return [];
  }
  return delivery === CORRECTION_ON_DELIVERY ? ['corrected_value'] : [];
}

function addDuplicates(table: Table, lines: Line[], random: Random): void {
  for (let n = 0; n < DUPLICATES[table]; n++) {
    insertNear(lines, random, (original) => ({ cells: original.cells, defects: ['identical_duplicate'] }));
    insertNear(lines, random, ({ cells }) => {
      const quantity = (COLUMNS[table] as readonly string[]).findIndex((column) => column.endsWith('quantity'));
      const changed = cells.map((cell, index) => (index === quantity ? between(random, 100, 900).toFixed(1) : cell));
      return { cells: changed, defects: ['conflicting_duplicate'] };
    });
  }
}

/** A torn record stands beside the whole one, as if the export had been interrupted and written the row again. */
function addTornRecords(table: Table, lines: Line[], delivery: number, random: Random): void {
  const hits = TORN_RECORDS.filter((hit) => hit.table === table && hit.onDelivery === delivery % CYCLE_DAYS);
  for (const { kind, records } of hits) {
    for (let n = 0; n < records; n++) {
      insertNear(lines, random, ({ cells }) => ({
        cells: kind === 'too_few_fields' ? cells.slice(0, 4) : [...cells, 'x'],
        defects: [kind],
      }));
    }
  }
}

/** Puts a line made from a sound one after it, so that a file's defects do not overlap. */
function insertNear(lines: Line[], random: Random, make: (original: Line) => Line): void {
  const sound = lines.flatMap(({ defects }, index) => (defects.length === 0 ? [index] : []));
  if (sound.length === 0) return;
  const index = pick(random, sound as [number, ...number[]]);
  const original = lines[index] as Line;
  lines.splice(index + 1, 0, make(original));
}

function fileDefects(table: Table, delivery: number): DefectKind[] {
  const isHit = (defect: { table: string; onDelivery: number }) =>
    defect.table === table && defect.onDelivery === delivery % CYCLE_DAYS;
  return [...(isHit(BYTE_ORDER_MARK) ? ['byte_order_mark' as const] : []), ...(isHit(CRLF) ? ['crlf' as const] : [])];
}

function endBeforeStart(row: Row, random: Random): boolean {
  if (row['order_status'] !== 'completed') return false;
  row['actual_end_date'] = shift(row['actual_start_date'] as string, -Math.floor(between(random, 1, 6)) * 3_600_000);
  return true;
}

function finishInFuture(row: Row): boolean {
  if (row['order_status'] !== 'completed') return false;
  row['actual_end_date'] = shift(row['actual_end_date'] as string, 365 * DAY_MS);
  return true;
}

function manufacturedTwoYearsEarlier(row: Row): boolean {
  if (row['manufacture_date'] === '') return false;
  row['manufacture_date'] = (row['manufacture_date'] as string).replace(/^\d+/, (year) => String(Number(year) - 2));
  return true;
}

function orphan(row: Row, column: string, prefix: string, random: Random): boolean {
  return replace(row, column, prefix + String(Math.floor(between(random, 100_000, 999_999))));
}

function useDecimalComma(row: Row, column: string): boolean {
  return replace(row, column, (row[column] as string).replace('.', ','));
}

function replace(row: Row, column: string, value: string): boolean {
  row[column] = value;
  return true;
}

function shift(time: string, ms: number): string {
  return new Date(Date.parse(`${time.replace(' ', 'T')}Z`) + ms).toISOString().slice(0, 19).replace('T', ' ');
}
