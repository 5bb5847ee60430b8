with trained as (
    select
        org_code,
        as_at,
        ethnicity_group,
        sum(people) as people
    from {{ ref('int_training__window_count') }}
    group by org_code, as_at, ethnicity_group
),

records as (
    select
        training_window.org_code,
        training_window.as_at,
        ethnicity.ethnicity_group,
        coalesce(counted.people, 0)::numeric as people,
        staff.headcount,
        case
            when training_window.value_status = 'ok' and staff.headcount is null then 'not_submitted'
            else training_window.value_status
        end as value_status,
        coalesce(
            training_window.status_reason,
            case
                when staff.headcount is null
                    then 'No workforce of ' || to_char(training_window.as_at, 'FMDD FMMonth YYYY') || ' was submitted.'
            end
        ) as status_reason,
        -- Real and synthetic inputs never share a build.
        (
            select bool_or(content.is_synthetic) from {{ ref('stg_ops__current_content') }} as content
            where content.source_table = 'training__completion'
        ) as is_synthetic
    from {{ ref('int_training__window') }} as training_window
    cross join (values ('white'), ('bme'), ('unknown')) as ethnicity (ethnicity_group)
    left join trained as counted
        on
            training_window.org_code = counted.org_code
            and training_window.as_at = counted.as_at
            and ethnicity.ethnicity_group = counted.ethnicity_group
    left join {{ ref('int_workforce__workforce') }} as staff
        on
            staff.basis = 'records'
            and training_window.org_code = staff.org_code
            and training_window.as_at = staff.as_at
            and ethnicity.ethnicity_group = staff.ethnicity_group
)

select
    org_code,
    as_at,
    'records' as basis,
    '4' as indicator_code,
    'all' as slice,
    'not_applicable' as denominator,
    ethnicity_group,
    case when value_status = 'ok' then people end as value_count,
    case when value_status = 'ok' then headcount end as base_count,
    null::numeric as workforce_count,
    null::double precision as rate,
    value_status,
    status_reason,
    null::text as definition_version,
    'training' as source,
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
where indicator_code = '4'
