{#- Business rules that more than one model needs. -#}

{#- The moment that a snapshot shows, and from which it is known: the end of its logical date at the plant, in UTC. -#}
{% macro snapshot_at(system, table) -%}
    {%- set end_of_day = 'cast(' ~ dbt.dateadd('day', 1, '_logical_date') ~ ' as timestamp)' -%}
    {{ convert_time_zone(end_of_day, source_contract(system, table).time_zone, 'UTC') }}
{%- endmacro %}

{#- The plant's day of a moment in UTC. The calendar day, until the source tells when a site's day starts. -#}
{% macro production_date(system, table, at) -%}
    cast({{ convert_time_zone(at, 'UTC', source_contract(system, table).time_zone) }} as date)
{%- endmacro %}

{#- Completed, with an end that can be true: not before the start, not after the snapshot that tells it. -#}
{% macro is_validly_completed() -%}
    coalesce(
        order_status = 'completed' and actual_end_at >= actual_start_at and actual_end_at <= snapshot_at, false
    )
{%- endmacro %}

{#- More than a calendar year lies between two days; false when one is unknown. -#}
{% macro is_over_a_year_apart(day, other_day) -%}
    coalesce(
        {{ day }} > {{ dbt.dateadd('year', 1, other_day) }} or {{ day }} < {{ dbt.dateadd('year', -1, other_day) }}, false
    )
{%- endmacro %}

{#- Hours from one moment to a later one; negative when it is earlier. -#}
{% macro hours_between(from_at, to_at) -%}
    cast({{ dbt.datediff(from_at, to_at, 'second') }} as double) / 3600
{%- endmacro %}

{#- Null, not zero, when there is nothing to divide by. -#}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif({{ denominator }}, 0)
{%- endmacro %}

{#- A sum that does not depend on the order of its rows, as a sum of doubles does: the same rows give the same bits. -#}
{% macro exact_sum(expression) -%}
    cast(sum(cast({{ expression }} as decimal(18, 6))) as double)
{%- endmacro %}
