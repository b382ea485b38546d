with

source as (

    select * from {{ source('mes', 'equipment_states') }}

),

clean as (

    {{ clean_rows('mes', 'equipment_states', 'source') }}

),

renamed as (

    select
        -- ids
        state_id,
        equipment_id,
        order_id,

        -- strings
        state,
        reason_code,

        -- numerics
        {{ uncastable_cell_count('mes', 'equipment_states') }} as uncastable_cell_count,
        merged_row_count,
        superseded_row_count,

        -- booleans
        has_conflicting_duplicates,
        is_superseded,

        -- timestamps
        {{ typed_cell('mes', 'equipment_states', 'started_at') }} as started_at,
        {{ typed_cell('mes', 'equipment_states', 'ended_at') }} as ended_at,
        {{ end_of_logical_date('mes', 'equipment_states') }} as known_at,

        -- lineage
        _load_id,
        _logical_date,
        _source_file,
        _source_row_number
    from clean

)

select * from renamed
