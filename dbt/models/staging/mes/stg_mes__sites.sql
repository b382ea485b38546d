with

source as (

    select * from {{ source('mes', 'sites') }}

),

clean as (

    {{ clean_rows('mes', 'sites', 'source') }}

),

renamed as (

    select
        -- ids
        site_id,

        -- strings
        site_name,
        time_zone,

        -- numerics
        {{ uncastable_cell_count('mes', 'sites') }} as uncastable_cell_count,
        merged_row_count,

        -- booleans
        has_conflicting_duplicates,

        -- timestamps
        {{ typed_cell('mes', 'sites', 'day_starts_at') }} as day_starts_at,
        {{ end_of_logical_date('mes', 'sites') }} as snapshot_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
