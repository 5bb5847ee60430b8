{#-
    Which cell each amount of a row of int_groups__count is, as in count_cells. Of the standard's own groups it is the cell of the indicator;
    the members of a finer scheme are named after the group of the standard that they are in, such as `bme/six_group/Asian`. A slice of
    a stratum has it behind a bar, such as `all.band_8a|sex:Female`.

    counted   how the query calls the counts
-#}
{% macro group_cells(counted) -%}
    {%- set code = counted ~ '.indicator_code' -%}
    {%- set bar = "case when " ~ counted ~ ".stratum <> 'all' then '|' || " ~ counted ~ ".stratum else '' end" -%}
    {%- set slice = counted ~ '.slice || ' ~ bar -%}
    {%- set member, everybody = finer_member(counted), finer_member(counted, 'all') -%}
    {%- set population -%}
        case {{ code }} when '1' then 'staff' when '2' then 'appointed' when '3' then 'entered' when '4' then 'trained' end
    {%- endset -%}
    {%- set base_population -%}
        case {{ code }} when '1' then 'staff' when '2' then 'shortlisted' else 'base of ' || {{ code }} || ' not_applicable' end
    {%- endset -%}
    {{ return({
        'value_count': (population, slice, member),
        'base_count': (base_population, slice, "case when " ~ code ~ " = '1' then " ~ everybody ~ " else " ~ member ~ " end"),
        'workforce_count': ("'staff'", "'all' || " ~ bar, member),
        'workforce_base': ("'staff'", "'all' || " ~ bar, everybody),
    }) }}
{%- endmacro %}


{#-
    The same of int_groups__funnel_count. Those of an area's employers that record applications are counted apart where others do not.

    counted   how the query calls the counts
-#}
{% macro funnel_cells(counted) -%}
    {%- set cells = {} -%}
    {%- for people in ['applied', 'shortlisted', 'appointed'] -%}
        {%- set population -%}
            '{{ people }}' || case when {{ counted }}.employers <> 'all' then ' by recording employers' else '' end
        {%- endset -%}
        {%- do cells.update({people ~ '_count': (population, counted ~ '.slice', finer_member(counted))}) -%}
    {%- endfor -%}
    {{ return(cells) }}
{%- endmacro %}


{#- A group of a scheme as member of a cell; `all` for everybody of the scheme. -#}
{% macro finer_member(counted, all=none) -%}
    {%- set group = "'all'" if all else counted ~ '.ethnicity_group' -%}
    {%- set name = "''" if all else "'/' || " ~ counted ~ '.ethnic_group' -%}
    {{ return(
        "case when " ~ counted ~ ".group_scheme = 'wres' then " ~ group ~ " else " ~ group ~ " || '/' || " ~ counted ~ ".group_scheme || "
        ~ name ~ " end"
    ) }}
{%- endmacro %}
