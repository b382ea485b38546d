import type { KpiColumn } from '../contracts/dbt-artifacts';
import type { JsonRow } from '../duckdb/connection';
import type { RelationDiff, ValueDiff } from './warehouse';

/** Two data sets that one connection can read. The SQL here is what DuckDB and Snowflake have in common. */
export interface ComparedDataSets {
  rows(sql: string): Promise<JsonRow[]>;
  /** Names of their databases, as they stand in SQL. */
  before: string;
  after: string;
  /** A name of the catalog as an identifier in SQL. */
  identifier(name: string): string;
}

/** A relation of one or both of two data sets, `before` and `after`. */
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
const NUMERIC = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|NUMBER|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/** Compares one relation of two data sets, set-based. */
export async function compareRelation(db: ComparedDataSets, relation: ComparedRelation): Promise<RelationDiff> {
  const { schema, name, before, after } = relation;
  const columns = commonColumns(db, relation);
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

function commonColumns(db: ComparedDataSets, { before, after }: ComparedRelation): CommonColumn[] {
  return [...after]
    .filter(([name]) => before.has(name) && !isLineage(name))
    .map(([name, type]) => {
      const column = db.identifier(name);
      const old = before.get(name) ?? '';
      const common = NUMERIC.test(old) && NUMERIC.test(type) ? 'double' : 'varchar';
      return { name, type, sql: old === type ? column : `${column}::${common}` };
    });
}

function only(here: Map<string, string>, there: Map<string, string>): string[] {
  return [...here.keys()].filter((name) => !there.has(name) && !isLineage(name));
}

function nameOn(db: ComparedDataSets, side: 'before' | 'after', { schema, name }: ComparedRelation): string {
  return `${db[side]}.${db.identifier(schema)}.${db.identifier(name)}`;
}

async function countRows(db: ComparedDataSets, side: 'before' | 'after', relation: ComparedRelation): Promise<number> {
  const [row] = await db.rows(`select count(*) as n from ${nameOn(db, side, relation)}`);
  return Number(row?.n);
}

/**
 * Matches rows by key, and by content within a key, as multisets: so it is exact where a key stands more than once too. A row
 * is held as two 64-bit hashes: of millions of rows, two that differ and look the same are not to be expected.
 */
async function compareRows(
  db: ComparedDataSets,
  relation: ComparedRelation,
  key: string[],
  columns: CommonColumn[],
): Promise<{ added: number; removed: number; changed: number }> {
  const content = `hash(${columns.map((column) => column.sql).join(', ')})`;
  const keys = columns.filter((column) => key.includes(column.name)).map((column) => column.sql);
  const keyHash = keys.length === 0 ? content : `hash(${keys.join(', ')})`;
  const side = (name: 'before' | 'after') =>
    `select ${keyHash} as row_key, ${content} as content, ${Number(name === 'before')} as is_before,
       ${Number(name === 'after')} as is_after from ${nameOn(db, name, relation)}`;
  const [row] = await db.rows(
    `with all_rows as (${side('before')} union all ${side('after')}),
     contents as (
       select row_key, sum(is_before) as n_before, sum(is_after) as n_after from all_rows group by row_key, content
     ),
     row_keys as (
       select sum(n_before) as n_before, sum(n_after) as n_after, sum(least(n_before, n_after)) as n_same
       from contents group by row_key
     )
     select coalesce(sum(n_before), 0)::bigint as n_before, coalesce(sum(n_after), 0)::bigint as n_after,
       coalesce(sum(n_same), 0)::bigint as same, coalesce(sum(least(n_before, n_after) - n_same), 0)::bigint as changed
     from row_keys`,
  );
  const same = Number(row?.same);
  const changed = Number(row?.changed);
  return { changed, added: Number(row?.n_after) - same - changed, removed: Number(row?.n_before) - same - changed };
}

/** The rows whose key stands once on either side, side by side, as `b` and `a`. */
function pairs(db: ComparedDataSets, relation: ComparedRelation, key: string[], columns: CommonColumn[]): string {
  const names = key.map((name) => db.identifier(name));
  const side = (name: 'before' | 'after') =>
    `(select * from ${nameOn(db, name, relation)} qualify count(*) over (partition by ${names.join(', ')}) = 1)`;
  const isKey = columns
    .filter((column) => key.includes(column.name))
    .map((column) => `b.${column.sql} is not distinct from a.${column.sql}`);
  return `${side('before')} as b join ${side('after')} as a on ${isKey.join(' and ')}`;
}

async function countChangedColumns(
  db: ComparedDataSets,
  relation: ComparedRelation,
  key: string[],
  columns: CommonColumn[],
): Promise<{ column: string; rows: number }[]> {
  const counts = columns.map(({ sql }, index) => `count_if(b.${sql} is distinct from a.${sql}) as c${index}`);
  const [row] = await db.rows(`select ${counts.join(', ')} from ${pairs(db, relation, key, columns)}`);
  return columns
    .map(({ name }, index) => ({ column: name, rows: Number(row?.[`c${index}`]) }))
    .filter((column) => column.rows > 0)
    .sort((one, other) => other.rows - one.rows);
}

/** Doubles that were summed in another order differ in their last bits: that is no change of a KPI. */
const ROUNDING = '1e-9';

/** Headlines and other KPIs first, by how much they moved; then other numbers, by how much of themselves. */
async function biggestChanges(
  db: ComparedDataSets,
  relation: ComparedRelation,
  key: string[],
  columns: CommonColumn[],
  numbers: CommonColumn[],
): Promise<ValueDiff[]> {
  const keys = key.map((name, index) => `a.${db.identifier(name)}::varchar as k${index}`);
  const keyNames = key.map((_, index) => `k${index}`).join(', ');
  const value = (side: 'a' | 'b', name: string) => `try_cast(${side}.${db.identifier(name)}::varchar as double)`;
  const changes = numbers.map(
    ({ name }, index) =>
      `select ${index} as n, ${placeOf(relation.kpis[name])} as place, ${value('b', name)} as old_value,
         ${value('a', name)} as new_value, ${keys.join(', ')}
       from ${pairs(db, relation, key, columns)}`,
  );
  const rows = await db.rows(
    `with changed as (${changes.join('\nunion all\n')}),
     sized as (
       select n, place, old_value, new_value, ${keyNames}, abs(coalesce(new_value, 0) - coalesce(old_value, 0))
         / case when place < 2 then 1
             else nullif(greatest(abs(coalesce(new_value, 0)), abs(coalesce(old_value, 0))), 0) end as moved
       from changed
       where old_value is distinct from new_value
         and not coalesce(
           abs(new_value - old_value) <= ${ROUNDING} * greatest(abs(new_value), abs(old_value)), false)
     )
     select n, old_value, new_value, ${keyNames}
     from sized
     qualify row_number() over (partition by n order by moved desc nulls last, ${keyNames}) <= ${VALUES_PER_COLUMN}
     order by place, moved desc nulls last, n, ${keyNames}
     limit ${MOST_VALUES}`,
  );
  return rows.map((row) => {
    const column = numbers[Number(row.n)]?.name ?? '';
    return {
      column,
      key: key.map((_, index) => (row[`k${index}`] === null ? null : String(row[`k${index}`]))),
      before: toNumber(row.old_value),
      after: toNumber(row.new_value),
      kpi: relation.kpis[column] ?? null,
    };
  });
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
