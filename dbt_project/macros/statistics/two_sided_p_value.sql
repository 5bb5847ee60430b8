{#- Two-sided p-value of a standard normal z: 2·(1 − Φ(|z|)) = erfc(|z|/√2), precise where 1 − Φ would round to nothing. -#}
{% macro two_sided_p_value(z) -%}
    erfc(abs(({{ z }})::double precision) / sqrt(2::double precision))
{%- endmacro %}
