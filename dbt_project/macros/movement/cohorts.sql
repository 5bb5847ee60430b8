{#- Pre-hook of int_movement__time_in_band: removes units of which an extract has been replaced, or that are gone. The table is small. -#}
{% macro delete_other_cohorts(cohorts) -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as counted
    where
        not exists (
            select from {{ cohorts }} as cohort
            where {{ same_content('cohort', 'counted', ['level', 'unit_code', 'as_at', 'cohort_digest']) }}
        )
    {%- endif -%}
{%- endmacro %}


{#-
    Predicate: the row belongs to a load that a unit to be computed needs. Written out, as in in_load_to_count.

    load_id  SQL expression of the row's load
    cohorts  derived table of the units in force
    key      columns that name a unit
    load     column of int_movement__band_cohort that load_id is compared with
-#}
{% macro in_cohort_to_count(load_id, cohorts, key, load) -%}
    {%- if execute and is_incremental() -%}
    {%- set loads = run_query(
        "select distinct cohort." ~ load ~ " from " ~ ref('int_movement__band_cohort') ~ " as cohort inner join ("
        ~ content_to_count(cohorts, key) ~ ") as content on " ~ same_content('cohort', 'content', key) ~ " order by 1"
    ) -%}
    {{ load_id }} = any('{{ "{" ~ loads.columns[0].values() | join(",") ~ "}" }}'::bigint[])
    {%- else -%}
    {{ load_id }} is not null
    {%- endif -%}
{%- endmacro %}


{#- Months from one day to another, of 365.25/12 days, not whole. -#}
{% macro months_since(start_day, day) -%}
    ((({{ day }}) - ({{ start_day }})) * 12 / 365.25)
{%- endmacro %}
