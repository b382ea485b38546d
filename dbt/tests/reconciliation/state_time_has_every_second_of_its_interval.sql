-- A state interval of a known work unit is cut into slices without losing or doubling a second.
with

states as (

    select
        state_id,
        duration_s
    from {{ ref('fct_equipment_states') }}
    where is_possible and not has_orphan_equipment

),

slices as (

    select
        state_id,
        sum(duration_s) as duration_s
    from {{ ref('fct_state_time') }}
    group by state_id

)

select
    states.state_id,
    states.duration_s,
    slices.duration_s as sliced_duration_s
from states
left join slices on states.state_id = slices.state_id
where states.duration_s <> coalesce(slices.duration_s, 0)
