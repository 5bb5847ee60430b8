{#-
    Standard error of the logarithm of odds_ratio, Woolf: sqrt(1/a + 1/b + 1/c + 1/d), on the cells as the ratio uses them.
    Null where the ratio is.
    Source: Woolf, Annals of Human Genetics 19 (1955) 251-253.
-#}
{% macro odds_ratio_standard_error(a, b, c, d) -%}
    case
        when {{ is_comparable_table(a, b, c, d) }}
            then sqrt(
                1 / {{ adjusted_cell(a, a, b, c, d) }} + 1 / {{ adjusted_cell(b, a, b, c, d) }}
                + 1 / {{ adjusted_cell(c, a, b, c, d) }} + 1 / {{ adjusted_cell(d, a, b, c, d) }}
            )
    end
{%- endmacro %}
