-- Everybody whom staging shows is counted once, bank-only staff aside: a join that drops or doubles people fails here.
with counted as (
    select
        _load_id,
        _period,
        org_code,
        sum(headcount) as headcount
    from {{ ref('int_workforce__staff_count') }}
    group by _load_id, _period, org_code
)

select
    coalesce(content._load_id, counted._load_id) as _load_id,
    coalesce(content._period, counted._period) as _period,
    coalesce(content.org_code, counted.org_code) as org_code,
    content.employed_count,
    counted.headcount
from {{ ref('int_workforce__staff_content') }} as content
full join counted
    on
        content._load_id = counted._load_id
        and content._period = counted._period
        and content.org_code = counted.org_code
where coalesce(content.employed_count, 0) <> coalesce(counted.headcount, 0)
