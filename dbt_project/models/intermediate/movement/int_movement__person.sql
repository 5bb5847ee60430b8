{% set contents = "(select * from " ~ ref('int_workforce__staff_content') ~ " where employed_count > 0)" %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=["{{ delete_content_out_of_force(ref('int_workforce__staff_content')) }}", "{{ read_once_and_hash() }}"],
    indexes=[{'columns': ['_load_id', '_period', 'org_code']}]
) }}

with kind as (
    select distinct on (kind_key) *
    from {{ ref('stg_workforce__kind') }}
    where {{ in_load_to_count('_load_id', contents) }}
),

placed as (
    {{ placed_staff('kind') }}
)

select
    person._load_id,
    person._period,
    person.org_code,
    person.person_key,
    placed.staff_block,
    placed.pay_row,
    ethnic_category.wres_group as ethnicity_group,
    person.band_start_date
from {{ ref('stg_workforce__person') }} as person
inner join placed on person.kind_key = placed.kind_key
inner join ({{ content_to_count(contents) }}) as content
    on
        person._load_id = content._load_id
        and person._period = content._period
        and person.org_code = content.org_code
left join {{ ref('ethnic_category') }} as ethnic_category on placed.ethnic_key = ethnic_category.ethnic_key
where
    {{ in_load_to_count('person._load_id', contents) }}
    and placed.is_bank_only is not true
