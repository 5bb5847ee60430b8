{#-
    Probability of not having had the event by each time, the product-limit estimator: S(t) = Π over times up to t of (1 − d/n), as
    exp(Σ ln(1 − d/n)). Who is under observation from a later time on is at risk from then on (left truncation), who is lost to it
    until then (right censoring); n says so, not this formula.
    Source: Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958) 457-481; late entries: Andersen et al., Statistical Models Based on
    Counting Processes (1993), IV.3.

    events   at the time, at most those at risk
    at_risk  people at risk just before it; read only where there are events
    by_time  window: partition and order by time, one row a time
-#}
{% macro kaplan_meier(events, at_risk, by_time) -%}
    case
        when bool_or(({{ events }}) > 0 and ({{ events }}) >= ({{ at_risk }})) over ({{ by_time }} rows unbounded preceding) then 0
        else exp(
            coalesce(
                sum(ln(1 - ({{ events }})::double precision / ({{ at_risk }})::double precision))
                filter (where ({{ events }}) > 0 and ({{ events }}) < ({{ at_risk }}))
                over ({{ by_time }} rows unbounded preceding), 0
            )
        )
    end
{%- endmacro %}
