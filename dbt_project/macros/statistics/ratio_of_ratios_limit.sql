{#-
    Limit of the 95% interval of ratio2/ratio1, two independent ratios (of two years, say):
    exp(ln(ratio2/ratio1) ± z·sqrt(se1² + se2²)), the standard errors being those of the logarithms (Katz).
    Null where ratio_of_ratios_p_value is, and where the limit is beyond what double precision holds.
    Source: as ratio_of_ratios_p_value.
-#}
{% macro ratio_of_ratios_limit(ratio1, se1, ratio2, se2, side) -%}
    {{- check_side(side) -}}
    {%- set logarithm -%}
        ln(({{ ratio2 }})::double precision) - ln(({{ ratio1 }})::double precision)
        {{ '-' if side == 'low' else '+' }} {{ z_95() }}
        * sqrt(({{ se1 }})::double precision ^ 2 + ({{ se2 }})::double precision ^ 2)
    {%- endset -%}
    case
        when
            ({{ ratio1 }}) between 1e-30 and 1e30 and ({{ ratio2 }}) between 1e-30 and 1e30
            and (({{ se1 }}) = 0 or ({{ se1 }}) between 1e-15 and 1e15)
            and (({{ se2 }}) = 0 or ({{ se2 }}) between 1e-15 and 1e15)
            and greatest({{ se1 }}, {{ se2 }}) > 0
            then case when abs({{ logarithm }}) < 700 then exp({{ logarithm }}) end
    end
{%- endmacro %}
