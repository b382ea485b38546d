with

states as (

    select
        equipment_id,
        state,
        {{ system_date('mes', 'equipment_states', 'started_at') }} as production_date,
        {{ seconds_between('started_at', 'ended_at') }} as duration_s
    from {{ ref('stg_mes__equipment_states') }}
    where started_at < ended_at

)

select
    equipment_id,
    production_date,
    {{ whole_sum("case when state = 'producing' then duration_s else 0 end") }} as actual_production_time_s,
    {{ whole_sum('duration_s') }} as known_time_s,
    {{ ratio("sum(case when state = 'producing' then duration_s else 0 end)", 'sum(duration_s)') }} as producing_ratio
from states
group by equipment_id, production_date
