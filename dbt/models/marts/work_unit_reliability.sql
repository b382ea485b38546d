with

maintenance_orders as (

    select
        *,
        {{ first_of('month', 'reported_date') }} as month_starts_on
    from {{ ref('fct_maintenance_orders') }}
    where equipment_id is not null and reported_date is not null and reported_at <= snapshot_at

),

summed as (

    select
        equipment_id,
        work_center_id,
        site_id,
        month_starts_on,
        count(case when is_failure then 1 end) as failures,
        count(time_between_failures_s) as times_between_failures,
        {{ whole_sum('time_between_failures_s') }} as time_between_failures_s,
        count(time_to_failure_s) as times_to_failure,
        {{ whole_sum('time_to_failure_s') }} as time_to_failure_s,
        count(time_to_repair_s) as repairs,
        {{ whole_sum('time_to_repair_s') }} as time_to_repair_s,
        {{ whole_sum("case when maintenance_type = 'corrective' then coalesce(work_time_s, 0) else 0 end") }}
            as corrective_maintenance_time_s,
        {{ whole_sum("case when maintenance_type = 'preventive' then coalesce(work_time_s, 0) else 0 end") }}
            as preventive_maintenance_time_s
    from maintenance_orders
    group by equipment_id, work_center_id, site_id, month_starts_on

)

select
    equipment_id,
    work_center_id,
    site_id,
    month_starts_on,
    failures,
    times_between_failures,
    time_between_failures_s,
    times_to_failure,
    time_to_failure_s,
    repairs,
    time_to_repair_s,
    corrective_maintenance_time_s,
    preventive_maintenance_time_s,
    {{ ratio('time_between_failures_s', 'times_between_failures') }} as mean_time_between_failures_s,
    {{ ratio('time_to_failure_s', 'times_to_failure') }} as mean_time_to_failure_s,
    {{ ratio('time_to_repair_s', 'repairs') }} as mean_time_to_repair_s,
    {{ ratio(
        'corrective_maintenance_time_s', 'corrective_maintenance_time_s + preventive_maintenance_time_s'
    ) }} as corrective_maintenance_ratio
from summed
