import { LINEAGE_COLUMNS } from '../../contracts/raw-partition';
import type { VisibleTable } from '../store/data-sets';
import { quoted, type DatabaseNames } from './database-names';
import { rejectTable, runTable } from './raw-tables';
import { snowflakeString } from './sql-text';

/** Rows of one INSERT. */
const MOST_VALUES = 2_000;

/**
 * DDL of what a data set's schema RAW holds besides the audits: the views `<TABLE>`, `<TABLE>_HISTORY` and `<TABLE>_RUN` of each
 * source table, as on DuckDB, RAW_REJECTED_ROWS, and the table CURRENT_LOAD. The views read the store's tables and list exactly the
 * data set's `_LOAD_SEQ`s: literals, so that Snowflake reads only the micro-partitions that hold them.
 *
 * @param columns those that the tables of the store have, in lower case.
 */
export function rawRelations(
  names: DatabaseNames,
  database: string,
  tables: VisibleTable[],
  columns: Map<string, Set<string>>,
): string[] {
  const raw = `${database}."RAW"`;
  return [
    ...tables.flatMap(({ table, current, sealed }) => {
      const byDate = [...current].sort((a, b) => (a.logicalDate < b.logicalDate ? -1 : 1));
      const latest = table.mode === 'snapshot' ? byDate.slice(-1) : byDate;
      const view = (name: string, partitions: { loadSeq: string }[]) =>
        `create view ${raw}.${quoted(name)} as ${selection(names, table, columns.get(table.name), partitions)}`;
      return [view(table.name, latest), view(`${table.name}_history`, byDate), view(`${table.name}_run`, sealed)];
    }),
    rejectedRows(names, raw, tables),
    `create table ${raw}.current_load (table_name varchar, logical_date date, load_seq bigint, load_id varchar)`,
    ...currentLoads(raw, tables),
  ];
}

/** The columns of a table's contract and the lineage of some of its partitions' rows. */
function selection(
  names: DatabaseNames,
  table: VisibleTable['table'],
  there: Set<string> | undefined,
  partitions: { loadSeq: string }[],
): string {
  const source = table.columns.map(({ name, aliases }) => {
    // A partition of an older contract may hold a column under one of its aliases, or lack it: then it is null.
    const held = [name, ...aliases].filter((called) => there?.has(called)).map(quoted);
    const cell = held.length === 0 ? 'null::varchar' : held.length === 1 ? held[0] : `coalesce(${held.join(', ')})`;
    return `${cell} as ${quoted(name)}`;
  });
  if (there === undefined) {
    const lineage = LINEAGE_COLUMNS.map(({ name, type }) => `null::${type} as ${quoted(name)}`);
    return `select ${[...source, ...lineage].join(', ')} where false`;
  }
  const lineage = LINEAGE_COLUMNS.map(({ name }) => quoted(name));
  return `select ${[...source, ...lineage].join(', ')} from ${runTable(names, table.name)}
    where "_LOAD_SEQ" in (${list(partitions)})`;
}

function rejectedRows(names: DatabaseNames, raw: string, tables: VisibleTable[]): string {
  const rejecting = tables.flatMap(({ sealed }) => sealed).filter(({ hasRejects }) => hasRejects);
  return `create view ${raw}.raw_rejected_rows as
    select table_name, _load_seq, _load_id, _logical_date, _source_file, _source_row_number, reason, raw_record
    from ${rejectTable(names)} where _load_seq in (${list(rejecting)})`;
}

/** All numbers are positive: 0 stands for none. */
function list(partitions: { loadSeq: string }[]): string {
  return ['0', ...partitions.map(({ loadSeq }) => loadSeq)].join(', ');
}

function currentLoads(raw: string, tables: VisibleTable[]): string[] {
  const rows = tables
    .flatMap(({ current }) => current)
    .map(({ table, logicalDate, loadSeq, loadId }) =>
      [snowflakeString(table), `'${logicalDate}'::date`, loadSeq, snowflakeString(loadId)].join(', '),
    );
  const statements: string[] = [];
  for (let first = 0; first < rows.length; first += MOST_VALUES) {
    const some = rows.slice(first, first + MOST_VALUES).map((row) => `select ${row}`);
    statements.push(`insert into ${raw}.current_load ${some.join(' union all ')}`);
  }
  return statements;
}
