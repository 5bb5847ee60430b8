{#-
    The day that a file's period stands for: 31 March after the survey of a year, 31 March of a WRES year, else the month's last day.

    period, source   SQL expressions: `2024` or `2024-06`, and the registered source
-#}
{% macro period_end(period, source) -%}
    case
        when {{ source }} in ('staff_survey', 'survey_responses') and {{ period }} ~ '^[0-9]{4}$'
            then make_date({{ period }}::integer + 1, 3, 31)
        when {{ period }} ~ '^[0-9]{4}$' then make_date({{ period }}::integer, 3, 31)
        else (to_date({{ period }}, 'YYYY-MM') + interval '1 month - 1 day')::date
    end
{%- endmacro %}
