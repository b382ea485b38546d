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

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ typed_cell('mes', 'production_orders', 'planned_start_date') }} as planned_start_at,
        {{ typed_cell('mes', 'production_orders', 'planned_end_date') }} as planned_end_at,
        {{ typed_cell('mes', 'production_orders', 'actual_start_date') }} as actual_start_at,
        {{ typed_cell('mes', 'production_orders', 'actual_end_date') }} as actual_end_at,
        {{ snapshot_at('mes', 'production_orders') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

),

dated as (

    select
        *,
        {{ production_date('mes', 'production_orders', 'planned_start_at') }} as planned_start_date,
        {{ production_date('mes', 'production_orders', 'planned_end_at') }} as planned_end_date,
        {{ production_date('mes', 'production_orders', 'actual_start_at') }} as actual_start_date,
        {{ production_date('mes', 'production_orders', 'actual_end_at') }} as actual_end_date
    from renamed

)

select * from dated
