-- A return stands on the definition of its time: for indicator 7 the first of those of its year.
with definition as (
    select distinct on (year.wres_year, definition.indicator_code)
        year.wres_year,
        definition.indicator_code,
        definition.denominator
    from {{ ref('indicator_definition') }} as definition
    inner join (select distinct wres_year from {{ ref('stg_wres_return__item') }}) as year
        on year.wres_year between definition.valid_from_year and coalesce(definition.valid_to_year, 9999)
    where definition.indicator_code in ('5', '6', '7', '8')
    order by year.wres_year, definition.indicator_code, definition.definition_version
)

select
    item.org_code,
    item.as_at,
    'return' as basis,
    item.indicator_code,
    item.slice,
    definition.denominator,
    item.ethnicity_group,
    null::numeric as value_count,
    null::numeric as base_count,
    null::numeric as workforce_count,
    (item.value / 100)::double precision as rate,
    case when item.value is null then 'not_submitted' else 'ok' end as value_status,
    case when item.value is null then 'The return leaves the percentage empty.' end as status_reason,
    null::text as definition_version,
    'wres_return' as source,
    item.wres_year - 1 as survey_year,
    item.is_synthetic
from {{ ref('stg_wres_return__item') }} as item
inner join definition on item.wres_year = definition.wres_year and item.indicator_code = definition.indicator_code
where item.data_item = 'pct' and item.ethnicity_group <> 'unknown'
