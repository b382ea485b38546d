with versions as (

    select * from {{ ref('stg_mes__production_orders_history') }}

),

-- The plan as it stood on the eve of the planned start: the first such version, so that a later re-planning changes nothing.
observed as (

    select *
    from versions
    where planned_start_date = {{ add_days('_logical_date', 1) }}
    qualify row_number() over (partition by order_id order by _logical_date) = 1

),

-- What the same delivery tells of the line: nothing of a later one.
lines as (

    select
        line_id,
        _logical_date,
        count(case when order_status in ('released', 'in_progress') then 1 end) as open_orders_on_line,
        count(case when order_status = 'completed' then 1 end) as finished_orders_on_line,
        count(case when order_status = 'completed' and actual_end_date > planned_end_date then 1 end) as late_orders_on_line
    from versions
    group by line_id, _logical_date

),

outcomes as (

    select * from {{ ref('fct_production_orders') }}

)

select
    observed.order_id,
    observed.planned_start_date as observed_at,
    observed.line_id,
    observed.order_type,
    observed.planned_quantity,
    {{ days_between('observed.planned_start_date', 'observed.planned_end_date') }} + 1 as planned_days,
    lines.open_orders_on_line,
    lines.finished_orders_on_line,
    lines.late_orders_on_line / nullif(lines.finished_orders_on_line, 0) as late_ratio_on_line,
    case
        when outcomes.is_finished then outcomes.actual_end_date > observed.planned_end_date
    end as is_late,
    case
        when outcomes.is_finished
            then {{ days_between('observed.planned_end_date', 'outcomes.actual_end_date') }} * 24
    end as delay_hours
from observed
left join lines on observed.line_id = lines.line_id and observed._logical_date = lines._logical_date
left join outcomes on observed.order_id = outcomes.order_id
