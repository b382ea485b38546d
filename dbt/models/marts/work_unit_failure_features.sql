with

-- Only what came with its own day's delivery: a late or corrected event was not known when the day was observed.
readings as (

    select * from {{ ref('stg_mes__sensor_readings_history') }}
    where {{ system_date('mes', 'sensor_readings', 'read_at') }} = _logical_date

),

states as (

    select * from {{ ref('stg_mes__equipment_states_history') }}
    where {{ system_date('mes', 'equipment_states', 'started_at') }} = _logical_date

),

maintenance_snapshots as (

    select
        *,
        {{ is_validly_maintained() }} as is_completed
    from {{ ref('stg_mes__maintenance_orders_history') }}

),

-- Until when each snapshot is the newest; null of the newest of all.
maintenance_snapshot_dates as (

    select
        _logical_date,
        lead(_logical_date) over (order by _logical_date) as next_logical_date
    from (select distinct _logical_date from maintenance_snapshots) as logical_dates

),

failures as (

    select
        equipment_id,
        reported_at
    from {{ ref('fct_maintenance_orders') }}
    where is_failure

),

-- The end of the newest delivery, by a table that is never empty, as maintenance orders are where nothing breaks.
newest as (

    select max(snapshot_at) as snapshot_at from {{ ref('stg_mes__equipment') }}

),

reading_days as (

    select
        equipment_id,
        _logical_date as observed_date,
        known_at as observed_at,
        {%- for sensor in ['vibration', 'temperature', 'current'] %}
        {{ exact_sum("case when sensor = '" ~ sensor ~ "' then value end") }} as {{ sensor }}_sum,
        count(case when sensor = '{{ sensor }}' then value end) as {{ sensor }}_readings,
        {%- endfor %}
        cast(max(case when sensor = 'vibration' then value end) as double) as vibration_max
    from readings
    where equipment_id is not null
    group by equipment_id, _logical_date, known_at

),

state_days as (

    select
        equipment_id,
        _logical_date as observed_date,
        known_at as observed_at,
        count(case when state = 'unplanned_down' then 1 end) as unplanned_stops,
        count(case when state = 'setup' then 1 end) as setups,
        count(case when state in ('blocked', 'starved') then 1 end) as waits
    from states
    where equipment_id is not null
    group by equipment_id, _logical_date, known_at

),

observed as (

    select
        equipment_id,
        observed_date,
        observed_at
    from reading_days

    union distinct

    select
        equipment_id,
        observed_date,
        observed_at
    from state_days

),

-- The week before the day, from what each of its days' deliveries said.
past_weeks as (

    select
        observed.equipment_id,
        observed.observed_date,
        {{ ratio(exact_sum('reading_days.vibration_sum'), 'sum(reading_days.vibration_readings)') }}
            as vibration_mean_past_7_days,
        {{ ratio(exact_sum('reading_days.temperature_sum'), 'sum(reading_days.temperature_readings)') }}
            as temperature_mean_past_7_days
    from observed
    inner join reading_days
        on
            observed.equipment_id = reading_days.equipment_id
            and observed.observed_date > reading_days.observed_date
            and reading_days.observed_date >= {{ plus_days('observed.observed_date', -7) }}
    group by observed.equipment_id, observed.observed_date

),

stops_past_weeks as (

    select
        observed.equipment_id,
        observed.observed_date,
        {{ whole_sum('state_days.unplanned_stops') }} as unplanned_stops_past_7_days
    from observed
    inner join state_days
        on
            observed.equipment_id = state_days.equipment_id
            and observed.observed_date > state_days.observed_date
            and state_days.observed_date >= {{ plus_days('observed.observed_date', -7) }}
    group by observed.equipment_id, observed.observed_date

),

-- The maintenance orders as the newest snapshot known at the day's end showed them.
maintenance as (

    select
        observed.equipment_id,
        observed.observed_date,
        max(
            case
                when snapshots.is_completed and snapshots.maintenance_type = 'corrective' then snapshots.completed_at
            end
        ) as last_corrective_completed_at,
        max(
            case
                when snapshots.is_completed and snapshots.maintenance_type = 'preventive' then snapshots.completed_at
            end
        ) as last_preventive_completed_at,
        count(case when snapshots.maintenance_type = 'corrective' then 1 end) as corrective_orders_so_far,
        count(case when snapshots.completed_at is null then 1 end) as open_maintenance_orders
    from observed
    inner join maintenance_snapshot_dates as snapshot_dates
        on
            observed.observed_date >= snapshot_dates._logical_date
            and observed.observed_date < coalesce(snapshot_dates.next_logical_date, date '9999-12-31')
    inner join maintenance_snapshots as snapshots
        on
            observed.equipment_id = snapshots.equipment_id
            and snapshot_dates._logical_date = snapshots._logical_date
            and observed.observed_at >= snapshots.reported_at
    group by observed.equipment_id, observed.observed_date

),

labels as (

    select
        observed.equipment_id,
        observed.observed_date,
        count(*) as failures_within_7_days
    from observed
    inner join failures
        on
            observed.equipment_id = failures.equipment_id
            and observed.observed_at < failures.reported_at
            and failures.reported_at <= {{ plus_days('observed.observed_at', 7) }}
    group by observed.equipment_id, observed.observed_date

)

select
    observed.equipment_id,
    observed.observed_date,
    observed.observed_at,
    {{ ratio('reading_days.vibration_sum', 'reading_days.vibration_readings') }} as vibration_mean,
    reading_days.vibration_max,
    {{ ratio('reading_days.temperature_sum', 'reading_days.temperature_readings') }} as temperature_mean,
    {{ ratio('reading_days.current_sum', 'reading_days.current_readings') }} as current_mean,
    past_weeks.vibration_mean_past_7_days,
    past_weeks.temperature_mean_past_7_days,
    coalesce(state_days.unplanned_stops, 0) as unplanned_stops,
    coalesce(state_days.setups, 0) as setups,
    coalesce(state_days.waits, 0) as waits,
    coalesce(stops_past_weeks.unplanned_stops_past_7_days, 0) as unplanned_stops_past_7_days,
    {{ hours_between('maintenance.last_corrective_completed_at', 'observed.observed_at') }}
        as hours_since_corrective_maintenance,
    {{ hours_between('maintenance.last_preventive_completed_at', 'observed.observed_at') }}
        as hours_since_preventive_maintenance,
    coalesce(maintenance.corrective_orders_so_far, 0) as corrective_orders_so_far,
    coalesce(maintenance.open_maintenance_orders, 0) as open_maintenance_orders,
    -- Null until the week is over: those rows are the scoring set.
    case
        when newest.snapshot_at >= {{ plus_days('observed.observed_at', 7) }}
            then coalesce(labels.failures_within_7_days, 0) > 0
    end as has_failure_within_7_days
from observed
cross join newest
left join reading_days
    on
        observed.equipment_id = reading_days.equipment_id
        and observed.observed_date = reading_days.observed_date
left join state_days
    on
        observed.equipment_id = state_days.equipment_id
        and observed.observed_date = state_days.observed_date
left join past_weeks
    on
        observed.equipment_id = past_weeks.equipment_id
        and observed.observed_date = past_weeks.observed_date
left join stops_past_weeks
    on
        observed.equipment_id = stops_past_weeks.equipment_id
        and observed.observed_date = stops_past_weeks.observed_date
left join maintenance
    on
        observed.equipment_id = maintenance.equipment_id
        and observed.observed_date = maintenance.observed_date
left join labels
    on
        observed.equipment_id = labels.equipment_id
        and observed.observed_date = labels.observed_date
