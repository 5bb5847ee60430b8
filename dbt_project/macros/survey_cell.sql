{#-
    A survey cell as a value, a status and, where a measure is blocked, the reason: a marker or an empty cell is never a zero.
    The raw gate has let nothing else through. Needs the joins of survey_cell_joins.

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


{#-
    Joins that say of each survey cell whether it holds a marker (`marker`) and whether its measure is blocked (`blocked`).
    Several rules may block one measure; it still joins once.

    cells    alias of the rows of a raw table
    measure  their column that the gate blocks by
-#}
{% macro survey_cell_joins(cells, measure) -%}
    left join {{ source('ops', 'marker') }} as marker
        on marker.source = 'staff_survey' and {{ cells }}.value = marker.marker
    left join (
        select
            load_id,
            measure,
            string_agg(distinct reason, '; ') as reason
        from {{ source('ops', 'blocked_measure') }}
        group by load_id, measure
    ) as blocked
        on {{ cells }}._load_id = blocked.load_id and {{ cells }}.{{ measure }} = blocked.measure
{%- endmacro %}
