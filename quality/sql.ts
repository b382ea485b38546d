import type { SourceTable } from '../contracts/source-contract';
import type { Warehouse } from '../warehouse/warehouse';

/** SQL that both warehouses understand, for the checks. */
export type SqlText = Pick<Warehouse, 'identifier' | 'literal'>;

/** A cell as staging cleans it: trimmed of white space; empty, and one of the null tokens, is null. */
export function cleanCell({ identifier, literal }: SqlText, table: SourceTable, column: string): string {
  const tokens = table.columns.find(({ name }) => name === column)?.format.null_tokens ?? table.csv.null_tokens;
  const trimmed = `trim(${identifier(column)}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))`;
  return ['', ...tokens].reduce((cell, token) => `nullif(${cell}, ${literal(token)})`, trimmed);
}

/** `column in (dates)`; no row for none. */
export function isOneOf(column: string, dates: readonly string[], { literal }: SqlText): string {
  if (dates.length === 0) return '1 = 0';
  return `${column} in (${dates.map((date) => `cast(${literal(date)} as date)`).join(', ')})`;
}

/** A moment as a TIMESTAMP literal in UTC. */
export function utcLiteral(time: Date): string {
  return `timestamp '${time.toISOString().replace('T', ' ').replace('Z', '')}'`;
}

/** Rows for which a condition is true. */
export function countIf(condition: string): string {
  return `coalesce(sum(case when ${condition} then 1 else 0 end), 0)`;
}

/** A value as text, also when it is a number or null. */
export function keyText(columns: readonly string[]): string {
  return columns.map((column) => `coalesce(cast(${column} as varchar), '(empty)')`).join(` || ' / ' || `);
}
