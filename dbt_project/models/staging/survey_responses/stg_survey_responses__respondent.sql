select
    respondent.period::integer as survey_year,
    btrim(respondent.org_code) as org_code,
    btrim(respondent.respondent_id) as respondent_id,
    ops.ethnic_key(respondent.ethnic_background, null) as ethnic_key,
    ops.as_number(respondent.weight) as weight,
    {%- for question in ['q14a', 'q14b', 'q14c', 'q14d', 'q15', 'q16a', 'q16b'] %}
    {{ survey_answer('respondent.' ~ question) }} as {{ question }},
    {%- endfor %}
    respondent.is_synthetic,
    respondent._load_id,
    respondent._period,
    respondent._sheet,
    respondent._row_number
from {{ current_rows('survey_responses__respondent', org_column='org_code', by_period=true) }} as respondent
