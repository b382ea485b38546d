select
    batches.batch_id,
    batches.material_id,
    batches.manufacturing_site,
    materials.unit_of_measure,
    batches._load_id,
    batches._logical_date
from {{ ref('stg_mes__batches') }} as batches
left join {{ ref('dim_material') }} as materials on batches.material_id = materials.material_id
