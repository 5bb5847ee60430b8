{% set contents = "(select * from " ~ ref('int_workforce__staff_content') ~ " where employed_count > 0 and _period like '%-03')" %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_content_out_of_force(ref('int_workforce__staff_content')) }}", "{{ read_once_and_hash() }}"],
    indexes=[{'columns': ['_load_id', '_period', 'org_code']}]
) }}

select
    _load_id,
    _period,
    org_code,
    as_at,
    staff_block,
    pay_row,
    staff_profession,
    sex,
    ethnicity_group,
    sum(people)::bigint as headcount,
    bool_or(is_synthetic) as is_synthetic
from {{ ref('int_workforce__pay_count') }}
where
    {{ in_load_to_count('_load_id', contents) }}
    and (_load_id, _period, org_code) in ({{ content_to_count(contents) }})
group by _load_id, _period, org_code, as_at, staff_block, pay_row, staff_profession, sex, ethnicity_group
