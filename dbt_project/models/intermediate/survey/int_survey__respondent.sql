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
        -- One hidden group would make the others too few: then nobody knows the heads.
        bool_and(value_status = 'ok') as is_complete,
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
    case when is_complete then round((white_pct * base / 100)::numeric)::integer end as white_respondents,
    case when is_complete then round((bme_pct * base / 100)::numeric)::integer end as bme_respondents,
    base::integer as respondents,
    is_synthetic,
    _load_id,
    _sheet,
    _row_number
from share
