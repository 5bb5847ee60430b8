{{ config(pre_hook="{{ hash_joins() }}") }}

-- A count stands in many figures and is one cell: the whole workforce is the base of every row of indicator 1. What analysts alone may see
-- is among them: it follows from the others like any count.
with counted as (
    select *
    from {{ ref('int_indicators__count') }}
    where basis in ('records', 'return') and is_default_vintage and rate is null
),

grouped as (
    select
        *,
        'records' as basis
    from {{ ref('int_groups__count') }}
),

funnel as (
    select
        *,
        'records' as basis
    from {{ ref('int_groups__funnel_count') }}
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
    basis,
    disclosure_policy,
    bool_or(is_restricted) as is_restricted,
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
    basis,
    disclosure_policy
