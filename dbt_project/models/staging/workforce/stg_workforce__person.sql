select
    btrim(org_code) as org_code,
    -- A number instead of the identifier: half as long, and the tables that follow people hold nobody's name for themselves.
    hashtextextended(btrim(person_id), 0) as person_key,
    {{ staff_kind_key() }} as kind_key,
    ops.as_date(band_start_date) as band_start_date,
    is_synthetic,
    _load_id,
    _period
from {{ current_rows('workforce__staff', org_column='org_code', by_period=true) }} as staff
