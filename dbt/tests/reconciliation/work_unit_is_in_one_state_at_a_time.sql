-- Slices of one work unit never overlap, whatever the source said.
with

slices as (

    select
        equipment_id,
        state_id,
        started_at,
        lag(ended_at) over (partition by equipment_id order by started_at, ended_at) as previous_ended_at
    from {{ ref('fct_state_time') }}

)

select * from slices
where previous_ended_at > started_at
