{#-
    Rows of submission.

    published   true puts numbers of rows through the disclosure control of their source
-#}
{% macro submission(published) -%}
    select
        submission.org_code::text as org_code,
        organisation.display_name::text as org_name,
        organisation.org_type::text as org_type,
        organisation.region_name::text as region_name,
        submission.source::text as source,
        submission.period::text as period,
        submission.as_at::date as as_at,
        {{ wres_year('submission.as_at') }} as wres_year,
        submission.due_on::date as due_on,
        submission.status::text as status,
        submission.status_reason::text as status_reason,
        submission.first_received_on::date as first_received_on,
        submission.latest_received_on::date as latest_received_on,
        submission.revision::integer as revision,
        submission.file_name::text as file_name,
        {%- for count in ['file_row_count', 'rows_set_aside'] %}
        {%- if published %}
        ({{ controlled_count('submission.' ~ count, 'submission.disclosure_policy', "'organisation'") }})::numeric as {{ count }},
        {%- else %}
        submission.{{ count }}::numeric as {{ count }},
        {%- endif %}
        {%- endfor %}
        submission.judged_on::date as judged_on,
        submission.is_synthetic::boolean as is_synthetic
    from {{ ref('int_submissions__submission') }} as submission
    left join {{ ref('dim_organisation') }} as organisation
        on
            submission.org_code = organisation.org_code
            and {{ organisation_as_at('organisation', 'submission.as_at') }}
{%- endmacro %}
