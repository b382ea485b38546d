import { describedRelations, type DescribedRelation } from '../../contracts/dbt-artifacts';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import type { DataSetDiff, DiffSide, PartitionDiff, QueryTarget, RelationDiff } from '../warehouse';
import { readArtifact } from './build-inputs';
import { partitionsQuery } from './data-sets';
import { compareRelation, type ComparedRelation } from './diff-rows';
import type { Layout } from './layout';
import { attachDataSet, findPublication, lockDown, nothingPublished } from './published-data';
import type { StoreSession } from './store';

/** Compares two data sets: what they are made of in one session of the store, their rows outside of it. */
export async function diff(
  session: StoreSession,
  layout: Layout,
  beforeTarget: QueryTarget,
  afterTarget: QueryTarget,
  signal: AbortSignal | undefined,
): Promise<DataSetDiff> {
  const { before, after, partitions, described } = await session(async (db) => {
    const before = await sideOf(db, beforeTarget);
    const after = await sideOf(db, afterTarget);
    return {
      before,
      after,
      partitions: await partitionDiffs(db, before.dataSet, after.dataSet),
      described: await readDescriptions(db, before.dataSet, after.dataSet),
    };
  });
  if (before.dataSet === after.dataSet) return { before, after, partitions: [], relations: [] };
  const relations = await withDuckDb({ path: ':memory:', signal }, async (db) => {
    await attachDataSet(db, layout, before.dataSet, 'before');
    await attachDataSet(db, layout, after.dataSet, 'after');
    await lockDown(db, layout);
    const found: RelationDiff[] = [];
    for (const relation of await comparedRelations(db, described)) found.push(await compareRelation(db, relation));
    return found;
  });
  return { before, after, partitions, relations };
}

async function sideOf(db: DuckDb, target: QueryTarget): Promise<DiffSide> {
  const found = await findPublication(db, target);
  if (found === undefined) throw nothingPublished();
  const { publication, dataSet, codeVersion } = found;
  const [row] = await db.rows('select project_digest from raw.raw_publication where publication = $1', [dataSet]);
  const projectDigest = row?.project_digest === null ? null : String(row?.project_digest);
  return { publication, dataSet, codeVersion, projectDigest };
}

/** Partitions that only one of two data sets holds. Bytes are the same when all files of the delivery have the same hashes. */
async function partitionDiffs(db: DuckDb, before: number, after: number): Promise<PartitionDiff[]> {
  const rows = await db.rows(
    `with b as (${partitionsQuery('$1')}), a as (${partitionsQuery('$2')}),
     differing as (
       select table_name, logical_date, b.load_id as old_load, a.load_id as new_load
       from b full join a using (table_name, logical_date)
       where b.load_seq is distinct from a.load_seq
     ),
     files as (
       select load_id, table_name, logical_date, list(source_file order by position) as files,
         list(sha256 order by position) as hashes
       from run_delivery group by all
     )
     select d.table_name, d.logical_date::varchar as logical_date, coalesce(d.new_load, d.old_load) as load_id,
       to_json(coalesce(n.files, o.files, []))::varchar as files,
       case
         when d.old_load is null then 'ADDED'
         when d.new_load is null then 'REMOVED'
         when o.hashes = n.hashes then 'RELOADED'
         else 'CORRECTED'
       end as change
     from differing as d
     left join files as o on (o.load_id, o.table_name, o.logical_date) = (d.old_load, d.table_name, d.logical_date)
     left join files as n on (n.load_id, n.table_name, n.logical_date) = (d.new_load, d.table_name, d.logical_date)
     order by d.table_name, d.logical_date`,
    [before, after],
  );
  return rows.map((row) => ({
    table: String(row.table_name),
    logicalDate: String(row.logical_date),
    change: row.change as PartitionDiff['change'],
    loadId: String(row.load_id),
    files: JSON.parse(String(row.files)) as string[],
  }));
}

/** What the manifests of both builds say; where they disagree, the later one's holds. */
async function readDescriptions(db: DuckDb, ...dataSets: number[]): Promise<Map<string, DescribedRelation>> {
  const known = new Map<string, DescribedRelation>();
  for (const dataSet of dataSets) {
    const manifest = await readArtifact(db, dataSet, 'manifest.json');
    if (manifest === undefined) continue;
    for (const relation of describedRelations(manifest)) known.set(relation.relation.toLowerCase(), relation);
  }
  return known;
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
