-- A subset row (senior medical managers) counts people who are in another row already.
with total as (
    select
        row_count.basis,
        row_count.source,
        row_count.org_code,
        row_count.as_at,
        coalesce(sum(row_count.headcount) filter (where row_count.ethnicity_group = 'white'), 0) as white_count,
        coalesce(sum(row_count.headcount) filter (where row_count.ethnicity_group = 'bme'), 0) as bme_count,
        coalesce(sum(row_count.headcount) filter (where row_count.ethnicity_group = 'unknown'), 0) as unknown_count,
        bool_or(row_count.is_synthetic) as is_synthetic
    from {{ ref('int_workforce__row_count') }} as row_count
    inner join {{ ref('pay_row') }} as pay_row on row_count.pay_row = pay_row.pay_row
    where pay_row.parent_row is null
    group by row_count.basis, row_count.source, row_count.org_code, row_count.as_at
    -- A return with an empty cell has not said how many work there: no total is better than one that is too small.
    having bool_and(row_count.headcount is not null)
)

select
    total.basis,
    total.source,
    total.org_code,
    total.as_at,
    ethnicity.ethnicity_group,
    ethnicity.headcount,
    total.is_synthetic
from total
cross join
    lateral (
        values ('white', total.white_count), ('bme', total.bme_count), ('unknown', total.unknown_count)
    ) as ethnicity (ethnicity_group, headcount)
