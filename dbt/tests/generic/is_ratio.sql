{#- Null or from 0 to 1. -#}
{% test is_ratio(model, column_name) %}

select *
from {{ model }}
where {{ column_name }} not between 0 and 1

{% endtest %}
