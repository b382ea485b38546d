{#- Schemas are named as written: RAW, STAGING, CORE, MARTS, without the target's name in front. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | default(target.schema, true) | trim }}
{%- endmacro %}

{#- Relations are named without their database, so that a copy of the database reads itself. -#}
{% macro ref() -%}
    {{ return(builtins.ref(*varargs, **kwargs).include(database=false)) }}
{%- endmacro %}

{% macro source(source_name, table_name) -%}
    {{ return(builtins.source(source_name, table_name).include(database=false)) }}
{%- endmacro %}

{#- RAW.<TABLE>_HISTORY of a source table: every logical date's current partition, for "as known on that day". -#}
{% macro source_history(source_name, table_name) -%}
    {%- set latest = source(source_name, table_name) -%}
    {{ return(latest.incorporate(path={'identifier': latest.identifier ~ '_history'})) }}
{%- endmacro %}
