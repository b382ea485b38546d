with

orders as (

    select
        *,
        {{ is_validly_completed() }} as is_completed
    from {{ ref('stg_mes__production_orders') }}

),

batches as (

    select * from {{ ref('dim_batch') }}

)

select
    -- ids
    orders.order_id,
    orders.batch_id,
    batches.material_id,
    orders.line_id,

    -- strings
    batches.manufacturing_site,
    orders.order_type,
    orders.order_status,

    -- numerics
    orders.planned_quantity,
    {{ hours_between('orders.planned_start_at', 'orders.planned_end_at') }} as planned_duration_hours,
    case when orders.is_completed then {{ hours_between('orders.actual_start_at', 'orders.actual_end_at') }} end
        as actual_duration_hours,
    case when orders.is_completed then {{ hours_between('orders.planned_end_at', 'orders.actual_end_at') }} end
        as delay_hours,
    orders.uncastable_cell_count,

    -- booleans
    orders.is_completed,
    case when orders.is_completed then orders.actual_end_at > orders.planned_end_at end as is_late,
    coalesce(orders.actual_end_at < orders.actual_start_at, false) as is_ended_before_started,
    coalesce(orders.actual_end_at > orders.snapshot_at, false) as is_finished_in_future,
    {{ is_over_a_year_apart('orders.planned_start_date', 'batches.manufacture_date') }}
        as is_planned_far_from_manufacture,
    orders.batch_id is not null and batches.batch_id is null as has_orphan_batch,
    coalesce(batches.has_orphan_material, false) as has_orphan_material,
    orders.has_conflicting_duplicates,

    -- dates
    orders.planned_start_date,
    orders.planned_end_date,
    orders.actual_start_date,
    orders.actual_end_date,

    -- timestamps
    orders.planned_start_at,
    orders.planned_end_at,
    orders.actual_start_at,
    orders.actual_end_at,
    orders.snapshot_at,

    -- lineage
    orders._load_id,
    orders._logical_date
from orders
left join batches on orders.batch_id = batches.batch_id
