with recursive step as (
    select * from {{ ref('int_organisations__successor_step') }}
),

-- Follow every step from every old code. A code already on the path ends it: files have held cycles.
chain as (
    select
        org_code,
        new_code as current_org_code,
        array[org_code, new_code] as path,
        effective_on as first_step_on,
        effective_on,
        source = 'manual' as has_manual_step,
        is_synthetic
    from step
    union all
    select
        chain.org_code,
        step.new_code as current_org_code,
        chain.path || step.new_code as path,
        chain.first_step_on,
        step.effective_on,
        chain.has_manual_step or step.source = 'manual' as has_manual_step,
        chain.is_synthetic or step.is_synthetic as is_synthetic
    from chain
    inner join step on chain.current_org_code = step.org_code
    where step.new_code <> all(chain.path)
),

-- The end of a chain is a code that nothing succeeds. Codes of a cycle have none, and stay without a successor.
-- Where two ways lead to the same end, the shorter stands.
resolved as (
    select distinct on (chain.org_code, chain.current_org_code)
        chain.*,
        cardinality(chain.path) - 1 as steps
    from chain
    where not exists (select from step where step.org_code = chain.current_org_code)
    order by chain.org_code asc, chain.current_org_code asc, cardinality(chain.path) asc, chain.path asc
),

split as (
    select
        *,
        count(*) over (partition by org_code) > 1 as is_split
    from resolved
),

-- The file holds practices, sites and health authorities too: published is what touches an organisation of the warehouse.
organisation as (
    select *
    from {{ ref('dim_organisation') }}
    where valid_to is null
)

select
    split.org_code,
    split.current_org_code,
    old_organisation.display_name as org_name,
    current_organisation.display_name as current_org_name,
    array_to_string(split.path, ' > ') as path,
    split.steps,
    split.first_step_on,
    split.effective_on,
    case
        when split.is_split then 'split'
        when current_organisation.opened_on is null then 'unknown'
        -- A month's grace: the two files do not always name the same day.
        when current_organisation.opened_on >= split.effective_on - 31 then 'into_new_code'
        else 'into_survivor'
    end as kind,
    split.is_split,
    case when split.has_manual_step then 'manual' else 'ods' end as source,
    case
        when current_organisation.org_code is not null
            then coalesce(current_organisation.closed_on >= newest.as_of, true)
    end as current_is_open,
    split.is_synthetic
from split
cross join {{ ref('int_organisations__as_of') }} as newest
left join organisation as old_organisation on split.org_code = old_organisation.org_code
left join organisation as current_organisation on split.current_org_code = current_organisation.org_code
where
    old_organisation.org_code is not null
    or split.org_code in (
        select relevant.org_code
        from split as relevant
        inner join organisation as known on relevant.current_org_code = known.org_code
    )
