{{ config(indexes=[{'columns': ['org_code', 'as_at']}]) }}

-- Annual figures alone are compared.
with unit as (
    select
        org_code,
        as_at,
        level,
        unit_code,
        scope,
        is_widest
    from {{ ref('int_indicators__unit') }}
    where organisation_basis = 'as_reported' and extract(month from as_at) = 3
),

-- After disclosure control, so that the sets are the same in both twins and tell no hidden count.
workforce as (
    select distinct on (org_code, as_at)
        org_code,
        as_at,
        workforce_white_count,
        workforce_bme_count,
        coalesce(workforce_unknown_count, 0) as workforce_unknown_count
    from {{ ref('int_indicators__figure_controlled') }}
    where
        level = 'organisation'
        and organisation_basis = 'as_reported'
        and period_kind = 'annual'
        and is_default_vintage
        and indicator_code in ('1', '9')
        and workforce_white_count + workforce_bme_count > 0
    order by org_code, as_at, basis = 'return' desc, indicator_code
),

-- Of those whose ethnicity is known: the set should say who works there, not how complete the records are.
sized as (
    select
        unit.*,
        workforce.workforce_bme_count::double precision / (workforce.workforce_white_count + workforce.workforce_bme_count) as bme_share,
        workforce.workforce_white_count + workforce.workforce_bme_count + workforce.workforce_unknown_count as headcount
    from unit
    inner join workforce on unit.org_code = workforce.org_code and unit.as_at = workforce.as_at
    where unit.level = 'england'
),

fifth as (
    select
        *,
        ntile(5) over (partition by as_at, scope order by bme_share, org_code) as fifth
    from sized
),

-- The widest total of a type: a type is compared as a whole, as in indicator_result, and so pooled as a whole.
type_total as (
    select
        as_at,
        unit_code as org_type,
        (array['trusts', 'trusts_and_icbs', 'all'])[max(array_position(array['trusts', 'trusts_and_icbs', 'all'], scope))] as scope
    from unit
    where level = 'org_type'
    group by as_at, unit_code
),

typed as (
    select
        unit.org_code,
        unit.as_at,
        organisation.org_type,
        coalesce(type_total.scope, 'all') as scope
    from unit
    inner join {{ ref('dim_organisation') }} as organisation
        on unit.org_code = organisation.org_code and {{ organisation_as_at('organisation', 'unit.as_at') }}
    left join type_total on unit.as_at = type_total.as_at and organisation.org_type = type_total.org_type
    where unit.level = 'organisation' and organisation.org_type is not null
)

select
    unit.org_code,
    unit.as_at,
    unit.level as peer_set_kind,
    unit.unit_code as peer_set,
    coalesce(case when unit.level = 'england' then 'England' end, region.region_name, icb.icb_name, unit.unit_code) as peer_set_name,
    unit.scope,
    unit.is_widest as is_own
from unit
left join {{ ref('region') }} as region on unit.level = 'region' and unit.unit_code = region.region_code
left join {{ ref('int_organisations__icb_name') }} as icb on unit.level = 'icb' and unit.unit_code = icb.icb_code
where unit.level in ('england', 'region', 'icb')
union all
select
    org_code,
    as_at,
    'org_type' as peer_set_kind,
    org_type as peer_set,
    org_type as peer_set_name,
    scope,
    true as is_own
from typed
union all
select
    org_code,
    as_at,
    'bme_share_quintile' as peer_set_kind,
    fifth::text as peer_set,
    (array['Lowest', 'Second', 'Middle', 'Fourth', 'Highest'])[fifth] || ' fifth by BME share of staff' as peer_set_name,
    scope,
    is_widest as is_own
from fifth
union all
select
    sized.org_code,
    sized.as_at,
    'size_band' as peer_set_kind,
    band.size_band as peer_set,
    band.size_band_name as peer_set_name,
    sized.scope,
    sized.is_widest as is_own
from sized
inner join (
    select
        *,
        lead(headcount_from, 1, 2147483647) over (order by headcount_from) as headcount_to
    from {{ ref('size_band') }}
) as band on sized.headcount >= band.headcount_from and sized.headcount < band.headcount_to
union all
select
    member.org_code,
    unit.as_at,
    'custom' as peer_set_kind,
    member.peer_set,
    member.peer_set as peer_set_name,
    'all' as scope,
    true as is_own
from {{ ref('stg_peer_groups__member') }} as member
inner join unit on member.org_code = unit.org_code and unit.level = 'organisation'
