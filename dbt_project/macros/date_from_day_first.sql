{#-
    The date in a text column of the form DD/MM/YYYY; null for anything else. The raw gate has reported what is no date:
    here it must not stop the build.
-#}
{% macro date_from_day_first(column) -%}
    {%- set iso = "regexp_replace(btrim(" ~ column ~ "), '^([0-9]{2})/([0-9]{2})/([0-9]{4})$', '\\3-\\2-\\1')" -%}
    case when {{ iso }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid({{ iso }}, 'date') then ({{ iso }})::date end
{%- endmacro %}
