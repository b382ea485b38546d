with

orders as (

    select * from {{ ref('fct_production_orders') }}

),

counts as (

    select
        order_id,
        {{ exact_sum('produced_quantity') }} as produced_quantity,
        {{ exact_sum('good_quantity') }} as good_quantity,
        {{ exact_sum('rework_quantity') }} as rework_quantity,
        {{ exact_sum('scrap_quantity') }} as scrap_quantity
    from {{ ref('fct_production_counts') }}
    where is_possible
    group by order_id

),

state_time as (

    select
        order_id,
        {{ whole_sum("case when time_element = 'APT' then duration_s else 0 end") }} as actual_production_time_s,
        {{ whole_sum("case when time_element = 'AUST' then duration_s else 0 end") }} as actual_unit_setup_time_s,
        {{ whole_sum("case when time_element = 'ADET' then duration_s else 0 end") }} as actual_unit_delay_time_s
    from {{ ref('fct_equipment_states') }}
    where is_possible and order_id is not null
    group by order_id

),

measured as (

    select
        orders.*,
        counts.produced_quantity,
        counts.good_quantity,
        counts.rework_quantity,
        counts.scrap_quantity,
        state_time.actual_production_time_s,
        state_time.actual_unit_setup_time_s,
        state_time.actual_unit_delay_time_s,
        state_time.actual_production_time_s + state_time.actual_unit_setup_time_s
        + state_time.actual_unit_delay_time_s as actual_unit_busy_time_s,
        case
            when orders.is_completed then {{ seconds_between('orders.actual_start_at', 'orders.actual_end_at') }}
        end as actual_order_execution_time_s
    from orders
    left join counts on orders.order_id = counts.order_id
    left join state_time on orders.order_id = state_time.order_id

)

select
    order_id,
    batch_id,
    material_id,
    site_id,
    line_id,
    order_type,
    order_status,
    unit_of_measure,
    planned_start_at,
    planned_end_at,
    actual_start_at,
    actual_end_at,
    planned_quantity,
    produced_quantity,
    good_quantity,
    rework_quantity,
    scrap_quantity,
    {{ ratio('produced_quantity', 'planned_quantity') }} as progress_ratio,
    is_completed,
    is_late,
    delay_hours,
    coalesce(order_status in ('planned', 'released', 'in_progress') and planned_end_at < snapshot_at, false)
        as is_overdue,
    actual_order_execution_time_s,
    actual_production_time_s,
    actual_unit_setup_time_s,
    actual_unit_delay_time_s,
    actual_unit_busy_time_s,
    {{ ratio('actual_unit_busy_time_s', 'actual_order_execution_time_s') }} as allocation_ratio,
    {{ ratio('actual_production_time_s', 'actual_order_execution_time_s') }} as production_process_ratio,
    {{ ratio('produced_quantity', 'actual_order_execution_time_s') }} as throughput_rate_per_s,
    snapshot_at
from measured
