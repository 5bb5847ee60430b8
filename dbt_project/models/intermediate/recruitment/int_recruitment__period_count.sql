{% set contents = content_in_force('recruitment__vacancy') %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_content_out_of_force(content_in_force('recruitment__vacancy')) }}", "{{ read_once_and_hash() }}"],
    post_hook="analyze {{ this }}",
    indexes=[{'columns': ['_load_id', '_period', 'org_code']}]
) }}

-- A content without rows of its own (the gate set them all aside) keeps a row without a period: it is not looked for again.
with vacancy as (
    select
        content._load_id,
        content._period,
        content.org_code,
        posted.period_start,
        posted.period_end,
        posted.is_international,
        posted.applied,
        posted.shortlisted,
        posted.appointed,
        posted.is_synthetic,
        block.staff_block,
        case
            when block.staff_block <> 'medical_dental' then band.pay_row
            -- A medical post without a grade is still a medical post.
            when block.staff_block = 'medical_dental' and posted.pay_band is null then 'other'
            when block.staff_block = 'medical_dental' then grade.pay_row
        end as pay_row,
        ethnicity.ethnic_key,
        ethnicity.wres_group as ethnicity_group
    from ({{ content_to_count(contents) }}) as content
    left join {{ ref('stg_recruitment__vacancy') }} as posted
        on
            content._load_id = posted._load_id
            and content._period = posted._period
            and content.org_code = posted.org_code
            and {{ in_load_to_count('posted._load_id', contents) }}
    left join {{ ref('staff_group') }} as block on posted.staff_block = block.label_key and not posted.is_nil_return
    left join {{ ref('pay_band') }} as band on posted.pay_band = band.label_key
    left join {{ ref('medical_grade') }} as grade on posted.pay_band = grade.label_key
    left join {{ ref('ethnic_category') }} as ethnicity on posted.ethnic_key = ethnicity.ethnic_key and not posted.is_nil_return
)

select
    _load_id,
    _period,
    org_code,
    period_start,
    period_end,
    staff_block,
    pay_row,
    is_international,
    ethnic_key,
    ethnicity_group,
    -- Not every employer records who applied: a sum of what is recorded, and of how many lines it is.
    coalesce(sum(applied) filter (where ethnic_key is not null), 0) as applied,
    count(ethnic_key) as vacancy_lines,
    count(applied) filter (where ethnic_key is not null) as applied_lines,
    coalesce(sum(shortlisted), 0) as shortlisted,
    coalesce(sum(appointed), 0) as appointed,
    is_synthetic
from vacancy
group by
    _load_id,
    _period,
    org_code,
    period_start,
    period_end,
    staff_block,
    pay_row,
    is_international,
    ethnic_key,
    ethnicity_group,
    is_synthetic
