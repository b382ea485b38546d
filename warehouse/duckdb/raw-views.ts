import { LINEAGE_COLUMNS } from '../../contracts/raw-partition';
import type { SourceTable } from '../../contracts/source-contract';
import { parquet, sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import type { VisiblePartition, VisibleTable } from '../store/data-sets';
import type { Layout } from './layout';

/** A partition that a RAW view may list, and its files. */
export interface ViewPartition extends VisiblePartition {
  file: string;
  rejects: string;
}

/** All views of one table in a candidate's RAW schema. */
export type RawTable = VisibleTable<ViewPartition>;

/** Where the partitions of a table lie. */
export function withFiles({ table, current, sealed }: VisibleTable, layout: Layout): RawTable {
  const located = (partition: VisiblePartition) => ({
    ...partition,
    file: layout.partition(partition.table, partition.loadSeq),
    rejects: layout.rejects(partition.table, partition.loadSeq),
  });
  return { table, current: current.map(located), sealed: sealed.map(located) };
}

/**
 * DDL of a table's RAW views. They list exactly the partition files that belong to the data set, so that a published
 * file never changes its answer.
 *
 * - `raw.<table>`: snapshot: the newest logical date's partition; append: the union over logical dates.
 * - `raw.<table>_history`: the current partition of every logical date.
 * - `raw.<table>_run`: these, and the partitions of publications before that they superseded.
 */
export function rawViews({ table, current, sealed }: RawTable): string[] {
  const byDate = [...current].sort((a, b) => (a.logicalDate < b.logicalDate ? -1 : 1));
  const latest = table.mode === 'snapshot' ? byDate.slice(-1) : byDate;
  return [
    view(table, table.name, latest),
    view(table, `${table.name}_history`, byDate),
    view(table, `${table.name}_run`, sealed),
  ];
}

/** DDL of `raw.raw_rejected_rows`: the rejected records of the partitions of `raw.<table>_run`, from the files beside them. */
export function rejectedRowsView(tables: RawTable[]): string {
  const partitions = tables.flatMap(({ sealed }) => sealed).filter(({ hasRejects }) => hasRejects);
  const columns = [
    '_load_seq',
    '_load_id',
    '_logical_date',
    '_source_file',
    '_source_row_number',
    'reason',
    'raw_record',
  ];
  const body =
    partitions.length === 0
      ? `select null::varchar as table_name, null::bigint as _load_seq, null::varchar as _load_id,
           null::date as _logical_date, null::varchar as _source_file, null::bigint as _source_row_number,
           null::varchar as reason, null::varchar as raw_record where false`
      : partitions
          .map(({ table, rejects }) => {
            const from = parquet([rejects]);
            return `select ${sqlString(table)} as table_name, ${columns.join(', ')} from ${from}`;
          })
          .join('\nunion all\n');
  return `create view raw.raw_rejected_rows as ${body}`;
}

/** DDL of `raw.current_load`: the data set's partitions, one row per (table, logical date). */
export function currentLoadView(tables: RawTable[]): string {
  const rows = tables
    .flatMap(({ current }) => current)
    .map(
      (p) => `(${sqlString(p.table)}, date ${sqlString(p.logicalDate)}, ${p.loadSeq}::bigint, ${sqlString(p.loadId)})`,
    );
  const columns = '(table_name, logical_date, load_seq, load_id)';
  return rows.length === 0
    ? `create view raw.current_load as select null::varchar as table_name, null::date as logical_date,
         null::bigint as load_seq, null::varchar as load_id where false`
    : `create view raw.current_load as select * from (values ${rows.join(', ')}) as loads ${columns}`;
}

function view(table: SourceTable, name: string, partitions: ViewPartition[]): string {
  const groups = groupBySignature(partitions);
  const selects =
    groups.length === 0
      ? [`select ${table.columns.map((c) => nullColumn(c.name)).join(', ')}, ${emptyLineage()} where false`]
      : groups.map((group) => `select ${columnList(table, group)} from ${parquet(group.map((p) => p.file))}`);
  return `create view raw.${sqlIdentifier(name)} as ${selects.join('\nunion all\n')}`;
}

/**
 * Partitions written under an older contract may hold a column under one of its aliases, or lack it: then it is null there. One
 * that was new when it was delivered, and was kept, is shown as soon as it is described.
 */
function columnList(table: SourceTable, group: ViewPartition[]): string {
  const present = new Set(group[0]?.columns);
  return [
    ...table.columns.map(({ name, aliases }) => {
      const [held, ...others] = [name, ...aliases].filter((called) => present.has(called)).map(sqlIdentifier);
      if (held === undefined) return nullColumn(name);
      // Several, when one was null or missing in the files that had the other: of each row one is filled.
      const cell = others.length === 0 ? held : `coalesce(${[held, ...others].join(', ')})`;
      return cell === sqlIdentifier(name) ? cell : `${cell} as ${sqlIdentifier(name)}`;
    }),
    ...LINEAGE_COLUMNS.map(({ name }) => name),
  ].join(', ');
}

function groupBySignature(partitions: ViewPartition[]): ViewPartition[][] {
  const groups = new Map<string, ViewPartition[]>();
  for (const partition of partitions) {
    const signature = [...partition.columns].sort().join('\n');
    groups.set(signature, [...(groups.get(signature) ?? []), partition]);
  }
  return [...groups.values()];
}

function nullColumn(name: string): string {
  return `null::varchar as ${sqlIdentifier(name)}`;
}

function emptyLineage(): string {
  return LINEAGE_COLUMNS.map(({ name, type }) => `null::${type} as ${name}`).join(', ');
}
