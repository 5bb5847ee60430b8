{#-
    Two-sided p-value of the test that two independent ratios (of two years, say) are equal:
    z = (ln ratio2 − ln ratio1) / sqrt(se1² + se2²), the standard errors being those of the logarithms (Katz).
    Null when a ratio is not positive, a standard error is missing or negative, or both are zero.
    Source: Altman and Bland, BMJ 326 (2003) 219, on logarithms of ratios.
-#}
{% macro ratio_of_ratios_p_value(ratio1, se1, ratio2, se2) -%}
    case
        when
            ({{ ratio1 }}) between 1e-30 and 1e30 and ({{ ratio2 }}) between 1e-30 and 1e30
            and (({{ se1 }}) = 0 or ({{ se1 }}) between 1e-15 and 1e15)
            and (({{ se2 }}) = 0 or ({{ se2 }}) between 1e-15 and 1e15)
            and greatest({{ se1 }}, {{ se2 }}) > 0
            then {{ two_sided_p_value(
                "((ln((" ~ ratio2 ~ ")::double precision) - ln((" ~ ratio1 ~ ")::double precision)) / sqrt(("
                ~ se1 ~ ")::double precision ^ 2 + (" ~ se2 ~ ")::double precision ^ 2))"
            ) }}
    end
{%- endmacro %}
