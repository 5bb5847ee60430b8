{#-
    What an area is called and where it lies: org_name, org_type, region_name, icb_name. Needs the joins of area_joins.
    An area is placed like the organisations in it, so that one filter finds both.

    result  alias of rows with level and org_code
-#}
{% macro area_columns(result) -%}
    case {{ result }}.level
        when 'organisation' then organisation.display_name
        when 'region' then region.region_name
        when 'icb' then icb.icb_name
        when 'org_type' then {{ result }}.org_code
        when 'england' then 'England'
    end::text as org_name,
    case {{ result }}.level when 'org_type' then {{ result }}.org_code else organisation.org_type end::text as org_type,
    coalesce(organisation.region_name, region.region_name)::text as region_name,
    coalesce(organisation.icb_name, icb.icb_name)::text as icb_name
{%- endmacro %}


{#- Joins that give an area its name: as of the day for organisations, as of now for the others. -#}
{% macro area_joins(result) -%}
    left join {{ ref('dim_organisation') }} as organisation
        on
            {{ result }}.level = 'organisation'
            and {{ result }}.org_code = organisation.org_code
            and {{ organisation_as_at('organisation', result ~ '.as_at') }}
    left join {{ ref('region') }} as region on {{ result }}.level = 'region' and {{ result }}.org_code = region.region_code
    left join {{ ref('int_organisations__icb_name') }} as icb on {{ result }}.level = 'icb' and {{ result }}.org_code = icb.icb_code
{%- endmacro %}
