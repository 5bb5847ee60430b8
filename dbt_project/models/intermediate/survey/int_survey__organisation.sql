-- Sectors of one trust (R1F1, R1F2 of R1F) are head counts of the same people, so that counts may be added up, never rates.
with own as (
    select
        respondent.*,
        organisation.parent_code
    from {{ ref('int_survey__respondent') }} as respondent
    left join {{ ref('organisation_addition') }} as organisation on respondent.org_code = organisation.org_code
),

together as (
    select
        parent_code as org_code,
        survey_year,
        -- A sector whose heads are hidden leaves the whole unknown.
        case when count(white_respondents) = count(*) then sum(white_respondents)::integer end as white_respondents,
        case when count(bme_respondents) = count(*) then sum(bme_respondents)::integer end as bme_respondents,
        case when count(respondents) = count(*) then sum(respondents)::integer end as respondents,
        bool_or(is_synthetic) as is_synthetic
    from own
    where parent_code is not null
    group by parent_code, survey_year
)

select
    org_code,
    survey_year,
    benchmarking_group,
    white_respondents,
    bme_respondents,
    respondents,
    parent_code,
    is_synthetic
from own
union all
select
    together.org_code,
    together.survey_year,
    null as benchmarking_group,
    together.white_respondents,
    together.bme_respondents,
    together.respondents,
    null as parent_code,
    together.is_synthetic
from together
where not exists (
    select 1 from own
    where own.org_code = together.org_code and own.survey_year = together.survey_year
)
