{#- The warehouse knows the zone; one that it does not know would fail every conversion, and so the build. -#}
{% test known_time_zone(model, column_name) %}

select *
from {{ model }}
where {{ is_no_time_zone(column_name) }}

{% endtest %}
