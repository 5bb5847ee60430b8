{#- Φ(z), the standard normal distribution function: erfc(−z/√2)/2, which keeps its precision in the lower tail. -#}
{% macro normal_cdf(z) -%}
    (erfc(-({{ z }})::double precision / sqrt(2::double precision)) / 2)
{%- endmacro %}
