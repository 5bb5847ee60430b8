-- Tiers and single steps: which pay rows make up the lower and the higher side. Medical staff and pay outside the bands are in none.
with band as (
    select
        pay_row,
        position,
        tier,
        lead(pay_row) over (order by position) as next_row
    from {{ ref('pay_row') }}
    where tier is not null
),

step as (
    select
        tier.lower_tier || '_to_' || tier.higher_tier as step,
        true as is_tier,
        band.pay_row,
        band.tier = tier.higher_tier as is_higher
    from (
        values ('lower', 'middle'), ('middle', 'upper'), ('lower', 'upper')
    ) as tier (lower_tier, higher_tier)
    inner join band on band.tier in (tier.lower_tier, tier.higher_tier)
    union all
    select
        band.pay_row || '_to_' || band.next_row as step,
        false as is_tier,
        side.pay_row,
        side.is_higher
    from band
    cross join lateral (values (band.pay_row, false), (band.next_row, true)) as side (pay_row, is_higher)
    where band.next_row is not null
),

counted as (
    select
        basis,
        org_code,
        as_at,
        staff_block,
        pay_row,
        ethnicity_group,
        headcount,
        '' as population
    from {{ ref('int_workforce__row_count') }}
    where staff_block <> 'medical_dental' and ethnicity_group <> 'unknown'
    union all
    -- Recruits from overseas land in band 5 whatever they did before; only records of people can leave them out.
    select
        'records' as basis,
        org_code,
        as_at,
        staff_block,
        pay_row,
        ethnicity_group,
        headcount::numeric as headcount,
        '.excluding_recent_overseas' as population
    from {{ ref('int_workforce__staff_count') }}
    where staff_block <> 'medical_dental' and ethnicity_group <> 'unknown' and not is_recent_overseas_recruit
),

per_band as (
    select
        basis,
        org_code,
        as_at,
        population,
        staff_block,
        pay_row,
        coalesce(sum(headcount) filter (where ethnicity_group = 'white'), 0) as white_count,
        coalesce(sum(headcount) filter (where ethnicity_group = 'bme'), 0) as bme_count,
        bool_and(headcount is not null) as is_complete
    from counted
    group by basis, org_code, as_at, population, staff_block, pay_row
),

-- Both sides of each step, in each block and in both together.
added as (
    select
        per_band.basis,
        per_band.org_code,
        per_band.as_at,
        per_band.population,
        coalesce(per_band.staff_block, 'all') as staff_block,
        step.step,
        sum(per_band.white_count) filter (where step.is_higher) as white_higher,
        sum(per_band.white_count) filter (where not step.is_higher) as white_lower,
        sum(per_band.bme_count) filter (where step.is_higher) as bme_higher,
        sum(per_band.bme_count) filter (where not step.is_higher) as bme_lower,
        bool_and(per_band.is_complete) as is_complete
    from per_band
    inner join step on per_band.pay_row = step.pay_row and (per_band.population = '' or step.is_tier)
    group by
        grouping sets (
            (per_band.basis, per_band.org_code, per_band.as_at, per_band.population, step.step, per_band.staff_block),
            (per_band.basis, per_band.org_code, per_band.as_at, per_band.population, step.step)
        )
),

snapshot as (
    select
        basis,
        source,
        org_code,
        as_at,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('int_workforce__row_count') }}
    group by basis, source, org_code, as_at
),

-- Every step of every snapshot, so that one with an empty side is seen.
compared as (
    select
        snapshot.*,
        block.staff_block || '.' || step.step || population.population as slice,
        coalesce(added.white_higher, 0) as white_higher,
        coalesce(added.white_lower, 0) as white_lower,
        coalesce(added.bme_higher, 0) as bme_higher,
        coalesce(added.bme_lower, 0) as bme_lower,
        coalesce(added.is_complete, true) as is_complete
    from snapshot
    inner join (values (''), ('.excluding_recent_overseas')) as population (population)
        on population.population = '' or snapshot.source = 'workforce'
    cross join (values ('all'), ('clinical_non_medical'), ('non_clinical')) as block (staff_block)
    inner join (select distinct step, is_tier from step) as step
        on population.population = '' or step.is_tier
    left join added
        on
            snapshot.basis = added.basis
            and snapshot.org_code = added.org_code
            and snapshot.as_at = added.as_at
            and population.population = added.population
            and block.staff_block = added.staff_block
            and step.step = added.step
),

judged as (
    select
        *,
        case
            when not is_complete then 'not_submitted'
            -- One empty side may be filled by another organisation's: the figure judges the sum.
            when white_higher + bme_higher + white_lower + bme_lower = 0 then 'not_applicable'
            else 'ok'
        end as value_status
    from compared
)

select
    judged.org_code,
    judged.as_at,
    judged.basis,
    'DR' as indicator_code,
    judged.slice,
    'not_applicable' as denominator,
    ethnicity.ethnicity_group,
    case when judged.value_status <> 'not_submitted' then ethnicity.higher_count end as value_count,
    case when judged.value_status <> 'not_submitted' then ethnicity.lower_count end as base_count,
    null::numeric as workforce_count,
    null::double precision as rate,
    judged.value_status,
    case
        when judged.value_status = 'not_submitted' then 'The return leaves cells of these bands empty.'
        when judged.value_status = 'not_applicable' then 'Nobody of known ethnicity is on either side of the step.'
    end as status_reason,
    null::text as definition_version,
    judged.source,
    null::integer as survey_year,
    judged.is_synthetic
from judged
cross join
    lateral (
        values
        ('white', judged.white_higher, judged.white_lower),
        ('bme', judged.bme_higher, judged.bme_lower)
    ) as ethnicity (ethnicity_group, higher_count, lower_count)
