import type { DescribedRelation } from '../../contracts/dbt-artifacts';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { lockDown } from '../../duckdb/lock-down';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import { compareRelation, type ComparedRelation } from '../diff-rows';
import { recordedDiff } from '../store/recorded-diff';
import { READ_ONLY, type StoreSession } from '../store/store-db';
import type { DataSetDiff, QueryTarget, RelationDiff } from '../warehouse';
import type { Layout } from './layout';
import { attachDataSet } from './published-data';

/** Compares two data sets: what they are made of in one session of the store, their rows outside of it. */
export async function diff(
  session: StoreSession,
  layout: Layout,
  beforeTarget: QueryTarget,
  afterTarget: QueryTarget,
  signal: AbortSignal | undefined,
): Promise<DataSetDiff> {
  const { before, after, partitions, described } = await session(
    (db) => recordedDiff(db, beforeTarget, afterTarget),
    READ_ONLY,
  );
  if (before.dataSet === after.dataSet) return { before, after, partitions: [], relations: [] };
  const relations = await withDuckDb({ path: ':memory:', signal }, async (db) => {
    await attachDataSet(db, layout, before.dataSet, 'before');
    await attachDataSet(db, layout, after.dataSet, 'after');
    await lockDown(db, { directories: [layout.raw] });
    const sides = { rows: db.rows.bind(db), before: 'before', after: 'after', identifier: sqlIdentifier };
    const found: RelationDiff[] = [];
    for (const relation of await comparedRelations(db, described)) found.push(await compareRelation(sides, relation));
    return found;
  });
  return { before, after, partitions, relations };
}

/** The consumers' views of RAW, and every relation of CORE and MARTS: STAGING is on the way from one to the other. */
async function comparedRelations(db: DuckDb, described: Map<string, DescribedRelation>): Promise<ComparedRelation[]> {
  const sources = [...described.values()].map(({ relation }) => relation.toLowerCase()).filter(isRaw);
  const columns = await db.rows(
    `select c.database_name as side, c.schema_name, c.table_name, c.column_name, c.data_type
     from duckdb_columns() as c
     where c.database_name in ('before', 'after')
       and (lower(c.schema_name) in ('core', 'marts')
         or list_contains([${sources.map(sqlString).join(', ')}]::varchar[], lower(c.schema_name || '.' || c.table_name)))
     order by case lower(c.schema_name) when 'marts' then 2 when 'core' then 1 else 0 end, c.table_name, c.column_index`,
  );
  const relations = new Map<string, ComparedRelation>();
  for (const { side, schema_name: schema, table_name: name, column_name: column, data_type: type } of columns) {
    const id = `${String(schema)}.${String(name)}`;
    const relation: ComparedRelation = relations.get(id) ?? {
      ...{ schema: String(schema), name: String(name), before: new Map(), after: new Map() },
      ...(described.get(id.toLowerCase()) ?? { key: [], kpis: {} }),
    };
    relations.set(id, relation);
    relation[side as 'before' | 'after'].set(String(column), String(type));
  }
  return [...relations.values()];
}

function isRaw(relation: string): boolean {
  return relation.startsWith('raw.');
}
