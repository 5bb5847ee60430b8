{#-
    Where a formula is defined. Out of these bounds the statistics macros give null: never an error, an infinity or NaN
    (which compares as greater than every number, so that an upper bound excludes it).

    A rate is a proportion from 0 to 1; one that is not zero and below 1e-15 is less than one person of any population, and
    its square would leave the range of double precision. A base is at least one person.
-#}
{% macro is_rate(p) -%}
    (({{ p }}) = 0 or ({{ p }}) between 1e-15 and 1)
{%- endmacro %}

{% macro is_positive_rate(p) -%}
    (({{ p }}) between 1e-15 and 1)
{%- endmacro %}

{% macro is_base(n) -%}
    (({{ n }}) between 1 and 1e15)
{%- endmacro %}

{% macro check_side(side) -%}
    {%- if side not in ['low', 'high'] -%}
        {{ exceptions.raise_compiler_error("side must be 'low' or 'high', not '" ~ side ~ "'") }}
    {%- endif -%}
{%- endmacro %}
