{#-
    The WRES year of a day: the year of the first 31 March on or after it.

    day  SQL expression of type date
-#}
{% macro wres_year(day) -%}
    (extract(year from {{ day }}) + (to_char({{ day }}, 'MM-DD') > '03-31')::integer)::integer
{%- endmacro %}
