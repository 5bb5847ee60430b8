select
    btrim(org_code) as org_code,
    to_date(period, 'YYYY-MM') as vintage_on,
    nullif(btrim(org_name), '') as org_name,
    nullif(btrim(region_code), '') as region_code,
    nullif(btrim(icb_code), '') as icb_code,
    nullif(btrim(postcode), '') as postcode,
    {{ date_from_digits('opened_on') }} as opened_on,
    {{ date_from_digits('closed_on') }} as closed_on,
    nullif(btrim(gor_code), '') as gor_code,
    is_synthetic,
    _load_id,
    _row_number
from {{ current_rows('organisations__trust') }} as trust
where nullif(btrim(org_code), '') is not null
