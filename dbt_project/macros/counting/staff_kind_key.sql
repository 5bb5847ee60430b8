{#-
    One number for the cells of the workforce extract that staff_kind_cells reads: people with the same text in all of them are
    looked up together, since reading a cell costs more than following a person. Of 64 bits, so that among the some ten thousand
    kinds of a service two get the same number once in 300 billion times.
-#}
{% macro staff_kind_key() -%}
    hash_record_extended(
        (
            ethnic_category, code_system, staff_group, occupation_code, pay_band, medical_grade, is_medical_manager, is_bank_only
        ), 0
    )
{%- endmacro %}
