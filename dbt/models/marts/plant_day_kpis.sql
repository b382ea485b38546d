with

orders as (

    select
        *,
        coalesce(manufacturing_site, 'unknown') as site,
        is_ended_before_started or is_finished_in_future as has_impossible_dates
    from {{ ref('fct_production_orders') }}

),

-- One row per order and thing that happened to it; a row counts towards the measures that name its event.
events as (

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

counted as (

    select
        site as manufacturing_site,
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
    from events
    where production_date <= _logical_date
    group by site, production_date

)

select
    manufacturing_site,
    production_date,
    orders_planned_to_start,
    orders_started,
    orders_due,
    orders_completed,
    orders_completed_on_time,
    orders_completed_late,
    orders_with_impossible_dates,
    completed_actual_hours,
    completed_planned_hours,
    {{ ratio('orders_completed_on_time', 'orders_completed_on_time + orders_completed_late') }}
        as on_time_completion_ratio,
    {{ ratio('completed_actual_hours', 'completed_planned_hours') }} as actual_to_planned_duration_ratio
from counted
