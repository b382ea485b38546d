with orders as (

    select * from {{ ref('fct_production_orders') }}

),

batches as (

    select * from {{ ref('dim_batch') }}

),

known as (

    select max(known_on) as last_date from orders

),

events as (

    select site_id, actual_start_date as production_date, 'started' as event, order_id, planned_quantity, is_on_time, execution_days
    from orders
    where actual_start_date is not null and not is_ended_before_started
    union all
    select site_id, actual_end_date, 'finished', order_id, planned_quantity, is_on_time, execution_days
    from orders
    where is_finished
    union all
    select site_id, planned_end_date, 'due', order_id, planned_quantity, is_on_time, execution_days
    from orders
    where planned_end_date is not null and order_status <> 'cancelled'
),

order_days as (

    select
        site_id,
        production_date,
        count(case when event = 'started' then 1 end) as orders_started,
        count(case when event = 'finished' then 1 end) as orders_finished,
        count(case when event = 'due' then 1 end) as orders_due,
        count(case when event = 'due' and is_on_time then 1 end) as orders_due_on_time,
        sum(case when event = 'finished' then planned_quantity end) as finished_planned_quantity,
        sum(case when event = 'finished' then execution_days end) as finished_execution_days
    from events
    where site_id is not null
    group by site_id, production_date

),

batch_days as (

    select
        site_id,
        manufacture_date as production_date,
        count(*) as batches_made,
        count(case when batch_status = 'rejected' then 1 end) as batches_rejected
    from batches
    where site_id is not null and manufacture_date is not null
    group by site_id, manufacture_date

),

days as (

    select site_id, production_date from order_days
    union
    select site_id, production_date from batch_days

)

select
    days.site_id,
    days.production_date,
    coalesce(order_days.orders_started, 0) as orders_started,
    coalesce(order_days.orders_finished, 0) as orders_finished,
    coalesce(order_days.orders_due, 0) as orders_due,
    coalesce(order_days.orders_due_on_time, 0) as orders_due_on_time,
    order_days.orders_due_on_time / nullif(order_days.orders_due, 0) as on_time_completion,
    coalesce(order_days.finished_planned_quantity, 0) as finished_planned_quantity,
    order_days.finished_execution_days / nullif(order_days.orders_finished, 0) as mean_execution_days,
    coalesce(batch_days.batches_made, 0) as batches_made,
    coalesce(batch_days.batches_rejected, 0) as batches_rejected,
    batch_days.batches_rejected / nullif(batch_days.batches_made, 0) as batch_reject_ratio
from days
inner join known on days.production_date <= known.last_date
left join order_days on days.site_id = order_days.site_id and days.production_date = order_days.production_date
left join batch_days on days.site_id = batch_days.site_id and days.production_date = batch_days.production_date
