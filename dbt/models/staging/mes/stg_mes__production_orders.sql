with versions as (

    select * from {{ ref('stg_mes__production_orders_history') }}

),

latest as (

    select max(_logical_date) as logical_date from {{ source('mes', 'production_orders') }}

)

select versions.*
from versions
inner join latest on versions._logical_date = latest.logical_date
