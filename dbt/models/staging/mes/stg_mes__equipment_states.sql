{{ config(materialized='view') }}

with

deliveries as (

    select * from {{ ref('stg_mes__equipment_states_history') }}

)

select * from deliveries
where not is_superseded
