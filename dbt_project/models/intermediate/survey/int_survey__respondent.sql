-- Question on ethnic group: never weighted, so that percentage times base is a head count.
with share as (
    select
        org_code,
        survey_year,
        benchmarking_group,
        is_synthetic,
        _load_id,
        _sheet,
        _row_number,
        sum(value) filter (where answer like 'white%') as white_pct,
        sum(value) filter (where answer <> 'base' and answer not like 'white%') as bme_pct,
        max(value) filter (where answer = 'base') as base
    from {{ ref('stg_staff_survey__organisational') }}
    where item = 'ethnic_group'
    group by org_code, survey_year, benchmarking_group, is_synthetic, _load_id, _sheet, _row_number
)

select
    org_code,
    survey_year,
    benchmarking_group,
    round((white_pct * base / 100)::numeric)::integer as white_respondents,
    round((bme_pct * base / 100)::numeric)::integer as bme_respondents,
    base::integer as respondents,
    is_synthetic,
    _load_id,
    _sheet,
    _row_number
from share
