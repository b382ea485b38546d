with

source as (

    select * from {{ source('mes', 'standard_times') }}

),

clean as (

    {{ clean_rows('mes', 'standard_times', 'source') }}

),

renamed as (

    select
        -- ids
        equipment_id,
        material_id,

        -- numerics
        {{ typed_cell('mes', 'standard_times', 'planned_run_time_per_item_s') }} as planned_run_time_per_item_s,
        {{ uncastable_cell_count('mes', 'standard_times') }} as uncastable_cell_count,
        merged_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ end_of_logical_date('mes', 'standard_times') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
