-- A shift's state time is never longer than the shift.
with

slices as (

    select
        shift_id,
        sum(duration_s) as duration_s
    from {{ ref('fct_state_time') }}
    where shift_id is not null
    group by shift_id

)

select
    slices.shift_id,
    slices.duration_s,
    shifts.duration_s as shift_duration_s
from slices
inner join {{ ref('dim_shift') }} as shifts on slices.shift_id = shifts.shift_id
where slices.duration_s > shifts.duration_s
