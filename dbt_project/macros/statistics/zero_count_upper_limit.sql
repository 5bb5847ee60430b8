{#-
    Upper limit of the exact 95% interval of a rate with no cases among n, Clopper-Pearson: 1 − (α/2)^(1/n) with α = 0.05; the
    lower limit is 0. Written as −2·exp(x/2)·sinh(x/2), x = ln(α/2)/n, which keeps its precision for big n.
    Source: Clopper and Pearson, Biometrika 26 (1934) 404-413.
-#}
{% macro zero_count_upper_limit(n) -%}
    {%- set half = "ln(0.025::double precision) / (2 * (" ~ n ~ ")::double precision)" -%}
    case when {{ is_base(n) }} then -2 * exp({{ half }}) * sinh({{ half }}) end
{%- endmacro %}
