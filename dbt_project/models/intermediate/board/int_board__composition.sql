-- Each member is on the board, and in one part of each of its two divisions.
with seated as (
    select
        'records' as basis,
        'board' as source,
        member.org_code,
        member.as_at,
        part.slice,
        ethnic_category.wres_group as ethnicity_group,
        1::numeric as members,
        member.is_synthetic
    from {{ ref('stg_board__member') }} as member
    left join {{ ref('ethnic_category') }} as ethnic_category on member.ethnic_key = ethnic_category.ethnic_key
    cross join
        lateral (
            values
            ('board.total'),
            (case when member.is_voting then 'board.voting' else 'board.non_voting' end),
            (case when member.is_executive then 'board.executive' else 'board.non_executive' end)
        ) as part (slice)
    union all
    select
        'return' as basis,
        source,
        org_code,
        as_at,
        slice,
        ethnicity_group,
        value as members,
        is_synthetic
    from {{ ref('stg_wres_return__item') }}
    where indicator_code = '9' and data_item = 'members'
),

board as (
    select
        basis,
        source,
        org_code,
        as_at,
        bool_or(is_synthetic) as is_synthetic
    from seated
    group by basis, source, org_code, as_at
),

added as (
    select
        basis,
        org_code,
        as_at,
        slice,
        coalesce(sum(members) filter (where ethnicity_group = 'white'), 0) as white_count,
        coalesce(sum(members) filter (where ethnicity_group = 'bme'), 0) as bme_count,
        coalesce(sum(members) filter (where ethnicity_group = 'unknown'), 0) as unknown_count,
        bool_and(members is not null) as is_complete
    from seated
    group by basis, org_code, as_at, slice
),

-- A register shows who sits on the board: a part without members is empty. A return says so with zeros, or has not said.
divided as (
    select
        board.*,
        part.slice,
        coalesce(added.white_count, 0) as white_count,
        coalesce(added.bme_count, 0) as bme_count,
        coalesce(added.unknown_count, 0) as unknown_count,
        coalesce(added.white_count + added.bme_count + added.unknown_count, 0) as total_count,
        case
            when not coalesce(added.is_complete, board.basis = 'records') then 'not_submitted'
            when coalesce(added.white_count + added.bme_count + added.unknown_count, 0) = 0 then 'not_applicable'
            else 'ok'
        end as value_status
    from board
    cross join (
        values
        ('board.total'), ('board.voting'), ('board.non_voting'), ('board.executive'), ('board.non_executive')
    ) as part (slice)
    left join added
        on
            board.basis = added.basis
            and board.org_code = added.org_code
            and board.as_at = added.as_at
            and part.slice = added.slice
),

-- The workforce that the return compares its board with is its own, where it is given in full; else who it counts in indicator 1.
stated_workforce as (
    select
        org_code,
        as_at,
        ethnicity_group,
        sum(value) as headcount,
        bool_and(bool_and(value is not null)) over (partition by org_code, as_at) as is_complete
    from {{ ref('stg_wres_return__item') }}
    where indicator_code = '9' and data_item = 'workforce'
    group by org_code, as_at, ethnicity_group
),

workforce as (
    select
        'return' as basis,
        org_code,
        as_at,
        ethnicity_group,
        headcount
    from stated_workforce
    where is_complete
    union all
    select
        basis,
        org_code,
        as_at,
        ethnicity_group,
        headcount
    from {{ ref('int_workforce__workforce') }} as counted
    where
        counted.basis = 'records'
        or not exists (
            select 1
            from stated_workforce
            where
                stated_workforce.is_complete
                and stated_workforce.org_code = counted.org_code
                and stated_workforce.as_at = counted.as_at
        )
)

select
    divided.org_code,
    divided.as_at,
    divided.basis,
    '9' as indicator_code,
    divided.slice,
    'all_staff' as denominator,
    ethnicity.ethnicity_group,
    case when divided.value_status <> 'not_submitted' then ethnicity.members end as value_count,
    case when divided.value_status <> 'not_submitted' then divided.total_count end as base_count,
    case when divided.value_status <> 'not_submitted' then workforce.headcount end as workforce_count,
    null::double precision as rate,
    divided.value_status,
    case
        when divided.value_status = 'not_submitted' then 'The return does not say who is in this part of the board.'
        when divided.value_status = 'not_applicable' then 'This part of the board has no members.'
        when workforce.headcount is null then 'No workforce of that day was submitted to compare the board with.'
    end as status_reason,
    null::text as definition_version,
    divided.source,
    null::integer as survey_year,
    divided.is_synthetic
from divided
cross join
    lateral (
        values
        ('white', divided.white_count),
        ('bme', divided.bme_count),
        ('unknown', divided.unknown_count)
    ) as ethnicity (ethnicity_group, members)
left join workforce
    on
        divided.basis = workforce.basis
        and divided.org_code = workforce.org_code
        and divided.as_at = workforce.as_at
        and ethnicity.ethnicity_group = workforce.ethnicity_group
