{% set units -%}
    select
        unit.level,
        unit.unit_code,
        unit.scope,
        unit.as_at,
        unit.members,
        unit.fingerprint
    from {{ ref('int_pay__unit') }} as unit
    {%- if is_incremental() %}
    where (unit.level, unit.unit_code, unit.scope, unit.as_at, unit.fingerprint) not in (
        select level, unit_code, scope, as_at, fingerprint from {{ this }}
    )
    {%- endif %}
{%- endset %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ hash_joins() }}", "{% if is_incremental() %}delete from {{ this }} where (level, unit_code, scope, as_at, fingerprint) not in (select level, unit_code, scope, as_at, fingerprint from {{ ref('int_pay__unit') }}){% endif %}"]
) }}

with changed as (
    {{ units }}
),

-- Once in each population: everybody, the kind of contract, and the row of pay.
cell as (
    select
        changed.level,
        changed.unit_code,
        changed.scope,
        changed.as_at,
        changed.fingerprint,
        population.population,
        paid.ethnic_key,
        paid.hourly_rate_gbp as rate,
        sum(paid.people) as people
    from changed
    cross join lateral unnest(changed.members) as member (org_code)
    inner join {{ ref('int_workforce__pay_count') }} as paid on member.org_code = paid.org_code and changed.as_at = paid.as_at
    inner join {{ ref('pay_row') }} as pay on paid.pay_row = pay.pay_row
    cross join lateral (
        values
        ('all'),
        (case when pay.is_medical then 'medical_dental' when pay.tier is not null and pay.pay_row <> 'vsm' then 'afc' end),
        (case when pay.is_medical then 'medical_dental.' || pay.pay_row else pay.pay_row end)
    ) as population (population)
    where
        population.population is not null
        {%- if execute and is_incremental() %}
        -- Written out, so that the planner takes the index and leaves all other years alone.
        {%- set days = run_query("select distinct as_at::text from (" ~ units ~ ") as unit order by 1").columns[0].values() %}
        and paid.as_at = any('{{ "{" ~ days | join(",") ~ "}" }}'::date[])
        {%- endif %}
    group by
        changed.level,
        changed.unit_code,
        changed.scope,
        changed.as_at,
        changed.fingerprint,
        population.population,
        paid.ethnic_key,
        paid.hourly_rate_gbp
),

-- Where each rate lies among all who have one: those above `below` and up to `upto`, of `everybody`.
placed as (
    select
        level,
        unit_code,
        scope,
        as_at,
        population,
        rate,
        sum(people) as people,
        sum(sum(people)) over (partition by level, unit_code, scope, as_at, population order by rate) as upto,
        sum(sum(people)) over (partition by level, unit_code, scope, as_at, population) as everybody
    from cell
    where rate is not null
    group by level, unit_code, scope, as_at, population, rate
),

-- The part of the people on a rate who are in each quarter: those on the rate at a boundary are shared out in proportion.
quartered as (
    select
        level,
        unit_code,
        scope,
        as_at,
        population,
        rate,
        {%- for quarter in [1, 2, 3, 4] %}
        greatest(0, least(upto, everybody * {{ quarter }} / 4.0) - greatest(upto - people, everybody * {{ quarter - 1 }} / 4.0)) / people
            as part_{{ quarter }}{{ ',' if not loop.last }}
        {%- endfor %}
    from placed
),

grouped as (
    select
        cell.level,
        cell.unit_code,
        cell.scope,
        cell.as_at,
        cell.fingerprint,
        cell.population,
        member.ethnic_group,
        cell.rate,
        sum(cell.people) as people
    from cell
    inner join (
        select ethnic_key, ethnic_group from {{ ref('int_groups__member') }}
        where group_scheme in ('wres', 'six_group', 'white_split')
        union
        select ethnic_key, 'Everybody' as ethnic_group from {{ ref('int_groups__member') }}
    ) as member on cell.ethnic_key = member.ethnic_key
    group by
        cell.level, cell.unit_code, cell.scope, cell.as_at, cell.fingerprint, cell.population, member.ethnic_group, cell.rate
),

-- Rates sort before the people without one, so that ranks count those with a rate alone.
ranked as (
    select
        *,
        sum(people) over (
            partition by level, unit_code, scope, as_at, population, ethnic_group order by rate nulls last
        ) as upto,
        sum(people) filter (where rate is not null) over (partition by level, unit_code, scope, as_at, population, ethnic_group) as rated
    from grouped
)

select
    ranked.level,
    ranked.unit_code,
    ranked.scope,
    ranked.as_at,
    ranked.fingerprint,
    ranked.population,
    ranked.ethnic_group,
    sum(ranked.people)::bigint as people_count,
    coalesce(sum(ranked.people) filter (where ranked.rate is not null), 0)::bigint as rated_count,
    (sum(ranked.people * ranked.rate) / max(ranked.rated))::double precision as mean_hourly_gbp,
    -- Sums of exact numbers, so that nothing is lost where large numbers nearly cancel.
    case
        when max(ranked.rated) > 1
            then (
                (sum(ranked.people * ranked.rate * ranked.rate) - sum(ranked.people * ranked.rate) ^ 2 / max(ranked.rated))
                / (max(ranked.rated) - 1)
            )::double precision
    end as variance_hourly_gbp,
    -- The mean of the two people in the middle, who are one where their number is odd.
    (
        (
            max(ranked.rate) filter (
                where ranked.upto - ranked.people < div(ranked.rated + 1, 2) and div(ranked.rated + 1, 2) <= ranked.upto
            )
            + max(ranked.rate) filter (
                where ranked.upto - ranked.people < div(ranked.rated, 2) + 1 and div(ranked.rated, 2) + 1 <= ranked.upto
            )
        ) / 2
    )::double precision as median_hourly_gbp,
    {%- for quarter in [1, 2, 3, 4] %}
    coalesce(sum(ranked.people * quartered.part_{{ quarter }}), 0)::double precision as quarter_{{ quarter }}_count
    {{- ',' if not loop.last }}
    {%- endfor %}
from ranked
left join quartered
    on
        ranked.level = quartered.level
        and ranked.unit_code = quartered.unit_code
        and ranked.scope = quartered.scope
        and ranked.as_at = quartered.as_at
        and ranked.population = quartered.population
        and ranked.rate = quartered.rate
group by
    ranked.level, ranked.unit_code, ranked.scope, ranked.as_at, ranked.fingerprint, ranked.population, ranked.ethnic_group
