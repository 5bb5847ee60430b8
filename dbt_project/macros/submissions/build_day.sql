{#-
    The day of the build, by UTC: the one place where today enters a release, in what is due and what is overdue. A test states
    another (`--vars '{build_day: 2026-09-01}'`).
-#}
{% macro build_day() -%}
    {%- if var('build_day', none) %}date '{{ var('build_day') }}'
    {%- else %}(now() at time zone 'UTC')::date
    {%- endif -%}
{%- endmacro %}
