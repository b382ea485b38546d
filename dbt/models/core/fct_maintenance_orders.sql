with

maintenance_orders as (

    select
        *,
        coalesce({{ is_plausible_moment('reported_at', 'snapshot_at') }} and reported_at <= snapshot_at, false)
            as is_reported,
        {{ is_validly_maintained() }} as is_completed
    from {{ ref('stg_mes__maintenance_orders') }}

),

equipment as (

    select * from {{ ref('dim_equipment') }}

),

placed as (

    select
        maintenance_orders.*,
        equipment.site_id,
        equipment.work_center_id,
        equipment.equipment_id is null as has_orphan_equipment,
        {% for event in ['reported', 'completed'] -%}
        {{ production_date(
            'maintenance_orders.' ~ event ~ '_at',
            "coalesce(equipment.time_zone, '" ~ source_contract('mes', 'maintenance_orders').time_zone ~ "')",
            'coalesce(equipment.day_starts_at_s, 0)'
        ) }} as {{ event }}_date,
        {% endfor -%}
        maintenance_orders.maintenance_type = 'corrective' and maintenance_orders.is_reported as is_failure
    from maintenance_orders
    left join equipment on maintenance_orders.equipment_id = equipment.equipment_id

),

-- The failure of the same work unit before this one.
followed as (

    select
        *,
        case
            when is_failure and equipment_id is not null
                then
                    lag(reported_at) over (
                        partition by equipment_id, is_failure order by reported_at, maintenance_order_id
                    )
        end as previous_reported_at,
        case
            when is_failure and equipment_id is not null
                then
                    lag(case when is_completed then completed_at end) over (
                        partition by equipment_id, is_failure order by reported_at, maintenance_order_id
                    )
        end as previous_completed_at
    from placed

)

select
    -- ids
    maintenance_order_id,
    equipment_id,
    site_id,
    work_center_id,

    -- strings
    maintenance_type,
    failure_code,

    -- numerics
    case when is_completed then {{ seconds_between('started_at', 'completed_at') }} end as work_time_s,
    case when is_failure and is_completed then {{ seconds_between('reported_at', 'completed_at') }} end
        as time_to_repair_s,
    {{ seconds_between('previous_reported_at', 'reported_at') }} as time_between_failures_s,
    case
        when previous_completed_at <= reported_at then {{ seconds_between('previous_completed_at', 'reported_at') }}
    end as time_to_failure_s,
    uncastable_cell_count,

    -- booleans
    is_completed,
    coalesce(is_failure, false) as is_failure,
    coalesce(completed_at < started_at or started_at < reported_at, false) as is_ended_before_started,
    coalesce(completed_at > snapshot_at or reported_at > snapshot_at, false) as is_in_future,
    has_orphan_equipment,
    has_conflicting_duplicates,

    -- dates
    reported_date,
    completed_date,

    -- timestamps
    reported_at,
    started_at,
    completed_at,
    snapshot_at,

    -- lineage
    _load_id,
    _logical_date
from followed
