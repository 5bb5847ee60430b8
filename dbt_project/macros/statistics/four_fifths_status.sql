{#-
    Where a ratio of two rates stands to the four-fifths rule: below 0.80, above 1.25 or inside, ends included (a ratio that
    only rounding in double precision puts beyond an end is inside). A screen for adverse impact, not a test.
    Null when there is no ratio above zero.
    Source: Uniform Guidelines on Employee Selection Procedures (1978), 29 CFR 1607.4 D.
-#}
{% macro four_fifths_status(ratio) -%}
    case
        when ({{ ratio }}) between 1e-300 and 1e300
            then case
                when ({{ ratio }}) < 0.8 - 1e-12 then 'below'
                when ({{ ratio }}) > 1.25 + 1e-12 then 'above'
                else 'inside'
            end
    end
{%- endmacro %}
