{#-
  The rule of de-duplication, for all staging models: of rows that share a key, the latest delivery's wins; within one
  delivery identical rows are one, and of conflicting ones the last in the file is kept and flagged.
  Expects lineage columns; adds `has_conflicting_duplicates`.
-#}
{% macro deduplicate(relation, key, columns) -%}
    select
        *,
        count(distinct hash({{ columns | join(', ') }})) over (
            partition by {{ key | join(', ') }}, _logical_date
        ) > 1 as has_conflicting_duplicates
    from {{ relation }}
    qualify row_number() over (
        partition by {{ key | join(', ') }}
        order by _logical_date desc, _source_file desc, _source_row_number desc
    ) = 1
{%- endmacro %}
