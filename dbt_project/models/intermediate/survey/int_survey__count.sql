-- Every organisation that took part and has no White and BME results gets a row that says so: absent is not the same as equal.
with published_rate as (
    select * from {{ ref('int_survey__rate') }}
),

absent as (
    select
        organisation.org_code,
        organisation.survey_year,
        organisation.parent_code,
        organisation.benchmarking_group like any(array['ICB%', 'CCG%', 'CSU%', 'Social%', '%Surgical%']) as is_outside_benchmark,
        organisation.is_synthetic,
        measure.indicator_code,
        measure.slice,
        measure.denominator,
        ethnicity.ethnicity_group
    from {{ ref('int_survey__organisation') }} as organisation
    cross join {{ ref('survey_measure') }} as measure
    cross join (values ('white'), ('bme')) as ethnicity (ethnicity_group)
    where
        measure.origin = 'benchmark'
        and not exists (
            select 1
            from published_rate as present
            where
                present.level = 'organisation'
                and present.org_code = organisation.org_code
                and present.survey_year = organisation.survey_year
                and present.indicator_code = measure.indicator_code
                and present.slice = measure.slice
                and present.ethnicity_group <> 'all'
        )
),

-- England's combined figure for indicator 6 cannot be rebuilt from managers and colleagues: a person may have met both.
not_combined as (
    select
        margin.survey_year,
        margin.source_vintage,
        margin.ethnicity_group,
        margin.is_synthetic
    from published_rate as margin
    where
        margin.level = 'england'
        and margin.indicator_code = '6'
        and margin.slice = 'managers'
        and margin.ethnicity_group <> 'all'
        and not exists (
            select 1
            from published_rate as combined
            where
                combined.level = 'england'
                and combined.indicator_code = '6'
                and combined.slice = 'all'
                and combined.survey_year = margin.survey_year
        )
),

collected as (
    select
        level,
        org_code,
        survey_year,
        source_vintage,
        indicator_code,
        slice,
        denominator,
        ethnicity_group,
        rate,
        base as reported_base,
        case value_status
            when 'ok' then 'ok'
            when 'suppressed_source' then 'suppressed_source'
            when 'blocked' then 'not_calculable'
            when 'not_applicable' then 'not_applicable'
            else 'not_submitted'
        end as value_status,
        case value_status
            when 'suppressed_source' then 'The publisher hides results that rest on too few answers.'
            when 'blocked' then 'Blocked by the gate: ' || blocked_reason || '.'
            when 'missing' then 'The cell is empty in the publisher''s file.'
        end as status_reason,
        is_synthetic
    from published_rate
    union all
    select
        'organisation' as level,
        org_code,
        survey_year,
        survey_year as source_vintage,
        indicator_code,
        slice,
        denominator,
        ethnicity_group,
        null as rate,
        null as reported_base,
        case when parent_code is not null or is_outside_benchmark then 'not_applicable' else 'not_submitted' end as value_status,
        case
            when parent_code is not null
                then 'A sector of ' || parent_code || ' in the survey; White and BME results are published for the trust.'
            when is_outside_benchmark
                then 'The benchmark workbook does not cover this kind of organisation.'
            else 'White and BME rates come from the benchmark workbook, and none that was loaded names this organisation.'
        end as status_reason,
        is_synthetic
    from absent
    union all
    select
        'england' as level,
        'ENGLAND' as org_code,
        survey_year,
        source_vintage,
        '6' as indicator_code,
        'all' as slice,
        'not_applicable' as denominator,
        ethnicity_group,
        null as rate,
        null as reported_base,
        'not_calculable' as value_status,
        'Managers and colleagues are published apart, and a person may have met both: no combined figure was loaded.'
            as status_reason,
        is_synthetic
    from not_combined
),

with_base as (
    select
        collected.*,
        case collected.ethnicity_group
            when 'white' then respondent.white_respondents
            when 'bme' then respondent.bme_respondents
        end as respondents
    from collected
    left join {{ ref('int_survey__organisation') }} as respondent
        on
            collected.level = 'organisation'
            and collected.org_code = respondent.org_code
            and collected.survey_year = respondent.survey_year
)

select
    with_base.level,
    with_base.org_code,
    with_base.survey_year + 1 as wres_year,
    make_date(with_base.survey_year + 1, 3, 31) as as_at,
    'annual' as period_kind,
    with_base.indicator_code,
    with_base.slice,
    'survey' as basis,
    with_base.denominator,
    'trusts' as scope,
    case with_base.level when 'england' then 'publisher_weighted' else 'organisation' end as aggregation,
    'as_reported' as organisation_basis,
    with_base.ethnicity_group,
    null::numeric as value_count,
    case
        when with_base.value_status = 'ok'
            then coalesce(with_base.reported_base::numeric, with_base.respondents::numeric)
    end as base_count,
    with_base.rate,
    case
        when with_base.value_status <> 'ok' then 'none'
        when with_base.reported_base is not null then 'reported'
        when with_base.respondents is not null then 'q28_respondents'
        else 'none'
    end as base_source,
    with_base.value_status,
    with_base.status_reason,
    policy.source,
    policy.disclosure_policy,
    'bi_reader' <> all(policy.visible_to) as is_restricted,
    with_base.source_vintage::text as source_vintage,
    -- All staff come from another workbook than White and BME, with vintages of its own.
    with_base.source_vintage = max(with_base.source_vintage) over (
        partition by
            with_base.level,
            with_base.org_code,
            with_base.survey_year,
            with_base.indicator_code,
            with_base.slice,
            with_base.ethnicity_group = 'all'
    ) as is_default_vintage,
    with_base.survey_year,
    with_base.is_synthetic
from with_base
left join {{ source('ops', 'source') }} as policy on policy.source = 'staff_survey'
