{#-
    A survey cell as a value, a status and, where a measure is blocked, the reason: a marker or an empty cell is never a zero.
    The raw gate has let nothing else through. Needs ops.marker joined as `marker`.

    value    raw text
    blocked  SQL expression of the reason why the measure is blocked in this load; null when it is not
-#}
{% macro survey_cell(value, blocked) -%}
    case
        when {{ blocked }} is null and marker.status is null
            then {{ number_or_null(value) }}
    end as value,
    case
        when {{ blocked }} is not null then 'blocked'
        when marker.status is not null then marker.status
        when nullif(btrim({{ value }}), '') is null then 'missing'
        else 'ok'
    end as value_status,
    {{ blocked }} as blocked_reason
{%- endmacro %}
