select
    btrim(org_code) as org_code,
    ops.as_date(as_at) as as_at,
    btrim(member_id) as member_id,
    nullif(btrim(role_title), '') as role_title,
    ops.as_flag(is_voting) as is_voting,
    ops.as_flag(is_executive) as is_executive,
    ops.ethnic_key(ethnic_category, code_system) as ethnic_key,
    ops.label_key(ethnic_category) as ethnic_code,
    is_synthetic,
    _load_id,
    _period,
    _row_number
from {{ current_rows('board__member', org_column='org_code', by_period=true) }} as member
