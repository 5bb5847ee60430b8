{#-
    At one time of events, the events to be expected in a group if both groups had them at the same rate, and their variance
    (hypergeometric). Summed over all times, (observed − expected)² / variance is χ² with one degree of freedom (log-rank test), and
    exp((observed − expected) / variance) estimates the ratio of the rates, with standard error 1/√variance of its logarithm.
    Source: Mantel, Cancer Chemother. Rep. 50 (1966) 163-170; Yusuf, Peto et al., Prog. Cardiovasc. Dis. 27 (1985) 335-371.

    events, at_risk  of both groups together
    group_at_risk    of the group
-#}
{% macro log_rank_expected(events, at_risk, group_at_risk) -%}
    (
        ({{ events }})::double precision * ({{ group_at_risk }})::double precision
        / nullif(({{ at_risk }})::double precision, 0)
    )
{%- endmacro %}

{% macro log_rank_variance(events, at_risk, group_at_risk) -%}
    (
        case
            when ({{ at_risk }}) > 1
                then ({{ events }})::double precision
                    * (({{ at_risk }})::double precision - ({{ events }})::double precision) / (({{ at_risk }})::double precision - 1)
                    * ({{ group_at_risk }})::double precision / ({{ at_risk }})::double precision
                    * (({{ at_risk }})::double precision - ({{ group_at_risk }})::double precision) / ({{ at_risk }})::double precision
            else 0
        end
    )
{%- endmacro %}
