{#- What organisations have reported, from every source that gives counts, in one form: the producers share these columns. -#}
{%- set producers = [
    'int_workforce__representation', 'int_workforce__disparity', 'int_recruitment__appointment',
    'int_employee_relations__disciplinary', 'int_training__access', 'int_survey_responses__rate', 'int_wres_return__survey',
    'int_board__composition'
] -%}
{%- set columns = [
    'org_code', 'as_at', 'basis', 'indicator_code', 'slice', 'denominator', 'ethnicity_group', 'value_count', 'base_count',
    'workforce_count', 'rate', 'value_status', 'status_reason', 'definition_version', 'source', 'survey_year', 'is_synthetic'
] -%}
with reported as (
    {%- for producer in producers %}
    select {{ columns | join(', ') }}
    from {{ ref(producer) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Both denominators of 1 and 9: all staff, and those alone whose ethnicity is known.
all_staff as (
    select
        *,
        sum(workforce_count) over figure as workforce_base,
        sum(value_count) filter (where ethnicity_group <> 'unknown') over figure as known_count,
        sum(workforce_count) filter (where ethnicity_group <> 'unknown') over figure as known_workforce
    from reported
    window figure as (partition by org_code, as_at, basis, indicator_code, slice, denominator)
),

denominated as (
    select
        org_code, as_at, basis, indicator_code, slice, denominator, ethnicity_group, value_count, base_count, workforce_count,
        workforce_base, rate, value_status, status_reason, definition_version, source, survey_year, is_synthetic
    from all_staff
    union all
    select
        org_code, as_at, basis, indicator_code, slice, 'known_only' as denominator, ethnicity_group, value_count,
        known_count as base_count, workforce_count, known_workforce as workforce_base, rate, value_status, status_reason,
        null as definition_version, source, survey_year, is_synthetic
    from all_staff
    where denominator = 'all_staff' and ethnicity_group <> 'unknown'
),

-- A return is of a year. Records are of every quarter's end; those of 31 March are the year's too.
dated as (
    select
        denominated.*,
        kind.period_kind
    from denominated
    inner join (values ('annual'), ('quarterly')) as kind (period_kind)
        on
            (kind.period_kind = 'annual' and to_char(denominated.as_at, 'MM-DD') = '03-31')
            or (kind.period_kind = 'quarterly' and denominated.basis = 'records' and denominated.indicator_code not in ('5', '6', '7', '8'))
),

-- Who is expected: every trust open on the day, in each year of which anybody has sent the indicator.
expected as (
    select
        trust.org_code,
        sent.as_at,
        sent.indicator_code,
        headline.slice,
        headline.denominator
    from (select distinct as_at, indicator_code from dated where period_kind = 'annual') as sent
    inner join (
        values
        ('1', 'all', 'all_staff'), ('2', 'all', 'not_applicable'), ('3', 'all', 'not_applicable'),
        ('4', 'all', 'not_applicable'), ('9', 'board.total', 'all_staff'), ('DR', 'all.lower_to_middle', 'not_applicable'),
        ('DR', 'all.middle_to_upper', 'not_applicable'), ('DR', 'all.lower_to_upper', 'not_applicable')
    ) as headline (indicator_code, slice, denominator)
        on sent.indicator_code = headline.indicator_code
    inner join {{ ref('dim_organisation') }} as trust on {{ is_expected_trust('trust', 'sent.as_at') }}
),

silent as (
    select
        expected.*,
        (select bool_or(reported.is_synthetic) from reported) as is_synthetic
    from expected
    -- Hashed, however few rows the planner expects: as a join it would read all that was sent for each trust, year and indicator.
    where
        (org_code, as_at, indicator_code) not in (
            select dated.org_code, dated.as_at, dated.indicator_code
            from dated
            where dated.period_kind = 'annual'
        )
)

select
    org_code,
    {{ wres_year('as_at') }} as wres_year,
    as_at,
    period_kind,
    indicator_code,
    slice,
    basis,
    denominator,
    ethnicity_group,
    value_count,
    base_count,
    workforce_count,
    workforce_base,
    rate,
    value_status,
    status_reason,
    definition_version,
    source,
    survey_year,
    is_synthetic
from dated
union all
select
    silent.org_code,
    {{ wres_year('silent.as_at') }} as wres_year,
    silent.as_at,
    'annual' as period_kind,
    silent.indicator_code,
    silent.slice,
    'return' as basis,
    silent.denominator,
    ethnicity.ethnicity_group,
    null as value_count,
    null as base_count,
    null as workforce_count,
    null as workforce_base,
    null as rate,
    'not_submitted' as value_status,
    'Nothing was submitted: neither a return nor records of this indicator.' as status_reason,
    null as definition_version,
    'wres_return' as source,
    null as survey_year,
    silent.is_synthetic
from silent
cross join (values ('white'), ('bme'), ('unknown')) as ethnicity (ethnicity_group)
where silent.indicator_code <> 'DR' or ethnicity.ethnicity_group <> 'unknown'
