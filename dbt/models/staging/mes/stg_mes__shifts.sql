with

source as (

    select * from {{ source('mes', 'shifts') }}

),

clean as (

    {{ clean_rows('mes', 'shifts', 'source') }}

),

renamed as (

    select
        -- ids
        shift_id,
        equipment_id,

        -- numerics
        {{ typed_cell('mes', 'shifts', 'planned_busy_time_s') }} as planned_busy_time_s,
        {{ uncastable_cell_count('mes', 'shifts') }} as uncastable_cell_count,
        merged_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ typed_cell('mes', 'shifts', 'starts_at') }} as starts_at,
        {{ typed_cell('mes', 'shifts', 'ends_at') }} as ends_at,
        {{ end_of_logical_date('mes', 'shifts') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
