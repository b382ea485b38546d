with

source as (

    select * from {{ source_history('mes', 'production_orders') }}

),

clean as (

    {{ clean_rows('mes', 'production_orders', 'source') }}

),

renamed as (

    select
        -- ids
        order_id,
        batch_id,
        line_id,

        -- strings
        order_type,
        order_status,

        -- numerics
        {{ typed_cell('mes', 'production_orders', 'planned_quantity') }} as planned_quantity,
        {{ uncastable_cell_count('mes', 'production_orders') }} as uncastable_cell_count,
        merged_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ typed_cell('mes', 'production_orders', 'planned_start_date') }} as planned_start_at,
        {{ typed_cell('mes', 'production_orders', 'planned_end_date') }} as planned_end_at,
        {{ typed_cell('mes', 'production_orders', 'actual_start_date') }} as actual_start_at,
        {{ typed_cell('mes', 'production_orders', 'actual_end_date') }} as actual_end_at,
        {{ end_of_logical_date('mes', 'production_orders') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
