{#- Where the warehouses' SQL differs: each macro has one version per warehouse and no other SQL does. -#}

{#- A timestamp without time zone; null when the text is not one. Formats are strftime's. -#}
{% macro parse_timestamp(text, format) -%}
    {{ adapter.dispatch('parse_timestamp')(text, format) }}
{%- endmacro %}

{% macro duckdb__parse_timestamp(text, format) -%}
    try_strptime({{ text }}, '{{ format }}')
{%- endmacro %}

{% macro snowflake__parse_timestamp(text, format) -%}
    try_to_timestamp_ntz({{ text }}, '{{ snowflake_format(format) }}')
{%- endmacro %}

{#- A moment in UTC, from a text whose format has an offset (%z, +01:00); null when the text is not one. -#}
{% macro parse_instant(text, format) -%}
    {{ adapter.dispatch('parse_instant')(text, format) }}
{%- endmacro %}

{% macro duckdb__parse_instant(text, format) -%}
    timezone('UTC', try_strptime({{ text }}, '{{ format }}'))
{%- endmacro %}

{% macro snowflake__parse_instant(text, format) -%}
    cast(convert_timezone('UTC', try_to_timestamp_tz({{ text }}, '{{ snowflake_format(format) }}')) as timestamp_ntz)
{%- endmacro %}

{% macro snowflake_format(format) -%}
    {%- set parts = namespace(format=format) -%}
    {%- set names = {
        '%Y': 'YYYY', '%y': 'YY', '%m': 'MM', '%b': 'MON', '%B': 'MMMM', '%d': 'DD', '%H': 'HH24', '%I': 'HH12', '%p': 'AM',
        '%M': 'MI', '%S': 'SS', '%f': 'FF6', '%z': 'TZH:TZM'
    } -%}
    {%- for strftime, name in names.items() -%}
        {%- set parts.format = parts.format | replace(strftime, name) -%}
    {%- endfor -%}
    {%- if '%' in parts.format -%}
        {%- do exceptions.raise_compiler_error('no Snowflake word for a part of the format ' ~ format) -%}
    {%- endif -%}
    {{ parts.format }}
{%- endmacro %}

{#- Wall-clock time of one IANA zone to that of another; both without time zone. The zones are SQL: a literal or a column. -#}
{% macro convert_time_zone(time, from_zone, to_zone) -%}
    {{ adapter.dispatch('convert_time_zone')(time, from_zone, to_zone) }}
{%- endmacro %}

{% macro duckdb__convert_time_zone(time, from_zone, to_zone) -%}
    timezone({{ to_zone }}, timezone({{ from_zone }}, {{ time }}))
{%- endmacro %}

{% macro snowflake__convert_time_zone(time, from_zone, to_zone) -%}
    convert_timezone({{ from_zone }}, {{ to_zone }}, {{ time }})
{%- endmacro %}

{#- Whether the whole text, not a part of it, matches. -#}
{% macro matches_whole(text, pattern) -%}
    {{ adapter.dispatch('matches_whole')(text, pattern) }}
{%- endmacro %}

{% macro duckdb__matches_whole(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro snowflake__matches_whole(text, pattern) -%}
    regexp_like({{ text }}, '{{ pattern }}')
{%- endmacro %}

{#- A query of one column, `day`: every day from the first to the last, both scalar SQL expressions of type date. -#}
{% macro days_between(first_day, last_day) -%}
    {{ adapter.dispatch('days_between')(first_day, last_day) }}
{%- endmacro %}

{% macro duckdb__days_between(first_day, last_day) -%}
    select cast(unnest(generate_series(
        cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval 1 day
    )) as date) as day
{%- endmacro %}

{% macro snowflake__days_between(first_day, last_day) -%}
    select cast(dateadd('day', day_number.value::integer, wanted.first_day) as date) as day
    from (select {{ first_day }} as first_day, {{ last_day }} as last_day) as wanted,
        lateral flatten(
            input => array_generate_range(0, datediff('day', wanted.first_day, wanted.last_day) + 1)
        ) as day_number
{%- endmacro %}

{#- The condition that a warehouse does not know a text as an IANA time zone; such a zone would fail every conversion. -#}
{% macro is_no_time_zone(zone) -%}
    {{ adapter.dispatch('is_no_time_zone')(zone) }}
{%- endmacro %}

{% macro duckdb__is_no_time_zone(zone) -%}
    {{ zone }} is not null and {{ zone }} not in (select name from pg_timezone_names())
{%- endmacro %}

{#- Snowflake lists no zones: the name's shape is checked, and a conversion names what it does not know. -#}
{% macro snowflake__is_no_time_zone(zone) -%}
    not ({{ matches_whole(zone, '(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_+-]+)+)') }})
{%- endmacro %}
