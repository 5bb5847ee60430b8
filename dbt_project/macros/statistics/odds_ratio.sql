{#-
    The odds ratio (a/b)/(c/d), with 0.5 added to all four cells when one is zero (has_zero_cell says so).
    Disparity between tiers: a, b White in the higher and lower tier, c, d BME: above 1 is worse for BME staff. Without zero
    cells lower→upper is exactly lower→middle × middle→upper; with the adjustment it is not.
    Null when a cell is no count, and when a whole group or a whole tier is empty: the halves alone would make up the ratio.
    Source: as has_zero_cell.
-#}
{% macro odds_ratio(a, b, c, d) -%}
    case
        when {{ is_comparable_table(a, b, c, d) }}
            then ({{ adjusted_cell(a, a, b, c, d) }} / {{ adjusted_cell(b, a, b, c, d) }})
                / ({{ adjusted_cell(c, a, b, c, d) }} / {{ adjusted_cell(d, a, b, c, d) }})
    end
{%- endmacro %}
