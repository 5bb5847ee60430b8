with member as (
    {{ slice_members() }}
),

stated as (
    select
        basis,
        source,
        org_code,
        as_at,
        staff_block,
        pay_row,
        coalesce(sum(headcount) filter (where ethnicity_group = 'white'), 0) as white_count,
        coalesce(sum(headcount) filter (where ethnicity_group = 'bme'), 0) as bme_count,
        coalesce(sum(headcount) filter (where ethnicity_group = 'unknown'), 0) as unknown_count,
        bool_and(headcount is not null) as is_complete
    from {{ ref('int_workforce__row_count') }}
    group by basis, source, org_code, as_at, staff_block, pay_row
),

snapshot as (
    select
        basis,
        source,
        org_code,
        as_at,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('int_workforce__row_count') }}
    group by basis, source, org_code, as_at
),

added as (
    select
        stated.basis,
        stated.org_code,
        stated.as_at,
        member.slice,
        sum(stated.white_count) as white_count,
        sum(stated.bme_count) as bme_count,
        sum(stated.unknown_count) as unknown_count,
        bool_and(stated.is_complete) as is_complete
    from stated
    inner join member on stated.staff_block = member.staff_block and stated.pay_row = member.pay_row
    group by stated.basis, stated.org_code, stated.as_at, member.slice
),

-- Every slice of every snapshot, so that a row with nobody in it is seen to be empty, and one that is hidden tells nothing by being there.
-- Pay outside the bands is no row of a return: it is shown where there is any.
sliced as (
    select
        snapshot.*,
        slice.slice,
        coalesce(added.white_count, 0) as white_count,
        coalesce(added.bme_count, 0) as bme_count,
        coalesce(added.unknown_count, 0) as unknown_count,
        coalesce(added.white_count + added.bme_count + added.unknown_count, 0) as total_count,
        added.slice is not null as is_stated,
        coalesce(added.is_complete, true) as is_complete
    from snapshot
    cross join (select distinct slice from member) as slice
    left join added
        on
            snapshot.basis = added.basis
            and snapshot.org_code = added.org_code
            and snapshot.as_at = added.as_at
            and slice.slice = added.slice
    where
        snapshot.basis = 'records'
        or slice.slice not like '%.other_pay'
        or added.white_count + added.bme_count + added.unknown_count > 0
),

-- That no consultant is a medical manager is seen in an extract; counts and returns have to say it.
told as (
    select
        *,
        slice = 'medical_dental.senior_medical_manager'
        and not is_stated
        and source <> 'workforce'
        and sum(total_count) filter (where slice = 'medical_dental.consultants') over (partition by basis, org_code, as_at) > 0
            as is_untold
    from sliced
),

judged as (
    select
        *,
        case
            when is_untold or not is_complete then 'not_submitted'
            when total_count = 0 then 'not_applicable'
            else 'ok'
        end as value_status
    from told
)

select
    judged.org_code,
    judged.as_at,
    judged.basis,
    '1' as indicator_code,
    judged.slice,
    'all_staff' as denominator,
    ethnicity.ethnicity_group,
    case when judged.value_status <> 'not_submitted' then ethnicity.headcount end as value_count,
    case when judged.value_status <> 'not_submitted' then judged.total_count end as base_count,
    case when judged.value_status <> 'not_submitted' then workforce.headcount end as workforce_count,
    null::double precision as rate,
    judged.value_status,
    case
        when judged.is_untold then 'Nothing says how many of the consultants are medical managers.'
        when judged.value_status = 'not_submitted'
            then 'The return leaves cells of this row, or of rows that make it up, empty.'
        when judged.value_status = 'not_applicable' then 'Nobody is in this row.'
        when workforce.headcount is null then 'The return leaves cells of other rows empty: its whole workforce is not known.'
    end as status_reason,
    null::text as definition_version,
    judged.source,
    null::integer as survey_year,
    judged.is_synthetic
from judged
cross join
    lateral (
        values ('white', judged.white_count), ('bme', judged.bme_count), ('unknown', judged.unknown_count)
    ) as ethnicity (ethnicity_group, headcount)
left join {{ ref('int_workforce__workforce') }} as workforce
    on
        judged.basis = workforce.basis
        and judged.org_code = workforce.org_code
        and judged.as_at = workforce.as_at
        and ethnicity.ethnicity_group = workforce.ethnicity_group
