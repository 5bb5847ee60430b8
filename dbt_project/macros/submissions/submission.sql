{#-
    Rows of submission.

    published   true: the rows of a file, which may be as many people, are no count that the audit reads; rows set aside, which no
                figure counts, are rounded. Why a file was rejected says how many of its rows are wrong: the rule's number stands for it
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
        {%- if published %}
        case
            when submission.disclosure_policy = 'already_public' or submission.reason is null then submission.status_reason
            else replace(submission.status_reason, ': ' || submission.reason || ').', ').')
        end::text as status_reason,
        {%- else %}
        submission.status_reason::text as status_reason,
        {%- endif %}
        submission.first_received_on::date as first_received_on,
        submission.latest_received_on::date as latest_received_on,
        submission.revision::integer as revision,
        submission.file_name::text as file_name,
        {%- if published %}
        ({{ controlled_count('submission.file_row_count', 'submission.unaudited_policy', "'organisation'", audited=false) }})::numeric
            as file_row_count,
        ({{ controlled_count('submission.rows_set_aside', 'submission.disclosure_policy', "'organisation'") }})::numeric as rows_set_aside,
        {%- else %}
        submission.file_row_count::numeric as file_row_count,
        submission.rows_set_aside::numeric as rows_set_aside,
        {%- endif %}
        submission.judged_on::date as judged_on,
        submission.is_synthetic::boolean as is_synthetic
    from {{ ref('int_submissions__submission') }} as submission
    left join {{ ref('dim_organisation') }} as organisation
        on
            submission.org_code = organisation.org_code
            and {{ organisation_as_at('organisation', 'submission.as_at') }}
{%- endmacro %}
