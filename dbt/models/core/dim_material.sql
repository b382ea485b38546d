with

materials as (

    select * from {{ ref('stg_mes__materials') }}

)

select
    material_id,
    material_name,
    material_type,
    unit_of_measure,
    material_status,
    has_conflicting_duplicates,
    uncastable_cell_count,
    created_at,
    snapshot_at,
    _load_id,
    _logical_date
from materials
