{#-
    Limit of the 95% interval of R = p_part/p_whole, the share of a group in a part (a band, say) against its share in the
    whole that contains the part. Part and whole are not independent, but part and rest are: with RR = p_part/p_rest, its
    Katz limits and w = n_part/n_whole, p_whole = w·p_part + (1 − w)·p_rest gives R = RR/(w·RR + 1 − w), which grows with RR,
    so that its limits are those of RR carried over.
    Null when part and rest are not both somebody, when a count exceeds its base, and when nobody of the group is in the part
    or in the rest (Katz has no interval then).
    Source: as risk_ratio_limit; the carrying over is arithmetic.

    b_part, n_part, b_whole, n_whole   those of the group, and all, in the part and in the whole
-#}
{% macro representation_ratio_limit(b_part, n_part, b_whole, n_whole, side) -%}
    {%- set b_rest = "(" ~ b_whole ~ ") - (" ~ b_part ~ ")" -%}
    {%- set n_rest = "(" ~ n_whole ~ ") - (" ~ n_part ~ ")" -%}
    case
        when {{ are_counts_of_bases(b_part, n_part, b_rest, n_rest) }}
            {#- 1/(w + (1 − w)/RR): the same, without a product that could leave double precision. #}
            then 1 / (
                ({{ n_part }})::double precision / ({{ n_whole }})
                + ({{ n_rest }})::double precision / ({{ n_whole }}) / ({{ risk_ratio_limit(
                    "(" ~ b_part ~ ")::double precision / (" ~ n_part ~ ")", n_part,
                    "(" ~ b_rest ~ ")::double precision / (" ~ n_rest ~ ")", n_rest, side
                ) }})
            )
    end
{%- endmacro %}
