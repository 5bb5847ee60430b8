-- Every employed person in one row, as in int_workforce__row_count, with the category instead of its group.
with person_level as (
    select
        org_code,
        as_at,
        staff_block,
        pay_row,
        ethnic_key,
        sum(headcount) as headcount,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('int_workforce__staff_count') }}
    where to_char(as_at, 'MM-DD') = '03-31'
    group by org_code, as_at, staff_block, pay_row, ethnic_key
),

stated as (
    {{ headcount_in_rows() }}
    where to_char(headcount.as_at, 'MM-DD') = '03-31'
)

select
    'workforce' as source,
    org_code,
    as_at,
    staff_block,
    pay_row,
    ethnic_key,
    headcount::numeric as headcount,
    is_synthetic
from person_level
union all
-- Counts speak only where no extract does, so that nobody is counted by both.
select
    'workforce_counts' as source,
    stated.org_code,
    stated.as_at,
    stated.staff_block,
    stated.pay_row,
    stated.ethnic_key,
    sum(stated.headcount)::numeric as headcount,
    bool_or(stated.is_synthetic) as is_synthetic
from stated
where
    not exists (
        select from person_level
        where person_level.org_code = stated.org_code and person_level.as_at = stated.as_at
    )
    -- A subset row counts people who are in another row already.
    and stated.pay_row not in (select pay_row.pay_row from {{ ref('pay_row') }} as pay_row where pay_row.parent_row is not null)
group by stated.org_code, stated.as_at, stated.staff_block, stated.pay_row, stated.ethnic_key
