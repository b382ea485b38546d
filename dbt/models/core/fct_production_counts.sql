{%- set counters = [
    'produced_quantity', 'good_quantity', 'rework_quantity', 'scrap_quantity', 'good_first_pass_quantity'
] -%}
with

reports as (

    select
        *,
        coalesce(
            order_id is not null and equipment_id is not null and counted_at <= known_at
            and produced_quantity >= 0 and good_quantity >= 0 and rework_quantity >= 0
            and scrap_quantity >= 0 and good_first_pass_quantity >= 0,
            false
        ) as is_possible
    from {{ ref('stg_mes__production_counts') }}

),

-- The counters of the same order on the same work unit as they were read before.
followed as (

    select
        {% for counter in counters -%}
        lag({{ counter }}) over (
            partition by equipment_id, order_id, is_possible
            order by counted_at, produced_quantity, _logical_date, _source_file, _source_row_number
        ) as previous_{{ counter }},
        {% endfor -%}
        *
    from reports

),

-- When the counter of produced parts has fallen, all were reset: they show what was produced since.
increments as (

    select
        *,
        is_possible and coalesce(produced_quantity < previous_produced_quantity, false) as is_counter_reset,
        case
            when is_possible and produced_quantity >= previous_produced_quantity then 1
            when is_possible then 0
        end as is_continued
    from followed

),

counted as (

    select
        {% for counter in counters -%}
        case when is_possible then {{ counter }} - is_continued * coalesce(previous_{{ counter }}, 0) end
            as {{ counter }}_increment,
        {% endfor -%}
        *
    from increments

),

periods as (

    select * from {{ ref('dim_work_unit_period') }}

),

orders as (

    select * from {{ ref('fct_production_orders') }}

),

standard_times as (

    select * from {{ ref('stg_mes__standard_times') }}

),

materials as (

    select * from {{ ref('dim_material') }}

)

select
    -- ids
    counted.count_id,
    counted.order_id,
    orders.material_id,
    counted.equipment_id,
    periods.site_id,
    periods.work_center_id,
    periods.shift_id,

    -- strings
    materials.unit_of_measure,

    -- numerics
    counted.produced_quantity_increment as produced_quantity,
    counted.good_quantity_increment as good_quantity,
    counted.rework_quantity_increment as rework_quantity,
    counted.scrap_quantity_increment as scrap_quantity,
    counted.good_first_pass_quantity_increment as good_first_pass_quantity,
    standard_times.planned_run_time_per_item_s,
    cast(standard_times.planned_run_time_per_item_s as double) * cast(counted.produced_quantity_increment as double)
        as planned_run_time_s,
    cast(standard_times.planned_run_time_per_item_s as double) * cast(counted.good_quantity_increment as double)
        as good_planned_run_time_s,
    counted.uncastable_cell_count,

    -- booleans
    counted.is_possible,
    counted.is_counter_reset,
    counted.is_possible
    and counted.produced_quantity_increment
    <> counted.good_quantity_increment + counted.rework_quantity_increment + counted.scrap_quantity_increment
        as is_unbalanced,
    coalesce(periods.is_in_ended_shift, false) as is_in_ended_shift,
    periods.equipment_id is null as has_orphan_equipment,
    counted.order_id is not null and orders.order_id is null as has_orphan_order,
    standard_times.planned_run_time_per_item_s is null as has_no_standard_time,
    counted.has_conflicting_duplicates,

    -- dates
    periods.production_date,

    -- timestamps
    counted.counted_at,
    counted.known_at,

    -- lineage
    counted._load_id,
    counted._logical_date
from counted
left join periods
    on
        counted.equipment_id = periods.equipment_id
        and counted.counted_at > periods.starts_at
        and counted.counted_at <= periods.ends_at
left join orders on counted.order_id = orders.order_id
left join standard_times
    on
        counted.equipment_id = standard_times.equipment_id
        and orders.material_id = standard_times.material_id
left join materials on orders.material_id = materials.material_id
