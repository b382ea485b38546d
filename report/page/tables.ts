import type { ColumnarTable, ReportData } from '../report-data';

/** Reads the data that the page carries. */
export function readData(): ReportData {
  const element = document.getElementById('report-data');
  return JSON.parse(element?.textContent ?? '') as ReportData;
}

/** A column's numbers; all null when there is no such column. */
export function numbersOf(table: ColumnarTable, name: string): (number | null)[] {
  const column = table.columns[name];
  return column !== undefined && 'numbers' in column ? column.numbers : new Array<null>(table.rows).fill(null);
}

/** A column's texts; numbers as text. */
export function textsOf(table: ColumnarTable, name: string): (string | null)[] {
  const column = table.columns[name];
  if (column === undefined) return new Array<null>(table.rows).fill(null);
  if ('numbers' in column) return column.numbers.map((value) => (value === null ? null : String(value)));
  return column.codes.map((code) => (code < 0 ? null : (column.texts[code] ?? null)));
}

/** A table's rows, one function call for a cell each. */
export interface Row {
  text(name: string): string;
  number(name: string): number | null;
}

/** All rows of a table that is small enough to be shown row by row. */
export function rowsOf(table: ColumnarTable): Row[] {
  const names = Object.keys(table.columns);
  const texts = new Map(names.map((name) => [name, textsOf(table, name)]));
  const numbers = new Map(names.map((name) => [name, numbersOf(table, name)]));
  return Array.from({ length: table.rows }, (_, index) => ({
    text: (name) => texts.get(name)?.[index] ?? '',
    number: (name) => numbers.get(name)?.[index] ?? null,
  }));
}
