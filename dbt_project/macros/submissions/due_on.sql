{#-
    The day by which a file of a period is due, as the registry says it; null for a source without one.

    registered   alias of a relation with due_by (MM-DD), due_lag_years, due_days_after_quarter and source
    as_at        SQL expression: last day of the period, for the survey 31 March after it
-#}
{% macro due_on(registered, as_at) -%}
    case
        when {{ registered }}.due_days_after_quarter is not null then {{ as_at }} + {{ registered }}.due_days_after_quarter
        when {{ registered }}.due_by is not null
            then
                make_date(
                    extract(year from {{ as_at }})::integer
                    + {{ registered }}.due_lag_years
                    - ({{ registered }}.source in ('staff_survey', 'survey_responses'))::integer,
                    left({{ registered }}.due_by, 2)::integer,
                    right({{ registered }}.due_by, 2)::integer
                )
    end
{%- endmacro %}
