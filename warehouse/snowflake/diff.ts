import type { DescribedRelation } from '../../contracts/dbt-artifacts';
import { compareRelation, type ComparedRelation } from '../diff-rows';
import { recordedDiff } from '../store/recorded-diff';
import { READ_ONLY } from '../store/store-db';
import type { DataSetDiff, QueryTarget, RelationDiff } from '../warehouse';
import type { SnowflakeConnection } from './connection';
import { quoted, type DatabaseNames } from './database-names';
import type { SnowflakeStore } from './publications';
import { statementTag } from './statement-tag';

const LAYERS = ['raw', 'core', 'marts'];

/** Compares two data sets: what they are made of in the store, their rows in their own databases. */
export async function diff(
  { account, names, session }: SnowflakeStore,
  beforeTarget: QueryTarget,
  afterTarget: QueryTarget,
  signal: AbortSignal | undefined,
): Promise<DataSetDiff> {
  const { before, after, partitions, described } = await session(
    (db) => recordedDiff(db, beforeTarget, afterTarget),
    READ_ONLY,
  );
  if (before.dataSet === after.dataSet) return { before, after, partitions: [], relations: [] };
  const relations = await account.withConnection(
    statementTag(`compare ${before.dataSet} and ${after.dataSet}`),
    'read',
    async (connection) => {
      const sides = {
        rows: (sql: string) => connection.rows(sql),
        before: names.dataSet(before.dataSet),
        after: names.dataSet(after.dataSet),
        identifier: quoted,
      };
      const found: RelationDiff[] = [];
      for (const relation of await comparedRelations(connection, names, [before.dataSet, after.dataSet], described)) {
        found.push(await compareRelation(sides, relation));
      }
      return found;
    },
    signal,
  );
  return { before, after, partitions, relations };
}

/** The consumers' views of RAW, and every relation of CORE and MARTS. What is named in another than upper case is left out. */
async function comparedRelations(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  [before, after]: [number, number],
  described: Map<string, DescribedRelation>,
): Promise<ComparedRelation[]> {
  const relations = new Map<string, ComparedRelation>();
  for (const [side, dataSet] of [
    ['before', before],
    ['after', after],
  ] as const) {
    const columns = await connection.rows(
      `select lower(table_schema) as table_schema, lower(table_name) as table_name, lower(column_name) as column_name,
         data_type
       from ${names.dataSet(dataSet)}.information_schema.columns
       where table_schema in ('RAW', 'CORE', 'MARTS')
         and table_name = upper(table_name) and column_name = upper(column_name)
       order by table_name, ordinal_position`,
    );
    for (const { table_schema: schema, table_name: name, column_name: column, data_type: type } of columns) {
      const id = `${String(schema)}.${String(name)}`;
      if (schema === 'raw' && !described.has(id)) continue;
      const relation: ComparedRelation = relations.get(id) ?? {
        ...{ schema: String(schema), name: String(name), before: new Map(), after: new Map() },
        ...(described.get(id) ?? { key: [], kpis: {} }),
      };
      relations.set(id, relation);
      relation[side].set(String(column), String(type));
    }
  }
  return [...relations.values()].sort(
    (a, b) => LAYERS.indexOf(a.schema) - LAYERS.indexOf(b.schema) || (a.name < b.name ? -1 : 1),
  );
}
