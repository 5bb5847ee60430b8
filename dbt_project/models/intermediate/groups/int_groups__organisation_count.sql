-- Sparse: a group of which nobody is counted has no row here; the sums of organisations decide who is compared.
with member as (
    {{ slice_members() }}
),

-- How fine a slice each scheme is shown in: what is finer rests on few people nearly everywhere.
sliced as (
    select
        *,
        slice in ('all', 'non_clinical', 'clinical_non_medical', 'medical_dental', 'medical_dental.consultants', 'all.band_8a_to_vsm')
            as is_broad,
        slice in ('all', 'all.band_8a_to_vsm') as is_broadest
    from member
    where strpos(slice, '.') = 0 or starts_with(slice, 'all.') or slice = 'medical_dental.consultants'
),

staff as (
    select
        counted.org_code,
        counted.as_at,
        sliced.slice,
        sliced.is_broad,
        counted.ethnic_key,
        counted.source,
        sum(counted.headcount) as headcount,
        bool_or(counted.is_synthetic) as is_synthetic
    from {{ ref('int_workforce__ethnic_count') }} as counted
    inner join sliced on counted.staff_block = sliced.staff_block and counted.pay_row = sliced.pay_row
    group by counted.org_code, counted.as_at, sliced.slice, sliced.is_broad, counted.ethnic_key, counted.source
),

-- Sex and staff group, which only extracts of people give.
stratum as (
    select
        counted.org_code,
        counted.as_at,
        sliced.slice,
        layer.stratum,
        counted.ethnicity_group,
        sum(counted.headcount) as headcount,
        bool_or(counted.is_synthetic) as is_synthetic
    from {{ ref('int_workforce__profile_count') }} as counted
    inner join sliced on counted.staff_block = sliced.staff_block and counted.pay_row = sliced.pay_row
    cross join lateral (
        values ('sex:' || counted.sex, true), ('staff_group:' || counted.staff_profession, sliced.is_broadest)
    ) as layer (stratum, is_shown)
    where layer.stratum is not null and layer.is_shown
    group by counted.org_code, counted.as_at, sliced.slice, layer.stratum, counted.ethnicity_group
),

-- The staff of the day, out of whom people enter the process or are trained; null where there is no snapshot.
headcount as (
    select org_code, as_at, ethnic_key, headcount from staff
    where slice = 'all'
),

event as (
    select
        windows.org_code,
        windows.as_at,
        '2' as indicator_code,
        counted.ethnic_key,
        counted.appointed as value_count,
        counted.shortlisted as base_count,
        'recruitment' as source,
        (select bool_or(period.is_synthetic) from {{ ref('int_recruitment__period_count') }} as period) as is_synthetic
    from {{ ref('int_recruitment__window') }} as windows
    inner join {{ ref('int_recruitment__window_count') }} as counted
        on windows.org_code = counted.org_code and windows.as_at = counted.as_at and counted.slice = 'all'
    where windows.value_status = 'ok'
    union all
    select
        windows.org_code,
        windows.as_at,
        '3' as indicator_code,
        entered.ethnic_key,
        trim_scale(sum(entered.people) / windows.averaging_years) as value_count,
        null as base_count,
        'employee_relations' as source,
        bool_or(windows.is_synthetic) as is_synthetic
    from {{ ref('int_employee_relations__window') }} as windows
    cross join lateral generate_series(0, windows.averaging_years - 1) as years_before
    inner join {{ ref('int_employee_relations__entry_count') }} as entered
        on
            windows.org_code = entered.org_code
            and entered.as_at = (windows.as_at + 1 - make_interval(years => years_before))::date - 1
    where windows.value_status = 'ok' and windows.slice = 'all'
    group by windows.org_code, windows.as_at, windows.averaging_years, entered.ethnic_key
    union all
    select
        windows.org_code,
        windows.as_at,
        '4' as indicator_code,
        trained.ethnic_key,
        trained.people as value_count,
        null as base_count,
        'training' as source,
        (
            select bool_or(content.is_synthetic) from {{ ref('stg_ops__current_content') }} as content
            where content.source_table = 'training__completion'
        ) as is_synthetic
    from {{ ref('int_training__window') }} as windows
    inner join {{ ref('int_training__window_count') }} as trained
        on windows.org_code = trained.org_code and windows.as_at = trained.as_at
    where windows.value_status = 'ok' and trained.ethnic_key is not null
),

-- Windows of 3 and 4 that are whole and have the staff of their day.
window_with_staff as (
    select
        ready.org_code,
        ready.as_at,
        ready.indicator_code,
        ready.source,
        ready.is_synthetic
    from (
        select
            org_code,
            as_at,
            '3' as indicator_code,
            'employee_relations' as source,
            is_synthetic
        from {{ ref('int_employee_relations__window') }}
        where value_status = 'ok' and slice = 'all'
        union all
        select
            org_code,
            as_at,
            '4' as indicator_code,
            'training' as source,
            (
                select bool_or(content.is_synthetic) from {{ ref('stg_ops__current_content') }} as content
                where content.source_table = 'training__completion'
            ) as is_synthetic
        from {{ ref('int_training__window') }}
        where value_status = 'ok'
    ) as ready
    where (ready.org_code, ready.as_at) in (select org_code, as_at from headcount)
),

compared as (
    select
        org_code,
        as_at,
        indicator_code,
        ethnic_key,
        value_count,
        base_count,
        source,
        is_synthetic
    from event
    where indicator_code = '2' and to_char(as_at, 'MM-DD') = '03-31'
    union all
    select
        org_code,
        window_with_staff.as_at,
        window_with_staff.indicator_code,
        ethnic_key,
        coalesce(event.value_count, 0) as value_count,
        coalesce(headcount.headcount, 0) as base_count,
        window_with_staff.source,
        window_with_staff.is_synthetic
    from window_with_staff
    inner join headcount using (org_code, as_at)
    left join event using (org_code, as_at, indicator_code, ethnic_key)
    union all
    -- Somebody of a category that nobody on the day has: a leaver of the year.
    select
        org_code,
        as_at,
        indicator_code,
        event.ethnic_key,
        event.value_count,
        0 as base_count,
        window_with_staff.source,
        window_with_staff.is_synthetic
    from window_with_staff
    inner join event using (org_code, as_at, indicator_code)
    where (org_code, as_at, event.ethnic_key) not in (select headcount.org_code, headcount.as_at, headcount.ethnic_key from headcount)
),

grouped as (
    select
        staff.org_code,
        staff.as_at,
        '1' as indicator_code,
        staff.slice,
        'all' as stratum,
        member.group_scheme,
        member.ethnic_group,
        member.ethnicity_group,
        member.is_bare,
        staff.source,
        sum(staff.headcount)::numeric as value_count,
        null::numeric as base_count,
        bool_or(staff.is_synthetic) as is_synthetic
    from staff
    inner join {{ ref('int_groups__member') }} as member
        on staff.ethnic_key = member.ethnic_key and (staff.is_broad or member.group_scheme in ('wres', 'six_group'))
    group by
        staff.org_code,
        staff.as_at,
        staff.slice,
        member.group_scheme,
        member.ethnic_group,
        member.ethnicity_group,
        member.is_bare,
        staff.source
    union all
    select
        org_code,
        as_at,
        '1' as indicator_code,
        slice,
        stratum,
        'wres' as group_scheme,
        case ethnicity_group when 'white' then 'White' when 'bme' then 'BME' else 'Unknown' end as ethnic_group,
        ethnicity_group,
        false as is_bare,
        'workforce' as source,
        headcount::numeric as value_count,
        null as base_count,
        is_synthetic
    from stratum
    union all
    select
        compared.org_code,
        compared.as_at,
        compared.indicator_code,
        'all' as slice,
        'all' as stratum,
        member.group_scheme,
        member.ethnic_group,
        member.ethnicity_group,
        member.is_bare,
        compared.source,
        sum(compared.value_count)::numeric as value_count,
        sum(compared.base_count)::numeric as base_count,
        bool_or(compared.is_synthetic) as is_synthetic
    from compared
    inner join {{ ref('int_groups__member') }} as member on compared.ethnic_key = member.ethnic_key
    group by
        compared.org_code,
        compared.as_at,
        compared.indicator_code,
        member.group_scheme,
        member.ethnic_group,
        member.ethnicity_group,
        member.is_bare,
        compared.source
),

judged as (
    select
        *,
        {{ is_coarse('value_count', 'figure') }} or {{ is_coarse('base_count', 'figure') }} as is_coarse
    from grouped
    window figure as (partition by org_code, as_at, indicator_code, group_scheme)
)

select
    org_code,
    as_at,
    indicator_code,
    slice,
    stratum,
    group_scheme,
    ethnic_group,
    ethnicity_group,
    source,
    value_count,
    base_count,
    is_synthetic
from judged
where not is_coarse
