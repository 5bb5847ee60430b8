{% set contents = content_in_force('survey_responses__respondent') %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_content_out_of_force(content_in_force('survey_responses__respondent')) }}", "{{ read_once_and_hash() }}"],
    indexes=[{'columns': ['_load_id', '_period', 'org_code']}]
) }}

-- Experienced is any answer but never. Either of two is unknown where the one answer given says never. A content without rows of
-- its own (the gate set them all aside) keeps a row without a year: it is not looked for again.
with answered as (
    select
        content._load_id,
        content._period,
        content.org_code,
        respondent.survey_year,
        respondent.is_synthetic,
        respondent.q14a <> 'never' as is_harassed_by_public,
        respondent.q14b <> 'never' as is_harassed_by_managers,
        respondent.q14c <> 'never' as is_harassed_by_colleagues,
        respondent.q14b <> 'never' or respondent.q14c <> 'never' as is_harassed_by_staff,
        respondent.q15,
        respondent.q16b,
        ethnicity.wres_group as ethnicity_group
    from ({{ content_to_count(contents) }}) as content
    left join {{ ref('stg_survey_responses__respondent') }} as respondent
        on
            content._load_id = respondent._load_id
            and content._period = respondent._period
            and content.org_code = respondent.org_code
            and {{ in_load_to_count('respondent._load_id', contents) }}
    left join {{ ref('ethnic_category') }} as ethnicity on respondent.ethnic_key = ethnicity.ethnic_key
)

select
    answered._load_id,
    answered._period,
    answered.org_code,
    answered.survey_year,
    answered.ethnicity_group,
    item.indicator_code,
    item.slice,
    item.denominator,
    count(*) filter (where item.is_counted) as value_count,
    count(item.is_counted) as base_count,
    answered.is_synthetic
from answered
cross join
    lateral (
        values
        ('5', 'all', 'not_applicable', answered.is_harassed_by_public),
        ('6', 'all', 'not_applicable', answered.is_harassed_by_staff),
        ('6', 'managers', 'not_applicable', answered.is_harassed_by_managers),
        ('6', 'colleagues', 'not_applicable', answered.is_harassed_by_colleagues),
        ('7', 'all', 'yes_no_dk', answered.q15 = 'yes'),
        ('7', 'all', 'yes_no', case when answered.q15 in ('yes', 'no') then answered.q15 = 'yes' end),
        ('8', 'all', 'not_applicable', answered.q16b = 'yes')
    ) as item (indicator_code, slice, denominator, is_counted)
group by
    answered._load_id,
    answered._period,
    answered.org_code,
    answered.survey_year,
    answered.ethnicity_group,
    item.indicator_code,
    item.slice,
    item.denominator,
    answered.is_synthetic
