with

shifts as (

    select * from {{ ref('dim_shift') }}
    where is_ended

),

state_time as (

    select
        shift_id,
        {{ whole_sum("case when time_element = 'APT' then duration_s end") }} as actual_production_time_s,
        {{ whole_sum("case when time_element = 'AUST' then duration_s end") }} as actual_unit_setup_time_s,
        {{ whole_sum("case when time_element = 'ADET' then duration_s end") }} as actual_unit_delay_time_s
    from {{ ref('fct_state_time') }}
    where is_in_ended_shift
    group by shift_id

),

counts as (

    select
        shift_id,
        count(case when has_no_standard_time and produced_quantity > 0 then 1 end) > 0 as has_missing_standard_time,
        {{ exact_sum('planned_run_time_s') }} as planned_run_time_s,
        {{ exact_sum('good_planned_run_time_s') }} as good_planned_run_time_s
    from {{ ref('fct_production_counts') }}
    where is_in_ended_shift and is_possible
    group by shift_id

),

elements as (

    select
        shifts.shift_id,
        shifts.equipment_id,
        shifts.work_center_id,
        shifts.site_id,
        shifts.production_date,
        shifts.shift_number,
        shifts.starts_at,
        shifts.ends_at,
        coalesce(counts.has_missing_standard_time, false) as has_missing_standard_time,
        shifts.planned_busy_time_s,
        coalesce(state_time.actual_production_time_s, 0) as actual_production_time_s,
        coalesce(state_time.actual_unit_setup_time_s, 0) as actual_unit_setup_time_s,
        coalesce(state_time.actual_unit_delay_time_s, 0) as actual_unit_delay_time_s,
        case when not coalesce(counts.has_missing_standard_time, false) then coalesce(counts.planned_run_time_s, 0) end
            as planned_run_time_s,
        case
            when not coalesce(counts.has_missing_standard_time, false) then coalesce(counts.good_planned_run_time_s, 0)
        end as good_planned_run_time_s
    from shifts
    left join state_time on shifts.shift_id = state_time.shift_id
    left join counts on shifts.shift_id = counts.shift_id

),

summed as (

    select
        *,
        actual_production_time_s + actual_unit_setup_time_s as actual_unit_processing_time_s,
        actual_production_time_s + actual_unit_setup_time_s + actual_unit_delay_time_s as actual_unit_busy_time_s,
        case when not has_missing_standard_time then actual_production_time_s end as rated_production_time_s
    from elements

)

select
    shift_id,
    equipment_id,
    work_center_id,
    site_id,
    production_date,
    cast(shift_number as integer) as shift_number,
    starts_at,
    ends_at,
    has_missing_standard_time,
    {{ equipment_kpi_columns() }}
from summed
