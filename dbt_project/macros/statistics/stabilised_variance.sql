{#-
    Variance of the logarithm of a ratio of two counts a and b, made fit to test whether it deviates from an expected value.

    The usual variance is that at the observed counts, 1/a + 1/b and so on. It shrinks as the ratio rises because a rises: a trust
    with 12 cases where 5 are expected looks 3.0 standard errors away, though chance makes so many in one of 90 trusts. The
    arcsine square root, whose variance does not depend on its mean, puts it at 2.5. The larger of the two variances is
    taken, so that neither tail is overstated: the observed one is the larger where a count is lower than expected.
    With n = a + b, π = a/n and π₀ = q/(1+q), q = (a/b)·exp(−deviation), the share that n would have at the expected ratio:
    z = 2·sqrt(n)·(asin(sqrt(π)) − asin(sqrt(π₀))), and variance·max(1, (deviation/z)²/(1/a + 1/b)).
    Null without a variance or a deviation; the variance itself where a or b is not known or zero, or nothing deviates.
    Source: Freeman and Tukey, Annals of Mathematical Statistics 21 (1950) 607-611, for the transformation.

    variance     of the logarithm of the ratio, at the observed counts
    a, b         events in the numerator's and the denominator's group
    deviation    logarithm of the ratio less its expected value
-#}
{% macro stabilised_variance(variance, a, b, deviation) -%}
    {%- set a, b, d = "(" ~ a ~ ")::double precision", "(" ~ b ~ ")::double precision", "(" ~ deviation ~ ")" -%}
    {%- set expected_share -%}
        1 / (1 + {{ b }} / {{ a }} * exp({{ d }}))
    {%- endset -%}
    case
        when abs({{ d }}) > 1e-6 and abs({{ d }}) < 50 and {{ a }} between 1e-3 and 1e15 and {{ b }} between 1e-3 and 1e15
            then ({{ variance }}) * greatest(1, (
                {{ d }} / (2 * sqrt({{ a }} + {{ b }}) * (
                    asin(sqrt({{ a }} / ({{ a }} + {{ b }}))) - asin(sqrt({{ expected_share }}))
                ))
            ) ^ 2 / (1 / {{ a }} + 1 / {{ b }}))
        when {{ d }} is not null then ({{ variance }})
    end
{%- endmacro %}
