{#- A flag that marks what should not be: every row that has it is a failure. -#}
{% test never_true(model, column_name) %}

select *
from {{ model }}
where {{ column_name }}

{% endtest %}
