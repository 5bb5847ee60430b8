{#- A threshold of a rule, as a scalar. -#}
{% macro quality_threshold(rule_id, name) -%}
    (
        select threshold.value
        from {{ ref('quality_threshold') }} as threshold
        where threshold.rule_id = '{{ rule_id }}' and threshold.name = '{{ name }}'
    )
{%- endmacro %}


{#- A number as thresholds see it: without the noise of doubles, in which 0.1 is more than 0.08 by a little more than 0.02. -#}
{% macro settled(number) -%}
    round(({{ number }})::numeric, 9)
{%- endmacro %}


{#- A count as a sentence gives it: without digits that say nothing. -#}
{% macro count_in_words(count, unknown=none) -%}
    {%- set text = 'trim_scale(' ~ count ~ ')::text' -%}
    {{ "coalesce(" ~ text ~ ", '" ~ unknown ~ "')" if unknown else text }}
{%- endmacro %}


{#- A percentage (0 to 100) as a sentence gives it. -#}
{% macro percent_in_words(percentage) -%}
    round(({{ percentage }})::numeric, 1)::text || '%'
{%- endmacro %}


{#- Percentage points as a sentence gives them. -#}
{% macro points_in_words(points) -%}
    round(({{ points }})::numeric, 1)::text || ' points'
{%- endmacro %}
