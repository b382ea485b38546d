{#-
    What `_<system>__sources.yml` says about a source table: `time_zone`, `csv` (the table's dialect over the system's), `mode`,
    `key`, `columns` (type by name) and `formats` (for columns with a `csv` of their own: the table's dialect under it).

    A unit test has no graph: it overrides this macro with the contract it wants to test.
-#}
{% macro source_contract(system, table) %}
    {% if not execute %}
        {% do return({'time_zone': 'UTC', 'csv': {}, 'mode': 'snapshot', 'key': [], 'columns': {}}) %}
    {% endif %}
    {% for node in graph.get('sources', {}).values() if node.source_name == system and node.name == table %}
        {#- Kept on the graph's node, which lives as long as dbt runs: a table of 600 columns asks 1,200 times. -#}
        {% if node.mfg_contract %}{% do return(node.mfg_contract) %}{% endif %}
        {% set types = {} %}
        {% for column in node.columns.values() %}
            {% do types.update({column.name: column.data_type}) %}
        {% endfor %}
        {% set csv = dict(node.source_meta.csv, **node.config.meta.get('csv', {})) %}
        {% set formats = {} %}
        {% for column in node.columns.values() if column.meta.get('csv') %}
            {% do formats.update({column.name: dict(csv, **column.meta.csv)}) %}
        {% endfor %}
        {% set contract = {
            'time_zone': node.source_meta.time_zone, 'csv': csv, 'mode': node.config.meta.mode,
            'key': node.config.meta.key, 'columns': types, 'formats': formats
        } %}
        {% do node.update({'mfg_contract': contract}) %}
        {% do return(contract) %}
    {% endfor %}
    {% do exceptions.raise_compiler_error(
        system ~ '.' ~ table ~ ' has no contract here: describe it among the sources; a unit test overrides source_contract.'
    ) %}
{% endmacro %}

{#- How a column's cells are written: its own `csv` over its table's. Of a unit test's contract, the table's. -#}
{% macro cell_format(contract, column) %}
    {% do return(contract.get('formats', {}).get(column, contract.csv)) %}
{% endmacro %}
