import type { CsvDialect, SourceColumn } from '../contracts/source-contract';
import { sqlIdentifier, sqlString } from '../duckdb/sql-text';

/** Columns whose cells must be values of a type; any text is a text. */
export function typedColumns(columns: readonly SourceColumn[]): SourceColumn[] {
  return columns.filter((column) => column.type !== 'text');
}

/**
 * Condition that a cell of RAW (text) holds something that is no value of its column's type: what staging casts to null. It
 * repeats what `dbt/macros/cells.sql` says of clean cells and types.
 */
export function isUncastable(column: SourceColumn, csv: CsvDialect): string {
  const cell = cleanCell(column, csv.null_tokens);
  return `(${looksUncastable(column, csv)} and ${cell} is not null and ${fails(cell, column, csv)})`;
}

/** As `isUncastable`, at half its cost, but true of untrimmed cells and null tokens too. */
export function looksUncastable(column: SourceColumn, csv: CsvDialect): string {
  const name = sqlIdentifier(column.name);
  return `(${name} is not null and ${fails(name, column, csv)})`;
}

/** A cell as staging cleans it: trimmed of white space; empty, and one of the null tokens, is null. */
export function cleanCell(column: Pick<SourceColumn, 'name'>, nullTokens: readonly string[]): string {
  const trimmed = `trim(${sqlIdentifier(column.name)}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))`;
  return ['', ...nullTokens].reduce((cell, token) => `nullif(${cell}, ${sqlString(token)})`, trimmed);
}

function fails(cell: string, { type }: SourceColumn, csv: CsvDialect): string {
  const isNoTime = (format: string) => `try_strptime(${cell}, ${sqlString(format)}) is null`;
  const isNo = (pattern: string) => `not regexp_full_match(${cell}, ${sqlString(pattern)})`;
  switch (type) {
    case 'text':
      return 'false';
    case 'integer':
      return isNo('[+-]?0*[0-9]{1,9}');
    case 'decimal':
      return isNo(`[+-]?0*[0-9]{1,9}([${csv.decimal_mark}][0-9]+)?`);
    case 'date':
      return isNoTime(csv.date_format);
    case 'time':
      return isNoTime('%H:%M');
    case 'timestamp':
      return isNoTime(csv.timestamp_format);
    case 'boolean':
      return `lower(${cell}) not in ('true', 'yes', '1', 'false', 'no', '0')`;
  }
}
