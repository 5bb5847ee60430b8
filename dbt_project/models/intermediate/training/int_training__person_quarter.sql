{% set contents -%}
    (
        select distinct _load_id, _period, org_code
        from {{ ref('int_training__organisation_quarter') }}
        where completion_count > 0
    )
{%- endset %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_content_out_of_force(ref('int_training__organisation_quarter')) }}", "{{ read_once_and_hash() }}"],
    post_hook="analyze {{ this }}",
    indexes=[{'columns': ['_load_id', '_period', 'org_code']}, {'columns': ['as_at', 'org_code']}]
) }}

-- Read once, before the dates are compared again and again.
with completion as materialized (
    select
        _load_id,
        _period,
        org_code,
        person_id,
        completed_on,
        ethnic_key,
        _row_number
    from {{ ref('stg_training__completion') }}
    where
        {{ in_load_to_count('_load_id', contents) }}
        and (_load_id, _period, org_code) in ({{ content_to_count(contents) }})
        and not is_nil_return
        and not is_mandatory
),

-- Of several courses in a quarter the newest says which group the person is in.
trained as (
    select distinct on (_load_id, _period, org_code, date_trunc('quarter', completed_on::timestamp), person_id)
        _load_id,
        _period,
        org_code,
        {{ quarter_end('completed_on') }} as as_at,
        person_id,
        completed_on,
        ethnic_key
    from completion
    order by
        _load_id,
        _period,
        org_code,
        date_trunc('quarter', completed_on::timestamp),
        person_id,
        completed_on desc,
        _row_number desc
)

select
    trained._load_id,
    trained._period,
    trained.org_code,
    trained.as_at,
    trained.person_id,
    trained.completed_on,
    trained.ethnic_key,
    -- A key without group is never Unknown: a test of what is counted from here fails on it.
    coalesce(ethnicity.wres_group, 'unmapped') as ethnicity_group
from trained
left join {{ ref('ethnic_category') }} as ethnicity on trained.ethnic_key = ethnicity.ethnic_key
