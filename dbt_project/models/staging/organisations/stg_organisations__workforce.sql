-- Files of several months overlap: the newest load of an organisation's month counts.
select distinct on (btrim(org_code), to_date(btrim(date), 'DD/MM/YYYY'))
    btrim(org_code) as org_code,
    to_date(btrim(date), 'DD/MM/YYYY') as vintage_on,
    nullif(btrim(org_name), '') as org_name,
    nullif(btrim(org_type), '') as org_type,
    -- QZZ gathers national bodies: they have no region, which is not the same as an unknown one.
    nullif(nullif(btrim(nhse_region_code), ''), 'QZZ') as region_code,
    case when btrim(nhse_region_code) <> 'QZZ' then nullif(btrim(nhse_region_name), '') end as region_name,
    nullif(nullif(btrim(ics_code), ''), 'QZZ') as icb_code,
    case when btrim(ics_code) <> 'QZZ' then nullif(btrim(ics_name), '') end as icb_name,
    {{ number_or_null('fte_days_lost') }} as fte_days_lost,
    {{ number_or_null('fte_days_available') }} as fte_days_available,
    {{ number_or_null('sickness_absence_rate_percent') }} as sickness_absence_pct,
    is_synthetic,
    _load_id,
    _row_number
from {{ current_rows('organisations__workforce') }} as workforce
where nullif(btrim(org_code), '') is not null and btrim(date) ~ '^[0-9]{2}/[0-9]{2}/[0-9]{4}$'
order by btrim(org_code) asc, to_date(btrim(date), 'DD/MM/YYYY') asc, _load_id desc, _row_number desc
