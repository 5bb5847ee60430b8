{#-
    Limit of the 95% interval of one rate, Wilson:
    ((p + z²/2n) ± z·sqrt(p(1−p)/n + z²/4n²)) / (1 + z²/n). Defined for rates of 0 and 1; never outside 0 to 1.
    Source: Wilson, Journal of the American Statistical Association 22 (1927) 209-212.
-#}
{% macro wilson_limit(p, n, side) -%}
    {{- check_side(side) -}}
    {%- set rate = "(" ~ p ~ ")::double precision" -%}
    {%- set base = "(" ~ n ~ ")::double precision" -%}
    {%- set z = z_95() -%}
    {%- set limit -%}
        ({{ rate }} + {{ z }} * {{ z }} / (2 * {{ base }}) {{ '-' if side == 'low' else '+' }} {{ z }} * sqrt(
            {{ rate }} * (1 - {{ rate }}) / {{ base }} + {{ z }} * {{ z }} / (4 * {{ base }} * {{ base }})
        )) / (1 + {{ z }} * {{ z }} / {{ base }})
    {%- endset -%}
    case
        when {{ is_rate(p) }} and {{ is_base(n) }}
            {#- Rounding may put a limit a hair on the wrong side of the rate, or below zero. -#}
            {% if side == 'low' %}
            then case when ({{ p }}) = 0 then 0::double precision else greatest(0, least({{ rate }}, {{ limit }})) end
            {% else %}
            then case when ({{ p }}) = 1 then 1::double precision else least(1, greatest({{ rate }}, {{ limit }})) end
            {% endif %}
    end
{%- endmacro %}
