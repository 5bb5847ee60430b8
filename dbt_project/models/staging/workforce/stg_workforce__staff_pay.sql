-- As stg_workforce__staff_description, with sex and pay.
with described as (
    select
        snapshot_date,
        org_code,
        ethnic_category,
        code_system,
        staff_group,
        -- Asked only where the staff group is blank: where it is not, the code would only split the counts.
        case when ops.label_key(staff_group) is null then occupation_code end as occupation_code,
        pay_band,
        medical_grade,
        is_medical_manager,
        is_bank_only,
        gender,
        hourly_rate_gbp,
        is_synthetic,
        _load_id,
        _period,
        count(*) as people
    from {{ current_rows('workforce__staff', org_column='org_code', by_period=true) }} as staff
    group by
        snapshot_date,
        org_code,
        ethnic_category,
        code_system,
        staff_group,
        case when ops.label_key(staff_group) is null then occupation_code end,
        pay_band,
        medical_grade,
        is_medical_manager,
        is_bank_only,
        gender,
        hourly_rate_gbp,
        is_synthetic,
        _load_id,
        _period
)

select
    btrim(org_code) as org_code,
    ops.as_date(snapshot_date) as as_at,
    {{ staff_kind_cells() }},
    ops.label_key(gender) as gender,
    ops.as_number(hourly_rate_gbp) as hourly_rate_gbp,
    people,
    is_synthetic,
    _load_id,
    _period
from described
