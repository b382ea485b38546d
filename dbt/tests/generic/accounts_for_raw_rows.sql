{#-
    Every RAW row with a key is in a staging row: kept, merged with a duplicate of its delivery, or superseded by a later one.
    Returns both counts when they differ. Rows without a key are counted by the source's own tests.
-#}
{% test accounts_for_raw_rows(model, table, system='mes', history=false) %}

{%- set contract = source_contract(system, table) -%}
with

delivered as (

    select count(*) as raw_rows
    from {{ source_history(system, table) if history else source(system, table) }}
    where true
{%- for column in contract.key %}
        and {{ clean_cell(column, cell_format(contract, column).null_tokens) }} is not null
    {%- endfor %}

),

staged as (

    select coalesce(sum(
        1 + merged_row_count {{- ' + superseded_row_count' if contract.mode == 'append' and not history }}
    ), 0) as accounted_rows
    from {{ model }}

)

select
    delivered.raw_rows,
    staged.accounted_rows
from delivered
cross join staged
where delivered.raw_rows <> staged.accounted_rows

{% endtest %}
