{%- set dialect = csv_dialect('mes', 'production_orders') -%}
with source as (

    select * from {{ source_history('mes', 'production_orders') }}

),

renamed as (

    select
        -- ids
        {{ cell_text('order_id', dialect) }} as order_id,
        {{ cell_text('batch_id', dialect) }} as batch_id,
        {{ cell_text('line_id', dialect) }} as line_id,

        -- strings
        lower({{ cell_text('order_type', dialect) }}) as order_type,
        lower({{ cell_text('order_status', dialect) }}) as order_status,

        -- numerics
        {{ cell_decimal('planned_quantity', dialect) }} as planned_quantity,

        -- dates
        {{ cell_date('planned_start_date', dialect) }} as planned_start_date,
        {{ cell_date('planned_end_date', dialect) }} as planned_end_date,
        {{ cell_date('actual_start_date', dialect) }} as actual_start_date,
        {{ cell_date('actual_end_date', dialect) }} as actual_end_date,

        -- cells that do not cast
        {{ cast_failures([
            ('source.planned_quantity', cell_decimal('source.planned_quantity', dialect)),
            ('source.planned_start_date', cell_date('source.planned_start_date', dialect)),
            ('source.planned_end_date', cell_date('source.planned_end_date', dialect)),
            ('source.actual_start_date', cell_date('source.actual_start_date', dialect)),
            ('source.actual_end_date', cell_date('source.actual_end_date', dialect)),
        ], dialect) }} as cast_failures,

        -- lineage
        _load_seq,
        _logical_date,
        _source_file,
        _source_row_number
    from source

),

deduplicated as (

    {{ deduplicate('renamed', ['order_id', '_logical_date'], [
        'batch_id', 'line_id', 'order_type', 'order_status', 'planned_quantity',
        'planned_start_date', 'planned_end_date', 'actual_start_date', 'actual_end_date'
    ]) }}

)

select * from deduplicated
