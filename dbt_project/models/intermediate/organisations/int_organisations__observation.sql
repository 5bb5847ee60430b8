with trust as (
    select
        *,
        row_number() over (partition by org_code order by vintage_on) as ods_number
    from {{ ref('stg_organisations__trust') }}
),

-- A Welsh trust is Welsh in every vintage, though later files leave its region blank.
welsh as (
    select distinct org_code
    from trust
    where gor_code = 'W' or region_code = 'W00'
),

ods as (
    select
        trust.org_code,
        trust.vintage_on,
        trust.ods_number,
        trust.org_name,
        case when welsh.org_code is null then trust.region_code end as region_code,
        case when welsh.org_code is null then trust.icb_code end as icb_code,
        case when welsh.org_code is null then 'England' else 'Wales' end as country,
        trust.is_synthetic
    from trust
    left join welsh on trust.org_code = welsh.org_code
),

-- For each month of a code, how many ODS vintages had been seen: the number of the one before, and of the one after less one.
timeline as (
    select
        org_code,
        vintage_on,
        ods_number,
        count(ods_number) over (partition by org_code order by vintage_on) as ods_before
    from (
        select
            org_code,
            vintage_on,
            ods_number
        from ods
        union all
        select
            org_code,
            vintage_on,
            null as ods_number
        from {{ ref('stg_organisations__workforce') }}
    ) as seen
),

monthly as (
    select
        workforce.*,
        timeline.ods_before
    from {{ ref('stg_organisations__workforce') }} as workforce
    inner join timeline
        on
            workforce.org_code = timeline.org_code
            and workforce.vintage_on = timeline.vintage_on
            and timeline.ods_number is null
),

-- ODS decides for its own codes: the two sources place a few trusts in different boards. A month speaks alone before the first
-- ODS vintage of a code, and dates a change earlier where the next vintage confirms it.
monthly_decided as (
    select
        monthly.org_code,
        monthly.vintage_on,
        coalesce(earlier.org_name, later.org_name, monthly.org_name) as org_name,
        case
            when earlier.org_code is null then coalesce(monthly.region_code, later.region_code)
            when monthly.region_code = later.region_code then monthly.region_code
            else earlier.region_code
        end as region_code,
        case
            when earlier.org_code is null then coalesce(monthly.icb_code, later.icb_code)
            when monthly.icb_code = later.icb_code then monthly.icb_code
            else earlier.icb_code
        end as icb_code,
        coalesce(earlier.country, later.country, 'England') as country,
        monthly.org_type,
        monthly.is_synthetic,
        earlier.org_code is null and later.org_code is null as is_not_in_ods
    from monthly
    left join ods as earlier on monthly.org_code = earlier.org_code and monthly.ods_before = earlier.ods_number
    left join ods as later on monthly.org_code = later.org_code and monthly.ods_before + 1 = later.ods_number
),

earliest as (
    select min(vintage_on) as vintage_on
    from timeline
),

addition as (
    select
        addition.*,
        least(addition.closed_on, coalesce(addition.opened_on, earliest.vintage_on, addition.decided_on)) as vintage_on
    from {{ ref('organisation_addition') }} as addition
    cross join earliest
    -- Additions are real organisations, and synthetic inputs share a release with nothing real.
    where not exists (select 1 from {{ ref('stg_ops__current_content') }} as content where content.is_synthetic)
),

observation as (
    select
        org_code,
        vintage_on,
        'ods' as known_from,
        1 as preference,
        org_name,
        region_code,
        icb_code,
        country,
        null as org_type,
        is_synthetic
    from ods
    union all
    select
        org_code,
        vintage_on,
        case when is_not_in_ods then 'workforce' else 'ods' end as known_from,
        2 as preference,
        org_name,
        region_code,
        icb_code,
        country,
        org_type,
        is_synthetic
    from monthly_decided
    union all
    select
        addition.org_code,
        addition.vintage_on,
        'seed' as known_from,
        3 as preference,
        addition.org_name,
        addition.region_code,
        addition.icb_code,
        'England' as country,
        addition.org_type,
        false as is_synthetic
    from addition
    where not exists (select from timeline where addition.org_code = timeline.org_code)
),

-- Only some observations state the type: each takes the last one stated before it, or else the first one after it.
typed as (
    select
        *,
        count(org_type) over (partition by org_code order by vintage_on, preference desc) as type_number
    from observation
),

type_stated as (
    select
        org_code,
        type_number,
        max(org_type) as org_type
    from typed
    where org_type is not null
    group by org_code, type_number
)

-- One observation per day: ODS before the workforce file.
select distinct on (typed.org_code, typed.vintage_on)
    typed.org_code,
    typed.vintage_on,
    typed.known_from,
    typed.org_name,
    typed.region_code,
    typed.icb_code,
    typed.country,
    coalesce(type_stated.org_type, addition.org_type) as org_type,
    typed.is_synthetic
from typed
left join type_stated
    on typed.org_code = type_stated.org_code and greatest(typed.type_number, 1) = type_stated.type_number
left join addition on typed.org_code = addition.org_code
order by typed.org_code asc, typed.vintage_on asc, typed.preference asc
