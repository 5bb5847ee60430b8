{{ config(pre_hook="{{ hash_joins() }}") }}

with counted as (
    select
        reported.*,
        policy.disclosure_policy,
        'bi_reader' <> all(policy.visible_to) as is_restricted
    from {{ ref('int_groups__organisation_count') }} as reported
    left join {{ source('ops', 'source') }} as policy on reported.source = policy.source
),

unit as (
    select *, count(*) over (partition by level, unit_code, scope, as_at) as organisations
    from {{ ref('int_indicators__unit') }}
    where organisation_basis = 'as_reported' and level in ('organisation', 'region', 'england')
),

-- Areas as in indicator_result: a wider scope only where somebody who belongs to no narrower one has sent something.
area as (
    select
        unit.level,
        unit.unit_code,
        unit.scope,
        unit.as_at,
        sent.indicator_code,
        sent.group_scheme,
        sent.stratum,
        count(distinct sent.org_code) as contributors,
        max(unit.organisations) as organisations,
        -- The strictest of the policies of what is summed; none at all stays none, and blocks.
        case when bool_and(sent.disclosure_policy is not null) then max(sent.disclosure_policy) end as disclosure_policy,
        coalesce(bool_or(sent.is_restricted), false) as is_restricted,
        bool_or(sent.is_synthetic) as is_synthetic
    from (
        select distinct org_code, as_at, indicator_code, group_scheme, stratum, disclosure_policy, is_restricted, is_synthetic
        from counted
    ) as sent
    inner join unit on sent.org_code = unit.org_code and sent.as_at = unit.as_at
    group by unit.level, unit.unit_code, unit.scope, unit.as_at, sent.indicator_code, sent.group_scheme, sent.stratum
    having bool_or(unit.is_widest)
),

-- Summed counts, never averaged rates.
summed as (
    select
        area.level,
        area.unit_code as org_code,
        area.scope,
        area.as_at,
        area.indicator_code,
        counted.group_scheme,
        counted.stratum,
        counted.slice,
        counted.ethnic_group,
        min(counted.ethnicity_group) as ethnicity_group,
        sum(counted.value_count) as value_count,
        sum(counted.base_count) as base_count,
        max(area.contributors) as contributors,
        max(area.organisations) as organisations,
        max(area.disclosure_policy) as disclosure_policy,
        bool_or(area.is_restricted) as is_restricted,
        bool_or(area.is_synthetic) as is_synthetic
    from area
    inner join unit
        on
            area.level = unit.level
            and area.unit_code = unit.unit_code
            and area.scope = unit.scope
            and area.as_at = unit.as_at
    inner join counted
        on
            unit.org_code = counted.org_code
            and unit.as_at = counted.as_at
            and area.indicator_code = counted.indicator_code
            and area.group_scheme = counted.group_scheme
            and area.stratum = counted.stratum
    group by
        area.level,
        area.unit_code,
        area.scope,
        area.as_at,
        area.indicator_code,
        counted.group_scheme,
        counted.stratum,
        counted.slice,
        counted.ethnic_group
),

whole as (
    select
        *,
        sum(value_count) over (partition by level, org_code, scope, as_at, indicator_code, group_scheme, stratum) as total
    from summed
    where slice = 'all'
),

slice as (
    select
        level,
        org_code,
        scope,
        as_at,
        indicator_code,
        group_scheme,
        stratum,
        slice,
        sum(value_count) as total
    from summed
    group by level, org_code, scope, as_at, indicator_code, group_scheme, stratum, slice
)

-- Every group that anybody of the whole belongs to, in every slice that anybody is in: a zero is seen.
select
    whole.level,
    whole.org_code,
    {{ wres_year('whole.as_at') }} as wres_year,
    whole.as_at,
    whole.scope,
    whole.indicator_code,
    slice.slice,
    whole.group_scheme,
    whole.stratum,
    whole.ethnic_group,
    whole.ethnicity_group,
    coalesce(summed.value_count, 0) as value_count,
    case when whole.indicator_code = '1' then slice.total else whole.base_count end as base_count,
    case when whole.indicator_code = '1' then whole.value_count end as workforce_count,
    case when whole.indicator_code = '1' then whole.total end as workforce_base,
    case
        when whole.level <> 'organisation' and whole.contributors < whole.organisations
            then 'The sum of ' || whole.contributors || ' of ' || whole.organisations || ' organisations.'
    end as note,
    whole.disclosure_policy,
    whole.is_restricted,
    whole.is_synthetic
from whole
inner join slice
    on
        whole.level = slice.level
        and whole.org_code = slice.org_code
        and whole.scope = slice.scope
        and whole.as_at = slice.as_at
        and whole.indicator_code = slice.indicator_code
        and whole.group_scheme = slice.group_scheme
        and whole.stratum = slice.stratum
left join summed
    on
        whole.level = summed.level
        and whole.org_code = summed.org_code
        and whole.scope = summed.scope
        and whole.as_at = summed.as_at
        and whole.indicator_code = summed.indicator_code
        and whole.group_scheme = summed.group_scheme
        and whole.stratum = summed.stratum
        and whole.ethnic_group = summed.ethnic_group
        and slice.slice = summed.slice
where slice.total > 0 or whole.indicator_code <> '1'
