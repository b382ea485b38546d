with

sites as (

    select * from {{ ref('stg_mes__sites') }}

)

select
    site_id,
    site_name,
    time_zone,
    cast(coalesce(
        extract(hour from day_starts_at) * 3600 + extract(minute from day_starts_at) * 60, 0
    ) as integer) as day_starts_at_s,
    has_conflicting_duplicates,
    uncastable_cell_count,
    snapshot_at,
    _load_id,
    _logical_date
from sites
