{#-
    Limit of the 95% interval of the ratio p1/p2, Katz: exp(ln(p1/p2) ± z·SE).
    Null where the standard error is, and where the limit is beyond what double precision holds.
    Source: as risk_ratio_standard_error.
-#}
{% macro risk_ratio_limit(p1, n1, p2, n2, side) -%}
    {{- check_side(side) -}}
    {%- set logarithm -%}
        ln(({{ p1 }})::double precision / ({{ p2 }})::double precision)
        {{ '-' if side == 'low' else '+' }} {{ z_95() }} * ({{ risk_ratio_standard_error(p1, n1, p2, n2) }})
    {%- endset -%}
    case
        when {{ is_positive_rate(p1) }} and {{ is_base(n1) }} and {{ is_positive_rate(p2) }} and {{ is_base(n2) }}
            then case when abs({{ logarithm }}) < 700 then exp({{ logarithm }}) end
    end
{%- endmacro %}
