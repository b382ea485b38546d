with

delays as (

    select
        *,
        {{ first_of('month', 'production_date') }} as month_starts_on,
        coalesce(reason_code, 'unknown') as reason
    from {{ ref('fct_state_time') }}
    where time_element = 'ADET' and is_in_ended_shift

),

summed as (

    select
        equipment_id,
        work_center_id,
        site_id,
        month_starts_on,
        state,
        reason as reason_code,
        count(distinct state_id) as occurrences,
        {{ whole_sum('duration_s') }} as delay_time_s
    from delays
    group by equipment_id, work_center_id, site_id, month_starts_on, state, reason

),

ranked as (

    select
        *,
        row_number() over (
            partition by equipment_id, month_starts_on order by delay_time_s desc, state asc, reason_code asc
        ) as delay_rank,
        sum(delay_time_s) over (partition by equipment_id, month_starts_on) as all_delay_time_s,
        sum(delay_time_s) over (
            partition by equipment_id, month_starts_on order by delay_time_s desc, state asc, reason_code asc
            rows between unbounded preceding and current row
        ) as running_delay_time_s
    from summed

)

select
    equipment_id,
    work_center_id,
    site_id,
    month_starts_on,
    state,
    reason_code,
    occurrences,
    delay_time_s,
    cast(delay_rank as integer) as delay_rank,
    {{ ratio('delay_time_s', 'all_delay_time_s') }} as share_of_delay_time,
    {{ ratio('running_delay_time_s', 'all_delay_time_s') }} as cumulative_share_of_delay_time
from ranked
