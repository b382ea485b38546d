import type { CellFormat, SourceColumn } from '../contracts/source-contract';
import { sqlIdentifier, sqlString } from '../duckdb/sql-text';

/** Columns whose cells must be values of a type; any text is a text. */
export function typedColumns(columns: readonly SourceColumn[]): SourceColumn[] {
  return columns.filter((column) => column.type !== 'text');
}

/**
 * Condition that a cell of RAW (text) holds something that is no value of its column's type: what staging casts to null. It
 * repeats what `dbt/macros/cells.sql` says of clean cells and types.
 */
export function isUncastable(column: SourceColumn): string {
  const cell = cleanCell(column);
  return `(${looksUncastable(column)} and ${cell} is not null and ${fails(cell, column)})`;
}

/** As `isUncastable`, at half its cost, but true of untrimmed cells and null tokens too. */
export function looksUncastable(column: SourceColumn): string {
  const name = sqlIdentifier(column.name);
  return `(${name} is not null and ${fails(name, column)})`;
}

/** A cell as staging cleans it: trimmed of white space; empty, and one of the null tokens, is null. */
export function cleanCell({ name, format }: Pick<SourceColumn, 'name' | 'format'>): string {
  const trimmed = `trim(${sqlIdentifier(name)}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))`;
  return ['', ...format.null_tokens].reduce((cell, token) => `nullif(${cell}, ${sqlString(token)})`, trimmed);
}

function fails(cell: string, { type, format }: SourceColumn): string {
  const isNoTime = (written: string) =>
    `try_strptime(${timeText(cell, written, format)}, ${timeFormat(written, format)}) is null`;
  const isNo = (pattern: string) => `not regexp_full_match(${cell}, ${sqlString(pattern)})`;
  switch (type) {
    case 'text':
      return 'false';
    case 'integer':
      return isNo(wholeNumber(format));
    case 'decimal':
      return isNo(`${wholeNumber(format)}([${format.decimal_mark}][0-9]+)?`);
    case 'date':
      return isNoTime(format.date_format);
    case 'time':
      return isNoTime(format.time_format ?? '%H:%M');
    case 'timestamp':
      return isNoTime(format.timestamp_format);
    case 'boolean': {
      const words = [format.true_tokens ?? ['true', 'yes', '1'], format.false_tokens ?? ['false', 'no', '0']].flat();
      return `lower(${cell}) not in (${words.map((word) => sqlString(word.toLowerCase())).join(', ')})`;
    }
  }
}

function wholeNumber({ thousands_mark: mark }: CellFormat): string {
  const whole = '0*[0-9]{1,9}';
  return `[+-]?${mark ? `(${whole}|[1-9][0-9]{0,2}([${mark}][0-9]{3}){1,2})` : whole}`;
}

/** The text that is left for the parser: numbers for the months' names, an offset for Z. */
function timeText(cell: string, written: string, { month_names: months }: CellFormat): string {
  const named = months !== undefined && /%[bB]/.test(written) ? withMonthNumbers(cell, written, months) : cell;
  return written.includes('%z') ? `regexp_replace(${named}, 'Z$', '+00:00')` : named;
}

/** The longest names first, since one may begin with another. */
function withMonthNumbers(cell: string, written: string, months: string[][]): string {
  const hasStop = /%[bB]\./.test(written);
  return months
    .flatMap((spellings, index) => {
      const number = String(index + 1).padStart(2, '0');
      return spellings
        .map((name) => name.toLowerCase())
        .flatMap((name) => (hasStop ? [name] : [name, `${name}.`]))
        .map((name) => ({ name, number }));
    })
    .sort((a, b) => b.name.length - a.name.length)
    .reduce((text, { name, number }) => `replace(${text}, ${sqlString(name)}, '${number}')`, `lower(${cell})`);
}

function timeFormat(written: string, { month_names: months }: CellFormat): string {
  return sqlString(months === undefined ? written : written.replace(/%[bB]/g, '%m'));
}
