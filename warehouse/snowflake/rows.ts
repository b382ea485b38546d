import type { Column } from 'snowflake-sdk';
import type { JsonRow } from '../../duckdb/connection';

type JsonValue = JsonRow[string];

/** Types whose text is asked of the driver: its numbers lose digits, and its JSON falls back to evaluating the text. */
export const AS_TEXT: ('Number' | 'JSON' | 'Buffer')[] = ['Number', 'JSON', 'Buffer'];

/** A timestamp as the driver gives it. */
interface DriverTimestamp {
  getEpochSeconds(): number;
  getNanoSeconds(): number;
}

/**
 * Turns the driver's rows into the rows that DuckDB gives: names in lower case, timestamps and dates as text. Whole numbers are
 * numbers as far as they are exact, and text beyond; other numbers are numbers; JSON stays text.
 */
export function toJsonRows(columns: readonly Column[], rows: readonly unknown[][]): JsonRow[] {
  const convert = columns.map((column) => [column.getName().toLowerCase(), converterOf(column)] as const);
  return rows.map((row) => {
    const result: JsonRow = {};
    convert.forEach(([name, valueOf], index) => {
      const value = row[index];
      result[name] = value === null || value === undefined ? null : valueOf(value);
    });
    return result;
  });
}

function converterOf(column: Column): (value: unknown) => JsonValue {
  if (column.isNumber()) return numberOf;
  if (column.isDate()) return (value) => timestampText(value as DriverTimestamp).slice(0, 'YYYY-MM-DD'.length);
  if (column.isTimestampNtz()) return (value) => timestampText(value as DriverTimestamp);
  if (column.isTimestamp()) return (value) => `${timestampText(value as DriverTimestamp)}+00`;
  if (column.isBoolean()) return Boolean;
  return String;
}

function numberOf(value: unknown): JsonValue {
  const text = String(value);
  const number = Number(text);
  const isExact = Number.isFinite(number) && (Number.isSafeInteger(number) || /[.e]/i.test(text));
  return isExact ? number : text;
}

/** `YYYY-MM-DD HH:MM:SS[.ffffff]`, as DuckDB writes it: no zeros at the fraction's end. */
function timestampText(value: DriverTimestamp): string {
  const seconds = new Date(value.getEpochSeconds() * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const micros = Math.floor(value.getNanoSeconds() / 1000);
  if (micros === 0) return seconds;
  return `${seconds}.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
}
