with

equipment as (

    select * from {{ ref('stg_mes__equipment') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

-- Three levels at most stand below a site, so that two steps up reach the area from anywhere. A level may be left out.
ancestors as (

    select
        equipment.equipment_id,
        case 'area'
            when equipment.equipment_level then equipment.equipment_id
            when parents.equipment_level then parents.equipment_id
            when grandparents.equipment_level then grandparents.equipment_id
        end as area_id,
        case 'work_center'
            when equipment.equipment_level then equipment.equipment_id
            when parents.equipment_level then parents.equipment_id
        end as work_center_id,
        case equipment.equipment_level when 'work_unit' then equipment.equipment_id end as work_unit_id,
        equipment.parent_equipment_id is not null and parents.equipment_id is null as has_orphan_parent
    from equipment
    left join equipment as parents on equipment.parent_equipment_id = parents.equipment_id
    left join equipment as grandparents on parents.parent_equipment_id = grandparents.equipment_id

)

select
    -- ids
    equipment.equipment_id,
    equipment.parent_equipment_id,
    sites.site_id,
    ancestors.area_id,
    ancestors.work_center_id,
    ancestors.work_unit_id,

    -- strings
    equipment.equipment_name,
    equipment.equipment_level,
    coalesce(
        sites.time_zone,
        '{{ source_contract('mes', 'equipment').time_zone }}'
    )
        as time_zone,

    -- numerics
    coalesce(sites.day_starts_at_s, 0) as day_starts_at_s,
    equipment.uncastable_cell_count,

    -- booleans
    ancestors.has_orphan_parent,
    equipment.site_id is not null and sites.site_id is null as has_orphan_site,
    equipment.has_conflicting_duplicates,

    -- dates
    equipment.commissioned_on,

    -- timestamps
    equipment.snapshot_at,

    -- lineage
    equipment._load_id,
    equipment._logical_date
from equipment
inner join ancestors on equipment.equipment_id = ancestors.equipment_id
left join sites on equipment.site_id = sites.site_id
