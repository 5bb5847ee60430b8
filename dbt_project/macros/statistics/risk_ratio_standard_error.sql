{#-
    Standard error of ln(p1/p2), Katz: sqrt((1−p1)/(p1·n1) + (1−p2)/(p2·n2)).
    With counts a of n1 and b of n2 this is sqrt(1/a − 1/n1 + 1/b − 1/n2); written with rates it also serves weighted survey
    rates. Null when a rate is zero (the ratio has no interval then) or a base is below one.
    Source: Katz, Baptista, Azen and Pike, Biometrics 34 (1978) 469-474.
-#}
{% macro risk_ratio_standard_error(p1, n1, p2, n2) -%}
    case
        when {{ is_positive_rate(p1) }} and {{ is_base(n1) }} and {{ is_positive_rate(p2) }} and {{ is_base(n2) }}
            then sqrt(
                (1 - ({{ p1 }})::double precision) / (({{ p1 }})::double precision * ({{ n1 }})::double precision)
                + (1 - ({{ p2 }})::double precision) / (({{ p2 }})::double precision * ({{ n2 }})::double precision)
            )
    end
{%- endmacro %}
