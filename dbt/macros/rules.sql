{#- Business rules that more than one model needs. -#}

{#-
    The end of a row's logical date in its system's time zone, in UTC: the moment that a snapshot shows, and from which what a
    delivery holds counts as known.
-#}
{% macro end_of_logical_date(system, table) -%}
    {%- set end_of_day = 'cast(' ~ dbt.dateadd('day', 1, '_logical_date') ~ ' as timestamp)' -%}
    {{ convert_time_zone(end_of_day, dbt.string_literal(source_contract(system, table).time_zone), "'UTC'") }}
{%- endmacro %}

{#- The calendar day of a moment in UTC in its system's time zone. -#}
{% macro system_date(system, table, at) -%}
    cast({{ convert_time_zone(at, "'UTC'", dbt.string_literal(source_contract(system, table).time_zone)) }} as date)
{%- endmacro %}

{#-
    The production day of a moment in UTC: the site's local day, which begins `day_starts_at_s` seconds after midnight by the
    clock on the wall, so that a night shift belongs to one day, also when daylight saving changes in it.
-#}
{% macro production_date(at, time_zone, day_starts_at_s) -%}
    cast({{ dbt.dateadd('second', '-' ~ day_starts_at_s, convert_time_zone(at, "'UTC'", time_zone)) }} as date)
{%- endmacro %}

{#- The moment in UTC at which a site's production day begins. -#}
{% macro production_day_start(day, time_zone, day_starts_at_s) -%}
    {{ convert_time_zone(dbt.dateadd('second', day_starts_at_s, 'cast(' ~ day ~ ' as timestamp)'), time_zone, "'UTC'") }}
{%- endmacro %}

{#-
    A moment that a mistyped year has not put out of reach: not before 2000, and not more than a year after it was told. Null when
    it is unknown.
-#}
{% macro is_plausible_moment(at, told_at) -%}
    {{ at }} between cast('2000-01-01' as timestamp) and {{ plus_days(told_at, 366) }}
{%- endmacro %}

{#- Completed, with an end that can be true: not before the start, not after the snapshot that tells it. -#}
{% macro is_validly_completed() -%}
    coalesce(
        order_status = 'completed' and {{ is_plausible_moment('actual_start_at', 'snapshot_at') }}
        and actual_end_at >= actual_start_at and actual_end_at <= snapshot_at,
        false
    )
{%- endmacro %}

{#- A maintenance order that is done, with times that can be right: reported, started, completed, by the time of the snapshot. -#}
{% macro is_validly_maintained() -%}
    coalesce(
        {{ is_plausible_moment('reported_at', 'snapshot_at') }}
        and reported_at <= started_at and started_at <= completed_at and completed_at <= snapshot_at,
        false
    )
{%- endmacro %}

{#- More than a calendar year lies between two days; false when one is unknown. -#}
{% macro is_over_a_year_apart(day, other_day) -%}
    coalesce(
        {{ day }} > {{ dbt.dateadd('year', 1, other_day) }} or {{ day }} < {{ dbt.dateadd('year', -1, other_day) }}, false
    )
{%- endmacro %}

{#- Whole seconds from one moment to a later one; negative when it is earlier. -#}
{% macro seconds_between(from_at, to_at) -%}
    {{ dbt.datediff(from_at, to_at, 'second') }}
{%- endmacro %}

{#- Hours from one moment to a later one; negative when it is earlier. -#}
{% macro hours_between(from_at, to_at) -%}
    cast({{ dbt.datediff(from_at, to_at, 'second') }} as double) / 3600
{%- endmacro %}

{#- The same time of day some days later; earlier when negative. -#}
{% macro plus_days(at, days) -%}
    {{ dbt.dateadd('day', days, at) }}
{%- endmacro %}

{#- The first day of a day's week (Monday) or month. -#}
{% macro first_of(part, day) -%}
    cast({{ dbt.date_trunc(part, day) }} as date)
{%- endmacro %}

{#- 1 (Monday) to 7 (Sunday), whatever day the warehouse's session starts its weeks on. -#}
{% macro day_of_week(day) -%}
    cast({{ dbt.datediff("cast('0001-01-01' as date)", day, 'day') }} % 7 + 1 as integer)
{%- endmacro %}

{#- Null, not zero, when there is nothing to divide by. -#}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif({{ denominator }}, 0)
{%- endmacro %}

{#- A sum that does not depend on the order of its rows, as a sum of doubles does: the same rows give the same bits. -#}
{% macro exact_sum(expression) -%}
    cast(sum(cast({{ expression }} as decimal(38, 6))) as double)
{%- endmacro %}

{#- A sum of whole numbers as a 64-bit integer; null when there is nothing to sum. -#}
{% macro whole_sum(expression) -%}
    cast(sum({{ expression }}) as bigint)
{%- endmacro %}
