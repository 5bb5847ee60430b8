{#- A text column as double precision; null for an empty cell, a marker, or anything else that is no finite number. -#}
{% macro number_or_null(column) -%}
    case
        when btrim({{ column }}) ~ '^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,2})?$'
            then btrim({{ column }})::double precision
    end
{%- endmacro %}
