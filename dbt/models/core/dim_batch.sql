with batches as (

    select * from {{ ref('stg_mes__batches') }}

),

materials as (

    select * from {{ ref('dim_material') }}

)

select
    batches.batch_id,
    batches.material_id,
    batches.manufacturing_site as site_id,
    materials.material_name,
    materials.material_type,
    materials.unit_of_measure,
    batches.batch_status,
    batches.batch_quantity,
    batches.manufacture_date,
    batches.expiry_date,
    materials.material_id is null as is_material_unknown,
    coalesce(batches.expiry_date < batches.manufacture_date, false) as is_expired_before_made,
    batches.has_conflicting_duplicates,
    batches._load_seq
from batches
left join materials on batches.material_id = materials.material_id
