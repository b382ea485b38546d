{#-
  Casts of RAW cells. How a system writes its cells (null tokens, decimal mark, formats) is read from its contract, the
  dbt source: one place for loading, casting and checking. A cell that does not cast becomes null and is counted by
  `cast_failures`; it is never dropped.
-#}

{#- The csv dialect of a source table: its own meta over its system's. -#}
{% macro csv_dialect(source_name, table_name) -%}
    {%- set defaults = {
        'decimal_mark': '.', 'null_tokens': ['N/A', '#N/A'],
        'date_format': '%Y-%m-%d', 'timestamp_format': '%Y-%m-%d %H:%M:%S'
    } -%}
    {#- Unit tests compile without the graph: they see the defaults. -#}
    {%- for node in graph.get('sources', {}).values() if node.source_name == source_name and node.name == table_name -%}
        {%- do defaults.update(node.source_meta.get('csv', {})) -%}
        {%- do defaults.update(node.config.meta.get('csv', {})) -%}
    {%- endfor -%}
    {{ return(defaults) }}
{%- endmacro %}

{#- A cell as text: trimmed; empty, whitespace-only and null tokens are null. -#}
{% macro cell_text(column, dialect) -%}
    nullif(
        case
            when trim({{ column }}) in ({% for token in dialect.null_tokens %}'{{ token | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor %}) then null
            else trim({{ column }})
        end, ''
    )
{%- endmacro %}

{#- A cell as decimal(18, 3). -#}
{% macro cell_decimal(column, dialect) -%}
    {%- set text = cell_text(column, dialect) -%}
    try_cast(
        {%- if dialect.decimal_mark == ',' %} replace(replace({{ text }}, '.', ''), ',', '.')
        {%- else %} {{ text }}
        {%- endif %} as decimal(18, 3))
{%- endmacro %}

{#- A cell as date. -#}
{% macro cell_date(column, dialect) -%}
    {{ return(adapter.dispatch('cell_date')(column, dialect)) }}
{%- endmacro %}

{% macro duckdb__cell_date(column, dialect) -%}
    try_strptime({{ cell_text(column, dialect) }}, '{{ dialect.date_format }}')::date
{%- endmacro %}

{#- Number of the given cells of a row that hold something which does not cast: pairs of a raw column and its cast. -#}
{% macro cast_failures(cells, dialect) -%}
    {%- for raw_column, cast in cells %}
        case when {{ cell_text(raw_column, dialect) }} is not null and {{ cast }} is null then 1 else 0 end
        {{- ' +' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
