with

orders as (

    select
        *,
        coalesce(site_id, 'unknown') as site,
        is_ended_before_started or is_finished_in_future as has_impossible_dates
    from {{ ref('fct_production_orders') }}

),

-- One row per order and thing that happened to it; a row counts towards the measures that name its event.
order_events as (

    select
        'planned_start' as event_name,
        planned_start_date as production_date,
        *
    from orders
    where order_status is distinct from 'cancelled'

    union all

    select
        'started' as event_name,
        actual_start_date as production_date,
        *
    from orders
    where not has_impossible_dates

    union all

    select
        'due' as event_name,
        planned_end_date as production_date,
        *
    from orders
    where order_status is distinct from 'cancelled'

    union all

    select
        'completed' as event_name,
        actual_end_date as production_date,
        *
    from orders
    where is_completed

    union all

    select
        'impossible' as event_name,
        actual_start_date as production_date,
        *
    from orders
    where has_impossible_dates

),

order_days as (

    select
        site as site_id,
        production_date,
        count(case when event_name = 'planned_start' then 1 end) as orders_planned_to_start,
        count(case when event_name = 'started' then 1 end) as orders_started,
        count(case when event_name = 'due' then 1 end) as orders_due,
        count(case when event_name = 'completed' then 1 end) as orders_completed,
        count(case when event_name = 'completed' and not is_late then 1 end) as orders_completed_on_time,
        count(case when event_name = 'completed' and is_late then 1 end) as orders_completed_late,
        count(case when event_name = 'impossible' then 1 end) as orders_with_impossible_dates,
        {{ exact_sum(
            "case when event_name = 'completed' and planned_duration_hours is not null then actual_duration_hours end"
        ) }} as completed_actual_hours,
        {{ exact_sum(
            "case when event_name = 'completed' and actual_duration_hours is not null then planned_duration_hours end"
        ) }} as completed_planned_hours
    from order_events
    where production_date <= _logical_date
    group by site, production_date

),

equipment_days as (

    select
        coalesce(site_id, 'unknown') as site_id,
        production_date,
        {{ equipment_kpi_sums() }}
    from {{ ref('work_unit_shift_kpis') }}
    group by coalesce(site_id, 'unknown'), production_date

),

failure_days as (

    select
        coalesce(site_id, 'unknown') as site_id,
        reported_date as production_date,
        count(*) as failures
    from {{ ref('fct_maintenance_orders') }}
    where is_failure
    group by coalesce(site_id, 'unknown'), reported_date

),

site_days as (

    select
        site_id,
        production_date
    from order_days

    union distinct

    select
        site_id,
        production_date
    from equipment_days

    union distinct

    select
        site_id,
        production_date
    from failure_days

)

select
    site_days.site_id,
    site_days.production_date,
    coalesce(order_days.orders_planned_to_start, 0) as orders_planned_to_start,
    coalesce(order_days.orders_started, 0) as orders_started,
    coalesce(order_days.orders_due, 0) as orders_due,
    coalesce(order_days.orders_completed, 0) as orders_completed,
    coalesce(order_days.orders_completed_on_time, 0) as orders_completed_on_time,
    coalesce(order_days.orders_completed_late, 0) as orders_completed_late,
    coalesce(order_days.orders_with_impossible_dates, 0) as orders_with_impossible_dates,
    order_days.completed_actual_hours,
    order_days.completed_planned_hours,
    {{ ratio(
        'order_days.orders_completed_on_time',
        'order_days.orders_completed_on_time + order_days.orders_completed_late'
    ) }} as on_time_completion_ratio,
    {{ ratio('order_days.completed_actual_hours', 'order_days.completed_planned_hours') }}
        as actual_to_planned_duration_ratio,
    coalesce(failure_days.failures, 0) as failures,
    {{ equipment_kpi_columns() }}
from site_days
left join order_days
    on
        site_days.site_id = order_days.site_id
        and site_days.production_date = order_days.production_date
left join equipment_days
    on
        site_days.site_id = equipment_days.site_id
        and site_days.production_date = equipment_days.production_date
left join failure_days
    on
        site_days.site_id = failure_days.site_id
        and site_days.production_date = failure_days.production_date
