{#- Last day of the quarter of a day. -#}
{% macro quarter_end(day) -%}
    (date_trunc('quarter', ({{ day }})::timestamp) + interval '3 months' - interval '1 day')::date
{%- endmacro %}


{#- Derived table of the quarter ends (as_at, date) of a span of days: the first on or after first_day, the last on or before last_day. -#}
{% macro quarter_ends(first_day, last_day) -%}
    (
        select {{ quarter_end('quarter') }} as as_at
        from generate_series(date_trunc('quarter', ({{ first_day }})::timestamp), ({{ last_day }})::timestamp, interval '3 months') as quarter
        where {{ quarter_end('quarter') }} <= {{ last_day }}
    )
{%- endmacro %}


{#-
    The days of a window (daterange): so many months up to and with as_at, the end of a month.

    as_at   SQL expression of type date
    months  SQL expression of type integer
-#}
{% macro window_days(as_at, months='12') -%}
    daterange((({{ as_at }}) + 1 - make_interval(months => {{ months }}))::date, ({{ as_at }}), '[]')
{%- endmacro %}


{#- The months of a set of days (datemultirange) in words: "July 2023 to September 2023, March 2024". -#}
{% macro months_in_words(days) -%}
    (
        select
            string_agg(
                case to_char(upper(gap) - 1, 'YYYY-MM')
                    when to_char(lower(gap), 'YYYY-MM') then to_char(lower(gap), 'FMMonth YYYY')
                    else to_char(lower(gap), 'FMMonth YYYY') || ' to ' || to_char(upper(gap) - 1, 'FMMonth YYYY')
                end,
                ', ' order by gap
            )
        from unnest({{ days }}) as gap
    )
{%- endmacro %}
