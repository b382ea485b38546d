{#- The model has each key of the other model once and no other: no row is lost or made on the way. -#}
{% test has_the_keys_of(model, column_name, to) %}

select
    coalesce(here.{{ column_name }}, there.{{ column_name }}) as {{ column_name }},
    count(here.{{ column_name }}) as rows_here,
    count(there.{{ column_name }}) as rows_there
from (select {{ column_name }}, count(*) as copies from {{ model }} group by {{ column_name }}) as here
full join (select {{ column_name }}, count(*) as copies from {{ to }} group by {{ column_name }}) as there
    on here.{{ column_name }} = there.{{ column_name }}
where here.copies is distinct from there.copies
group by coalesce(here.{{ column_name }}, there.{{ column_name }})

{% endtest %}
