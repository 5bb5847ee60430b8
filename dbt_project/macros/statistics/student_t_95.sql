{#-
    Quantile of Student's t that leaves 2.5% above: what a 95% interval multiplies a standard error with. Newton's method on
    student_t_p_value, from the expansion around z. Null when df is no whole number from 1 to 100,000.
    Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.5 for the start.
-#}
{% macro student_t_95(df) -%}
    {%- set v -%} ({{ df }})::double precision {%- endset -%}
    {%- set z = z_95() -%}
    case
        when ({{ df }}) between 1 and 100000 and ({{ df }}) = floor({{ df }})
            then (
                with recursive newton (step, quantile) as (
                    select
                        0,
                        {{ z }}
                        + ({{ z }} ^ 3 + {{ z }}) / (4 * {{ v }})
                        + (5 * {{ z }} ^ 5 + 16 * {{ z }} ^ 3 + 3 * {{ z }}) / (96 * ({{ v }}) ^ 2)
                    union all
                    select
                        step + 1,
                        quantile + (({{ student_t_p_value('quantile', df) }}) - 0.05) / (
                            2 * exp(lgamma((({{ v }}) + 1) / 2) - lgamma(({{ v }}) / 2)) / sqrt(pi() * {{ v }})
                            * exp(-(({{ v }}) + 1) / 2 * ln(1 + quantile ^ 2 / {{ v }}))
                        )
                    from newton
                    where step < 8
                )

                select quantile
                from newton
                where step = 8
            )
    end
{%- endmacro %}
