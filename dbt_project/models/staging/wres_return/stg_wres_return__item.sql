select
    btrim(item.org_code) as org_code,
    item.period::integer as wres_year,
    make_date(item.period::integer, 3, 31) as as_at,
    upper(btrim(item.indicator)) as indicator_code,
    coalesce(ops.label_key(item.slice), 'all') as slice,
    ops.label_key(item.data_item) as data_item,
    cell.ethnicity_group,
    ops.as_number(cell.value) as value,
    nullif(btrim(item.supplied_value), '') as supplied_value,
    item.is_synthetic,
    'wres_return' as source,
    item._load_id,
    item._sheet,
    item._row_number
from {{ current_rows('wres_return__item', org_column='org_code', by_period=true) }} as item
cross join
    lateral (
        values ('white', item.white), ('bme', item.bme), ('unknown', item.unknown)
    ) as cell (ethnicity_group, value)
