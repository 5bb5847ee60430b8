select
    btrim(person_id) as person_id,
    {{ staff_cells() }},
    ops.label_key(gender) as gender,
    ops.as_number(fte) as fte,
    ops.as_number(hourly_rate_gbp) as hourly_rate_gbp,
    ops.as_date(joined_on) as joined_on,
    ops.as_date(band_start_date) as band_start_date,
    is_synthetic,
    _load_id,
    _period,
    _row_number
from {{ current_rows('workforce__staff', org_column='org_code', by_period=true) }} as staff
