with employee_case as (
    select
        *,
        {{ quarter_end("(_period || '-01')::date") }} as filed_as_at
    from {{ ref('stg_employee_relations__case') }}
),

-- Quarters that somebody has spoken for: with a file of the quarter, or with a case in it.
covered as (
    select org_code, filed_as_at as as_at from employee_case
    union
    select org_code, {{ quarter_end('entered_on') }} as as_at from employee_case where not is_nil_return
),

-- Up to the last quarter that anybody has spoken for: whoever stopped in between lacks it, and is told so.
ending as (
    select
        reach.org_code,
        quarter_end.as_at
    from (
        select
            org_code,
            min(as_at) as first_day,
            max(as_at) as last_day,
            max(max(as_at)) over () as last_day_of_all
        from covered
        group by org_code
    ) as reach
    cross join lateral {{ quarter_ends('reach.first_day', 'reach.last_day_of_all') }} as quarter_end
    where reach.last_day <@ {{ window_days('quarter_end.as_at') }} or quarter_end.as_at <= reach.last_day
),

-- Each form of the definition in each quarter: the one of its year, and the other one around the change.
form as (
    select
        ending.org_code,
        ending.as_at,
        definition.averaging_years,
        'all' as slice,
        null::text as definition_version
    from ending
    inner join {{ ref('indicator_definition') }} as definition
        on
            definition.indicator_code = '3'
            and {{ wres_year('ending.as_at') }} between definition.valid_from_year and coalesce(definition.valid_to_year, 9999)
    union all
    select
        ending.org_code,
        ending.as_at,
        definition.averaging_years,
        other.slice,
        other.definition_version
    from ending
    inner join {{ ref('definition_comparison') }} as other
        on other.indicator_code = '3' and {{ wres_year('ending.as_at') }} between other.from_year and other.to_year
    inner join {{ ref('indicator_definition') }} as definition on other.definition_version = definition.definition_version
),

judged as (
    select
        form.org_code,
        form.as_at,
        form.averaging_years,
        form.slice,
        form.definition_version,
        datemultirange({{ window_days('form.as_at', '12 * form.averaging_years') }})
        - range_agg({{ window_days('covered.as_at', '3') }}) as missing
    from form
    inner join covered on form.org_code = covered.org_code
    group by form.org_code, form.as_at, form.averaging_years, form.slice, form.definition_version
),

-- Whoever enters twice within twelve months counts once, in the group of the newest case.
person as (
    select distinct on (ending.org_code, ending.as_at, employee_case.person_id)
        ending.org_code,
        ending.as_at,
        employee_case.person_id,
        ethnicity.wres_group as ethnicity_group
    from ending
    inner join employee_case
        on
            ending.org_code = employee_case.org_code
            and employee_case.entered_on <@ {{ window_days('ending.as_at') }}
            and employee_case.process = 'disciplinary'
            and not employee_case.is_nil_return
    left join {{ ref('ethnic_category') }} as ethnicity on employee_case.ethnic_key = ethnicity.ethnic_key
    order by
        ending.org_code,
        ending.as_at,
        employee_case.person_id,
        employee_case.entered_on desc,
        employee_case._load_id desc,
        employee_case._row_number desc
),

entered as (
    select
        org_code,
        as_at,
        ethnicity_group,
        count(*) as people
    from person
    group by org_code, as_at, ethnicity_group
),

-- The average of so many years: twelve months each, the last of them ending on the day.
averaged as (
    select
        judged.org_code,
        judged.as_at,
        judged.slice,
        judged.averaging_years,
        judged.definition_version,
        judged.missing,
        ethnicity.ethnicity_group,
        trim_scale(coalesce(sum(entered.people), 0) / judged.averaging_years) as people
    from judged
    cross join (values ('white'), ('bme'), ('unknown')) as ethnicity (ethnicity_group)
    cross join lateral generate_series(0, judged.averaging_years - 1) as years_before
    left join entered
        on
            judged.org_code = entered.org_code
            and entered.as_at = (judged.as_at + 1 - make_interval(years => years_before))::date - 1
            and ethnicity.ethnicity_group = entered.ethnicity_group
    group by
        judged.org_code,
        judged.as_at,
        judged.slice,
        judged.averaging_years,
        judged.definition_version,
        judged.missing,
        ethnicity.ethnicity_group
),

records as (
    select
        averaged.*,
        staff.headcount,
        case when isempty(averaged.missing) and staff.headcount is not null then 'ok' else 'not_submitted' end as value_status,
        case
            when not isempty(averaged.missing)
                then 'Records of employee relations do not cover the ' || 12 * averaged.averaging_years || ' months: '
                    || {{ months_in_words('averaged.missing') }} || ' missing.'
            when staff.headcount is null
                then 'No workforce of ' || to_char(averaged.as_at, 'FMDD FMMonth YYYY') || ' was submitted.'
        end as status_reason,
        -- Real and synthetic inputs never share a build.
        (select bool_or(is_synthetic) from employee_case) as is_synthetic
    from averaged
    left join {{ ref('int_workforce__workforce') }} as staff
        on
            staff.basis = 'records'
            and averaged.org_code = staff.org_code
            and averaged.as_at = staff.as_at
            and averaged.ethnicity_group = staff.ethnicity_group
)

select
    org_code,
    as_at,
    'records' as basis,
    '3' as indicator_code,
    slice,
    'not_applicable' as denominator,
    ethnicity_group,
    case when value_status = 'ok' then people end as value_count,
    case when value_status = 'ok' then headcount end as base_count,
    null::numeric as workforce_count,
    null::double precision as rate,
    value_status,
    status_reason,
    definition_version,
    'employee_relations' as source,
    null::integer as survey_year,
    is_synthetic
from records
union all
select
    org_code,
    as_at,
    'return' as basis,
    indicator_code,
    slice,
    'not_applicable' as denominator,
    ethnicity_group,
    value_count,
    base_count,
    null as workforce_count,
    null as rate,
    value_status,
    status_reason,
    null as definition_version,
    'wres_return' as source,
    null as survey_year,
    is_synthetic
from {{ ref('int_wres_return__count') }}
where indicator_code = '3'
