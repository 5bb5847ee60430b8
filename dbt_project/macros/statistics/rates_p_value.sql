{#-
    Two-sided p-value of the test that the rates a of n1 and b of n2 are equal: Fisher's exact test where the smallest
    expected count is below 5 and all counts are whole, else the z test with the pooled rate. Halves (averages of two years)
    are therefore always tested by z; the sums of the two years are whole.
    Null when a count exceeds its base, and when the pooled rate is 0 or 1.
    Source: as fisher_p_value and two_proportion_p_value; the limit of 5 is Cochran's, Biometrics 10 (1954) 417-451.
-#}
{% macro rates_p_value(a, n1, b, n2) -%}
    {%- set everybody = "(" ~ n1 ~ ")::double precision + (" ~ n2 ~ ")::double precision" -%}
    {%- set events = "(" ~ a ~ ")::double precision + (" ~ b ~ ")::double precision" -%}
    case
        when {{ are_counts_of_bases(a, n1, b, n2) }}
            then case
                when
                    {{ are_whole([a, n1, b, n2]) }}
                    {#- The smallest expected count, times everybody on both sides. #}
                    and least(({{ n1 }})::double precision, ({{ n2 }})::double precision)
                    * least({{ events }}, {{ everybody }} - ({{ events }})) < 5 * ({{ everybody }})
                    then {{ fisher_p_value(a, n1, b, n2) }}
                else {{ two_proportion_p_value(
                    "(" ~ a ~ ")::double precision / (" ~ n1 ~ ")", n1, "(" ~ b ~ ")::double precision / (" ~ n2 ~ ")", n2
                ) }}
            end
    end
{%- endmacro %}
