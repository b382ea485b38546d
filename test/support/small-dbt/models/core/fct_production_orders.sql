select
    orders.order_id,
    orders.batch_id,
    batches.material_id,
    coalesce(batches.manufacturing_site, 'unknown') as site_id,
    orders.order_status,
    orders.planned_quantity,
    {{ is_validly_completed() }} as is_completed,
    orders.actual_end_at > orders.planned_end_at as is_ended_late,
    {{ system_date('mes', 'production_orders', 'orders.actual_end_at') }} as actual_end_date,
    orders._load_id,
    orders._logical_date
from {{ ref('stg_mes__production_orders') }} as orders
left join {{ ref('dim_batch') }} as batches on orders.batch_id = batches.batch_id
