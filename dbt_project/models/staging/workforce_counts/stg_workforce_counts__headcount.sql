select
    btrim(org_code) as org_code,
    ops.as_date(snapshot_date) as as_at,
    ops.label_key(staff_block) as staff_block,
    ops.label_key(pay_band) as pay_band,
    ops.ethnic_key(ethnic_category, code_system) as ethnic_key,
    ops.label_key(ethnic_category) as ethnic_code,
    ops.as_number(headcount) as headcount,
    nullif(btrim(note), '') as note,
    is_synthetic,
    _load_id,
    _period,
    _row_number
from {{ current_rows('workforce_counts__headcount', org_column='org_code', by_period=true) }} as headcount
