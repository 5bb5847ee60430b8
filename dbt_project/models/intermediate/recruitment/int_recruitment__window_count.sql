-- Once each for every slice that the post is in; a senior medical manager's post is also one of a consultant.
select
    windows.org_code,
    windows.as_at,
    slice.slice,
    counted.ethnic_key,
    counted.ethnicity_group,
    sum(counted.applied) as applied,
    sum(counted.shortlisted) as shortlisted,
    sum(counted.appointed) as appointed,
    sum(counted.vacancy_lines)::integer as vacancy_lines,
    sum(counted.applied_lines)::integer as applied_lines
from {{ ref('int_recruitment__window') }} as windows
inner join {{ ref('int_recruitment__period_count') }} as counted
    on
        windows.org_code = counted.org_code
        and daterange(counted.period_start, counted.period_end, '[]') <@ {{ window_days('windows.as_at') }}
        and counted.period_start is not null
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
group by windows.org_code, windows.as_at, slice.slice, counted.ethnic_key, counted.ethnicity_group
