{#-
    Join predicate: who is expected to report, every English trust that was open on a day. A registration that stands in no list of
    trusts, and a sector that exists in the survey alone, is not.

    organisation  alias of dim_organisation
    day           SQL expression of type date
-#}
{% macro is_expected_trust(organisation, day) -%}
    (
        {{ organisation_as_at(organisation, day) }}
        and {{ organisation }}.country = 'England'
        and not {{ organisation }}.is_survey_only
        and coalesce({{ organisation }}.opened_on <= {{ day }}, true)
        and coalesce({{ organisation }}.closed_on >= {{ day }}, true)
        and {{ organisation }}.org_code in (
            select ods.org_code from {{ ref('stg_organisations__trust') }} as ods
            union
            select addition.org_code from {{ ref('organisation_addition') }} as addition where addition.scope = 'trusts'
        )
    )
{%- endmacro %}
