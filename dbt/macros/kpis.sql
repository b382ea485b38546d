{#-
    The KPIs of ISO 22400-2 that are made of time elements and counts, in one place for every grain. Time elements in seconds;
    a ratio divides sums, and is null when there is nothing to divide by, so that a roll-up is the same formula over larger
    sums, never a mean of ratios.
-#}

{#-
    The element of ISO 22400 that a state's time belongs to, by OPC 40001-1 Annex C.2: APT (actual production time), AUST (actual
    unit setup time), ADET (actual unit delay time), or null outside of the planned busy time.
-#}
{% macro time_element(state) -%}
    case
        when {{ state }} = 'producing' then 'APT'
        when {{ state }} = 'setup' then 'AUST'
        when {{ state }} in ('blocked', 'starved', 'unplanned_down') then 'ADET'
    end
{%- endmacro %}

{#- The sums of a roll-up over the rows of a finer grain. -#}
{% macro equipment_kpi_sums() -%}
    {{ whole_sum('planned_busy_time_s') }} as planned_busy_time_s,
    {{ whole_sum('actual_production_time_s') }} as actual_production_time_s,
    {{ whole_sum('actual_unit_setup_time_s') }} as actual_unit_setup_time_s,
    {{ whole_sum('actual_unit_processing_time_s') }} as actual_unit_processing_time_s,
    {{ whole_sum('actual_unit_delay_time_s') }} as actual_unit_delay_time_s,
    {{ whole_sum('actual_unit_busy_time_s') }} as actual_unit_busy_time_s,
    {{ whole_sum('rated_production_time_s') }} as rated_production_time_s,
    {{ exact_sum('planned_run_time_s') }} as planned_run_time_s,
    {{ exact_sum('good_planned_run_time_s') }} as good_planned_run_time_s
{%- endmacro %}

{#-
    The sums as they are and the ratios over them.

    - effectiveness divides by the production time of shifts whose items all have a standard time (`rated_production_time_s`),
      so that an item without one is left out of both sides instead of making the unit look slow. It is not capped at 1: a
      stale standard time stays visible.
    - quality ratio is GQ / PQ, every item weighted with its planned run time, so that kilograms, litres and pieces can be
      rolled up; for a single material it is GQ / PQ itself.
    - OEE and NEE are 0 when nothing was produced in planned busy time, though there is no quality to speak of then.
-#}
{% macro equipment_kpi_columns() -%}
    {%- set availability = ratio('actual_production_time_s', 'planned_busy_time_s') -%}
    {%- set processing_share = ratio('actual_unit_processing_time_s', 'planned_busy_time_s') -%}
    {%- set effectiveness = ratio('planned_run_time_s', 'rated_production_time_s') -%}
    {%- set quality_ratio = ratio('good_planned_run_time_s', 'planned_run_time_s') -%}
    {%- set good_rate -%}
        coalesce({{ effectiveness }} * {{ quality_ratio }}, case when planned_run_time_s = 0 then 0 end)
    {%- endset -%}
    planned_busy_time_s,
    actual_production_time_s,
    actual_unit_setup_time_s,
    actual_unit_processing_time_s,
    actual_unit_delay_time_s,
    actual_unit_busy_time_s,
    rated_production_time_s,
    planned_run_time_s,
    good_planned_run_time_s,
    {{ availability }} as availability,
    {{ effectiveness }} as effectiveness,
    {{ quality_ratio }} as quality_ratio,
    {{ availability }} * {{ good_rate }} as oee_index,
    {{ processing_share }} * {{ good_rate }} as nee_index,
    {{ ratio('actual_production_time_s', 'actual_unit_busy_time_s') }} as utilization_efficiency,
    {{ ratio('actual_unit_busy_time_s', 'planned_busy_time_s') }} as allocation_efficiency,
    {{ ratio('actual_production_time_s', 'actual_production_time_s + actual_unit_delay_time_s') }}
        as technical_efficiency,
    {{ ratio('actual_unit_setup_time_s', 'actual_unit_processing_time_s') }} as setup_ratio
{%- endmacro %}
