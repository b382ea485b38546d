with

source as (

    select * from {{ source_history('mes', 'batches') }}

),

clean as (

    {{ clean_rows('mes', 'batches', 'source') }}

),

renamed as (

    select
        -- ids
        batch_id,
        material_id,

        -- strings
        manufacturing_site,
        batch_status,

        -- numerics
        {{ typed_cell('mes', 'batches', 'quantity') }} as quantity,
        {{ uncastable_cell_count('mes', 'batches') }} as uncastable_cell_count,
        merged_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- dates
        {{ typed_cell('mes', 'batches', 'manufacture_date') }} as manufacture_date,
        {{ typed_cell('mes', 'batches', 'expiry_date') }} as expiry_date,

        -- timestamps
        {{ end_of_logical_date('mes', 'batches') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
