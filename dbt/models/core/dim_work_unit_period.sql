with

work_units as (

    select * from {{ ref('dim_equipment') }}
    where equipment_level = 'work_unit'

),

shifts as (

    select * from {{ ref('dim_shift') }}
    where is_possible

),

days as (

    select * from {{ ref('dim_date') }}

),

boundaries as (

    select
        work_units.equipment_id,
        {{ production_day_start('days.date_day', 'work_units.time_zone', 'work_units.day_starts_at_s') }} as starts_at
    from work_units
    cross join days

    union distinct

    select
        equipment_id,
        starts_at
    from shifts

    union distinct

    select
        equipment_id,
        ends_at as starts_at
    from shifts

),

stretches as (

    select
        equipment_id,
        starts_at,
        lead(starts_at) over (partition by equipment_id order by starts_at) as ends_at
    from boundaries

),

shifted as (

    select
        stretches.equipment_id,
        stretches.starts_at,
        stretches.ends_at,
        shifts.shift_id,
        shifts.production_date as shift_production_date,
        coalesce(shifts.is_ended, false) as is_in_ended_shift
    from stretches
    left join shifts
        on
            stretches.equipment_id = shifts.equipment_id
            and stretches.starts_at >= shifts.starts_at
            and stretches.starts_at < shifts.ends_at
    where stretches.ends_at is not null

)

select
    shifted.equipment_id,
    work_units.site_id,
    work_units.work_center_id,
    shifted.shift_id,
    shifted.is_in_ended_shift,
    coalesce(
        shifted.shift_production_date,
        {{ production_date('shifted.starts_at', 'work_units.time_zone', 'work_units.day_starts_at_s') }}
    ) as production_date,
    shifted.starts_at,
    shifted.ends_at
from shifted
inner join work_units on shifted.equipment_id = work_units.equipment_id
