with

inspections as (

    select
        material_id,
        characteristic,
        lower_limit,
        upper_limit,
        is_within_limits,
        -- A missing unit is that of the others with these limits.
        coalesce(
            unit, min(unit) over (partition by material_id, characteristic, lower_limit, upper_limit)
        ) as unit,
        -- Distances from the lower limit, so that sums of squares stay small.
        cast(measured_value as decimal(38, 6)) - lower_limit as above_lower_limit
    from {{ ref('fct_quality_inspections') }}
    where
        material_id is not null
        and characteristic is not null
        and measured_value is not null
        and lower_limit < upper_limit

),

summed as (

    select
        material_id,
        characteristic,
        unit,
        lower_limit,
        upper_limit,
        count(*) as inspections,
        count(case when not is_within_limits then 1 end) as inspections_out_of_limits,
        min(above_lower_limit) = max(above_lower_limit) as is_without_spread,
        cast(sum(above_lower_limit) as double) as sum_above_lower_limit,
        cast(sum(cast(above_lower_limit * above_lower_limit as decimal(38, 12))) as double)
            as sum_of_squares_above_lower_limit
    from inspections
    group by material_id, characteristic, unit, lower_limit, upper_limit

),

spread as (

    select
        *,
        {{ ratio('sum_above_lower_limit', 'inspections') }} as mean_above_lower_limit,
        case
            -- Not left to arithmetic: a rounding error of zero would make a capability of millions.
            when inspections > 1 and is_without_spread then 0
            when inspections > 1 then sqrt(greatest({{ ratio(
                'sum_of_squares_above_lower_limit - sum_above_lower_limit * sum_above_lower_limit / inspections',
                'inspections - 1'
            ) }}, 0))
        end as standard_deviation
    from summed

)

select
    material_id,
    characteristic,
    unit,
    cast(lower_limit as double) as lower_limit,
    cast(upper_limit as double) as upper_limit,
    inspections,
    inspections_out_of_limits,
    {{ ratio('inspections_out_of_limits', 'inspections') }} as out_of_limits_ratio,
    cast(lower_limit as double) + mean_above_lower_limit as mean_value,
    standard_deviation,
    {{ ratio('upper_limit - lower_limit', '6 * standard_deviation') }} as machine_capability
from spread
