-- A count stands in many figures and is one cell: the whole workforce is the base of every row of indicator 1.
with counted as (
    select *
    from {{ ref('int_indicators__count') }}
    where basis in ('records', 'return') and is_default_vintage and rate is null and not coalesce(is_restricted, false)
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
    max(people) as people
from (
    {%- for amount, (population, slice, member) in count_cells('counted').items() %}
    select
        {{ population }} as population,
        level,
        org_code,
        scope,
        organisation_basis,
        as_at,
        {{ slice }} as slice,
        {{ member }} as member,
        disclosure_policy,
        {{ amount }} as people
    from counted
    where {{ amount }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
) as cell
group by population, level, org_code, scope, organisation_basis, as_at, slice, member, disclosure_policy
