with

states as (

    select * from {{ ref('fct_equipment_states') }}
    where is_possible

),

periods as (

    select * from {{ ref('dim_work_unit_period') }}

),

slices as (

    select
        states.state_id,
        states.equipment_id,
        periods.site_id,
        periods.work_center_id,
        periods.shift_id,
        states.order_id,
        states.state,
        states.reason_code,
        states.time_element,
        periods.is_in_ended_shift,
        periods.production_date,
        greatest(states.started_at, periods.starts_at) as started_at,
        least(states.ended_at, periods.ends_at) as ended_at
    from states
    inner join periods
        on
            states.equipment_id = periods.equipment_id
            and states.started_at < periods.ends_at
            and states.ended_at > periods.starts_at

)

select
    state_id,
    equipment_id,
    site_id,
    work_center_id,
    shift_id,
    order_id,
    state,
    reason_code,
    time_element,
    {{ seconds_between('started_at', 'ended_at') }} as duration_s,
    is_in_ended_shift,
    production_date,
    started_at,
    ended_at
from slices
where started_at < ended_at
