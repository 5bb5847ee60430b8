-- The days on which twelve months end: each window's own, and the years before that it averages.
with ending as (
    select distinct
        windows.org_code,
        (windows.as_at + 1 - make_interval(years => years_before))::date - 1 as as_at
    from {{ ref('int_employee_relations__window') }} as windows
    cross join lateral generate_series(0, windows.averaging_years - 1) as years_before
),

-- Whoever enters twice within twelve months counts once, in the group of the newest case.
person as (
    select distinct on (ending.org_code, ending.as_at, employee_case.person_id)
        ending.org_code,
        ending.as_at,
        employee_case.person_id,
        employee_case.ethnic_key,
        ethnicity.wres_group as ethnicity_group
    from ending
    inner join {{ ref('stg_employee_relations__case') }} as employee_case
        on
            ending.org_code = employee_case.org_code
            and employee_case.entered_on <@ {{ window_days('ending.as_at') }}
            and employee_case.process = 'disciplinary'
            and not employee_case.is_nil_return
    left join {{ ref('ethnic_category') }} as ethnicity on employee_case.ethnic_key = ethnicity.ethnic_key
    order by
        ending.org_code,
        ending.as_at,
        employee_case.person_id,
        employee_case.entered_on desc,
        employee_case._load_id desc,
        employee_case._row_number desc
)

select
    org_code,
    as_at,
    ethnic_key,
    ethnicity_group,
    count(*) as people
from person
group by org_code, as_at, ethnic_key, ethnicity_group
