with

source as (

    select * from {{ source('mes', 'material_receipts') }}

),

clean as (

    {{ clean_rows('mes', 'material_receipts', 'source') }}

),

renamed as (

    select
        -- ids
        receipt_id,
        supplier_id,
        material_id,
        material_lot_id,

        -- numerics
        {{ typed_cell('mes', 'material_receipts', 'received_quantity') }} as received_quantity,
        {{ typed_cell('mes', 'material_receipts', 'rejected_quantity') }} as rejected_quantity,
        {{ uncastable_cell_count('mes', 'material_receipts') }} as uncastable_cell_count,
        merged_row_count,
        superseded_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ typed_cell('mes', 'material_receipts', 'received_at') }} as received_at,
        {{ end_of_logical_date('mes', 'material_receipts') }} as known_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean
    where not is_superseded

)

select * from renamed
