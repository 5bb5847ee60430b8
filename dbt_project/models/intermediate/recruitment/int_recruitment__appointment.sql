with cell as (
    select
        org_code,
        as_at,
        slice,
        ethnicity_group,
        sum(appointed) as appointed,
        sum(shortlisted) as shortlisted
    from {{ ref('int_recruitment__window_count') }}
    group by org_code, as_at, slice, ethnicity_group
),

-- The five blocks and all posts without international recruitment always; a row of pay where there was a vacancy.
slices as (
    select org_code, as_at, value_status, status_reason, slice
    from {{ ref('int_recruitment__window') }}
    cross join (
        values ('all'), ('clinical'), ('non_clinical'), ('clinical_non_medical'), ('medical_dental'), ('excluding_international')
    ) as always (slice)
    union
    select org_code, as_at, 'ok' as value_status, null as status_reason, slice
    from cell
),

records as (
    select
        slices.org_code,
        slices.as_at,
        slices.slice,
        ethnicity.ethnicity_group,
        case when slices.value_status = 'ok' then coalesce(cell.appointed, 0) end as value_count,
        case when slices.value_status = 'ok' then coalesce(cell.shortlisted, 0) end as base_count,
        slices.value_status,
        slices.status_reason,
        -- Real and synthetic inputs never share a build.
        (select bool_or(counted.is_synthetic) from {{ ref('int_recruitment__period_count') }} as counted) as is_synthetic
    from slices
    cross join (values ('white'), ('bme'), ('unknown')) as ethnicity (ethnicity_group)
    left join cell
        on
            slices.org_code = cell.org_code
            and slices.as_at = cell.as_at
            and slices.slice = cell.slice
            and ethnicity.ethnicity_group = cell.ethnicity_group
)

select
    org_code,
    as_at,
    'records' as basis,
    '2' as indicator_code,
    slice,
    'not_applicable' as denominator,
    ethnicity_group,
    value_count,
    base_count,
    null::numeric as workforce_count,
    null::double precision as rate,
    value_status,
    status_reason,
    null::text as definition_version,
    'recruitment' as source,
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
where indicator_code = '2'
