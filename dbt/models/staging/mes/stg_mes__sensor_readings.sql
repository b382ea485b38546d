{{ config(materialized='view') }}

with

deliveries as (

    select * from {{ ref('stg_mes__sensor_readings_history') }}

)

select * from deliveries
where not is_superseded
