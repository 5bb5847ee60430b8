with counted as (
    select * from {{ ref('int_recruitment__period_count') }}
    where period_start is not null
),

reported as (
    select distinct org_code, period_start, period_end
    from counted
),

reach as (
    select
        org_code,
        min(period_end) as first_day,
        max(period_end) as last_day,
        max(max(period_end)) over () as last_day_of_all
    from reported
    group by org_code
),

-- Up to the last quarter that anybody has reported: whoever stopped in between lacks it, and is told so.
ending as (
    select
        reach.org_code,
        quarter.as_at,
        {{ window_days('quarter.as_at') }} as days
    from reach
    cross join lateral {{ quarter_ends('reach.first_day', 'reach.last_day_of_all') }} as quarter
    where reach.last_day <@ {{ window_days('quarter.as_at') }} or quarter.as_at <= reach.last_day
),

-- A period counts where it lies within the window as a whole: part of a year's figures would be a guess. Where none does, the range
-- of no dates would be all time.
covered as (
    select
        ending.org_code,
        ending.as_at,
        ending.days,
        range_agg(
            daterange(
                date_trunc('month', reported.period_start::timestamp)::date,
                (date_trunc('month', reported.period_end::timestamp) + interval '1 month')::date
            )
        ) filter (where reported.org_code is not null) as months,
        range_agg(daterange(reported.period_start, reported.period_end, '[]')) filter (where reported.org_code is not null)
            as reported_days,
        sum(reported.period_end - reported.period_start + 1) as reported_length
    from ending
    left join reported
        on
            ending.org_code = reported.org_code
            and daterange(reported.period_start, reported.period_end, '[]') <@ ending.days
    group by ending.org_code, ending.as_at, ending.days
),

judged as (
    select
        org_code,
        as_at,
        days,
        datemultirange(days) - coalesce(months, '{}'::datemultirange) as missing,
        reported_length > (select sum(upper(part) - lower(part)) from unnest(reported_days) as part) as is_twice
    from covered
),

windows as (
    select
        org_code,
        as_at,
        days,
        case
            when not isempty(missing) then 'not_submitted'
            when is_twice then 'not_calculable'
            else 'ok'
        end as value_status,
        case
            when not isempty(missing)
                then 'Recruitment records do not cover the twelve months: ' || {{ months_in_words('missing') }} || ' missing.'
            when is_twice then 'Recruitment periods overlap within the twelve months, so that people would count twice.'
        end as status_reason
    from judged
),

-- Once each for every slice that the post is in; a senior medical manager's post is also one of a consultant.
cell as (
    select
        windows.org_code,
        windows.as_at,
        slice.slice,
        counted.ethnicity_group,
        sum(counted.appointed) as appointed,
        sum(counted.shortlisted) as shortlisted
    from windows
    inner join counted
        on
            windows.org_code = counted.org_code
            and daterange(counted.period_start, counted.period_end, '[]') <@ windows.days
            and counted.ethnicity_group is not null
    left join {{ ref('pay_row') }} as pay on counted.pay_row = pay.pay_row
    cross join lateral (
        values
        ('all'),
        (counted.staff_block),
        (case when counted.staff_block <> 'non_clinical' then 'clinical' end),
        (counted.staff_block || '.' || counted.pay_row),
        (counted.staff_block || '.' || pay.parent_row),
        (case when not counted.is_international then 'excluding_international' end)
    ) as slice (slice)
    where windows.value_status = 'ok' and slice.slice is not null
    group by windows.org_code, windows.as_at, slice.slice, counted.ethnicity_group
),

-- The five blocks and all posts without international recruitment always; a row of pay where there was a vacancy.
slices as (
    select org_code, as_at, value_status, status_reason, slice
    from windows
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
        (select bool_or(is_synthetic) from counted) as is_synthetic
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
