with dated as (
    select
        *,
        btrim(org_code) as code,
        {{ date_from_day_first('date') }} as vintage_on
    from {{ current_rows('organisations__workforce') }} as workforce
)

-- Files of several months overlap: the newest load of an organisation's month counts.
select distinct on (code, vintage_on)
    code as org_code,
    vintage_on,
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
from dated
where code <> '' and vintage_on is not null
order by code asc, vintage_on asc, _load_id desc, _row_number desc
