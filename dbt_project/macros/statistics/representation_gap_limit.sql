{#-
    Limit of the 95% interval of p_part − p_whole, the share of a group in a part (a band, say) minus its share in the whole
    that contains the part: (1 − w)·(p_part − p_rest) with w = n_part/n_whole, so Newcombe's limits of part against rest, times
    1 − w. In proportions: times 100 for percentage points.
    Null when part and rest are not both somebody, and when a count exceeds its base.
    Source: as newcombe_limit; the carrying over is arithmetic.

    b_part, n_part, b_whole, n_whole   those of the group, and all, in the part and in the whole
-#}
{% macro representation_gap_limit(b_part, n_part, b_whole, n_whole, side) -%}
    {%- set b_rest = "(" ~ b_whole ~ ") - (" ~ b_part ~ ")" -%}
    {%- set n_rest = "(" ~ n_whole ~ ") - (" ~ n_part ~ ")" -%}
    case
        when {{ are_counts_of_bases(b_part, n_part, b_rest, n_rest) }}
            then ({{ n_rest }})::double precision / ({{ n_whole }}) * ({{ newcombe_limit(
                "(" ~ b_part ~ ")::double precision / (" ~ n_part ~ ")", n_part,
                "(" ~ b_rest ~ ")::double precision / (" ~ n_rest ~ ")", n_rest, side
            ) }})
    end
{%- endmacro %}
