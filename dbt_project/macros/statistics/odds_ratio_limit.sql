{#-
    Limit of the 95% interval of odds_ratio, Woolf: exp(ln ratio ± z·SE). Null where the ratio is.
    Source: as odds_ratio_standard_error.
-#}
{% macro odds_ratio_limit(a, b, c, d, side) -%}
    {{- check_side(side) -}}
    case
        when {{ is_comparable_table(a, b, c, d) }}
            then exp(
                ln({{ odds_ratio(a, b, c, d) }})
                {{ '-' if side == 'low' else '+' }} {{ z_95() }} * ({{ odds_ratio_standard_error(a, b, c, d) }})
            )
    end
{%- endmacro %}
