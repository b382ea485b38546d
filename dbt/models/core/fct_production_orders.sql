with orders as (

    select * from {{ ref('stg_mes__production_orders') }}

),

batches as (

    select * from {{ ref('dim_batch') }}

),

flagged as (

    select
        orders.order_id,
        orders.batch_id,
        orders.line_id,
        batches.site_id,
        batches.material_id,
        orders.order_type,
        orders.order_status,
        orders.planned_quantity,
        orders.planned_start_date,
        orders.planned_end_date,
        orders.actual_start_date,
        orders.actual_end_date,
        orders._logical_date as known_on,
        batches.batch_id is null as is_batch_unknown,
        coalesce(orders.actual_end_date < orders.actual_start_date, false) as is_ended_before_started,
        coalesce(orders.actual_end_date > orders._logical_date, false) as is_finished_in_future,
        coalesce(
            abs({{ days_between('batches.manufacture_date', 'orders.planned_start_date') }}) > 365, false
        ) as is_planned_far_from_manufacture,
        orders.has_conflicting_duplicates,
        orders._load_seq
    from orders
    left join batches on orders.batch_id = batches.batch_id

),

judged as (

    select
        *,
        order_status = 'completed'
        and actual_end_date is not null
        and not is_ended_before_started
        and not is_finished_in_future as is_finished
    from flagged

)

select
    *,
    case when is_finished then actual_end_date <= planned_end_date end as is_on_time,
    case when is_finished then {{ days_between('planned_end_date', 'actual_end_date') }} end as delay_days,
    case when is_finished then {{ days_between('actual_start_date', 'actual_end_date') }} + 1 end as execution_days
from judged
