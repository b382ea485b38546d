import { isoTime } from '../../warehouse/store/store-db';
import type { QueryResult, QueryTarget, Warehouse } from '../../warehouse/warehouse';

/**
 * What the command line shows besides a run's own result, asked of the published data set and the live audits. All of it
 * fails with InvalidInputError before the first publication.
 */

type Row = QueryResult['rows'][number];

const HEAD: QueryTarget = { kind: 'head' };

/** The newest publication that a run made, if it made one. */
export async function publicationOf(warehouse: Warehouse, workflowId: string): Promise<number | undefined> {
  const [row] = await rows(
    warehouse,
    `select max(publication) as publication from raw.raw_publication
     where workflow_id = ${warehouse.literal(workflowId)} and status = 'PUBLISHED'`,
  );
  return row?.publication === null || row?.publication === undefined ? undefined : Number(row.publication);
}

/** One row per table that a run loaded. */
export async function loadedTables(warehouse: Warehouse, loadId: string): Promise<Row[]> {
  return rows(
    warehouse,
    `select table_name, count(*) as partitions, sum(rows_read) as rows_read, sum(rows_loaded) as rows_loaded,
       sum(rows_rejected) as rows_rejected
     from raw.raw_load_audit where load_id = ${warehouse.literal(loadId)} and status = 'LOADED'
     group by table_name order by table_name`,
  );
}

/** A run's rejected records by table and reason, with the first of each. */
export async function rejectReasons(warehouse: Warehouse, loadId: string): Promise<Row[]> {
  return rows(
    warehouse,
    `select table_name, reason, records, first_record
     from (
       select table_name, reason, count(*) over (partition by table_name, reason) as records,
         _source_file || ', record ' || _source_row_number as first_record,
         row_number() over (partition by table_name, reason order by _source_file, _source_row_number) as place
       from raw.raw_rejected_rows where _load_id = ${warehouse.literal(loadId)}
     ) as rejects
     where place = 1 order by records desc, table_name, reason limit 20`,
  );
}

/** How a run's files differ from their contracts, by table, kind and column, with the first file of each. */
export async function driftEvents(warehouse: Warehouse, loadId: string): Promise<Row[]> {
  return rows(
    warehouse,
    `select table_name, drift, column_name, policy, count(distinct source_file) as files,
       min(source_file || ': ' || detail) as first_file
     from raw.schema_drift_event
     where load_id = ${warehouse.literal(loadId)}
       and load_seq in (select load_seq from raw.raw_load_audit where status = 'LOADED')
     group by table_name, drift, column_name, policy order by table_name, drift, column_name limit 50`,
  );
}

/** Number of logical dates that the published data set holds. */
export async function publishedDates(warehouse: Warehouse): Promise<number> {
  const [row] = await rows(warehouse, 'select count(distinct logical_date) as dates from raw.current_load');
  return Number(row?.dates ?? 0);
}

/** A relation of the published data set. */
export interface RelationRows {
  schema: string;
  relation: string;
  rows: number;
}

/** Rows of every relation of CORE and MARTS: what the build is for. */
export async function relationRows(warehouse: Warehouse, target = HEAD): Promise<RelationRows[]> {
  const relations = await rows(
    warehouse,
    `select table_schema, table_name from information_schema.tables
     where table_catalog = current_database() and lower(table_schema) in ('core', 'marts')
     order by table_schema, table_name`,
    target,
  );
  if (relations.length === 0) return [];
  const counts = relations.map(({ table_schema: schema, table_name: relation }, index) => {
    const name = `${exactly(schema)}.${exactly(relation)}`;
    return `select ${index} as place, count(*) as row_count from ${name}`;
  });
  const counted = await rows(warehouse, `${counts.join(' union all ')} order by place`, target);
  return relations.map((relation, index) => ({
    schema: String(relation.table_schema).toLowerCase(),
    relation: String(relation.table_name).toLowerCase(),
    rows: Number(counted[index]?.row_count),
  }));
}

/** When a publication's candidate was opened and when it was published, in milliseconds since the epoch. */
export async function publicationTimes(
  warehouse: Warehouse,
  publication: number,
): Promise<{ createdAt: number; publishedAt: number } | undefined> {
  const [row] = await rows(
    warehouse,
    `select created_at, published_at
     from raw.raw_publication where publication = ${publication}`,
  );
  const at = (time: unknown) => Date.parse(isoTime(time));
  return row && { createdAt: at(row.created_at), publishedAt: at(row.published_at) };
}

/** The newest loads, one row per LOAD_ID; `current_partitions` are those that readers see. */
export async function lastLoads(warehouse: Warehouse, limit: number): Promise<Row[]> {
  return rows(
    warehouse,
    `with drifts as (select load_id, count(*) as events from raw.schema_drift_event group by load_id)
     select a.load_id, min(a.recorded_at) as started_at,
       count(distinct case when a.status = 'LOADED' then a.table_name || ' ' || a.logical_date::varchar end) as partitions,
       count(distinct c.load_seq) as current_partitions,
       min(a.logical_date)::varchar as first_date, max(a.logical_date)::varchar as last_date,
       coalesce(sum(case when a.status = 'LOADED' then a.rows_loaded end), 0) as rows_loaded,
       coalesce(sum(case when a.status = 'LOADED' then a.rows_rejected end), 0) as rows_rejected,
       count_if(a.status = 'REUSED') as reused, count_if(a.status = 'FAILED') as failed_attempts,
       coalesce(max(d.events), 0) as drift_events
     from raw.raw_load_audit as a
     left join raw.current_load as c on c.load_seq = a.load_seq and a.status <> 'REUSED'
     left join drifts as d on d.load_id = a.load_id
     group by a.load_id order by started_at desc limit ${limit}`,
  );
}

/** A name of the catalog, in its own spelling. */
function exactly(name: unknown): string {
  return `"${String(name).replaceAll('"', '""')}"`;
}

async function rows(warehouse: Warehouse, sql: string, target = HEAD): Promise<Row[]> {
  return (await warehouse.query(target, sql)).rows;
}
