with

snapshots as (

    select * from {{ ref('stg_mes__maintenance_orders_history') }}

),

newest as (

    select max(_logical_date) as _logical_date from {{ source('mes', 'maintenance_orders') }}

)

select snapshots.*
from snapshots
inner join newest on snapshots._logical_date = newest._logical_date
