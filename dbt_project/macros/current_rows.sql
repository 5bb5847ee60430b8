{#-
    The rows of a raw table that count: those of the load that won for their (table, period, organisation).
    Every staging model reads raw through this and nothing else does, so a superseded or rejected file is never seen.

    source_table  table of schema raw, for example 'staff_survey__benchmark'
    org_column    raw column with the organisation code; none for a file that is replaced as a whole (code '*')
    by_period     true where one file may hold several periods: each row counts under its own (`_period`)

    Renders a derived table: alias it. All raw columns, and period (text) and is_synthetic (boolean) of the load.
-#}
{% macro current_rows(source_table, org_column=none, by_period=false) -%}
    (
        select raw_row.*, content.period, content.is_synthetic
        from {{ source('raw', source_table) }} as raw_row
        inner join {{ ref('stg_ops__current_content') }} as content
            on
                content.load_id = raw_row._load_id
                and content.source_table = '{{ source_table }}'
                {%- if org_column %}
                and content.org_code = btrim(raw_row.{{ org_column }})
                {%- else %}
                and content.org_code = '*'
                {%- endif %}
                {%- if by_period %}
                and content.period = raw_row._period
                {%- endif %}
    )
{%- endmacro %}
