{%- set dialect = csv_dialect('mes', 'materials') -%}
with source as (

    select * from {{ source('mes', 'materials') }}

),

renamed as (

    select
        -- ids
        {{ cell_text('material_id', dialect) }} as material_id,

        -- strings
        {{ cell_text('material_name', dialect) }} as material_name,
        lower({{ cell_text('material_type', dialect) }}) as material_type,
        lower({{ cell_text('unit_of_measure', dialect) }}) as unit_of_measure,
        lower({{ cell_text('status', dialect) }}) as material_status,

        -- dates
        {{ cell_date('created_at', dialect) }} as created_at,

        -- cells that do not cast
        {{ cast_failures([('source.created_at', cell_date('source.created_at', dialect))], dialect) }} as cast_failures,

        -- lineage
        _load_seq,
        _logical_date,
        _source_file,
        _source_row_number
    from source

),

deduplicated as (

    {{ deduplicate('renamed', ['material_id'], ['material_name', 'material_type', 'unit_of_measure', 'material_status', 'created_at']) }}

)

select * from deduplicated
