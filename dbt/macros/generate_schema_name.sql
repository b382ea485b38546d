{#- A layer's schema has the layer's name in every environment: environments are databases, not schema prefixes. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name is not none else target.schema }}
{%- endmacro %}
