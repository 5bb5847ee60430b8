{#-
    What the 95% interval of an oriented ratio (above 1 is always worse for BME staff) says, in this order:
    too_few               status is not ok, a numerator is below 5, a base is below minimum_base, or there are fewer cases
                          in both groups together than minimum_cases
    worse / better        the interval is wholly above 1 / wholly below 1
    no_clear_difference   it contains 1, which is not the same as "equal"
    Null when the status is ok and there is no interval: a rate whose base nobody knows is evidence of nothing.

    ratio_low, ratio_high  limits of the oriented ratio; for a ratio that is good when high (share of BME staff in senior bands
                           against the workforce) 1/high and 1/low
    status                 SQL expression of the value's status, 'ok' or a reason why there is no value
    white_count, bme_count numerators; leave out where only rates are known. Disparity between tiers: those in the higher tier
    white_base, bme_base   denominators, with minimum_base (11 for the staff survey); null passes
    minimum_cases          10 for indicator 3; null passes; needs both numerators
-#}
{% macro evidence_status(
    ratio_low, ratio_high, status="'ok'", white_count=none, bme_count=none,
    white_base=none, bme_base=none, minimum_base=none, minimum_cases=none
) -%}
    {%- if minimum_cases is not none and (white_count is none or bme_count is none) -%}
        {{ exceptions.raise_compiler_error("minimum_cases counts the cases of both groups: give white_count and bme_count") }}
    {%- endif -%}
    case
        when (({{ status }}) is distinct from 'ok') then 'too_few'
        {%- for count in [white_count, bme_count] if count is not none %}
        when ({{ count }}) < 5 then 'too_few'
        {%- endfor %}
        {%- if minimum_base is not none %}
        {%- for base in [white_base, bme_base] if base is not none %}
        when ({{ base }}) < {{ minimum_base }} then 'too_few'
        {%- endfor %}
        {%- endif %}
        {%- if minimum_cases is not none %}
        when ({{ white_count }}) + ({{ bme_count }}) < {{ minimum_cases }} then 'too_few'
        {%- endif %}
        when ({{ ratio_low }}) is null or ({{ ratio_high }}) is null then null
        when ({{ ratio_low }}) > 1 then 'worse'
        when ({{ ratio_high }}) < 1 then 'better'
        else 'no_clear_difference'
    end
{%- endmacro %}
