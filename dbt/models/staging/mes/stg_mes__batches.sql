{%- set dialect = csv_dialect('mes', 'batches') -%}
with source as (

    select * from {{ source('mes', 'batches') }}

),

renamed as (

    select
        -- ids
        {{ cell_text('batch_id', dialect) }} as batch_id,
        {{ cell_text('material_id', dialect) }} as material_id,

        -- strings
        upper({{ cell_text('manufacturing_site', dialect) }}) as manufacturing_site,
        lower({{ cell_text('batch_status', dialect) }}) as batch_status,

        -- numerics
        {{ cell_decimal('quantity', dialect) }} as batch_quantity,

        -- dates
        {{ cell_date('manufacture_date', dialect) }} as manufacture_date,
        {{ cell_date('expiry_date', dialect) }} as expiry_date,

        -- cells that do not cast
        {{ cast_failures([
            ('source.quantity', cell_decimal('source.quantity', dialect)),
            ('source.manufacture_date', cell_date('source.manufacture_date', dialect)),
            ('source.expiry_date', cell_date('source.expiry_date', dialect)),
        ], dialect) }} as cast_failures,

        -- lineage
        _load_seq,
        _logical_date,
        _source_file,
        _source_row_number
    from source

),

deduplicated as (

    {{ deduplicate('renamed', ['batch_id'], [
        'material_id', 'manufacturing_site', 'batch_status', 'batch_quantity', 'manufacture_date', 'expiry_date'
    ]) }}

)

select * from deduplicated
