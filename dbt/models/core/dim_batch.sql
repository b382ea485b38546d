with

batches as (

    select * from {{ ref('stg_mes__batches') }}

),

materials as (

    select * from {{ ref('dim_material') }}

)

select
    batches.batch_id,
    batches.material_id,
    batches.manufacturing_site,
    batches.batch_status,
    batches.quantity,
    materials.unit_of_measure,
    batches.uncastable_cell_count,
    batches.has_conflicting_duplicates,
    batches.material_id is not null and materials.material_id is null as has_orphan_material,
    coalesce(batches.expiry_date < batches.manufacture_date, false) as is_expired_before_manufacture,
    batches.manufacture_date,
    batches.expiry_date,
    batches.snapshot_at,
    batches._load_id,
    batches._logical_date
from batches
left join materials on batches.material_id = materials.material_id
