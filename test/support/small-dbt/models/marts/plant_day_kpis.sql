select
    site_id,
    actual_end_date as production_date,
    count(*) as orders_completed,
    count(case when is_ended_late then 1 end) as orders_completed_late,
    {{ exact_sum('planned_quantity') }} as planned_quantity,
    {{ ratio('count(case when not is_ended_late then 1 end)', 'count(is_ended_late)') }} as on_time_completion_ratio
from {{ ref('fct_production_orders') }}
where is_completed
group by site_id, actual_end_date
