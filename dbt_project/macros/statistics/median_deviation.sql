{#-
    How many standard errors S(t) is from one half, on the scale ln(−ln S). The 95% interval of the median begins at the first time of
    an event at which that is at most z, and ends at the time of the first event after the last such (Brookmeyer and Crowley).
    Null where S is 0 or 1.
    Source: Brookmeyer and Crowley, Biometrics 38 (1982) 29-41; statsmodels SurvfuncRight.quantile_ci, method cloglog.

    survival  S(t)
    variance  of ln S(t), by greenwood_variance
-#}
{% macro median_deviation(survival, variance) -%}
    case
        when ({{ survival }}) > 0 and ({{ survival }}) < 1 and ({{ variance }}) > 0
            then (ln(-ln({{ survival }})) - ln(ln(2::double precision))) * ln({{ survival }}) / sqrt({{ variance }})
    end
{%- endmacro %}
