import type { QueryResult } from '../warehouse/warehouse';
import type { ColumnarTable } from './report-data';

/**
 * Turns a query's rows into columns. A column whose every value is a number, a boolean or null is one of numbers (of a boolean 0 and 1);
 * any other is one of text.
 *
 * @param numeric columns whose values are numbers though a warehouse gives them as text, as DuckDB does with 64-bit integers.
 */
export function columnar({ columns, rows }: QueryResult, numeric: readonly string[] = []): ColumnarTable {
  return {
    rows: rows.length,
    columns: Object.fromEntries(
      columns.map((column) => {
        const values = rows.map((row) => row[column] ?? null);
        return [column, numeric.includes(column) || values.every(isNumeric) ? numbersOf(values) : textsOf(values)];
      }),
    ),
  };
}

function isNumeric(value: unknown): boolean {
  return value === null || typeof value === 'number' || typeof value === 'boolean';
}

function numbersOf(values: unknown[]): { numbers: (number | null)[] } {
  return { numbers: values.map((value) => (value === null ? null : Number(value))) };
}

function textsOf(values: unknown[]): { texts: string[]; codes: number[] } {
  const codeOf = new Map<string, number>();
  const codes = values.map((value) => {
    if (value === null) return -1;
    const text = String(value);
    const known = codeOf.get(text);
    if (known !== undefined) return known;
    codeOf.set(text, codeOf.size);
    return codeOf.size - 1;
  });
  return { texts: [...codeOf.keys()], codes };
}
