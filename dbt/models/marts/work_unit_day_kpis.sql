with

shifts as (

    select * from {{ ref('work_unit_shift_kpis') }}

),

summed as (

    select
        equipment_id,
        work_center_id,
        site_id,
        production_date,
        count(*) as shift_count,
        max(case when has_missing_standard_time then 1 else 0 end) = 1 as has_missing_standard_time,
        {{ equipment_kpi_sums() }}
    from shifts
    group by equipment_id, work_center_id, site_id, production_date

)

select
    equipment_id,
    work_center_id,
    site_id,
    production_date,
    shift_count,
    has_missing_standard_time,
    {{ equipment_kpi_columns() }}
from summed
