import { addDays, type DayDelivery, type DeliveredTable } from './simulate';
import { seededRandom, type Random } from './random';

/** A defect that was put in: what `truth.json` lists. `row` counts records after the header, from 1; 0 is the whole file. */
export interface Defect {
  logicalDate: string;
  table: string;
  row: number;
  kind: string;
}

/** How a file's bytes deviate from plain UTF-8 with LF. */
export interface FileDefects {
  bom: boolean;
  crlf: boolean;
}

/** One delivery with its defects put in. */
export interface DefectiveDelivery extends DayDelivery {
  files: Map<DeliveredTable, FileDefects>;
  defects: Defect[];
}

type CellChange = (row: string[], columns: string[], today: string, random: Random) => void;

const set = (row: string[], columns: string[], column: string, value: string) => {
  row[columns.indexOf(column)] = value;
};
const get = (row: string[], columns: string[], column: string) => row[columns.indexOf(column)] ?? '';

/** Per table: what real exports get wrong in a row, and how often (share of rows). */
const ROW_DEFECTS: Record<DeliveredTable['table'], { kind: string; rate: number; applies: (r: string[], c: string[]) => boolean; change: CellChange }[]> = {
  materials: [
    { kind: 'null_token', rate: 0.01, applies: () => true, change: (r, c) => set(r, c, 'status', 'N/A') },
    { kind: 'whitespace_cell', rate: 0.01, applies: () => true, change: (r, c) => set(r, c, 'unit_of_measure', '   ') },
  ],
  batches: [
    { kind: 'orphan_material', rate: 0.002, applies: () => true, change: (r, c) => set(r, c, 'material_id', 'MAT-9999') },
    { kind: 'empty_cell', rate: 0.004, applies: () => true, change: (r, c) => set(r, c, 'expiry_date', '') },
    { kind: 'null_token', rate: 0.003, applies: () => true, change: (r, c) => set(r, c, 'quantity', '#N/A') },
  ],
  production_orders: [
    {
      kind: 'ended_before_started',
      rate: 0.003,
      applies: (r, c) => get(r, c, 'actual_end_date') !== '',
      change: (r, c) => set(r, c, 'actual_end_date', addDays(get(r, c, 'actual_start_date'), -3)),
    },
    {
      kind: 'finished_in_future',
      rate: 0.003,
      applies: (r, c) => get(r, c, 'actual_end_date') !== '',
      change: (r, c, today, random) => set(r, c, 'actual_end_date', addDays(today, random.int(5, 40))),
    },
    {
      kind: 'planned_far_from_manufacture',
      rate: 0.02,
      applies: (r, c) => get(r, c, 'order_status') === 'in_progress',
      change: (r, c) => set(r, c, 'planned_start_date', addDays(get(r, c, 'planned_start_date'), -500)),
    },
    {
      kind: 'orphan_batch',
      rate: 0.002,
      applies: (r, c) => get(r, c, 'batch_id') !== '',
      change: (r, c, _today, random) => set(r, c, 'batch_id', `BAT-9${random.int(10_000, 99_999)}`),
    },
    { kind: 'cast_failure', rate: 0.001, applies: () => true, change: (r, c) => set(r, c, 'planned_quantity', '12,5 kg') },
  ],
};

/**
 * Puts a few of the defects of real exports into deliveries, at low rates, the same ones for the same seed. Each is
 * listed. Row numbers are those of the file as written.
 */
export function* withDefects(deliveries: Iterable<DayDelivery>, seed: number): Generator<DefectiveDelivery> {
  const random = seededRandom(seed ^ 0x5eed);
  let day = 0;
  for (const { logicalDate, tables } of deliveries) {
    day++;
    const defects: Defect[] = [];
    const files = new Map<DeliveredTable, FileDefects>();
    const changed = tables.map((table) => {
      const rows = changeRows(table, logicalDate, random, defects);
      const result = { ...table, rows };
      // One file begins with a byte-order mark, another has CRLF line ends.
      const bom = day === 2 && table.table === 'materials';
      const crlf = day === 3 && table.table === 'batches';
      files.set(result, { bom, crlf });
      if (bom) defects.push({ logicalDate, table: table.table, row: 0, kind: 'byte_order_mark' });
      if (crlf) defects.push({ logicalDate, table: table.table, row: 0, kind: 'crlf' });
      return result;
    });
    yield { logicalDate, tables: changed, files, defects };
  }
}

function changeRows(table: DeliveredTable, logicalDate: string, random: Random, defects: Defect[]): string[][] {
  const rows: string[][] = [];
  const add = (row: string[], kind?: string) => {
    rows.push(row);
    if (kind !== undefined) defects.push({ logicalDate, table: table.table, row: rows.length, kind });
  };
  for (const original of table.rows) {
    const row = [...original];
    const defect = ROW_DEFECTS[table.table].find((d) => d.applies(row, table.columns) && random.chance(d.rate));
    defect?.change(row, table.columns, logicalDate, random);
    add(row, defect?.kind);
    if (random.chance(0.001)) add([...row], 'duplicate_identical');
    if (random.chance(0.0005)) add(conflicting(row, table), 'duplicate_conflicting');
    if (random.chance(0.0005)) add(row.slice(0, 3), 'too_few_fields');
    if (random.chance(0.0003)) add([...row, 'surplus'], 'too_many_fields');
  }
  return rows;
}

/** The same key, another content. */
function conflicting(row: string[], table: DeliveredTable): string[] {
  const copy = [...row];
  const column = { materials: 'material_name', batches: 'quantity', production_orders: 'line_id' }[table.table];
  set(copy, table.columns, column, { materials: 'Renamed part', batches: '1', production_orders: 'L6' }[table.table]);
  return copy;
}
