select
    material_id,
    material_name,
    unit_of_measure,
    _load_id,
    _logical_date
from {{ ref('stg_mes__materials') }}
