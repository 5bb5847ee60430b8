-- Which file feeds which figure: a snapshot the figures of its day, a quarter's events those of the twelve months they are part of.
with feed (source_table, basis, role, quarters, indicator_codes) as (
    values
    ('workforce__staff', 'records', 'headcount', 1, array['1', '3', '4', '9', 'DR']),
    ('workforce_counts__headcount', 'records', 'headcount', 1, array['1', '3', '4', '9', 'DR']),
    ('board__member', 'records', 'members', 1, array['9']),
    ('recruitment__vacancy', 'records', 'applicants', 4, array['2']),
    ('employee_relations__case', 'records', 'cases', 4, array['3']),
    ('training__completion', 'records', 'courses', 4, array['4']),
    ('survey_responses__respondent', 'records', 'answers', 1, array['5', '6', '7', '8']),
    ('wres_return__item', 'return', 'items', 1, array['1', '2', '3', '4', '5', '6', '7', '8', '9', 'DR'])
),

content as (
    select
        current_content.*,
        feed.basis,
        feed.role,
        feed.quarters,
        feed.indicator_codes,
        case
            when current_content.source_table = 'survey_responses__respondent' then make_date(current_content.period::integer + 1, 3, 31)
            when length(current_content.period) = 4 then make_date(current_content.period::integer, 3, 31)
            else (to_date(current_content.period, 'YYYY-MM') + interval '1 month - 1 day')::date
        end as first_day
    from {{ ref('stg_ops__current_content') }} as current_content
    inner join feed on current_content.source_table = feed.source_table
)

select
    content.org_code,
    use.as_at,
    indicator.indicator_code,
    content.basis,
    content.role,
    content.source_table,
    content.period,
    content.load_id as _load_id
from content
cross join lateral unnest(content.indicator_codes) as indicator (indicator_code)
cross join lateral (
    -- A day past the month's end and back, so that 31 March follows 31 December and not 28 March.
    select (content.first_day + 1 + make_interval(months => 3 * step.number) - interval '1 day')::date as as_at
    from generate_series(0, content.quarters - 1) as step (number)
) as use
where
    -- Head counts of an organisation serve where it has sent no person-level extract.
    content.source_table <> 'workforce_counts__headcount'
    or not exists (
        select
        from {{ ref('stg_ops__current_content') }} as extract
        where
            extract.source_table = 'workforce__staff'
            and extract.org_code = content.org_code
            and extract.period = content.period
    )
