-- Disclosure control acts here, on counts and before any arithmetic, so that nothing computed can leak what a count hides.
select
    level,
    org_code,
    scope,
    as_at,
    slice,
    {%- for group in movement_groups() %}
    {%- for name in movement_measures() %}
    {%- set count = group ~ '_' ~ name ~ '_count' %}
    case
        when not coalesce(is_restricted, false) then {{ controlled_count(count, 'disclosure_policy', 'level') }}
    end::bigint as {{ count }},
    {%- endfor %}
    {%- endfor %}
    case when is_restricted and value_status = 'ok' then 'suppressed' else value_status end as value_status,
    case
        when is_restricted and value_status = 'ok' then 'Hidden: the source is for analysts only.'
        else status_reason
    end as status_reason,
    disclosure_policy,
    is_restricted,
    is_synthetic
from {{ ref('int_movement__area_count') }}
