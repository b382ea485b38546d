with

suppliers as (

    select * from {{ ref('stg_mes__suppliers') }}

)

select
    supplier_id,
    supplier_name,
    country_code,
    supplier_status,
    has_conflicting_duplicates,
    uncastable_cell_count,
    snapshot_at,
    _load_id,
    _logical_date
from suppliers
