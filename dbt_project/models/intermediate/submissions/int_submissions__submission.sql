-- Who has sent what, and who was to: one row per organisation, source and period.
with delivery as (
    select
        org_code,
        source,
        period,
        {{ period_end('period', 'source') }} as as_at,
        min(first_received_on) as first_received_on,
        max(latest_received_on) as latest_received_on,
        max(revision) as revision,
        string_agg(distinct file_name, ', ' order by file_name) as file_name,
        sum(file_row_count) as file_row_count,
        min(collected_since) as collected_since,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('stg_ops__delivery') }}
    group by org_code, source, period
),

collected as (
    select
        delivery.source,
        min(delivery.as_at) as first_day,
        min(delivery.collected_since) as collected_since,
        bool_or(delivery.is_synthetic) as is_synthetic,
        source.due_by,
        source.due_lag_years,
        source.due_days_after_quarter
    from delivery
    left join {{ ref('stg_ops__source') }} as source on delivery.source = source.source
    group by delivery.source, source.due_by, source.due_lag_years, source.due_days_after_quarter
),

-- Periods of which anybody has sent something, and those that have ended since the warehouse collects the source.
calendar as (
    select distinct
        source,
        period,
        as_at
    from delivery
    union
    select
        collected.source,
        case
            when collected.due_by is null then to_char(day.as_at, 'YYYY-MM')
            when collected.source in ('staff_survey', 'survey_responses') then (extract(year from day.as_at) - 1)::text
            else extract(year from day.as_at)::text
        end as period,
        day.as_at
    from collected
    cross join lateral (
        select (series.month + interval '1 month - 1 day')::date as as_at
        from generate_series(
            date_trunc('month', collected.first_day::timestamp),
            {{ build_day() }},
            case when collected.due_by is null then interval '3 months' else interval '1 year' end
        ) as series (month)
    ) as day
    where
        num_nonnulls(collected.due_by, collected.due_days_after_quarter) > 0
        and day.as_at < {{ build_day() }}
        and {{ due_on('collected', 'day.as_at') }} >= collected.collected_since
),

due as (
    select
        calendar.*,
        collected.collected_since,
        collected.is_synthetic,
        collected.due_by is not null as is_annual,
        {{ due_on('collected', 'calendar.as_at') }} as due_on
    from calendar
    inner join collected on calendar.source = collected.source
),

-- Every trust sends a return and has a survey. Which other feeds it sends is its own choice: it is expected to go on. So is any
-- other body that has sent the source before.
expected as (
    select
        due.source,
        due.period,
        trust.org_code
    from due
    inner join {{ ref('dim_organisation') }} as trust on {{ is_expected_trust('trust', 'due.as_at') }}
    where due.is_annual and due.due_on is not null
    union
    select
        due.source,
        due.period,
        earlier.org_code
    from due
    inner join (
        select
            org_code,
            source,
            min(as_at) as first_day
        from delivery
        group by org_code, source
    ) as earlier on due.source = earlier.source and due.as_at > earlier.first_day
    inner join {{ ref('dim_organisation') }} as body
        on
            earlier.org_code = body.org_code
            and {{ organisation_as_at('body', 'due.as_at') }}
            and coalesce(body.closed_on >= due.as_at, true)
    where due.due_on is not null
    union
    select
        source,
        period,
        org_code
    from delivery
),

-- That there was nothing to report is a statement of its own.
nil as (
    select
        'recruitment' as source,
        _period as period,
        org_code
    from {{ ref('int_recruitment__period_count') }}
    where period_start is not null
    group by _period, org_code
    having bool_and(ethnicity_group is null)
    union all
    select
        'employee_relations' as source,
        _period as period,
        org_code
    from {{ ref('stg_employee_relations__case') }}
    group by _period, org_code
    having bool_and(is_nil_return)
    union all
    select
        'training' as source,
        _period as period,
        org_code
    from {{ ref('int_training__organisation_quarter') }}
    group by _period, org_code
    having sum(completion_count) = 0
),

aside as (
    select
        source,
        period,
        org_code,
        sum(row_count) as rows_set_aside
    from {{ ref('stg_ops__rejected_row') }}
    group by source, period, org_code
),

-- A rejected file has no contents any more; its name may say whose it is.
refused as (
    select distinct on (expected.source, expected.period, expected.org_code)
        expected.source,
        expected.period,
        expected.org_code,
        rejected.file_name,
        rejected.rejected_on,
        rejected.rule_id,
        rejected.reason
    from expected
    inner join {{ ref('stg_ops__rejected_file') }} as rejected
        on
            expected.source = rejected.source
            and coalesce(rejected.period, expected.period) = expected.period
            and expected.org_code = any(regexp_split_to_array(upper(rejected.file_name), '[^A-Z0-9]+'))
            and (rejected.period is not null or strpos(rejected.file_name, left(expected.period, 4)) > 0)
    order by expected.source, expected.period, expected.org_code, rejected.load_id desc
),

judged as (
    select
        expected.org_code,
        expected.source,
        expected.period,
        due.as_at,
        due.due_on,
        due.collected_since,
        delivery.first_received_on,
        delivery.latest_received_on,
        delivery.revision,
        coalesce(delivery.file_name, refused.file_name) as file_name,
        delivery.file_row_count,
        coalesce(aside.rows_set_aside, 0) as rows_set_aside,
        refused.rejected_on,
        refused.rule_id,
        refused.reason,
        due.is_synthetic,
        case
            when delivery.org_code is not null and nil.org_code is not null then 'nil_return'
            when
                delivery.first_received_on > due.due_on and due.due_on >= due.collected_since
                then 'received_late'
            when delivery.org_code is not null then 'received'
            when refused.org_code is not null then 'rejected'
            when due.due_on < due.collected_since then 'not_submitted'
            when due.due_on < {{ build_day() }} then 'overdue'
            else 'not_due'
        end as status
    from expected
    inner join due on expected.source = due.source and expected.period = due.period
    left join delivery
        on expected.source = delivery.source and expected.period = delivery.period and expected.org_code = delivery.org_code
    left join nil on expected.source = nil.source and expected.period = nil.period and expected.org_code = nil.org_code
    left join aside on expected.source = aside.source and expected.period = aside.period and expected.org_code = aside.org_code
    left join refused
        on expected.source = refused.source and expected.period = refused.period and expected.org_code = refused.org_code
)

select
    judged.*,
    policy.disclosure_policy,
    policy.unaudited_policy,
    {{ build_day() }} as judged_on,
    case judged.status
        when 'nil_return'
            then
                case judged.source
                    when 'training' then 'No course that counts: the file says that there is nothing, or names mandatory ones alone.'
                    else 'The organisation says that there is nothing to report.'
                end
        when 'received_late' then 'The first file came ' || judged.first_received_on - judged.due_on || ' days after it was due.'
        when 'rejected'
            then
                'File ''' || judged.file_name || ''' was rejected on ' || to_char(judged.rejected_on, 'FMDD FMMonth YYYY') || ' ('
                || judged.rule_id || ': ' || judged.reason || ').'
        when 'not_submitted' then 'Nothing was received; it was due before this warehouse collected the source.'
        when 'overdue' then 'Nothing was received by ' || to_char(judged.due_on, 'FMDD FMMonth YYYY') || '.'
        when 'not_due' then 'Due on ' || to_char(judged.due_on, 'FMDD FMMonth YYYY') || '.'
        when 'received'
            then
                case
                    when judged.due_on < judged.collected_since and judged.first_received_on > judged.due_on
                        then 'Loaded after the fact: when it was sent is not known.'
                end
    end as status_reason
from judged
left join {{ ref('stg_ops__source') }} as policy on judged.source = policy.source
