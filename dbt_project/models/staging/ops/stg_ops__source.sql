-- The registry of sources, as far as models ask for it.
select
    source,
    disclosure_policy,
    unaudited_policy,
    due_by,
    due_lag_years,
    due_days_after_quarter
from {{ source('ops', 'source') }}
