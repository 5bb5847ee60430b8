{#-
    Two-sided p-value of the test that two independent rates are equal, by the z test with the pooled rate and no continuity
    correction: z = (p1 − p2) / sqrt(p(1 − p)(1/n1 + 1/n2)), p = (p1·n1 + p2·n2)/(n1 + n2); z² is Pearson's χ² of the table.
    Null when the pooled rate is 0 or 1: then there is nothing to test.
-#}
{% macro two_proportion_p_value(p1, n1, p2, n2) -%}
    {%- set first = "(" ~ p1 ~ ")::double precision" -%}
    {%- set second = "(" ~ p2 ~ ")::double precision" -%}
    {%- set base_1 = "(" ~ n1 ~ ")::double precision" -%}
    {%- set base_2 = "(" ~ n2 ~ ")::double precision" -%}
    {%- set events = first ~ " * " ~ base_1 ~ " + " ~ second ~ " * " ~ base_2 -%}
    {#- Counted from the other side, so that a pooled rate next to 1 cannot round beyond it. -#}
    {%- set others = "(1 - " ~ first ~ ") * " ~ base_1 ~ " + (1 - " ~ second ~ ") * " ~ base_2 -%}
    case
        when {{ is_rate(p1) }} and {{ is_base(n1) }} and {{ is_rate(p2) }} and {{ is_base(n2) }}
            then case
                when {{ events }} > 0 and {{ others }} > 0
                    then {{ two_sided_p_value(
                        "((" ~ first ~ " - " ~ second ~ ") / sqrt((" ~ events ~ ") / (" ~ base_1 ~ " + " ~ base_2 ~ ") * (("
                        ~ others ~ ") / (" ~ base_1 ~ " + " ~ base_2 ~ ")) * (1 / " ~ base_1 ~ " + 1 / " ~ base_2 ~ ")))"
                    ) }}
            end
    end
{%- endmacro %}
