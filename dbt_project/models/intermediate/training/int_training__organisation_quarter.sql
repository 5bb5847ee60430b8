{% set contents = content_in_force('training__completion') %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_content_out_of_force(content_in_force('training__completion')) }}", "{{ read_once_and_hash() }}"],
    post_hook="analyze {{ this }}",
    indexes=[{'columns': ['_load_id', '_period', 'org_code', 'as_at'], 'unique': true}]
) }}

with content as (
    {{ content_to_count(contents) }}
),

completion as (
    select
        done._load_id,
        done._period,
        done.org_code,
        {{ quarter_end('done.completed_on') }} as as_at,
        count(*) filter (where not done.is_mandatory) as completion_count
    from {{ ref('stg_training__completion') }} as done
    where {{ in_load_to_count('done._load_id', contents) }} and not done.is_nil_return
    group by done._load_id, done._period, done.org_code, {{ quarter_end('done.completed_on') }}
),

-- The quarters that a content speaks for: its own, and those of whatever came late.
spoken_for as (
    select
        _load_id,
        _period,
        org_code,
        {{ quarter_end("(_period || '-01')::date") }} as as_at
    from content
    union
    select
        completion._load_id,
        completion._period,
        completion.org_code,
        completion.as_at
    from completion
    inner join content
        on
            completion._load_id = content._load_id
            and completion._period = content._period
            and completion.org_code = content.org_code
)

select
    spoken_for._load_id,
    spoken_for._period,
    spoken_for.org_code,
    spoken_for.as_at,
    coalesce(completion.completion_count, 0) as completion_count
from spoken_for
left join completion
    on
        spoken_for._load_id = completion._load_id
        and spoken_for._period = completion._period
        and spoken_for.org_code = completion.org_code
        and spoken_for.as_at = completion.as_at
