{#- The normal quantile of a 99.8% interval, Φ⁻¹(0.999). -#}
{% macro z_99_8() -%}
    3.090232306167813::double precision
{%- endmacro %}
