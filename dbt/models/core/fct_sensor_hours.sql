with

readings as (

    select
        *,
        date_trunc('hour', read_at) as hour_starts_at
    from {{ ref('stg_mes__sensor_readings') }}
    where equipment_id is not null and sensor is not null and read_at <= known_at

)

select
    equipment_id,
    sensor,
    unit,
    hour_starts_at,
    count(*) as reading_count,
    count(value) as known_reading_count,
    min(value) as min_value,
    max(value) as max_value,
    {{ exact_sum('value') }} as sum_of_values,
    {{ ratio(exact_sum('value'), 'count(value)') }} as mean_value
from readings
group by equipment_id, sensor, unit, hour_starts_at
