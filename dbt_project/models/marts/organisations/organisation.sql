with organisation as (
    select *
    from {{ ref('dim_organisation') }}
    where valid_to is null
),

successor as (
    select
        org_code,
        string_agg(current_org_code, ', ' order by current_org_code) as current_org_codes,
        bool_or(is_split) as is_split
    from {{ ref('organisation_successor') }}
    group by org_code
),

decision as (
    select distinct org_code
    from {{ ref('organisation_successor_decision') }}
    where new_code is null
),

stated as (
    select
        organisation.*,
        newest.as_of,
        coalesce(organisation.opened_on <= newest.as_of, true)
        and coalesce(organisation.closed_on >= newest.as_of, true) as is_open
    from organisation
    cross join {{ ref('int_organisations__as_of') }} as newest
)

select
    stated.org_code,
    stated.org_name,
    stated.display_name,
    stated.org_type,
    stated.region_code,
    stated.region_name,
    stated.icb_code,
    stated.icb_name,
    stated.country,
    stated.opened_on,
    stated.closed_on,
    stated.is_open,
    stated.as_of,
    stated.parent_code,
    stated.is_survey_only,
    stated.known_from,
    case
        when successor.is_split then 'split'
        when successor.org_code is not null then 'succeeded'
        when stated.closed_on is null or stated.closed_on >= stated.as_of then 'not_closed'
        when decision.org_code is not null then 'none_decided'
        else 'missing'
    end as successor_status,
    coalesce(successor.current_org_codes, case when stated.is_open then stated.org_code end) as current_org_codes,
    stated.valid_from,
    stated.last_vintage_on as source_vintage_on,
    stated.is_synthetic
from stated
left join successor on stated.org_code = successor.org_code
left join decision on stated.org_code = decision.org_code
