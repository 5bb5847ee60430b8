{#- Cells of the workforce extract, read: the same for single people and for those of one description counted together. -#}
{% macro staff_cells() -%}
    btrim(org_code) as org_code,
    ops.as_date(snapshot_date) as as_at,
    {{ staff_kind_cells() }},
    ops.as_date(overseas_joined_on) as overseas_joined_on
{%- endmacro %}


{#- Those of them that say what kind of staff a person is: ethnic group, place on the pay scale, and whether employed. -#}
{% macro staff_kind_cells() -%}
    ops.ethnic_key(ethnic_category, code_system) as ethnic_key,
    ops.label_key(ethnic_category) as ethnic_code,
    ops.label_key(staff_group) as staff_group,
    ops.label_key(occupation_code) as occupation_code,
    ops.label_key(pay_band) as pay_band,
    ops.label_key(medical_grade) as medical_grade,
    ops.as_flag(is_medical_manager) as is_medical_manager,
    ops.as_flag(is_bank_only) as is_bank_only
{%- endmacro %}
