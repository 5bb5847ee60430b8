{#-
    Which cell each amount of a row of counts is: amount → (population, slice, member), as SQL expressions over the columns of
    int_indicators__count. The base of a share is everybody in the row, of a rate everybody of the group. A disparity ratio is two rows
    of staff: the count of all.band_7_to_band_8a is in all.band_8a, its base in all.band_7.

    counted   how the query calls the counts
-#}
{% macro count_cells(counted) -%}
    {%- set code, slice, group = counted ~ '.indicator_code', counted ~ '.slice', counted ~ '.ethnicity_group' -%}
    {%- set everybody = "case " ~ counted ~ ".denominator when 'known_only' then 'known' else 'all' end" -%}
    {%- set other = code ~ " || ' ' || " ~ counted ~ ".denominator" -%}
    {%- set side -%}
        regexp_replace({{ slice }}, '^([^.]+)[.](.+)_to_([^.]+)([.].+)?$', '\1.%s\4')
    {%- endset -%}
    {%- set population -%}
        case {{ code }}
            when '1' then 'staff' when 'DR' then 'staff' when '2' then 'appointed' when '3' then 'entered' when '4' then 'trained'
            when '9' then 'board' else 'answered ' || {{ other }}
        end
    {%- endset -%}
    {%- set base_population -%}
        case {{ code }}
            when '1' then 'staff' when 'DR' then 'staff' when '2' then 'shortlisted' when '9' then 'board'
            else 'base of ' || {{ other }}
        end
    {%- endset -%}
    {#- An area's workforce is that of the organisations whose row is known: not all have a board, or a row of their own
        for senior medical managers or for other pay. -#}
    {%- set workforce -%}
        'workforce of '
        || case when split_part({{ slice }}, '.', 2) in ('senior_medical_manager', 'other_pay') then {{ slice }} else {{ code }} end
    {%- endset -%}
    {{ return({
        'value_count': (population, "case when " ~ code ~ " = 'DR' then " ~ side % '\\3' ~ " else " ~ slice ~ " end", group),
        'base_count': (
            base_population,
            "case when " ~ code ~ " = 'DR' then " ~ side % '\\2' ~ " else " ~ slice ~ " end",
            "case when " ~ code ~ " in ('1', '9') then " ~ everybody ~ " else " ~ group ~ " end",
        ),
        'workforce_count': (workforce, "'all'", group),
        'workforce_base': (workforce, "'all'", everybody),
    }) }}
{%- endmacro %}
