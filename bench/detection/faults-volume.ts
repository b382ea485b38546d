import { APPEND_TABLES, COLUMNS, type Table } from '../../data/simulator/columns';
import { columnOf, edited, repeated, rewritten, withoutShare } from './edits';
import type { Csv, FaultyDay } from './delivery';
import { CHECKS } from './expectation';
import { type InjectedFault, faultAt, faultOf } from './injected-fault';

const TABLES = Object.keys(COLUMNS) as Table[];
/** Of a few rows a fifth is nothing that history could tell from a change of master data. */
const LARGE_TABLES = TABLES.filter((table) => !['sites', 'equipment', 'suppliers'].includes(table));

/** Too few rows, too many, or none at all. */
export const VOLUME_FAULTS: InjectedFault[] = [
  ...LARGE_TABLES.map((table) => faultAt('rows −20 %', table, CHECKS.rowCount, edited(table, withoutShare(0.2)))),
  ...(['production_orders', 'batches', ...APPEND_TABLES] as const).map((table) =>
    faultAt('0.5 % identical duplicates', table, CHECKS.identicalDuplicates, edited(table, repeated(0.005, asItIs))),
  ),
  ...Object.entries({
    production_orders: 'planned_quantity',
    equipment_states: 'reason_code',
    production_counts: 'scrap_quantity',
    quality_inspections: 'measured_value',
    sensor_readings: 'value',
  }).map(([table, column]) =>
    faultAt(
      '0.5 % conflicting duplicates',
      table as Table,
      CHECKS.conflictingDuplicates,
      edited(table as Table, repeated(0.005, otherValueOf(column))),
    ),
  ),
  ...(['equipment_states', 'quality_inspections', 'suppliers'] as const).map((table) =>
    faultAt('same file delivered twice', table, CHECKS.identicalDuplicates, async ({ next, date }) =>
      next.write(date, table, await next.text(date, table), '-2'),
    ),
  ),
  ...(['sensor_readings', 'quality_inspections', 'production_orders'] as const).map((table) =>
    faultAt('header-only file', table, CHECKS.rowCount, rewritten(table, headerOf)),
  ),
  ...(['sensor_readings', 'production_orders', 'suppliers'] as const).map((table) =>
    faultAt('missed delivery, one table', table, CHECKS.delivery, ({ next, date }) => next.remove(date, table)),
  ),
  {
    ...faultOf('missed delivery, the whole day', 'all tables', TABLES, CHECKS.delivery, ({ next, date }) =>
      next.removeDay(date),
    ),
    asOf: 'a day later',
  },
  {
    ...faultOf('missed delivery, the next day comes', 'all tables', TABLES, CHECKS.delivery, ({ next, date }) =>
      next.removeDay(date),
    ),
    with: 'the day after',
  },
  faultOf(
    'stopped source, master data comes on',
    'all append tables',
    [...APPEND_TABLES, 'production_orders', 'batches'],
    CHECKS.stopped,
    stopSource,
  ),
  {
    ...faultOf('stopped source, nothing comes', 'all tables', TABLES, CHECKS.stopped, ({ next, date }) =>
      next.removeDay(date),
    ),
    asOf: 'four days later',
  },
];

function headerOf(text: string): string {
  return text.slice(0, text.indexOf('\n') + 1);
}

/** The twin differs from its record in one column, which is not of the key. */
function otherValueOf(column: string): (record: string[], csv: Csv) => string[] {
  return (record, csv) => {
    const index = columnOf(csv, column);
    const cell = record[index] ?? '';
    record[index] = /^\d+(\.\d+)?$/.test(cell) ? String(Number(cell) + 1) : `${cell}x`;
    return record;
  };
}

/** The plant no longer reports; what is planned is exported as it was the day before, with dates that lie in the future. */
async function stopSource({ next, history, date, dateBefore }: FaultyDay): Promise<void> {
  for (const table of TABLES) {
    const text = await history.text(dateBefore, table);
    const isAppend = (APPEND_TABLES as readonly Table[]).includes(table);
    await next.write(date, table, isAppend ? headerOf(text) : text);
  }
}

function asItIs(record: string[]): string[] {
  return record;
}
