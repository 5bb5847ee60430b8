{#-
    Standard normal value that is about as extreme as a Student's t of so many degrees of freedom:
    sign(t)·(8ν+1)/(8ν+3)·sqrt(ν·ln(1+t²/ν)). Degrees of freedom need not be whole. Postgres has no t distribution; the two-sided
    p-value of this is never below the exact one by more than 0.5%, and above it by 10% at p = 0.01 with ν = 3, 12% at
    p = 1e-6 with ν = 10, 0.1% with ν = 200: too high rather than too low.
    Null without both, or below one degree of freedom.
    Source: Wallace, Annals of Mathematical Statistics 30 (1959) 1121-1130.
-#}
{% macro normal_of_student(t, degrees_of_freedom) -%}
    case
        when ({{ degrees_of_freedom }}) between 1 and 1e15 and abs({{ t }}) < 1e100
            then sign(({{ t }})::double precision)
                * (8 * ({{ degrees_of_freedom }}) + 1)::double precision / (8 * ({{ degrees_of_freedom }}) + 3)::double precision
                * sqrt(({{ degrees_of_freedom }})::double precision * ln(
                    1 + ({{ t }})::double precision ^ 2 / ({{ degrees_of_freedom }})::double precision
                ))
    end
{%- endmacro %}
