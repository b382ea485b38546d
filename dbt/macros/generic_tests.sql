{#- Generic test: no two rows share the given columns. -#}
{% test unique_combination(model, columns) %}
    select
        {{ columns | join(', ') }},
        count(*) as copies
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{#- Generic test: the column holds this value in every row. Fails with the rows that hold another, or null. -#}
{% test is_always(model, column_name, value) %}
    select *
    from {{ model }}
    where {{ column_name }} is distinct from {{ value }}
{% endtest %}
