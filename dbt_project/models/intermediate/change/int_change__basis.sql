-- The official basis wherever any organisation has two years of it, else the records: never both in one average.
with organisation as (
    select
        indicator_code,
        slice,
        definition_version,
        basis,
        org_code,
        count(*) as years
    from {{ ref('int_change__series') }}
    where scale <> 'log_ratio'
    group by indicator_code, slice, definition_version, basis, org_code
    having count(*) >= 2
)

select distinct on (indicator_code, slice, definition_version)
    indicator_code,
    slice,
    definition_version,
    basis
from organisation
order by
    indicator_code asc,
    slice asc,
    definition_version asc,
    array_position(
        case when indicator_code in ('5', '6', '7', '8')
            then array['survey', 'return', 'records'] else array['return', 'records', 'survey']
        end, basis
    ) asc
