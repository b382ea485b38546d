with

receipts as (

    select
        *,
        coalesce(rejected_quantity >= 0 and rejected_quantity <= received_quantity, false) as is_possible
    from {{ ref('stg_mes__material_receipts') }}

),

suppliers as (

    select * from {{ ref('dim_supplier') }}

),

materials as (

    select * from {{ ref('dim_material') }}

)

select
    -- ids
    receipts.receipt_id,
    receipts.supplier_id,
    receipts.material_id,
    receipts.material_lot_id,

    -- strings
    materials.unit_of_measure,

    -- numerics
    receipts.received_quantity,
    receipts.rejected_quantity,
    receipts.uncastable_cell_count,

    -- booleans
    receipts.is_possible,
    receipts.supplier_id is not null and suppliers.supplier_id is null as has_orphan_supplier,
    receipts.material_id is not null and materials.material_id is null as has_orphan_material,
    receipts.has_conflicting_duplicates,

    -- dates
    {{ system_date('mes', 'material_receipts', 'receipts.received_at') }} as received_date,

    -- timestamps
    receipts.received_at,
    receipts.known_at,

    -- lineage
    receipts._load_id,
    receipts._logical_date
from receipts
left join suppliers on receipts.supplier_id = suppliers.supplier_id
left join materials on receipts.material_id = materials.material_id
