with observation as (
    select
        *,
        {% set attributes = 'row(org_name, region_code, icb_code, org_type, country)' -%}
        coalesce(
            {{ attributes }} is distinct from lag({{ attributes }}) over (partition by org_code order by vintage_on),
            true
        ) as is_change
    from {{ ref('int_organisations__observation') }}
),

numbered as (
    select
        *,
        sum(is_change::integer) over (partition by org_code order by vintage_on)::integer as version
    from observation
),

-- Consecutive vintages that say the same are one version.
merged as (
    select
        org_code,
        version,
        min(org_name) as org_name,
        min(region_code) as region_code,
        min(icb_code) as icb_code,
        min(org_type) as org_type,
        min(country) as country,
        min(vintage_on) as first_vintage_on,
        max(vintage_on) as last_vintage_on,
        min(known_from) as known_from,
        bool_or(is_synthetic) as is_synthetic
    from numbered
    group by org_code, version
),

-- Opening and closing are facts about the organisation, known better by the newest file, and so the same on every version:
-- a trust that closed between two vintages was closed on every day after, whatever the earlier vintage could know.
newest_trust as (
    select distinct on (org_code)
        org_code,
        opened_on,
        closed_on
    from {{ ref('stg_organisations__trust') }}
    order by org_code asc, vintage_on desc
),

-- Spelling for people: the workforce file's, where it differs from ODS in letter case and punctuation only.
spelling as (
    select distinct on (org_code)
        org_code,
        org_name
    from {{ ref('stg_organisations__workforce') }}
    where org_name is not null
    order by org_code asc, vintage_on desc
),

dated as (
    select
        merged.*,
        coalesce(newest_trust.opened_on, addition.opened_on) as opened_on,
        coalesce(newest_trust.closed_on, addition.closed_on) as closed_on,
        addition.parent_code,
        coalesce(addition.is_survey_only, false) as is_survey_only,
        case
            when {{ name_letters('merged.org_name') }} = {{ name_letters('spelling.org_name') }} then spelling.org_name
            else {{ readable_name('merged.org_name') }}
        end as display_name
    from merged
    left join newest_trust on merged.org_code = newest_trust.org_code
    left join spelling on merged.org_code = spelling.org_code
    left join {{ ref('organisation_addition') }} as addition on merged.org_code = addition.org_code
),

valid as (
    select
        *,
        case when version = 1 then least(opened_on, first_vintage_on) else first_vintage_on end as valid_from
    from dated
)

select
    valid.org_code,
    valid.version,
    valid.valid_from,
    (lead(valid.valid_from) over (partition by valid.org_code order by valid.version) - 1)::date as valid_to,
    valid.org_name,
    valid.display_name,
    valid.org_type,
    valid.region_code,
    region.region_name,
    valid.icb_code,
    icb_name.icb_name,
    valid.country,
    valid.opened_on,
    valid.closed_on,
    valid.parent_code,
    valid.is_survey_only,
    valid.known_from,
    valid.first_vintage_on,
    valid.last_vintage_on,
    valid.is_synthetic
from valid
left join {{ ref('region') }} as region on valid.region_code = region.region_code
left join {{ ref('int_organisations__icb_name') }} as icb_name on valid.icb_code = icb_name.icb_code
