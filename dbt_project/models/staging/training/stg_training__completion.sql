select
    btrim(completion.org_code) as org_code,
    btrim(completion.person_id) as person_id,
    coalesce(ops.label_key(completion.person_id) = 'nil_return', false) as is_nil_return,
    ops.as_date(completion.completed_on) as completed_on,
    ops.as_flag(completion.is_mandatory) as is_mandatory,
    ops.ethnic_key(completion.ethnic_category, completion.code_system) as ethnic_key,
    ops.label_key(completion.ethnic_category) as ethnic_code,
    nullif(btrim(completion.definition_note), '') as definition_note,
    completion.is_synthetic,
    completion._load_id,
    completion._period,
    completion._sheet,
    completion._row_number
from {{ current_rows('training__completion', org_column='org_code', by_period=true) }} as completion
