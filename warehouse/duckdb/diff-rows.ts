import type { KpiColumn } from '../../contracts/dbt-artifacts';
import type { DuckDb } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import type { RelationDiff, ValueDiff } from '../warehouse';

/** A relation of one or both of two attached data sets, `before` and `after`. */
export interface ComparedRelation {
  schema: string;
  name: string;
  /** Columns with their types, in order; empty on the side that lacks the relation. */
  before: Map<string, string>;
  after: Map<string, string>;
  key: string[];
  kpis: Record<string, KpiColumn>;
}

/** Beyond this a relation is counted, not compared: what a comparison keeps in memory is some hundred bytes per row. */
const MOST_ROWS_COMPARED = 3_000_000;
const VALUES_PER_COLUMN = 3;
const MOST_VALUES = 20;
const NUMERIC = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/** Compares one relation of two data sets, set-based. */
export async function compareRelation(db: DuckDb, relation: ComparedRelation): Promise<RelationDiff> {
  const { schema, name, before, after } = relation;
  const columns = commonColumns(relation);
  // A key that one side lacks matches nothing: rows are then compared whole.
  const key = relation.key.every((column) => columns.some((common) => common.name === column)) ? relation.key : [];
  const base: RelationDiff = {
    ...{ relation: `${schema}.${name}`, change: 'SAME', key, rows: null, columnsChanged: [], values: [] },
    dateKey: key.find((column) => after.get(column) === 'DATE') ?? null,
    rowsBefore: before.size === 0 ? 0 : await countRows(db, 'before', relation),
    rowsAfter: after.size === 0 ? 0 : await countRows(db, 'after', relation),
    columnsAdded: before.size === 0 ? [] : only(after, before),
    columnsRemoved: after.size === 0 ? [] : only(before, after),
  };
  if (before.size === 0) return { ...base, change: 'ADDED' };
  if (after.size === 0) return { ...base, change: 'REMOVED' };
  if (columns.length === 0 || Math.max(base.rowsBefore, base.rowsAfter) > MOST_ROWS_COMPARED) {
    return { ...base, change: 'NOT_COMPARED' };
  }
  const rows = await compareRows(db, relation, key, columns);
  const isSame = rows.added + rows.removed + rows.changed + base.columnsAdded.length + base.columnsRemoved.length === 0;
  if (rows.changed === 0) return { ...base, change: isSame ? 'SAME' : 'CHANGED', rows };
  const columnsChanged = await countChangedColumns(db, relation, key, columns);
  const numbers = columns.filter(
    (column) => NUMERIC.test(column.type) && columnsChanged.some((changed) => changed.column === column.name),
  );
  const values =
    schema.toLowerCase() === 'marts' && numbers.length > 0
      ? await biggestChanges(db, relation, key, columns, numbers)
      : [];
  return { ...base, change: 'CHANGED', rows, columnsChanged, values };
}

/** A column that both sides have. */
interface CommonColumn {
  name: string;
  /** Of the later side. */
  type: string;
  /** Its value as both sides can be compared by: where the types differ, as a double if both are numbers, else as text. */
  sql: string;
}

/** Lineage columns begin with an underscore; they say where a row came from, not what it says. */
function isLineage(column: string): boolean {
  return column.startsWith('_');
}

function commonColumns({ before, after }: ComparedRelation): CommonColumn[] {
  return [...after]
    .filter(([name]) => before.has(name) && !isLineage(name))
    .map(([name, type]) => {
      const column = sqlIdentifier(name);
      const old = before.get(name) ?? '';
      const common = NUMERIC.test(old) && NUMERIC.test(type) ? 'double' : 'varchar';
      return { name, type, sql: old === type ? column : `${column}::${common}` };
    });
}

function only(here: Map<string, string>, there: Map<string, string>): string[] {
  return [...here.keys()].filter((name) => !there.has(name) && !isLineage(name));
}

function nameOn(side: 'before' | 'after', { schema, name }: ComparedRelation): string {
  return `${side}.${sqlIdentifier(schema)}.${sqlIdentifier(name)}`;
}

async function countRows(db: DuckDb, side: 'before' | 'after', relation: ComparedRelation): Promise<number> {
  const [row] = await db.rows(`select count(*) as n from ${nameOn(side, relation)}`);
  return Number(row?.n);
}

/**
 * Matches rows by key, and by content within a key, as multisets: so it is exact where a key stands more than once too. A row
 * is held as two 64-bit hashes: of millions of rows, two that differ and look the same are not to be expected.
 */
async function compareRows(
  db: DuckDb,
  relation: ComparedRelation,
  key: string[],
  columns: CommonColumn[],
): Promise<{ added: number; removed: number; changed: number }> {
  const content = `hash(${columns.map((column) => column.sql).join(', ')})`;
  const keys = columns.filter((column) => key.includes(column.name)).map((column) => column.sql);
  const keyHash = keys.length === 0 ? content : `hash(${keys.join(', ')})`;
  const side = (name: 'before' | 'after') =>
    `select ${keyHash} as key, ${content} as content, ${Number(name === 'before')} as before,
       ${Number(name === 'after')} as after from ${nameOn(name, relation)}`;
  const [row] = await db.rows(
    `with all_rows as (${side('before')} union all ${side('after')}),
     contents as (select key, sum(before) as before, sum(after) as after from all_rows group by key, content),
     keys as (
       select sum(before) as before, sum(after) as after, sum(least(before, after)) as same from contents group by key
     )
     select coalesce(sum(before), 0)::bigint as before, coalesce(sum(after), 0)::bigint as after,
       coalesce(sum(same), 0)::bigint as same, coalesce(sum(least(before, after) - same), 0)::bigint as changed
     from keys`,
  );
  const same = Number(row?.same);
  const changed = Number(row?.changed);
  return { changed, added: Number(row?.after) - same - changed, removed: Number(row?.before) - same - changed };
}

/** The rows whose key stands once on either side, side by side, as `b` and `a`. */
function pairs(relation: ComparedRelation, key: string[], columns: CommonColumn[]): string {
  const names = key.map(sqlIdentifier);
  const side = (name: 'before' | 'after') =>
    `(from ${nameOn(name, relation)} qualify count(*) over (partition by ${names.join(', ')}) = 1)`;
  const isKey = columns
    .filter((column) => key.includes(column.name))
    .map((column) => `b.${column.sql} is not distinct from a.${column.sql}`);
  return `${side('before')} as b join ${side('after')} as a on ${isKey.join(' and ')}`;
}

async function countChangedColumns(
  db: DuckDb,
  relation: ComparedRelation,
  key: string[],
  columns: CommonColumn[],
): Promise<{ column: string; rows: number }[]> {
  const counts = columns.map(({ sql }, index) => `count(*) filter (b.${sql} is distinct from a.${sql}) as c${index}`);
  const [row] = await db.rows(`select ${counts.join(', ')} from ${pairs(relation, key, columns)}`);
  return columns
    .map(({ name }, index) => ({ column: name, rows: Number(row?.[`c${index}`]) }))
    .filter((column) => column.rows > 0)
    .sort((one, other) => other.rows - one.rows);
}

/** Doubles that were summed in another order differ in their last bits: that is no change of a KPI. */
const ROUNDING = '1e-9';

/** Headlines and other KPIs first, by how much they moved; then other numbers, by how much of themselves. */
async function biggestChanges(
  db: DuckDb,
  relation: ComparedRelation,
  key: string[],
  columns: CommonColumn[],
  numbers: CommonColumn[],
): Promise<ValueDiff[]> {
  const keyList = `[${key.map((name) => `a.${sqlIdentifier(name)}::varchar`).join(', ')}]`;
  const value = (side: 'a' | 'b', name: string) => `try_cast(${side}.${sqlIdentifier(name)} as double)`;
  const changes = numbers.map(
    ({ name }) => `{
    'column': ${sqlString(name)}, 'place': ${placeOf(relation.kpis[name])},
    'before': ${value('b', name)}, 'after': ${value('a', name)}}`,
  );
  const rows = await db.rows(
    `with changed as (
       select ${keyList} as key, unnest([${changes.join(', ')}], recursive := true)
       from ${pairs(relation, key, columns)}
     ),
     sized as (
       select *, abs(coalesce(after, 0) - coalesce(before, 0))
         / case when place < 2 then 1 else greatest(abs(coalesce(after, 0)), abs(coalesce(before, 0))) end as moved
       from changed
       where before is distinct from after
         and not coalesce(abs(after - before) <= ${ROUNDING} * greatest(abs(after), abs(before)), false)
     )
     select to_json(key)::varchar as key, "column", before, after
     from sized
     qualify row_number() over (partition by "column" order by moved desc nulls last, key) <= ${VALUES_PER_COLUMN}
     order by place, moved desc nulls last, "column", key
     limit ${MOST_VALUES}`,
  );
  return rows.map((row) => ({
    column: String(row.column),
    key: JSON.parse(String(row.key)) as (string | null)[],
    before: toNumber(row.before),
    after: toNumber(row.after),
    kpi: relation.kpis[String(row.column)] ?? null,
  }));
}

/** A summary's order: headlines, other KPIs, other numbers. */
function placeOf(kpi: KpiColumn | undefined): 0 | 1 | 2 {
  if (kpi === undefined) return 2;
  return kpi.isHeadline ? 0 : 1;
}

/** DuckDB gives NaN and infinities as text. */
function toNumber(value: unknown): number | null {
  return value === null || value === undefined || !Number.isFinite(Number(value)) ? null : Number(value);
}
