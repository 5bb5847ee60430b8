{#- A value of a model's metadata as a SQL literal of a type; none as a null of it. -#}
{% macro typed_literal(value, type) -%}
    {%- if value is none -%} null::{{ type }}
    {%- else -%} '{{ value | string | replace("'", "''") }}'::{{ type }}
    {%- endif -%}
{%- endmacro %}
