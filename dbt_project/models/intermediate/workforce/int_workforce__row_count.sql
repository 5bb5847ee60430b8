-- The person-level extract: every employed person in one row, and some consultants in a subset row besides.
with person_level as (
    select
        org_code,
        as_at,
        staff_block,
        pay_row,
        ethnicity_group,
        sum(headcount) as headcount,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('int_workforce__staff_count') }}
    group by org_code, as_at, staff_block, pay_row, ethnicity_group
    union all
    select
        org_code,
        as_at,
        staff_block,
        'senior_medical_manager' as pay_row,
        ethnicity_group,
        sum(headcount) as headcount,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('int_workforce__staff_count') }}
    where is_senior_medical_manager
    group by org_code, as_at, staff_block, ethnicity_group
),

person_level_snapshot as (
    select distinct
        org_code,
        as_at
    from person_level
),

stated as (
    {{ headcount_in_rows() }}
),

-- Counts speak only where no extract does, so that nobody is counted by both.
aggregate_count as (
    select
        stated.org_code,
        stated.as_at,
        stated.staff_block,
        stated.pay_row,
        stated.ethnicity_group,
        sum(stated.headcount) as headcount,
        bool_or(stated.is_synthetic) as is_synthetic
    from stated
    left join person_level_snapshot as snapshot
        on stated.org_code = snapshot.org_code and stated.as_at = snapshot.as_at
    where snapshot.org_code is null
    group by stated.org_code, stated.as_at, stated.staff_block, stated.pay_row, stated.ethnicity_group
),

return_count as (
    select
        org_code,
        as_at,
        split_part(slice, '.', 1) as staff_block,
        split_part(slice, '.', 2) as pay_row,
        ethnicity_group,
        -- An empty cell stays null: a return that leaves it open has not said zero.
        case when bool_and(value is not null) then sum(value) end as headcount,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('stg_wres_return__item') }}
    where indicator_code = '1' and data_item = 'headcount' and strpos(slice, '.') > 0
    group by org_code, as_at, slice, ethnicity_group
)

select
    'records' as basis,
    'workforce' as source,
    org_code,
    as_at,
    staff_block,
    pay_row,
    ethnicity_group,
    headcount::numeric as headcount,
    is_synthetic
from person_level
union all
select
    'records' as basis,
    'workforce_counts' as source,
    org_code,
    as_at,
    staff_block,
    pay_row,
    ethnicity_group,
    headcount::numeric as headcount,
    is_synthetic
from aggregate_count
union all
select
    'return' as basis,
    'wres_return' as source,
    org_code,
    as_at,
    staff_block,
    pay_row,
    ethnicity_group,
    headcount,
    is_synthetic
from return_count
