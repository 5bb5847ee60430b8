{{ config(pre_hook="{{ hash_joins() }}") }}

-- A count stands in many figures and is one cell: the whole workforce is the base of every row of indicator 1. What is public already is
-- known with each number that its publishers have shown: records and a return may differ.
with counted as (
    select *
    from {{ ref('int_indicators__count') }}
    where basis in ('records', 'return') and is_default_vintage and rate is null and not coalesce(is_restricted, false)
),

grouped as (
    select * from {{ ref('int_groups__count') }}
    where not is_restricted
),

funnel as (
    select * from {{ ref('int_groups__funnel_count') }}
    where not is_restricted
)

select
    population,
    level,
    org_code,
    scope,
    organisation_basis,
    as_at,
    slice,
    member,
    disclosure_policy,
    max(people) as people,
    count(distinct people) as truths
from (
    {{ cells_of('counted', count_cells('counted'), 'counted.organisation_basis') }}
    union all
    {{ cells_of('grouped', group_cells('grouped'), "'as_reported'") }}
    union all
    {{ cells_of('funnel', funnel_cells('funnel'), "'as_reported'") }}
) as cell
group by
    population,
    level,
    org_code,
    scope,
    organisation_basis,
    as_at,
    slice,
    member,
    disclosure_policy,
    case when disclosure_policy = 'already_public' then people end
