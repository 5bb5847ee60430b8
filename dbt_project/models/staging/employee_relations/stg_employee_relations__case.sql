select
    btrim(employee_case.org_code) as org_code,
    btrim(employee_case.case_id) as case_id,
    coalesce(ops.label_key(employee_case.case_id) = 'nil_return', false) as is_nil_return,
    btrim(employee_case.person_id) as person_id,
    ops.label_key(employee_case.process) as process,
    ops.as_date(employee_case.entered_on) as entered_on,
    ops.ethnic_key(employee_case.ethnic_category, employee_case.code_system) as ethnic_key,
    ops.label_key(employee_case.ethnic_category) as ethnic_code,
    employee_case.is_synthetic,
    employee_case._load_id,
    employee_case._period,
    employee_case._sheet,
    employee_case._row_number
from {{ current_rows('employee_relations__case', org_column='org_code', by_period=true) }} as employee_case
