{#-
    Two-sided p-value of Student's t with a whole number of degrees of freedom: I_x(df/2, 1/2) with x = df / (df + t²).
    Far out (x up to 0.9) by the series of the incomplete beta function, whose terms are all positive, so that tails keep their
    digits; near the middle by the finite sums in cos² = x. Null when df is no whole number from 1 to 100,000.
    Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.5.4, 26.7.3 and 26.7.4.
-#}
{% macro student_t_p_value(t, df) -%}
    {%- set x -%} (({{ df }})::double precision / (({{ df }})::double precision + ({{ t }})::double precision ^ 2)) {%- endset -%}
    {%- set a -%} (({{ df }})::double precision / 2) {%- endset -%}
    {#- Postgres takes an underflow for an error; e^-700 is nothing beside the other terms. -#}
    {%- set ln_x -%} ln(greatest({{ x }}, 1e-200)) {%- endset -%}
    case
        when ({{ df }}) between 1 and 100000 and ({{ df }}) = floor({{ df }}) and abs({{ t }}) <= 1e100
            then case
                when {{ x }} <= 0.9
                    then (
                        select
                            exp(greatest(-700, {{ a }} * {{ ln_x }} + lgamma({{ a }} + 0.5) - lgamma({{ a }}) - lgamma(0.5)))
                            * sum(
                                -- (1/2)(3/2)…(n − 1/2) / n! · x^n / (a + n)
                                exp(greatest(
                                    -700, lgamma(term.n + 0.5) - lgamma(0.5) - lgamma(term.n + 1.0) + term.n * {{ ln_x }}
                                )) / ({{ a }} + term.n)
                            )
                        from generate_series(0, 400) as term (n)
                    )
                when mod(({{ df }})::bigint, 2) = 1
                    then (
                        select
                            1 - 2 / pi() * (
                                atan(abs({{ t }}) / sqrt({{ df }}))
                                + sqrt(1 - {{ x }}) * coalesce(
                                    sum(
                                        exp(greatest(
                                            -700,
                                            term.n * ln(4.0::double precision) + 2 * lgamma(term.n + 1.0)
                                            - lgamma(2 * term.n + 2.0) + (term.n + 0.5) * {{ ln_x }}
                                        ))
                                    ), 0
                                )
                            )
                        from generate_series(0, (({{ df }})::bigint - 3) / 2) as term (n)
                        where ({{ df }}) > 1
                    )
                else (
                    select
                        1 - sqrt(1 - {{ x }}) * sum(
                            exp(greatest(
                                -700,
                                lgamma(2 * term.n + 1.0) - 2 * lgamma(term.n + 1.0) - term.n * ln(4.0::double precision)
                                + term.n * {{ ln_x }}
                            ))
                        )
                    from generate_series(0, (({{ df }})::bigint - 2) / 2) as term (n)
                )
            end
    end
{%- endmacro %}
