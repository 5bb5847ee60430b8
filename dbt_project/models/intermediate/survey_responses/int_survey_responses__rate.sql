with counted as (
    select * from {{ ref('int_survey_responses__answer_count') }}
    where survey_year is not null
),

-- Indicator 7 on every denominator that its definitions know in the year.
item as (
    select distinct
        counted.org_code,
        counted.survey_year,
        counted.indicator_code,
        counted.slice,
        counted.denominator,
        counted.is_synthetic
    from counted
    inner join {{ ref('indicator_definition') }} as definition
        on
            counted.indicator_code = definition.indicator_code
            and counted.denominator = definition.denominator
            and counted.survey_year + 1 between definition.valid_from_year and coalesce(definition.valid_to_year, 9999)
),

grouped as (
    select
        item.*,
        ethnicity.ethnicity_group,
        coalesce(sum(counted.value_count), 0) as value_count,
        coalesce(sum(counted.base_count), 0) as base_count,
        sum(coalesce(sum(counted.base_count), 0)) over (
            partition by item.org_code, item.survey_year, item.indicator_code, item.slice, item.denominator
        ) > 0 as is_asked
    from item
    cross join (values ('white'), ('bme'), ('unknown')) as ethnicity (ethnicity_group)
    left join counted
        on
            item.org_code = counted.org_code
            and item.survey_year = counted.survey_year
            and item.indicator_code = counted.indicator_code
            and item.slice = counted.slice
            and item.denominator = counted.denominator
            and ethnicity.ethnicity_group = counted.ethnicity_group
    group by
        item.org_code,
        item.survey_year,
        item.indicator_code,
        item.slice,
        item.denominator,
        item.is_synthetic,
        ethnicity.ethnicity_group
)

select
    org_code,
    make_date(survey_year + 1, 3, 31) as as_at,
    'records' as basis,
    indicator_code,
    slice,
    denominator,
    ethnicity_group,
    case when is_asked then value_count end as value_count,
    case when is_asked then base_count end as base_count,
    null::numeric as workforce_count,
    null::double precision as rate,
    case when is_asked then 'ok' else 'not_submitted' end as value_status,
    case when not is_asked then 'The records of the survey hold no answer to the question.' end as status_reason,
    null::text as definition_version,
    'survey_responses' as source,
    survey_year,
    is_synthetic
from grouped
