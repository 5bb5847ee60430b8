{#-
    Variance of ln S(t), Greenwood's sum: Σ d / (n(n − d)) over times up to t; the standard error of S is S times its root.
    Where everybody at risk has the event S is 0 and there is none: such times are left out.
    Source: Greenwood, Reports on Public Health 33 (1926); arguments as kaplan_meier.
-#}
{% macro greenwood_variance(events, at_risk, by_time) -%}
    coalesce(
        sum(
            ({{ events }})::double precision
            / (({{ at_risk }})::double precision * (({{ at_risk }})::double precision - ({{ events }})::double precision))
        )
        filter (where ({{ events }}) > 0 and ({{ events }}) < ({{ at_risk }}))
        over ({{ by_time }} rows unbounded preceding), 0
    )
{%- endmacro %}
