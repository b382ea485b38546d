with

states as (

    select * from {{ ref('stg_mes__equipment_states') }}

),

known as (

    select max(known_at) as known_until from states

),

equipment as (

    select * from {{ ref('dim_equipment') }}

),

orders as (

    select * from {{ ref('stg_mes__production_orders') }}

),

judged as (

    select
        states.*,
        known.known_until,
        coalesce(
            states.equipment_id is not null
            and states.started_at <= coalesce(states.ended_at, known.known_until)
            and {{ is_plausible_moment('states.started_at', 'states.known_at') }}
            and states.started_at <= states.known_at,
            false
        ) as is_possible
    from states
    cross join known

),

-- A work unit is in one state at a time, and the state that began last is the one that holds.
followed as (

    select
        *,
        lead(started_at) over (
            partition by equipment_id, is_possible
            order by started_at, _logical_date, _source_file, _source_row_number
        ) as next_started_at
    from judged

),

resolved as (

    select
        *,
        least(coalesce(ended_at, known_until), coalesce(next_started_at, known_until), known_until) as resolved_ended_at
    from followed

)

select
    -- ids
    resolved.state_id,
    resolved.equipment_id,
    equipment.site_id,
    equipment.work_center_id,
    resolved.order_id,

    -- strings
    resolved.state,
    resolved.reason_code,
    {{ time_element('resolved.state') }} as time_element,

    -- numerics
    case
        when resolved.is_possible then {{ seconds_between('resolved.started_at', 'resolved.resolved_ended_at') }}
    end as duration_s,
    case
        when resolved.is_possible
            then coalesce({{ seconds_between('resolved.resolved_ended_at', 'resolved.ended_at') }}, 0)
    end as cut_off_s,
    resolved.uncastable_cell_count,

    -- booleans
    resolved.is_possible,
    resolved.ended_at is null as is_without_end,
    resolved.is_possible
    and coalesce(resolved.next_started_at < resolved.ended_at, false) as is_overlapping,
    resolved.is_possible
    and coalesce(resolved.ended_at < resolved.next_started_at, false) as is_followed_by_gap,
    equipment.equipment_id is null as has_orphan_equipment,
    resolved.order_id is not null and orders.order_id is null as has_orphan_order,
    resolved.has_conflicting_duplicates,

    -- timestamps
    resolved.started_at,
    case when resolved.is_possible then resolved.resolved_ended_at end as ended_at,
    resolved.known_at,

    -- lineage
    resolved._load_id,
    resolved._logical_date
from resolved
left join equipment
    on
        resolved.equipment_id = equipment.equipment_id
        and equipment.equipment_level = 'work_unit'
left join orders on resolved.order_id = orders.order_id
