with

order_snapshots as (

    select
        *,
        {{ is_validly_completed() }} as is_completed,
        lead(snapshot_at) over (partition by order_id order by snapshot_at) as next_snapshot_at
    from {{ ref('stg_mes__production_orders_history') }}

),

batch_snapshots as (

    select * from {{ ref('stg_mes__batches_history') }}

),

material_snapshots as (

    select * from {{ ref('stg_mes__materials_history') }}

),

outcomes as (

    select * from {{ ref('fct_production_orders') }}

),

-- The first planned start that passes while it is the newest plan known: later data cannot change which one that was.
observed_orders as (

    select
        *,
        planned_start_at as observed_at
    from order_snapshots
    where
        snapshot_at <= planned_start_at
        and (next_snapshot_at > planned_start_at or next_snapshot_at is null)
    qualify row_number() over (partition by order_id order by snapshot_at) = 1

),

-- The batch's and the material's newest version known at that moment.
observed_batches as (

    select
        observed_orders.order_id,
        observed_orders.observed_at,
        batch_snapshots.material_id,
        batch_snapshots.manufacturing_site,
        batch_snapshots.batch_status,
        batch_snapshots.quantity as batch_quantity
    from observed_orders
    inner join batch_snapshots
        on
            observed_orders.batch_id = batch_snapshots.batch_id
            and observed_orders.observed_at >= batch_snapshots.snapshot_at
    qualify row_number() over (
        partition by observed_orders.order_id order by batch_snapshots.snapshot_at desc
    ) = 1

),

observed_materials as (

    select
        observed_batches.order_id,
        material_snapshots.material_type,
        material_snapshots.unit_of_measure
    from observed_batches
    inner join material_snapshots
        on
            observed_batches.material_id = material_snapshots.material_id
            and observed_batches.observed_at >= material_snapshots.snapshot_at
    qualify row_number() over (
        partition by observed_batches.order_id order by material_snapshots.snapshot_at desc
    ) = 1

),

-- The state of a line in the very snapshot that the order is observed in.
lines as (

    select
        line_id,
        snapshot_at,
        count(case when order_status = 'in_progress' then 1 end) as line_orders_in_progress,
        count(
            case when order_status in ('planned', 'released', 'in_progress') and planned_end_at < snapshot_at then 1 end
        ) as line_orders_overdue,
        coalesce({{ exact_sum(
            "case when order_status in ('planned', 'released', 'in_progress') and planned_end_at < snapshot_at then "
            ~ hours_between('planned_end_at', 'snapshot_at') ~ ' end'
        ) }}, 0) as line_hours_overdue,
        {{ ratio(
            exact_sum(
                "case when is_completed and actual_end_at > " ~ plus_days('snapshot_at', -7) ~ " then "
                ~ hours_between('planned_end_at', 'actual_end_at') ~ ' end'
            ),
            "count(case when is_completed and planned_end_at is not null and actual_end_at > "
            ~ plus_days('snapshot_at', -7) ~ " then 1 end)"
        ) }} as line_mean_delay_hours_past_7_days,
        count(case when is_completed and actual_end_at <= planned_end_at then 1 end) as line_orders_completed_on_time,
        count(case when is_completed and actual_end_at > planned_end_at then 1 end) as line_orders_completed_late
    from order_snapshots
    group by line_id, snapshot_at

)

select
    observed_orders.order_id,
    observed_orders.observed_at,
    observed_orders.snapshot_at,
    observed_orders.batch_id,
    observed_batches.material_id,
    observed_orders.line_id,
    observed_batches.manufacturing_site,
    observed_orders.order_type,
    observed_orders.order_status,
    observed_batches.batch_status,
    observed_materials.material_type,
    observed_materials.unit_of_measure,
    observed_orders.planned_quantity,
    observed_batches.batch_quantity,
    {{ hours_between('observed_orders.planned_start_at', 'observed_orders.planned_end_at') }} as planned_duration_hours,
    lines.line_orders_in_progress,
    lines.line_orders_overdue,
    lines.line_hours_overdue,
    lines.line_mean_delay_hours_past_7_days,
    lines.line_orders_completed_on_time,
    lines.line_orders_completed_late,
    {{ ratio(
        'lines.line_orders_completed_on_time',
        'lines.line_orders_completed_on_time + lines.line_orders_completed_late'
    ) }} as line_on_time_completion_ratio,
    case when outcomes.is_completed then outcomes.actual_end_at > observed_orders.planned_end_at end as is_late,
    case
        when outcomes.is_completed
            then {{ hours_between('observed_orders.planned_end_at', 'outcomes.actual_end_at') }}
    end as delay_hours
from observed_orders
left join observed_batches on observed_orders.order_id = observed_batches.order_id
left join observed_materials on observed_orders.order_id = observed_materials.order_id
left join lines
    on
        observed_orders.line_id = lines.line_id
        and observed_orders.snapshot_at = lines.snapshot_at
left join outcomes on observed_orders.order_id = outcomes.order_id
