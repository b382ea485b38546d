with

shifts as (

    select * from {{ ref('work_unit_shift_kpis') }}

),

summed as (

    select
        coalesce(work_center_id, 'unknown') as work_center_id,
        coalesce(site_id, 'unknown') as site_id,
        production_date,
        count(*) as shift_count,
        max(case when has_missing_standard_time then 1 else 0 end) = 1 as has_missing_standard_time,
        {{ equipment_kpi_sums() }}
    from shifts
    group by coalesce(work_center_id, 'unknown'), coalesce(site_id, 'unknown'), production_date

)

select
    work_center_id,
    site_id,
    production_date,
    shift_count,
    has_missing_standard_time,
    {{ equipment_kpi_columns() }}
from summed
