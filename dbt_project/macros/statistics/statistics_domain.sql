{#-
    Where a formula is defined. Out of these bounds the statistics macros give null: never an error, an infinity or NaN
    (which compares as greater than every number, so that an upper bound excludes it).

    A rate is a proportion from 0 to 1; one that is not zero and below 1e-15 is less than one person of any population, and
    its square would leave the range of double precision. A base is at least one person. A count is of people: whole, or an
    average of years (halves), or a rate times its base; a thousandth of a person is less than any of them.
    No count exceeds its base.
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

{% macro is_count(count) -%}
    (({{ count }}) = 0 or ({{ count }}) between 1e-3 and 1e15)
{%- endmacro %}

{% macro are_counts_of_bases(a, n1, b, n2) -%}
    (
        {{ is_count(a) }} and {{ is_base(n1) }} and ({{ a }}) <= ({{ n1 }})
        and {{ is_count(b) }} and {{ is_base(n2) }} and ({{ b }}) <= ({{ n2 }})
    )
{%- endmacro %}

{% macro are_whole(counts) -%}
    (
        {%- for count in counts -%}
        ({{ count }})::double precision = floor(({{ count }})::double precision){{ ' and ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}

{#- Four cells (a/b)/(c/d) that compare anything: somebody in each group (a + b, c + d) and in each place (a + c, b + d). -#}
{% macro is_comparable_table(a, b, c, d) -%}
    (
        {{ is_count(a) }} and {{ is_count(b) }} and {{ is_count(c) }} and {{ is_count(d) }}
        and (({{ a }}) > 0 or ({{ b }}) > 0) and (({{ c }}) > 0 or ({{ d }}) > 0)
        and (({{ a }}) > 0 or ({{ c }}) > 0) and (({{ b }}) > 0 or ({{ d }}) > 0)
    )
{%- endmacro %}

{% macro check_side(side) -%}
    {%- if side not in ['low', 'high'] -%}
        {{ exceptions.raise_compiler_error("side must be 'low' or 'high', not '" ~ side ~ "'") }}
    {%- endif -%}
{%- endmacro %}
