{% set contents = "(select * from " ~ ref('int_workforce__staff_content') ~ " where employed_count > 0 and _period like '%-03')" %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_content_out_of_force(ref('int_workforce__staff_content')) }}", "{{ read_once_and_hash() }}"],
    post_hook="analyze {{ this }}",
    indexes=[{'columns': ['_load_id', '_period', 'org_code']}, {'columns': ['as_at', 'org_code']}]
) }}

with employed as (
    select * from {{ ref('stg_workforce__staff_pay') }}
    where
        {{ in_load_to_count('_load_id', contents) }}
        and (_load_id, _period, org_code) in ({{ content_to_count(contents) }})
        -- An unreadable flag has been set aside by the raw gate; nobody is left out for want of one.
        and is_bank_only is not true
),

graded as (
    {{ placed_staff('employed') }}
)

select
    graded._load_id,
    graded._period,
    graded.org_code,
    graded.as_at,
    graded.staff_block,
    graded.pay_row,
    profession.staff_profession,
    sex.sex,
    graded.ethnic_key,
    ethnic_category.wres_group as ethnicity_group,
    -- Nobody is paid nothing an hour: a zero is a rate that was not recorded.
    nullif(graded.hourly_rate_gbp, 0) as hourly_rate_gbp,
    sum(graded.people)::bigint as people,
    bool_or(graded.is_synthetic) as is_synthetic
from graded
left join {{ ref('staff_profession') }} as profession on graded.staff_group = profession.label_key
left join {{ ref('sex') }} as sex on graded.gender = sex.label_key
left join {{ ref('ethnic_category') }} as ethnic_category on graded.ethnic_key = ethnic_category.ethnic_key
group by
    graded._load_id,
    graded._period,
    graded.org_code,
    graded.as_at,
    graded.staff_block,
    graded.pay_row,
    profession.staff_profession,
    sex.sex,
    graded.ethnic_key,
    ethnic_category.wres_group,
    nullif(graded.hourly_rate_gbp, 0)
