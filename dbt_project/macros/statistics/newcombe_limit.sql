{#-
    Limit of the 95% interval of the difference p1 − p2 of two independent rates, Newcombe's hybrid score (his method 10):
    low = d − sqrt((p1 − l1)² + (u2 − p2)²), high = d + sqrt((u1 − p1)² + (p2 − l2)²), with l and u the Wilson limits.
    In proportions: times 100 for percentage points.
    Source: Newcombe, Statistics in Medicine 17 (1998) 873-890.
-#}
{% macro newcombe_limit(p1, n1, p2, n2, side) -%}
    {{- check_side(side) -}}
    {%- set first = "(" ~ p1 ~ ")::double precision" -%}
    {%- set second = "(" ~ p2 ~ ")::double precision" -%}
    {%- set other = 'high' if side == 'low' else 'low' -%}
    case
        when {{ is_rate(p1) }} and {{ is_base(n1) }} and {{ is_rate(p2) }} and {{ is_base(n2) }}
            then {{ first }} - {{ second }} {{ '-' if side == 'low' else '+' }} sqrt(
                ({{ first }} - ({{ wilson_limit(p1, n1, side) }})) ^ 2
                + ({{ second }} - ({{ wilson_limit(p2, n2, other) }})) ^ 2
            )
    end
{%- endmacro %}
