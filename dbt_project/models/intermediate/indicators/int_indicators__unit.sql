-- Which organisations make up which figure: an organisation itself, on either basis, and every area it counts towards.
with reporting as (
    select org_code, as_at from {{ ref('int_indicators__organisation_count') }}
    union
    select org_code, as_at from {{ ref('int_survey__count') }} where level = 'organisation'
),

successor as (
    select
        org_code,
        min(current_org_code) as current_org_code,
        bool_or(is_split) as is_split
    from {{ ref('organisation_successor') }}
    group by org_code
),

-- A split cannot be apportioned: its figures stay with the old code, and the new ones are told what they lack.
split as (
    select * from {{ ref('organisation_successor') }} where is_split
),

represented as (
    select
        org_code,
        as_at,
        'as_reported' as organisation_basis,
        org_code as unit_code,
        null as note
    from reporting
    union all
    select
        reporting.org_code,
        reporting.as_at,
        'current' as organisation_basis,
        case when successor.is_split then reporting.org_code else coalesce(successor.current_org_code, reporting.org_code) end
            as unit_code,
        case
            when successor.is_split
                then reporting.org_code || ' was split between several organisations: its figures cannot be apportioned to them.'
        end as note
    from reporting
    left join successor on reporting.org_code = successor.org_code
),

-- Areas: as they were on the day, or as they are now.
placed as (
    select
        represented.*,
        coalesce(unit.org_type, own.org_type) as org_type,
        coalesce(unit.region_code, own.region_code) as region_code,
        coalesce(unit.icb_code, own.icb_code) as icb_code,
        own.country = 'England'
        and not own.is_survey_only
        and coalesce(own.closed_on >= represented.as_at, true) as is_in_areas,
        case
            when own.org_type = 'Integrated Care Board' then 2
            when exists (select from {{ ref('stg_organisations__trust') }} as ods where ods.org_code = represented.org_code) then 1
            when addition.scope = 'trusts' then 1
            else 3
        end as scope_rank
    from represented
    left join {{ ref('dim_organisation') }} as own
        on represented.org_code = own.org_code and {{ organisation_as_at('own', 'represented.as_at') }}
    left join {{ ref('organisation_addition') }} as addition on represented.org_code = addition.org_code
    left join {{ ref('dim_organisation') }} as unit
        on represented.organisation_basis = 'current' and represented.unit_code = unit.org_code and unit.valid_to is null
),

member as (
    select org_code, as_at, organisation_basis, 'organisation' as level, unit_code, note, 1 as scope_rank
    from placed
    union all
    select
        placed.org_code,
        placed.as_at,
        placed.organisation_basis,
        area.level,
        area.unit_code,
        null as note,
        placed.scope_rank
    from placed
    cross join lateral (
        values
        ('region', placed.region_code), ('icb', placed.icb_code), ('org_type', placed.org_type), ('england', 'ENGLAND')
    ) as area (level, unit_code)
    where placed.is_in_areas and area.unit_code is not null
),

-- A wider scope exists where somebody belongs to it and to no narrower one.
scope as (
    select distinct level, unit_code, as_at, organisation_basis, scope_rank
    from member
),

belonging as (
    select
        member.org_code,
        member.as_at,
        member.organisation_basis,
        member.level,
        member.unit_code,
        (array['trusts', 'trusts_and_icbs', 'all'])[scope.scope_rank] as scope,
        member.scope_rank = scope.scope_rank as is_widest,
        coalesce(
            member.note,
            case
                when member.level = 'organisation' and member.organisation_basis = 'current'
                    then (
                        select
                            'Without its part of ' || string_agg(split.org_code, ', ' order by split.org_code)
                            || ', which was split: its figures cannot be apportioned.'
                        from split
                        where split.current_org_code = member.unit_code and split.effective_on > member.as_at
                    )
            end
        ) as note
    from member
    inner join scope
        on
            member.level = scope.level
            and member.unit_code = scope.unit_code
            and member.as_at = scope.as_at
            and member.organisation_basis = scope.organisation_basis
            and member.scope_rank <= scope.scope_rank
),

-- Most units are the same organisations on both bases: their figures are computed once.
composition as (
    select
        organisation_basis,
        level,
        unit_code,
        scope,
        as_at,
        array_agg(org_code order by org_code) as members,
        bool_or(note is not null) as has_note
    from belonging
    group by organisation_basis, level, unit_code, scope, as_at
)

select
    belonging.*,
    coalesce(today.members = reported.members and not today.has_note, false) as is_same_on_both
from belonging
left join composition as today
    on
        belonging.level = today.level
        and belonging.unit_code = today.unit_code
        and belonging.scope = today.scope
        and belonging.as_at = today.as_at
        and today.organisation_basis = 'current'
left join composition as reported
    on
        belonging.level = reported.level
        and belonging.unit_code = reported.unit_code
        and belonging.scope = reported.scope
        and belonging.as_at = reported.as_at
        and reported.organisation_basis = 'as_reported'
