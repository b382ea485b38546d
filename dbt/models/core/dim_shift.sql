with

shifts as (

    select * from {{ ref('stg_mes__shifts') }}

),

equipment as (

    select * from {{ ref('dim_equipment') }}
    where equipment_level = 'work_unit'

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

judged as (

    select
        shifts.*,
        equipment.site_id,
        equipment.work_center_id,
        known.known_until,
        equipment.equipment_id is null as has_orphan_equipment,
        coalesce(
            equipment.equipment_id is not null
            and {{ is_plausible_moment('shifts.starts_at', 'shifts.snapshot_at') }}
            and {{ is_plausible_moment('shifts.ends_at', 'shifts.snapshot_at') }}
            and shifts.starts_at < shifts.ends_at
            and shifts.planned_busy_time_s between 0 and {{ seconds_between('shifts.starts_at', 'shifts.ends_at') }},
            false
        ) as is_plausible,
        {{ production_date(
            'shifts.starts_at',
            "coalesce(equipment.time_zone, '" ~ source_contract('mes', 'shifts').time_zone ~ "')",
            'coalesce(equipment.day_starts_at_s, 0)'
        ) }} as production_date
    from shifts
    left join equipment on shifts.equipment_id = equipment.equipment_id
    cross join known

),

-- A work unit is in one shift at a time, and the one that begins last is the one that holds.
followed as (

    select
        *,
        case
            when is_plausible
                then lead(starts_at) over (partition by equipment_id, is_plausible order by starts_at, shift_id)
        end as next_starts_at
    from judged

),

resolved as (

    select
        *,
        least(ends_at, coalesce(next_starts_at, ends_at)) as resolved_ends_at
    from followed

)

select
    -- ids
    shift_id,
    equipment_id,
    site_id,
    work_center_id,

    -- numerics
    row_number() over (partition by equipment_id, production_date order by starts_at, shift_id) as shift_number,
    case
        when is_plausible
            then least(planned_busy_time_s, {{ seconds_between('starts_at', 'resolved_ends_at') }})
        else planned_busy_time_s
    end as planned_busy_time_s,
    {{ seconds_between('starts_at', 'resolved_ends_at') }} as duration_s,
    uncastable_cell_count,

    -- booleans
    is_plausible and starts_at < resolved_ends_at as is_possible,
    is_plausible and starts_at < resolved_ends_at and coalesce(resolved_ends_at <= known_until, false) as is_ended,
    coalesce(next_starts_at < ends_at, false) as is_overlapping,
    has_orphan_equipment,
    has_conflicting_duplicates,

    -- dates
    production_date,

    -- timestamps
    starts_at,
    resolved_ends_at as ends_at,
    snapshot_at,

    -- lineage
    _load_id,
    _logical_date
from resolved
