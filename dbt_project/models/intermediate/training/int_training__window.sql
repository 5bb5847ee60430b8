with quarter as (
    select * from {{ ref('int_training__organisation_quarter') }}
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
        from quarter
        group by org_code
    ) as reach
    cross join lateral {{ quarter_ends('reach.first_day', 'reach.last_day_of_all') }} as quarter_end
    where reach.last_day <@ {{ window_days('quarter_end.as_at') }} or quarter_end.as_at <= reach.last_day
),

judged as (
    select
        ending.org_code,
        ending.as_at,
        -- Where no quarter is there, the range of no dates would be all time.
        datemultirange({{ window_days('ending.as_at') }}) - coalesce(
            range_agg({{ window_days('quarter.as_at', '3') }}) filter (where quarter.as_at is not null), '{}'::datemultirange
        ) as missing,
        md5(coalesce(string_agg(
            concat_ws('/', quarter._load_id, quarter._period, quarter.as_at), ' '
            order by quarter.as_at, quarter._load_id, quarter._period
        ), '')) as fingerprint
    from ending
    left join quarter on ending.org_code = quarter.org_code and quarter.as_at <@ {{ window_days('ending.as_at') }}
    group by ending.org_code, ending.as_at
)

select
    org_code,
    as_at,
    fingerprint,
    case when isempty(missing) then 'ok' else 'not_submitted' end as value_status,
    case
        when not isempty(missing)
            then 'Training records do not cover the twelve months: ' || {{ months_in_words('missing') }} || ' missing.'
    end as status_reason
from judged
