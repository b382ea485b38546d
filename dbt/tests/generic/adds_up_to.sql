{#-
    A measure over all rows of the model is the same measure over the rows of another that it was made from. Sums of doubles may differ
    in their last bits: these say by how much of the whole.
-#}
{% test adds_up_to(model, measure, to, to_measure, to_where='true', relative_tolerance=0) %}

with

here as (

    select {{ measure }} as measured from {{ model }}

),

there as (

    select {{ to_measure }} as measured from {{ to }}
    where {{ to_where }}

)

select
    here.measured as measured_here,
    there.measured as measured_there
from here
cross join there
where
    (here.measured is null) <> (there.measured is null)
    or abs(here.measured - there.measured) > {{ relative_tolerance }} * abs(there.measured)

{% endtest %}
