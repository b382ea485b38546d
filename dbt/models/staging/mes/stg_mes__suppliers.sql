with

source as (

    select * from {{ source('mes', 'suppliers') }}

),

clean as (

    {{ clean_rows('mes', 'suppliers', 'source') }}

),

renamed as (

    select
        -- ids
        supplier_id,

        -- strings
        supplier_name,
        country_code,
        supplier_status,

        -- numerics
        {{ uncastable_cell_count('mes', 'suppliers') }} as uncastable_cell_count,
        merged_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ end_of_logical_date('mes', 'suppliers') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
