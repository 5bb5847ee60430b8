{#-
    Pay gap in percent of the base group's pay: 100·(base − pay)/base; above 0 the base group is paid more. Null where one is null or
    not positive. For means and for medians.
    Source: gov.uk, "Making your gender pay gap calculations", with ethnic groups in the place of sexes.
-#}
{% macro pay_gap_pct(base, pay) -%}
    case
        when ({{ base }})::double precision > 0 and ({{ pay }})::double precision > 0
            then 100 * (({{ base }})::double precision - ({{ pay }})::double precision) / ({{ base }})::double precision
    end
{%- endmacro %}


{#-
    Limit of the 95% interval of the gap of means, in percent. The ratio of two independent means has, on the log scale and by the delta
    method, the standard error sqrt((se_base/base)² + (se_pay/pay)²), with se = sd/√n of each; the gap is 100·(1 − ratio), so that its
    lower limit comes from the ratio's upper one.
    Null where a mean is not positive, and where a group has fewer than two people: then nothing is known of how pay varies.
    Source: Franz, "Ratios: a short guide to confidence limits and proper use", arXiv:0710.2024 (2007), for the log form.

    base, base_variance, base_n   mean, variance and size of the base group
    pay, variance, n              those of the group compared
-#}
{% macro mean_pay_gap_limit(base, base_variance, base_n, pay, variance, n, side) -%}
    {{- check_side(side) -}}
    {%- set relative_variance = "({0})::double precision / ({1})::double precision / ({2})::double precision / ({2})::double precision" -%}
    case
        when
            ({{ base }})::double precision > 0 and ({{ pay }})::double precision > 0
            and ({{ base_n }})::double precision > 1 and ({{ n }})::double precision > 1
            and ({{ base_variance }})::double precision >= 0 and ({{ variance }})::double precision >= 0
            then 100 * (1 - ({{ pay }})::double precision / ({{ base }})::double precision * exp(
                {{ '' if side == 'low' else '-' }}{{ z_95() }} * sqrt(
                    {{ relative_variance.format(base_variance, base_n, base) }} + {{ relative_variance.format(variance, n, pay) }}
                )
            ))
    end
{%- endmacro %}
