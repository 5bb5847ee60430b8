select
    survey.survey_year::integer as survey_year,
    btrim(survey.organisation_code) as org_code,
    survey.header,
    survey.measure,
    case survey.ethnicity_group when '1' then 'white' when '2' then 'bme' end as ethnicity_group,
    survey.period::integer as source_vintage,
    {{ survey_cell('survey.value', 'blocked.reason') }},
    survey.is_synthetic,
    survey._load_id,
    survey._sheet,
    survey._row_number,
    survey._column
from {{ current_rows('staff_survey__benchmark', org_column='organisation_code') }} as survey
{{ survey_cell_joins('survey', measure='header') }}
