import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
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
     where workflow_id = ${sqlString(workflowId)} and status = 'PUBLISHED'`,
  );
  return row?.publication === null || row?.publication === undefined ? undefined : Number(row.publication);
}

/** One row per table that a run loaded. */
export async function loadedTables(warehouse: Warehouse, loadId: string): Promise<Row[]> {
  return rows(
    warehouse,
    `select table_name, count(*) as partitions, sum(rows_read) as rows_read, sum(rows_loaded) as rows_loaded,
       sum(rows_rejected) as rows_rejected
     from raw.raw_load_audit where load_id = ${sqlString(loadId)} and status = 'LOADED'
     group by table_name order by table_name`,
  );
}

/** A run's rejected records by table and reason, with the first of each. */
export async function rejectReasons(warehouse: Warehouse, loadId: string): Promise<Row[]> {
  return rows(
    warehouse,
    `select table_name, reason, count(*) as records,
       arg_min(_source_file || ', record ' || _source_row_number, (_source_file, _source_row_number)) as first_record
     from raw.raw_rejected_rows where _load_id = ${sqlString(loadId)}
     group by table_name, reason order by records desc, table_name, reason limit 20`,
  );
}

/** How a run's files differ from their contracts, by table, kind and column, with the first file of each. */
export async function driftEvents(warehouse: Warehouse, loadId: string): Promise<Row[]> {
  return rows(
    warehouse,
    `select table_name, drift, column_name, policy, count(distinct source_file) as files,
       arg_min(source_file || ': ' || detail, source_file) as first
     from raw.schema_drift_event
     where load_id = ${sqlString(loadId)}
       and load_seq in (select load_seq from raw.raw_load_audit where status = 'LOADED')
     group by all order by table_name, drift, column_name limit 50`,
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
     where table_catalog = current_database() and table_schema in ('core', 'marts')
     order by table_schema, table_name`,
    target,
  );
  if (relations.length === 0) return [];
  const counts = relations.map(({ table_schema: schema, table_name: relation }, index) => {
    const name = `${sqlIdentifier(String(schema))}.${sqlIdentifier(String(relation))}`;
    return `select ${index} as place, count(*) as row_count from ${name}`;
  });
  const counted = await rows(warehouse, `${counts.join(' union all ')} order by place`, target);
  return relations.map((relation, index) => ({
    schema: String(relation.table_schema),
    relation: String(relation.table_name),
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
    `select epoch_ms(created_at) as created_at, epoch_ms(published_at) as published_at
     from raw.raw_publication where publication = ${publication}`,
  );
  return row && { createdAt: Number(row.created_at), publishedAt: Number(row.published_at) };
}

/** The newest loads, one row per LOAD_ID; `current_partitions` are those that readers see. */
export async function lastLoads(warehouse: Warehouse, limit: number): Promise<Row[]> {
  return rows(
    warehouse,
    `select a.load_id, min(a.recorded_at)::varchar as started_at,
       count(distinct (a.table_name, a.logical_date)) filter (a.status = 'LOADED') as partitions,
       count(distinct c.load_seq) as current_partitions,
       min(a.logical_date)::varchar as first_date, max(a.logical_date)::varchar as last_date,
       coalesce(sum(a.rows_loaded) filter (a.status = 'LOADED'), 0) as rows_loaded,
       coalesce(sum(a.rows_rejected) filter (a.status = 'LOADED'), 0) as rows_rejected,
       count(*) filter (a.status = 'REUSED') as reused, count(*) filter (a.status = 'FAILED') as failed_attempts,
       (select count(*) from raw.schema_drift_event as d where d.load_id = a.load_id) as drift_events
     from raw.raw_load_audit as a left join raw.current_load as c on c.load_seq = a.load_seq and a.status <> 'REUSED'
     group by a.load_id order by started_at desc limit ${limit}`,
  );
}

async function rows(warehouse: Warehouse, sql: string, target = HEAD): Promise<Row[]> {
  return (await warehouse.query(target, sql)).rows;
}
