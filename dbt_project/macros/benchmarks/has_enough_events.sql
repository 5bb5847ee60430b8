{#-
    Whether a figure may be listed as differing: five people in each of the ratio's numerators, as evidence_status asks. Fewer are
    indicative at most, and no list is made of them.

    a, b   events in the ratio's two groups
-#}
{% macro has_enough_events(a, b) -%}
    coalesce(least({{ a }}, {{ b }}) >= 5, false)
{%- endmacro %}
