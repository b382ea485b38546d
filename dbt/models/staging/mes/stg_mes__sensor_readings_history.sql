with

source as (

    select * from {{ source('mes', 'sensor_readings') }}

),

clean as (

    {{ clean_rows('mes', 'sensor_readings', 'source') }}

),

renamed as (

    select
        -- ids
        reading_id,
        equipment_id,

        -- strings
        sensor,
        unit,

        -- numerics
        {{ typed_cell('mes', 'sensor_readings', 'value') }} as value,
        {{ uncastable_cell_count('mes', 'sensor_readings') }} as uncastable_cell_count,
        merged_row_count,
        superseded_row_count,

        -- booleans
        has_conflicting_duplicates,
        is_superseded,

        -- timestamps
        {{ typed_cell('mes', 'sensor_readings', 'read_at') }} as read_at,
        {{ end_of_logical_date('mes', 'sensor_readings') }} as known_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
