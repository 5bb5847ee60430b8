-- Many people, few kinds: each text is read once.
with kind as (
    select distinct
        ethnic_category,
        code_system,
        staff_group,
        occupation_code,
        pay_band,
        medical_grade,
        is_medical_manager,
        is_bank_only,
        _load_id
    from {{ current_rows('workforce__staff', org_column='org_code', by_period=true) }} as staff
)

select
    {{ staff_kind_key() }} as kind_key,
    {{ staff_kind_cells() }},
    _load_id
from kind
