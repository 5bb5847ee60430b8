with entered as (
    select
        org_code,
        as_at,
        ethnicity_group,
        sum(people) as people
    from {{ ref('int_employee_relations__entry_count') }}
    group by org_code, as_at, ethnicity_group
),

-- The average of so many years: twelve months each, the last of them ending on the day.
averaged as (
    select
        windows.org_code,
        windows.as_at,
        windows.slice,
        windows.definition_version,
        windows.value_status,
        windows.status_reason,
        windows.is_synthetic,
        ethnicity.ethnicity_group,
        trim_scale(coalesce(sum(entered.people), 0) / windows.averaging_years) as people
    from {{ ref('int_employee_relations__window') }} as windows
    cross join (values ('white'), ('bme'), ('unknown')) as ethnicity (ethnicity_group)
    cross join lateral generate_series(0, windows.averaging_years - 1) as years_before
    left join entered
        on
            windows.org_code = entered.org_code
            and entered.as_at = (windows.as_at + 1 - make_interval(years => years_before))::date - 1
            and ethnicity.ethnicity_group = entered.ethnicity_group
    group by
        windows.org_code,
        windows.as_at,
        windows.slice,
        windows.averaging_years,
        windows.definition_version,
        windows.value_status,
        windows.status_reason,
        windows.is_synthetic,
        ethnicity.ethnicity_group
),

records as (
    select
        averaged.org_code,
        averaged.as_at,
        averaged.slice,
        averaged.definition_version,
        averaged.ethnicity_group,
        averaged.people,
        averaged.is_synthetic,
        staff.headcount,
        case when averaged.value_status = 'ok' and staff.headcount is not null then 'ok' else 'not_submitted' end as value_status,
        case
            when averaged.value_status <> 'ok' then averaged.status_reason
            when staff.headcount is null
                then 'No workforce of ' || to_char(averaged.as_at, 'FMDD FMMonth YYYY') || ' was submitted.'
        end as status_reason
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
