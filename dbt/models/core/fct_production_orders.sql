with

orders as (

    select
        *,
        {{ is_validly_completed() }} as is_completed
    from {{ ref('stg_mes__production_orders') }}

),

batches as (

    select * from {{ ref('dim_batch') }}

),

lines as (

    select * from {{ ref('dim_equipment') }}
    where equipment_level = 'work_center'

),

sites as (

    select * from {{ ref('dim_site') }}

),

-- The site is where the order's line stands; of an unknown line, where its batch is made.
placed as (

    select
        orders.*,
        batches.material_id,
        batches.manufacture_date,
        batches.unit_of_measure,
        batches.has_orphan_material,
        coalesce(lines.site_id, batches.manufacturing_site) as reported_site_id,
        orders.batch_id is not null and batches.batch_id is null as has_orphan_batch,
        orders.line_id is not null and lines.equipment_id is null as has_orphan_line
    from orders
    left join batches on orders.batch_id = batches.batch_id
    left join lines on orders.line_id = lines.equipment_id

),

dated as (

    select
        {% for event in ['planned_start', 'planned_end', 'actual_start', 'actual_end'] -%}
        {{ production_date(
            'placed.' ~ event ~ '_at',
            "coalesce(sites.time_zone, '" ~ source_contract('mes', 'production_orders').time_zone ~ "')",
            'coalesce(sites.day_starts_at_s, 0)'
        ) }} as {{ event }}_date,
        {% endfor -%}
        placed.*,
        sites.site_id
    from placed
    left join sites on placed.reported_site_id = sites.site_id

)

select
    -- ids
    order_id,
    batch_id,
    material_id,
    site_id,
    line_id,

    -- strings
    order_type,
    order_status,
    unit_of_measure,

    -- numerics
    planned_quantity,
    {{ hours_between('planned_start_at', 'planned_end_at') }} as planned_duration_hours,
    case when is_completed then {{ hours_between('actual_start_at', 'actual_end_at') }} end as actual_duration_hours,
    case when is_completed then {{ hours_between('planned_end_at', 'actual_end_at') }} end as delay_hours,
    uncastable_cell_count,

    -- booleans
    is_completed,
    case when is_completed then actual_end_at > planned_end_at end as is_late,
    coalesce(actual_end_at < actual_start_at, false) as is_ended_before_started,
    coalesce(actual_end_at > snapshot_at, false) as is_finished_in_future,
    {{ is_over_a_year_apart('planned_start_date', 'manufacture_date') }} as is_planned_far_from_manufacture,
    has_orphan_batch,
    coalesce(has_orphan_material, false) as has_orphan_material,
    has_orphan_line,
    has_conflicting_duplicates,

    -- dates
    planned_start_date,
    planned_end_date,
    actual_start_date,
    actual_end_date,

    -- timestamps
    planned_start_at,
    planned_end_at,
    actual_start_at,
    actual_end_at,
    snapshot_at,

    -- lineage
    _load_id,
    _logical_date
from dated
