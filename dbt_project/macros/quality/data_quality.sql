{#-
    Rows of data_quality: the findings of all families in one form, with names.

    reported, figures   relations of reported_finding and figure_finding
    published           true rounds, and puts numbers of rows through the disclosure control of their source
-#}
{% macro data_quality(reported, figures, published) -%}
    with intake as (
        select
            *,
            {%- if published %}
            {{ controlled_count('place_count', 'disclosure_policy', "'organisation'") }}
            {%- else %}
            place_count
            {%- endif %} as shown_count
        from {{ ref('int_quality__intake') }}
    ),

    finding as (
        select
            org_code,
            wres_year,
            as_at,
            rule_id,
            severity,
            basis,
            indicator_code,
            slice,
            ethnicity_group,
            null as source,
            null as period,
            message,
            {{ shown('observed', 1, published) }} as observed,
            {{ shown('expected', 1, published) }} as expected,
            is_synthetic
        from {{ reported }}
        union all
        select
            org_code,
            wres_year,
            as_at,
            rule_id,
            severity,
            basis,
            indicator_code,
            slice,
            null as ethnicity_group,
            null as source,
            null as period,
            message,
            case when rule_id = 'V15' then observed else {{ shown('observed', 1, published) }} end as observed,
            {{ shown('expected', 1, published) }} as expected,
            is_synthetic
        from {{ figures }}
        union all
        select
            org_code,
            wres_year,
            as_at,
            rule_id,
            severity,
            null as basis,
            null as indicator_code,
            null as slice,
            null as ethnicity_group,
            null as source,
            null as period,
            message,
            null as observed,
            null as expected,
            is_synthetic
        from {{ ref('int_quality__organisation_finding') }}
        union all
        select
            org_code,
            wres_year,
            as_at,
            rule_id,
            severity,
            basis,
            null as indicator_code,
            null as slice,
            null as ethnicity_group,
            source,
            period,
            'File of ' || source || ', ' || period || ': '
            || case kind
                when 'rows'
                    then
                        case shown_count when 1 then '1 row is' else {{ count_in_words('shown_count', 'some') }} || ' rows are' end
                        || ' set aside: ' || reason
                when 'measure' then reason
                when 'note'
                    then
                        reason
                        || case
                            when shown_count is null then ' (in some places)'
                            when shown_count > 1 then ' (in ' || {{ count_in_words('shown_count') }} || ' places)'
                            else ''
                        end
                when 'restated' then reason
            end || '.' as message,
            shown_count::double precision as observed,
            null as expected,
            is_synthetic
        from intake
    )

    select
        finding.org_code::text as org_code,
        case when finding.org_code = 'ENGLAND' then 'England' else organisation.display_name end::text as org_name,
        finding.wres_year::integer as wres_year,
        finding.as_at::date as as_at,
        finding.rule_id::text as rule_id,
        finding.severity::text as severity,
        finding.basis::text as basis,
        finding.indicator_code::text as indicator_code,
        finding.slice::text as slice,
        finding.ethnicity_group::text as ethnicity_group,
        -- A reason may be a question.
        regexp_replace(finding.message, '[?][.]$', '?')::text as message,
        finding.observed::double precision as observed,
        finding.expected::double precision as expected,
        finding.is_synthetic::boolean as is_synthetic,
        finding.source::text as source,
        finding.period::text as period
    from finding
    left join {{ ref('dim_organisation') }} as organisation
        on
            finding.org_code = organisation.org_code
            and {{ organisation_as_at('organisation', 'finding.as_at') }}
{%- endmacro %}
