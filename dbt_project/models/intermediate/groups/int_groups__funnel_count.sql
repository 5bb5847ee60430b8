{{ config(pre_hook="{{ hash_joins() }}") }}

-- Whether an employer records who applied is judged for each slice: part of the applications would be a guess at the rest.
with posted as (
    select
        *,
        sum(applied_lines) over employer as recorded_lines,
        sum(vacancy_lines) over employer as lines
    from {{ ref('int_recruitment__window_count') }}
    where slice in ('all', 'clinical', 'non_clinical', 'clinical_non_medical', 'medical_dental', 'excluding_international')
    window employer as (partition by org_code, as_at, slice)
),

grouped as (
    select
        posted.org_code,
        posted.as_at,
        posted.slice,
        member.group_scheme,
        member.ethnic_group,
        member.ethnicity_group,
        member.is_bare,
        posted.lines,
        posted.recorded_lines,
        sum(posted.applied) as applied,
        sum(posted.shortlisted) as shortlisted,
        sum(posted.appointed) as appointed
    from posted
    inner join {{ ref('int_groups__member') }} as member
        on posted.ethnic_key = member.ethnic_key and (posted.slice = 'all' or member.group_scheme <> 'detailed')
    group by
        posted.org_code,
        posted.as_at,
        posted.slice,
        member.group_scheme,
        member.ethnic_group,
        member.ethnicity_group,
        member.is_bare,
        posted.lines,
        posted.recorded_lines
),

fine as (
    select * from (
        select
            *,
            {{ is_coarse('shortlisted', 'figure') }} as is_coarse
        from grouped
        window figure as (partition by org_code, as_at, group_scheme)
    ) as judged
    where not is_coarse
),

employer as (
    select distinct
        org_code,
        as_at,
        slice,
        group_scheme,
        lines,
        recorded_lines,
        recorded_lines = lines as is_recorded
    from fine
),

unit as (
    select * from {{ ref('int_indicators__unit') }}
    where organisation_basis = 'as_reported' and level in ('organisation', 'region', 'england')
),

-- Areas as in indicator_result; one of whose employers only some record applications also without the others.
area as (
    select
        unit.level,
        unit.unit_code,
        unit.scope,
        unit.as_at,
        employer.slice,
        employer.group_scheme,
        part.employers,
        count(*) as employer_count,
        count(*) filter (where employer.is_recorded) as recording_employer_count,
        100 * sum(employer.recorded_lines)::double precision / sum(employer.lines) as applications_recorded_pct
    from employer
    inner join unit on employer.org_code = unit.org_code and employer.as_at = unit.as_at
    cross join lateral (
        values ('all', true), ('recording_applications', unit.level <> 'organisation' and employer.is_recorded)
    ) as part (employers, is_in)
    where part.is_in
    group by
        unit.level, unit.unit_code, unit.scope, unit.as_at, employer.slice, employer.group_scheme, part.employers
),

shown as (
    select area.*
    from area
    inner join (
        select unit.level, unit.unit_code, unit.scope, unit.as_at
        from (select distinct org_code, as_at from employer) as sent
        inner join unit on sent.org_code = unit.org_code and sent.as_at = unit.as_at
        group by unit.level, unit.unit_code, unit.scope, unit.as_at
        having bool_or(unit.is_widest)
    ) as widest
        on
            area.level = widest.level
            and area.unit_code = widest.unit_code
            and area.scope = widest.scope
            and area.as_at = widest.as_at
    left join area as everybody
        on
            everybody.employers = 'all'
            and area.level = everybody.level
            and area.unit_code = everybody.unit_code
            and area.scope = everybody.scope
            and area.as_at = everybody.as_at
            and area.slice = everybody.slice
            and area.group_scheme = everybody.group_scheme
    where area.employers = 'all' or area.employer_count < everybody.employer_count
),

summed as (
    select
        shown.level,
        shown.unit_code as org_code,
        shown.scope,
        shown.as_at,
        shown.slice,
        shown.employers,
        grouped.group_scheme,
        grouped.ethnic_group,
        min(grouped.ethnicity_group) as ethnicity_group,
        sum(grouped.applied) as applied,
        sum(grouped.shortlisted) as shortlisted,
        sum(grouped.appointed) as appointed
    from shown
    inner join unit
        on
            shown.level = unit.level
            and shown.unit_code = unit.unit_code
            and shown.scope = unit.scope
            and shown.as_at = unit.as_at
    inner join employer
        on
            unit.org_code = employer.org_code
            and unit.as_at = employer.as_at
            and shown.slice = employer.slice
            and shown.group_scheme = employer.group_scheme
            and (shown.employers = 'all' or employer.is_recorded)
    inner join fine as grouped
        on
            employer.org_code = grouped.org_code
            and employer.as_at = grouped.as_at
            and employer.slice = grouped.slice
            and employer.group_scheme = grouped.group_scheme
    group by
        shown.level,
        shown.unit_code,
        shown.scope,
        shown.as_at,
        shown.slice,
        shown.employers,
        grouped.group_scheme,
        grouped.ethnic_group
),

-- Every group of any post, in every slice with a post.
present as (
    select level, org_code, scope, as_at, employers, group_scheme, ethnic_group, ethnicity_group
    from summed
    where slice = 'all'
),

policy as (
    select
        disclosure_policy,
        'bi_reader' <> all(visible_to) as is_restricted
    from {{ source('ops', 'source') }}
    where source = 'recruitment'
)

select
    shown.level,
    shown.unit_code as org_code,
    shown.scope,
    {{ wres_year('shown.as_at') }} as wres_year,
    shown.as_at,
    shown.slice,
    shown.employers,
    shown.employer_count,
    shown.recording_employer_count,
    shown.applications_recorded_pct,
    present.group_scheme,
    present.ethnic_group,
    present.ethnicity_group,
    -- Not recorded is not nobody.
    case when shown.recording_employer_count = shown.employer_count then coalesce(summed.applied, 0) end as applied_count,
    coalesce(summed.shortlisted, 0) as shortlisted_count,
    coalesce(summed.appointed, 0) as appointed_count,
    (select policy.disclosure_policy from policy) as disclosure_policy,
    coalesce((select policy.is_restricted from policy), false) as is_restricted,
    -- Real and synthetic inputs never share a build.
    (select bool_or(counted.is_synthetic) from {{ ref('int_recruitment__period_count') }} as counted) as is_synthetic
from shown
inner join present
    on
        shown.level = present.level
        and shown.unit_code = present.org_code
        and shown.scope = present.scope
        and shown.as_at = present.as_at
        and shown.employers = present.employers
        and shown.group_scheme = present.group_scheme
left join summed
    on
        present.level = summed.level
        and present.org_code = summed.org_code
        and present.scope = summed.scope
        and present.as_at = summed.as_at
        and present.employers = summed.employers
        and present.group_scheme = summed.group_scheme
        and present.ethnic_group = summed.ethnic_group
        and shown.slice = summed.slice
