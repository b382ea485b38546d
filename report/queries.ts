import type { TableName } from './report-data';

/** A query behind the page. */
export interface ReportQuery {
  sql: string;
  /** Relations of the data set that it reads: without one of them there is no such part of the page. */
  reads: string[];
  /** Columns that hold numbers, also where the warehouse gives them as text. */
  numeric: string[];
}

/** Entries of the publication log, loads, quality runs that the page goes back to. */
const PUBLICATIONS = 60;
const LOADS = 60;
const QUALITY_RUNS = 30;
const TIMED_BUILDS = 20;
const OPEN_ORDERS = 300;
const REJECT_REASONS = 200;

/** The time elements and weighted quantities of a shift: whatever is rolled up is a sum of these, and a ratio of such sums. */
export const SHIFT_SUMS = [
  'planned_busy_time_s',
  'actual_production_time_s',
  'actual_unit_setup_time_s',
  'actual_unit_processing_time_s',
  'actual_unit_delay_time_s',
  'actual_unit_busy_time_s',
  'rated_production_time_s',
  'planned_run_time_s',
  'good_planned_run_time_s',
] as const;

const ORDER_DAY_COUNTS = [
  'orders_due',
  'orders_started',
  'orders_completed',
  'orders_completed_on_time',
  'orders_completed_late',
  'failures',
];

/** What the publication itself holds, in SQL that both warehouses understand. */
export const DATA_SET_QUERIES = {
  shifts: {
    sql: `select
  shift_id, site_id, work_center_id, equipment_id, cast(production_date as varchar) as production_date, shift_number,
  has_missing_standard_time,
  ${SHIFT_SUMS.join(', ')}
from marts.work_unit_shift_kpis
order by production_date, site_id, equipment_id, shift_number, shift_id`,
    reads: ['marts.work_unit_shift_kpis'],
    numeric: ['shift_number', 'has_missing_standard_time', ...SHIFT_SUMS],
  },
  delays: {
    sql: `select shift_id, state, coalesce(reason_code, 'unknown') as reason_code, sum(duration_s) as delay_time_s
from core.fct_state_time
where time_element = 'ADET' and is_in_ended_shift
group by shift_id, state, coalesce(reason_code, 'unknown')
order by shift_id, state, reason_code`,
    reads: ['core.fct_state_time'],
    numeric: ['delay_time_s'],
  },
  equipment: {
    sql: 'select equipment_id, equipment_name from core.dim_equipment order by equipment_id',
    reads: ['core.dim_equipment'],
    numeric: [],
  },
  sites: {
    sql: 'select site_id, site_name, time_zone from core.dim_site order by site_id',
    reads: ['core.dim_site'],
    numeric: [],
  },
  plantDays: {
    sql: `select site_id, cast(production_date as varchar) as production_date,
  ${ORDER_DAY_COUNTS.join(', ')}
from marts.plant_day_kpis
order by production_date, site_id`,
    reads: ['marts.plant_day_kpis'],
    numeric: ORDER_DAY_COUNTS,
  },
  orderStates: {
    sql: `select site_id, order_status, is_overdue, count(*) as orders
from marts.order_progress
group by site_id, order_status, is_overdue
order by site_id, order_status, is_overdue`,
    reads: ['marts.order_progress'],
    numeric: ['is_overdue', 'orders'],
  },
  openOrders: {
    sql: `select order_id, site_id, line_id, material_id, order_status, is_overdue, cast(planned_end_at as varchar) as planned_end_at,
  planned_quantity, produced_quantity, unit_of_measure, progress_ratio
from marts.order_progress
where order_status in ('in_progress', 'released') or is_overdue
order by case when is_overdue then 0 else 1 end, planned_end_at, order_id
limit ${OPEN_ORDERS}`,
    reads: ['marts.order_progress'],
    numeric: ['is_overdue', 'planned_quantity', 'produced_quantity', 'progress_ratio'],
  },
  loaded: {
    sql: `select table_name, cast(min(logical_date) as varchar) as first_date, cast(max(logical_date) as varchar) as last_date,
  count(*) as partitions, count(distinct load_id) as loads
from raw.current_load
group by table_name
order by table_name`,
    reads: ['raw.current_load'],
    numeric: ['partitions', 'loads'],
  },
  rejects: {
    sql: `select table_name, reason, count(*) as records
from raw.raw_rejected_rows
group by table_name, reason
order by records desc, table_name, reason
limit ${REJECT_REASONS}`,
    reads: ['raw.raw_rejected_rows'],
    numeric: ['records'],
  },
} satisfies Partial<Record<TableName, ReportQuery>>;

/**
 * What the audit tables say up to a publication, as they are now.
 *
 * @param isHead it is what readers see: loads that came after it, and failed, belong to the picture.
 */
export function auditQueries(publication: number, isHead: boolean) {
  const loadedBefore = isHead
    ? ''
    : `where recorded_at <= (select max(published_at) from raw.raw_publication where publication = ${publication})\n`;
  return {
    publications: {
      sql: `select publication, kind, status, scope, cast(coalesce(published_at, built_at, created_at) as varchar) as at_time,
  build_seconds, models, tests, warnings, failure, actor, reason, load_id, workflow_id, run_id
from raw.raw_publication
where publication <= ${publication}
order by publication desc
limit ${PUBLICATIONS}`,
      reads: [],
      numeric: ['publication', 'build_seconds', 'models', 'tests', 'warnings'],
    },
    loads: {
      sql: `select load_id, max(workflow_id) as workflow_id, max(run_id) as run_id, cast(min(recorded_at) as varchar) as started_at,
  cast(min(logical_date) as varchar) as first_date, cast(max(logical_date) as varchar) as last_date,
  sum(case when status = 'LOADED' then 1 else 0 end) as partitions,
  sum(case when status = 'LOADED' then rows_read else 0 end) as rows_read,
  sum(case when status = 'LOADED' then rows_loaded else 0 end) as rows_loaded,
  sum(case when status = 'LOADED' then rows_rejected else 0 end) as rows_rejected,
  sum(case when status = 'FAILED' then 1 else 0 end) as failed_attempts
from raw.raw_load_audit
${loadedBefore}group by load_id
order by started_at desc, load_id
limit ${LOADS}`,
      reads: [],
      numeric: ['partitions', 'rows_read', 'rows_loaded', 'rows_rejected', 'failed_attempts'],
    },
    checks: {
      sql: `with runs as (
  select run_id, workflow_id, max(recorded_at) as looked_at
  from raw.data_quality_audit
  where publication <= ${publication}
  group by run_id, workflow_id
  order by looked_at desc, run_id
  limit ${QUALITY_RUNS}
)
select c.run_id, c.workflow_id, cast(runs.looked_at as varchar) as looked_at, c.publication, c.table_name, c.check_name,
  c.severity, c.status,
  case when c.status <> 'PASS' then c.observed end as observed,
  case when c.status <> 'PASS' then c.expected end as expected,
  case when c.status <> 'PASS' then c.detail end as detail
from raw.data_quality_audit as c
inner join runs on c.run_id = runs.run_id and c.workflow_id = runs.workflow_id
where c.publication <= ${publication}
order by looked_at, c.run_id, c.table_name, c.check_name`,
      reads: [],
      numeric: ['publication'],
    },
    models: {
      sql: `select publication, node, status, rows_affected, seconds
from raw.dbt_run_audit
where resource_type = 'model' and publication in (
  select publication from raw.raw_publication
  where kind = 'BUILD' and status = 'PUBLISHED' and publication <= ${publication}
  order by publication desc
  limit ${TIMED_BUILDS}
)
order by publication, node`,
      reads: [],
      numeric: ['publication', 'rows_affected', 'seconds'],
    },
  } satisfies Partial<Record<TableName, ReportQuery>>;
}
