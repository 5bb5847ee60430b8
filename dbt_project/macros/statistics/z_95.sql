{#- The normal quantile of a 95% interval, Φ⁻¹(0.975). -#}
{% macro z_95() -%}
    1.959963984540054::double precision
{%- endmacro %}
