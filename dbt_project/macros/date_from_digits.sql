{#-
    The date in a text column of the form YYYYMMDD; null for an empty cell and for digits that are no date.
    The raw gate has reported those already: here they must not stop the build.
-#}
{% macro date_from_digits(column) -%}
    case when pg_input_is_valid(btrim({{ column }}), 'date') and btrim({{ column }}) ~ '^[0-9]{8}$' then to_date(btrim({{ column }}), 'YYYYMMDD') end
{%- endmacro %}
