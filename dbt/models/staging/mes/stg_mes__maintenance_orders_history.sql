with

source as (

    select * from {{ source_history('mes', 'maintenance_orders') }}

),

clean as (

    {{ clean_rows('mes', 'maintenance_orders', 'source') }}

),

renamed as (

    select
        -- ids
        maintenance_order_id,
        equipment_id,

        -- strings
        maintenance_type,
        failure_code,

        -- numerics
        {{ uncastable_cell_count('mes', 'maintenance_orders') }} as uncastable_cell_count,
        merged_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ typed_cell('mes', 'maintenance_orders', 'reported_at') }} as reported_at,
        {{ typed_cell('mes', 'maintenance_orders', 'started_at') }} as started_at,
        {{ typed_cell('mes', 'maintenance_orders', 'completed_at') }} as completed_at,
        {{ end_of_logical_date('mes', 'maintenance_orders') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
