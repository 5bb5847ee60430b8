{#-
    Which cell each amount of a row of counts is: amount → (population, slice, member), as SQL expressions over the columns of
    int_indicators__count. The base of a share is everybody in the row, of a rate everybody of the group.
-#}
{% macro count_cells() -%}
    {%- set everybody = "case denominator when 'known_only' then 'known' else 'all' end" -%}
    {%- set counted -%}
        case indicator_code
            when '1' then 'staff'
            when '2' then 'appointed'
            when '3' then 'entered'
            when '4' then 'trained'
            when '9' then 'board'
            else 'answered ' || indicator_code || ' ' || denominator
        end
    {%- endset -%}
    {%- set based_on -%}
        case indicator_code
            when '1' then 'staff'
            when '2' then 'shortlisted'
            when '9' then 'board'
            else 'base of ' || indicator_code || ' ' || denominator
        end
    {%- endset -%}
    {{ return({
        'value_count': (counted, 'slice', 'ethnicity_group'),
        'base_count': (based_on, 'slice', "case when indicator_code in ('1', '9') then " ~ everybody ~ " else ethnicity_group end"),
        'workforce_count': ("'workforce'", "'all'", 'ethnicity_group'),
        'workforce_base': ("'workforce'", "'all'", everybody),
    }) }}
{%- endmacro %}
