{#-
    Relations never name their database, so that a copy or clone of a data set reads itself and not the one it was made
    from.
-#}
{% macro ref() %}
    {% do return(builtins.ref(*varargs, **kwargs).include(database=false)) %}
{% endmacro %}

{% macro source() %}
    {% do return(builtins.source(*varargs, **kwargs).include(database=false)) %}
{% endmacro %}

{#-
    Every snapshot of a source table, one per logical date: RAW.<TABLE>_HISTORY. For dbt it is the source itself, so that
    what reads a table's history is downstream of the table. A unit test gives the snapshots as the rows of the source.
-#}
{% macro source_history(system, table) %}
    {% set current = source(system, table) %}
    {% do return(current if current.is_cte else current.incorporate(path={'identifier': table ~ '_history'})) %}
{% endmacro %}
