import type { DataSet } from './data-set';

/** Every shift that has ended, from the marts and facts, in the shape and order of the truth's names. */
export async function shiftsOf(dataSet: DataSet): Promise<Record<string, unknown>[]> {
  const counts = [
    'produced_quantity',
    'good_quantity',
    'rework_quantity',
    'scrap_quantity',
    'good_first_pass_quantity',
  ];
  return dataSet.rows(`
    select k.shift_id, k.equipment_id, k.production_date::varchar as production_date,
      ${['planned_busy_time_s', 'actual_production_time_s', 'actual_unit_setup_time_s', 'actual_unit_delay_time_s']
        .map((element) => `k.${element}::double as ${element}`)
        .join(', ')},
      ${counts.map((count) => `coalesce(sum(c.${count}), 0)::double as ${count}`).join(', ')},
      k.planned_run_time_s
    from marts.work_unit_shift_kpis as k
    left join core.fct_production_counts as c on k.shift_id = c.shift_id and c.is_possible
    group by all
    order by k.shift_id`);
}

/** Sums over the whole data set by the names of `truth.totals`, each a query with up to two columns that name its groups. */
const TOTALS: Record<string, { groups: string[]; sql: string }> = {
  orders: {
    groups: ['site_id'],
    sql: `select site_id, sum(orders_completed)::double as completed, sum(orders_completed_on_time)::double as completed_on_time,
        sum(orders_completed_late)::double as completed_late, any_value(cancelled)::double as cancelled
      from marts.plant_day_kpis
      join (select site_id, count(*) filter (order_status = 'cancelled') as cancelled from marts.order_progress group by site_id)
        using (site_id)
      group by site_id`,
  },
  failures: {
    groups: ['equipment_id'],
    sql: `select equipment_id, sum(failures)::double as failures, sum(repairs)::double as repaired_failures,
        coalesce(sum(time_to_repair_s), 0)::double as repair_s,
        coalesce(sum(time_between_failures_s), 0)::double as time_between_failures_s,
        sum(times_between_failures)::double as time_between_failures_count,
        coalesce(sum(time_to_failure_s), 0)::double as time_to_failure_s,
        sum(times_to_failure)::double as time_to_failure_count
      from marts.work_unit_reliability group by equipment_id having sum(failures) > 0`,
  },
  maintenance: {
    groups: ['equipment_id'],
    sql: `select equipment_id, sum(corrective_maintenance_time_s)::double as corrective_s,
        sum(preventive_maintenance_time_s)::double as preventive_s
      from marts.work_unit_reliability group by equipment_id`,
  },
  downtime: {
    groups: ['equipment_id', 'reason_code'],
    sql: `select equipment_id, reason_code, count(distinct state_id)::double as occurrences, sum(duration_s)::double as seconds
      from core.fct_state_time where state = 'unplanned_down' and is_in_ended_shift group by all`,
  },
  receipts: {
    groups: ['supplier_id', 'material_id'],
    sql: `select supplier_id, material_id, sum(receipts)::double as lots,
        sum(received_quantity)::decimal(18, 1)::varchar as received_quantity,
        sum(rejected_quantity)::decimal(18, 1)::varchar as rejected_quantity
      from marts.supplier_quality group by all`,
  },
  inspections: {
    groups: ['material_id', 'characteristic'],
    sql: `select material_id, characteristic, count(*)::double as inspections,
        count(*) filter (result = 'fail')::double as failed, sum(measured_value)::decimal(18, 3)::varchar as sum,
        sum(measured_value::decimal(14, 3) * measured_value::decimal(14, 3))::varchar as sum_of_squares
      from core.fct_quality_inspections group by all`,
  },
  sensors: {
    groups: ['equipment_id', 'sensor'],
    sql: `select equipment_id, sensor, sum(reading_count)::double as readings,
        sum(sum_of_values::decimal(18, 3))::decimal(18, 3)::varchar as sum
      from core.fct_sensor_hours group by all`,
  },
  batches: {
    groups: ['manufacturing_site'],
    sql: `select manufacturing_site, count(*) filter (batch_status = 'released')::double as released,
        count(*) filter (batch_status = 'rejected')::double as rejected
      from core.dim_batch group by all`,
  },
};

/** The totals of a data set, nested by their groups as in the truth. */
export async function totalsOf(dataSet: DataSet): Promise<Record<string, Record<string, unknown>>> {
  const totals: Record<string, Record<string, unknown>> = {};
  for (const [name, { groups, sql }] of Object.entries(TOTALS)) {
    const total: Record<string, unknown> = {};
    for (const row of await dataSet.rows(sql)) {
      const [first = '', second] = groups.map((group) => String(row[group]));
      const figures = Object.fromEntries(Object.entries(row).filter(([column]) => !groups.includes(column)));
      if (second === undefined) total[first] = figures;
      else total[first] = { ...(total[first] as object | undefined), [second]: figures };
    }
    totals[name] = total;
  }
  return totals;
}
