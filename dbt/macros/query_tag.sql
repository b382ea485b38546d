{#-
    Every statement of a node is tagged with a JSON that names the workflow and the load (the profile's `query_tag`, from the
    platform) and the node. Nothing is reset after a node: the connection's next one sets its own.
-#}
{% macro snowflake__set_query_tag() -%}
    {%- set tag = fromjson(env_var('MFG_QUERY_TAG', '{}'), {}) -%}
    {%- do tag.update({'node': model.unique_id}) -%}
    {%- set text = tojson(tag) | replace('\\', '\\\\') | replace("'", "\\'") -%}
    {%- do run_query("alter session set query_tag = '" ~ text ~ "'") -%}
{%- endmacro %}
