select
    survey.survey_year::integer as survey_year,
    survey.breakdown,
    survey.breakdown_subgroup,
    survey.weighting,
    survey.question,
    survey.label,
    survey.item,
    survey.answer,
    survey.period::integer as source_vintage,
    {{ survey_cell('survey.value', 'blocked.reason') }},
    survey.is_synthetic,
    survey._load_id,
    survey._sheet,
    survey._row_number,
    survey._column
from {{ current_rows('staff_survey__national') }} as survey
{{ survey_cell_joins('survey', measure='question') }}
