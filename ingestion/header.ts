import { HeaderMismatchError } from '../contracts/errors';
import { LINEAGE_COLUMNS } from '../contracts/raw-partition';
import type { DriftKind, SchemaDrift } from '../contracts/schema-drift';
import type { SourceTable } from '../contracts/source-contract';

/** A column of a delivered file, in the file's order. */
export interface FileColumn {
  /** Its name in the file, lower-case; `unnamed_<place>` when it has none. */
  name: string;
  /** The described column that it fills; undefined for a new one. */
  fills: string | undefined;
}

/** More new columns than this are another table's file, whatever the policy. */
const MAX_NEW_COLUMNS = 1_000;
/** Events of new columns of one file. */
const MAX_EVENTS = 100;

/**
 * Finds for each column of a file's header what it is in the contract. Names count, in any case; an alias stands for its
 * column. What differs is listed as drift.
 *
 * @param header names in the file's order, trimmed. @param name the file as people know it, for messages.
 * @throws HeaderMismatchError when the drift policy refuses the difference, and always when a name stands twice, a column of
 * the key is missing, or a name is one of the platform's own.
 */
export function matchHeader(
  header: string[],
  name: string,
  table: SourceTable,
): { columns: FileColumn[]; drift: SchemaDrift[] } {
  const found = header.map((column, index) => (column === '' ? `unnamed_${index + 1}` : column.toLowerCase()));
  const doubled = found.find((column, index) => found.indexOf(column) !== index);
  if (doubled !== undefined) {
    throw new HeaderMismatchError(`${name}: column ${quoteName(doubled)} stands twice in the header.`);
  }
  const columns = found.map((column) => ({ name: column, fills: describedAs(column, table) }));
  const filled = columns.flatMap(({ fills }) => fills ?? []);
  const twice = filled.find((column, index) => filled.indexOf(column) !== index);
  if (twice !== undefined) {
    const names = columns.filter(({ fills }) => fills === twice).map((column) => quoteName(column.name));
    throw new HeaderMismatchError(`${name}: ${names.join(' and ')} are both names of column '${twice}': deliver one.`);
  }
  const drift = driftOf(columns, name, table);
  refuse(columns, drift, name, table);
  return { columns, drift: cutEvents(drift) };
}

/** The described column that a name in a file stands for. */
function describedAs(name: string, table: SourceTable): string | undefined {
  return table.columns.find((column) => column.name === name || column.aliases.includes(name))?.name;
}

function driftOf(columns: FileColumn[], sourceFile: string, table: SourceTable): SchemaDrift[] {
  const event = (drift: DriftKind, column: string, detail: string): SchemaDrift => ({
    sourceFile,
    drift,
    column: column.slice(0, 200),
    // Rows that lost their key could not be told from each other.
    policy: drift === 'missing_column' && table.key.includes(column) ? 'freeze' : table.drift[drift],
    detail,
  });
  const described = columns.filter(({ fills }) => fills !== undefined);
  const places = described.map(({ fills }) => table.columns.findIndex((column) => column.name === fills));
  const order = columns.map((column) => column.name).join(', ');
  return [
    ...table.columns
      .filter((column) => !columns.some(({ fills }) => fills === column.name))
      .map((column) => event('missing_column', column.name, 'the file lacks it')),
    ...columns
      .filter(({ fills }) => fills === undefined)
      .map((column) => event('new_column', column.name, 'not described')),
    ...described
      .filter(({ name, fills }) => fills !== name)
      .map(({ name, fills = '' }) => event('renamed_column', fills, `delivered as ${quoteName(name)}`)),
    ...(places.every((place, index) => index === 0 || place > (places[index - 1] ?? 0))
      ? []
      : [event('reordered_columns', '', `delivered as ${order.slice(0, 500)}`)]),
  ];
}

/** @throws HeaderMismatchError with one sentence for all that is refused. */
function refuse(columns: FileColumn[], drift: SchemaDrift[], name: string, table: SourceTable): void {
  const frozen = (kind: DriftKind) =>
    drift.filter((event) => event.drift === kind && event.policy === 'freeze').map((event) => event.column);
  const missing = frozen('missing_column');
  const unknown = columns.filter(({ fills }) => fills === undefined).map((column) => column.name);
  const reserved = unknown.filter((column) => LINEAGE_COLUMNS.some((lineage) => lineage.name === column));
  const isNewRefused = unknown.length > MAX_NEW_COLUMNS || frozen('new_column').length > 0;
  const parts = [
    ...(missing.length > 0 ? [`lacks ${listed(missing)}`] : []),
    ...(isNewRefused ? [`has ${listed(unknown)}, not described`] : []),
    ...(frozen('renamed_column').length > 0 ? [`calls ${listed(frozen('renamed_column'))} by another name`] : []),
    ...(frozen('reordered_columns').length > 0 ? ['has its columns in another order'] : []),
    ...(reserved.length > 0 ? [`has ${listed(reserved)}, a name of the platform's own`] : []),
  ];
  if (parts.length === 0) return;
  const renamed = missing.length > 0 && unknown.length > 0 ? ' (a new name of a column as one of its aliases)' : '';
  throw new HeaderMismatchError(
    `${name}: the header ${parts.join(' and ')}: correct the file, or describe the change${renamed} in ` +
      `dbt/models/staging/${table.system}/_${table.system}__sources.yml.`,
    cutEvents(drift),
  );
}

function cutEvents(drift: SchemaDrift[]): SchemaDrift[] {
  const added = drift.filter((event) => event.drift === 'new_column');
  const more = added.length - MAX_EVENTS;
  if (more <= 0) return drift;
  const last = added[MAX_EVENTS - 1] as SchemaDrift;
  const cut = { ...last, column: '', detail: `${more + 1} more columns are not described` };
  return [...drift.filter((event) => event.drift !== 'new_column'), ...added.slice(0, MAX_EVENTS - 1), cut];
}

/** At most ten names. */
function listed(names: string[]): string {
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  return `${names.slice(0, 10).map(quoteName).join(', ')}${more}`;
}

function quoteName(column: string): string {
  return `'${column.slice(0, 60)}'`;
}
