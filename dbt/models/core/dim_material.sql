select
    material_id,
    material_name,
    material_type,
    unit_of_measure,
    material_status,
    created_at,
    has_conflicting_duplicates,
    _load_seq
from {{ ref('stg_mes__materials') }}
