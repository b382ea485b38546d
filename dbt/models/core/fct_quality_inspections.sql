with

inspections as (

    select
        *,
        measured_value between lower_limit and upper_limit as is_within_limits
    from {{ ref('stg_mes__quality_inspections') }}

),

batches as (

    select * from {{ ref('dim_batch') }}

)

select
    -- ids
    inspections.inspection_id,
    inspections.batch_id,
    batches.material_id,
    batches.manufacturing_site as site_id,

    -- strings
    inspections.characteristic,
    inspections.unit,
    inspections.result,

    -- numerics
    inspections.measured_value,
    inspections.lower_limit,
    inspections.upper_limit,
    inspections.uncastable_cell_count,

    -- booleans
    inspections.is_within_limits,
    coalesce(case inspections.result
        when 'pass' then not inspections.is_within_limits
        when 'fail' then inspections.is_within_limits
    end, false) as has_contradicting_result,
    inspections.batch_id is not null and batches.batch_id is null as has_orphan_batch,
    inspections.has_conflicting_duplicates,

    -- timestamps
    inspections.inspected_at,
    inspections.known_at,

    -- lineage
    inspections._load_id,
    inspections._logical_date
from inspections
left join batches on inspections.batch_id = batches.batch_id
