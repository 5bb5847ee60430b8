{% set windows -%}
    select
        training_window.org_code,
        training_window.as_at,
        training_window.fingerprint
    from {{ ref('int_training__window') }} as training_window
    where
        training_window.value_status = 'ok'
        {%- if is_incremental() %}
        and (training_window.org_code, training_window.as_at, training_window.fingerprint) not in (
            select org_code, as_at, fingerprint from {{ this }}
        )
        {%- endif %}
{%- endset %}
{% set quarters -%}
    select distinct
        changed.org_code,
        changed.as_at,
        quarter.as_at as quarter_as_at
    from ({{ windows }}) as changed
    inner join {{ ref('int_training__organisation_quarter') }} as quarter
        on changed.org_code = quarter.org_code and quarter.as_at <@ {{ window_days('changed.as_at') }}
{%- endset %}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}delete from {{ this }} where (org_code, as_at, fingerprint) not in (select org_code, as_at, fingerprint from {{ ref('int_training__window') }}){% endif %}"
) }}

with changed as (
    {{ windows }}
),

quarter as (
    {{ quarters }}
),

-- Whoever trains several times within twelve months counts once, in the group of the newest course.
person as (
    select distinct on (quarter.org_code, quarter.as_at, trained.person_id)
        quarter.org_code,
        quarter.as_at,
        trained.person_id,
        trained.ethnic_key,
        trained.ethnicity_group
    from quarter
    inner join {{ ref('int_training__person_quarter') }} as trained
        on quarter.org_code = trained.org_code and quarter.quarter_as_at = trained.as_at
    {%- if execute and is_incremental() %}
    -- Written out, so that the planner takes the index and leaves all other quarters alone.
    {%- set days = run_query("select distinct quarter_as_at::text from (" ~ quarters ~ ") as quarter order by 1").columns[0].values() %}
    where trained.as_at = any('{{ "{" ~ days | join(",") ~ "}" }}'::date[])
    {%- endif %}
    order by quarter.org_code, quarter.as_at, trained.person_id, trained.completed_on desc, trained._load_id desc
)

select
    changed.org_code,
    changed.as_at,
    changed.fingerprint,
    person.ethnic_key,
    person.ethnicity_group,
    count(person.person_id) as people
from changed
left join person on changed.org_code = person.org_code and changed.as_at = person.as_at
group by changed.org_code, changed.as_at, changed.fingerprint, person.ethnic_key, person.ethnicity_group
