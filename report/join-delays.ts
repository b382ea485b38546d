import type { QueriedTable } from './report-data';

/**
 * Names the shift of each delay by its row among the shifts instead of by its id, and takes the ids off both: they would be a third of
 * the page. A delay whose shift is not among them is left out.
 */
export function joinDelays<T extends { shifts: QueriedTable; delays: QueriedTable }>(tables: T): T {
  const { shifts, delays } = tables;
  const shiftIds = textsOf(shifts, 'shift_id');
  const rowOf = new Map(shiftIds.map((id, row) => [id, row]));
  const rows = textsOf(delays, 'shift_id').map((id) => rowOf.get(id));
  const kept = rows.flatMap((row, index) => (row === undefined ? [] : [index]));
  const keptColumns = Object.entries(delays.columns).map(([name, column]) => [
    name,
    'codes' in column
      ? { texts: column.texts, codes: kept.map((index) => column.codes[index]) }
      : { numbers: kept.map((index) => column.numbers[index]) },
  ]);
  const { shift_id: _ids, ...shiftColumns } = shifts.columns;
  const { shift_id: _named, ...delayColumns } = Object.fromEntries(keptColumns) as QueriedTable['columns'];
  return {
    ...tables,
    shifts: { ...shifts, columns: shiftColumns },
    delays: {
      ...delays,
      rows: kept.length,
      columns: { shift: { numbers: kept.map((index) => rows[index] ?? null) }, ...delayColumns },
    },
  };
}

function textsOf(table: QueriedTable, name: string): (string | null)[] {
  const column = table.columns[name];
  return column !== undefined && 'codes' in column ? column.codes.map((code) => column.texts[code] ?? null) : [];
}
