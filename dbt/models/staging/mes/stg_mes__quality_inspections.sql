with

source as (

    select * from {{ source('mes', 'quality_inspections') }}

),

clean as (

    {{ clean_rows('mes', 'quality_inspections', 'source') }}

),

renamed as (

    select
        -- ids
        inspection_id,
        batch_id,

        -- strings
        characteristic,
        unit,
        result,

        -- numerics
        {{ typed_cell('mes', 'quality_inspections', 'measured_value') }} as measured_value,
        {{ typed_cell('mes', 'quality_inspections', 'lower_limit') }} as lower_limit,
        {{ typed_cell('mes', 'quality_inspections', 'upper_limit') }} as upper_limit,
        {{ uncastable_cell_count('mes', 'quality_inspections') }} as uncastable_cell_count,
        merged_row_count,
        superseded_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ typed_cell('mes', 'quality_inspections', 'inspected_at') }} as inspected_at,
        {{ end_of_logical_date('mes', 'quality_inspections') }} as known_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean
    where not is_superseded

)

select * from renamed
