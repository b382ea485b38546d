with

source as (

    select * from {{ source_history('mes', 'materials') }}

),

clean as (

    {{ clean_rows('mes', 'materials', 'source') }}

),

renamed as (

    select
        -- ids
        material_id,

        -- strings
        material_name,
        material_type,
        unit_of_measure,
        status as material_status,

        -- numerics
        {{ uncastable_cell_count('mes', 'materials') }} as uncastable_cell_count,
        merged_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ typed_cell('mes', 'materials', 'created_at') }} as created_at,
        {{ end_of_logical_date('mes', 'materials') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
