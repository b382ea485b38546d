with

shifts as (

    select
        *,
        coalesce(
            starts_at < ends_at and planned_busy_time_s between 0 and {{ seconds_between('starts_at', 'ends_at') }},
            false
        ) as is_possible
    from {{ ref('stg_mes__shifts') }}

),

equipment as (

    select * from {{ ref('dim_equipment') }}

),

-- Until when all that a shift's KPIs are made of has been delivered.
deliveries as (

    select max(snapshot_at) as known_until from shifts

    union all

    select max(known_at) as known_until from {{ ref('stg_mes__equipment_states') }}

    union all

    select max(known_at) as known_until from {{ ref('stg_mes__production_counts') }}

),

known as (

    select case when count(*) = count(known_until) then min(known_until) end as known_until from deliveries

),

dated as (

    select
        shifts.*,
        equipment.site_id,
        equipment.work_center_id,
        known.known_until,
        equipment.equipment_id is null as has_orphan_equipment,
        {{ production_date(
            'shifts.starts_at',
            "coalesce(equipment.time_zone, '" ~ source_contract('mes', 'shifts').time_zone ~ "')",
            'coalesce(equipment.day_starts_at_s, 0)'
        ) }} as production_date
    from shifts
    left join equipment on shifts.equipment_id = equipment.equipment_id
    cross join known

)

select
    -- ids
    shift_id,
    equipment_id,
    site_id,
    work_center_id,

    -- numerics
    row_number() over (partition by equipment_id, production_date order by starts_at, shift_id) as shift_number,
    planned_busy_time_s,
    {{ seconds_between('starts_at', 'ends_at') }} as duration_s,
    uncastable_cell_count,

    -- booleans
    is_possible,
    is_possible and coalesce(ends_at <= known_until, false) as is_ended,
    is_possible and coalesce(
        starts_at < max(case when is_possible then ends_at end) over (
            partition by equipment_id order by starts_at, shift_id rows between unbounded preceding and 1 preceding
        ), false
    ) as is_overlapping,
    has_orphan_equipment,
    has_conflicting_duplicates,

    -- dates
    production_date,

    -- timestamps
    starts_at,
    ends_at,
    snapshot_at,

    -- lineage
    _load_id,
    _logical_date
from dated
