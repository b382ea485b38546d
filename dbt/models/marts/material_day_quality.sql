with

counts as (

    select * from {{ ref('fct_production_counts') }}
    where is_possible and production_date is not null

),

summed as (

    select
        coalesce(material_id, 'unknown') as material_id,
        site_id,
        production_date,
        min(unit_of_measure) as unit_of_measure,
        {{ exact_sum('produced_quantity') }} as produced_quantity,
        {{ exact_sum('good_quantity') }} as good_quantity,
        {{ exact_sum('rework_quantity') }} as rework_quantity,
        {{ exact_sum('scrap_quantity') }} as scrap_quantity,
        {{ exact_sum('good_first_pass_quantity') }} as good_first_pass_quantity
    from counts
    group by coalesce(material_id, 'unknown'), site_id, production_date

)

select
    material_id,
    site_id,
    production_date,
    unit_of_measure,
    produced_quantity,
    good_quantity,
    rework_quantity,
    scrap_quantity,
    good_first_pass_quantity,
    {{ ratio('good_quantity', 'produced_quantity') }} as quality_ratio,
    {{ ratio('scrap_quantity', 'produced_quantity') }} as scrap_ratio,
    {{ ratio('rework_quantity', 'produced_quantity') }} as rework_ratio,
    {{ ratio('good_first_pass_quantity', 'produced_quantity') }} as first_pass_yield
from summed
