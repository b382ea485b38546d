{#- Where the warehouses' SQL differs: each macro has one version per warehouse and no other SQL does. -#}

{#- A timestamp without time zone; null when the text is not one. Formats are strftime's. -#}
{% macro parse_timestamp(text, format) -%}
    {{ adapter.dispatch('parse_timestamp')(text, format) }}
{%- endmacro %}

{% macro duckdb__parse_timestamp(text, format) -%}
    try_strptime({{ text }}, '{{ format }}')
{%- endmacro %}

{% macro snowflake__parse_timestamp(text, format) -%}
    {%- set parts = namespace(format=format) -%}
    {%- set names = {'%Y': 'YYYY', '%m': 'MM', '%d': 'DD', '%H': 'HH24', '%M': 'MI', '%S': 'SS', '%f': 'FF6'} -%}
    {%- for strftime, name in names.items() -%}
        {%- set parts.format = parts.format | replace(strftime, name) -%}
    {%- endfor -%}
    {%- if '%' in parts.format -%}
        {%- do exceptions.raise_compiler_error('no Snowflake word for a part of the format ' ~ format) -%}
    {%- endif -%}
    try_to_timestamp_ntz({{ text }}, '{{ parts.format }}')
{%- endmacro %}

{#- Wall-clock time of one IANA zone to that of another; both without time zone. -#}
{% macro convert_time_zone(time, from_zone, to_zone) -%}
    {{ adapter.dispatch('convert_time_zone')(time, from_zone, to_zone) }}
{%- endmacro %}

{% macro duckdb__convert_time_zone(time, from_zone, to_zone) -%}
    timezone('{{ to_zone }}', timezone('{{ from_zone }}', {{ time }}))
{%- endmacro %}

{% macro snowflake__convert_time_zone(time, from_zone, to_zone) -%}
    convert_timezone('{{ from_zone }}', '{{ to_zone }}', {{ time }})
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
