with

source as (

    select * from {{ source('mes', 'production_counts') }}

),

clean as (

    {{ clean_rows('mes', 'production_counts', 'source') }}

),

renamed as (

    select
        -- ids
        count_id,
        order_id,
        equipment_id,

        -- numerics
        {{ typed_cell('mes', 'production_counts', 'produced_quantity') }} as produced_quantity,
        {{ typed_cell('mes', 'production_counts', 'good_quantity') }} as good_quantity,
        {{ typed_cell('mes', 'production_counts', 'rework_quantity') }} as rework_quantity,
        {{ typed_cell('mes', 'production_counts', 'scrap_quantity') }} as scrap_quantity,
        {{ typed_cell('mes', 'production_counts', 'good_first_pass_quantity') }} as good_first_pass_quantity,
        {{ uncastable_cell_count('mes', 'production_counts') }} as uncastable_cell_count,
        merged_row_count,
        superseded_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ typed_cell('mes', 'production_counts', 'counted_at') }} as counted_at,
        {{ end_of_logical_date('mes', 'production_counts') }} as known_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean
    where not is_superseded

)

select * from renamed
