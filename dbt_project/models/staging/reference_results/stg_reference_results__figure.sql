select
    btrim(figure.publisher) as publisher,
    btrim(figure.vintage) as vintage,
    ops.label_key(figure.scope) as scope,
    btrim(figure.wres_year)::integer as wres_year,
    upper(btrim(figure.indicator_code)) as indicator_code,
    coalesce(ops.label_key(figure.slice), 'all') as slice,
    ops.label_key(figure.measure) as measure,
    ops.as_number(figure.value) as value,
    figure.is_synthetic,
    figure._load_id,
    figure._sheet,
    figure._row_number
from {{ current_rows('reference_results__figure', by_period=true) }} as figure
