{#-
    Join predicate: the version of an organisation (dim_organisation) that was valid on a day. Days before the first
    version take the first one, since the files held may begin later than the data that names the organisation.

    Example: left join dim_organisation as organisation on fact.org_code = organisation.org_code
             and organisation_as_at('organisation', 'fact.as_at')

    organisation  alias of dim_organisation
    day           SQL expression of type date
-#}
{% macro organisation_as_at(organisation, day) -%}
    (
        ({{ organisation }}.version = 1 or {{ day }} >= {{ organisation }}.valid_from)
        and ({{ organisation }}.valid_to is null or {{ day }} <= {{ organisation }}.valid_to)
    )
{%- endmacro %}
