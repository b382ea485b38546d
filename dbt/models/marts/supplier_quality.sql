with

receipts as (

    select
        *,
        {{ first_of('month', 'received_date') }} as month_starts_on
    from {{ ref('fct_material_receipts') }}
    where received_date is not null

),

suppliers as (

    select * from {{ ref('dim_supplier') }}

),

summed as (

    select
        coalesce(supplier_id, 'unknown') as supplier_id,
        coalesce(material_id, 'unknown') as material_id,
        month_starts_on,
        min(unit_of_measure) as unit_of_measure,
        count(*) as receipts,
        count(case when is_possible then 1 end) as usable_receipts,
        count(case when is_possible and rejected_quantity > 0 then 1 end) as receipts_with_rejects,
        {{ exact_sum('case when is_possible then received_quantity end') }} as received_quantity,
        {{ exact_sum('case when is_possible then rejected_quantity end') }} as rejected_quantity
    from receipts
    group by coalesce(supplier_id, 'unknown'), coalesce(material_id, 'unknown'), month_starts_on

)

select
    summed.supplier_id,
    suppliers.supplier_name,
    summed.material_id,
    summed.month_starts_on,
    summed.unit_of_measure,
    summed.receipts,
    summed.usable_receipts,
    summed.receipts_with_rejects,
    summed.received_quantity,
    summed.rejected_quantity,
    {{ ratio('summed.rejected_quantity', 'summed.received_quantity') }} as rejected_ratio,
    {{ ratio('summed.receipts_with_rejects', 'summed.usable_receipts') }} as receipts_with_rejects_ratio
from summed
left join suppliers on summed.supplier_id = suppliers.supplier_id
