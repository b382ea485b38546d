with

source as (

    select * from {{ source('mes', 'equipment') }}

),

clean as (

    {{ clean_rows('mes', 'equipment', 'source') }}

),

renamed as (

    select
        -- ids
        equipment_id,
        parent_equipment_id,
        site as site_id,

        -- strings
        equipment_name,
        equipment_level,

        -- numerics
        {{ uncastable_cell_count('mes', 'equipment') }} as uncastable_cell_count,
        merged_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- dates
        {{ typed_cell('mes', 'equipment', 'commissioned_on') }} as commissioned_on,

        -- timestamps
        {{ end_of_logical_date('mes', 'equipment') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
