with reported as (
    select distinct org_code, period_start, period_end
    from {{ ref('int_recruitment__period_count') }}
    where period_start is not null
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
        datemultirange(days) - coalesce(months, '{}'::datemultirange) as missing,
        reported_length > (select sum(upper(part) - lower(part)) from unnest(reported_days) as part) as is_twice
    from covered
)

select
    org_code,
    as_at,
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
