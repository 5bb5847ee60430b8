{#-
    Two-sided p-value of the test that a group has the same share in a part (a band, say) as in the whole that contains it:
    the part against the rest, which are independent, by rates_p_value. Null where that is, and when there is no rest.

    b_part, n_part, b_whole, n_whole   those of the group, and all, in the part and in the whole
-#}
{% macro representation_p_value(b_part, n_part, b_whole, n_whole) -%}
    {{ rates_p_value(b_part, n_part, "(" ~ b_whole ~ ") - (" ~ b_part ~ ")", "(" ~ n_whole ~ ") - (" ~ n_part ~ ")") }}
{%- endmacro %}
