{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_content_out_of_force(content_in_force('workforce__staff')) }}", "{{ read_once_and_hash() }}"],
    indexes=[{'columns': ['_load_id', '_period', 'org_code'], 'unique': true}]
) }}

{% set contents = content_in_force('workforce__staff') %}

with staff as (
    select
        _load_id,
        _period,
        org_code,
        count(*) filter (where is_bank_only is not true) as employed_count,
        count(*) filter (where is_bank_only) as bank_only_count,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref('stg_workforce__staff') }}
    where {{ in_load_to_count('_load_id', contents) }}
    group by _load_id, _period, org_code
)

select
    staff._load_id,
    staff._period,
    staff.org_code,
    staff.employed_count,
    staff.bank_only_count,
    staff.is_synthetic
from staff
inner join ({{ content_to_count(contents) }}) as content
    on
        staff._load_id = content._load_id
        and staff._period = content._period
        and staff.org_code = content.org_code
