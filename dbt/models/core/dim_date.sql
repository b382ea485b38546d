with

days as (

    select
        min(production_date) as first_day,
        max(production_date) as last_day
    from {{ ref('dim_shift') }}
    where is_possible

    union all

    select
        min({{ system_date('mes', 'equipment_states', 'started_at') }}) as first_day,
        max({{ system_date('mes', 'equipment_states', 'known_at') }}) as last_day
    from {{ ref('stg_mes__equipment_states') }}
    where started_at <= known_at and {{ is_plausible_moment('started_at', 'known_at') }}

),

bounds as (

    -- Two days more on either side: a site's day may begin as late as it likes, and its clock is not the system's.
    select
        {{ plus_days('min(first_day)', -2) }} as first_day,
        {{ plus_days('max(last_day)', 2) }} as last_day
    from days

),

calendar as (

    {{ days_between('(select first_day from bounds)', '(select last_day from bounds)') }}

)

select
    day as date_day,
    {{ first_of('week', 'day') }} as week_starts_on,
    {{ first_of('month', 'day') }} as month_starts_on,
    cast(extract(year from day) as integer) as calendar_year,
    cast(extract(quarter from day) as integer) as quarter_of_year,
    cast(extract(month from day) as integer) as month_of_year,
    {{ day_of_week('day') }} as day_of_week,
    {{ day_of_week('day') }} >= 6 as is_weekend
from calendar
