{#- One name for an answer of the staff survey, whether a file writes the label as printed ("Don't know", "1-2") or its key. -#}
{% macro survey_answer(answer) -%}
    regexp_replace(
        regexp_replace(replace(ops.label_key({{ answer }}), '''', ''), '[^a-z0-9]+', '_', 'g'), '^([0-9]+)_([0-9]+)$', '\1_to_\2'
    )
{%- endmacro %}
