{#- A count of what should not be: every row that has any is a failure. -#}
{% test never_positive(model, column_name) %}

select *
from {{ model }}
where {{ column_name }} > 0

{% endtest %}
