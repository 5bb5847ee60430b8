-- Disclosure control acts here, on counts and before any arithmetic, so that nothing computed can leak what a count hides.
-- Those at either end are counts of staff: what is hidden of a row then or now hides its movements too, which would give it away.
with staff as (
    select
        level,
        org_code,
        scope,
        as_at,
        slice
        {%- for group in movement_groups() %},
        -- 'hidden' comes before 'rounded'.
        min(treatment) filter (where member = '{{ group }}') as {{ group }}_treatment
        {%- endfor %}
    from {{ source('ops', 'hidden_count') }}
    where population = 'staff' and organisation_basis = 'as_reported' and strpos(member, '/') = 0
    group by level, org_code, scope, as_at, slice
),

counted as (
    select
        movement.*
        {%- for group in movement_groups() %},
        least(opening.{{ group }}_treatment, closing.{{ group }}_treatment) as {{ group }}_treatment
        {%- endfor %}
    from {{ ref('int_movement__area_count') }} as movement
    {%- for end, day in {
        'opening': "(movement.as_at + 1 - interval '1 year' - interval '1 day')::date", 'closing': 'movement.as_at'
    }.items() %}
    left join staff as {{ end }}
        on
            movement.level = {{ end }}.level
            and movement.org_code = {{ end }}.org_code
            and movement.scope = {{ end }}.scope
            and {{ day }} = {{ end }}.as_at
            -- A step from a band to another is part of the band it starts from.
            and case
                when split_part(movement.slice, '.', 3) = '' then movement.slice
                else split_part(movement.slice, '.', 1) || '.' || split_part(movement.slice, '.', 2)
            end = {{ end }}.slice
    {%- endfor %}
),

controlled as (
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
            when not coalesce(is_restricted, false)
                then {{ controlled_count(count, 'unaudited_policy', 'level', group ~ '_treatment', audited=false) }}
        end::bigint as {{ count }},
        {%- endfor %}
        {%- endfor %}
        value_status,
        status_reason,
        value_status = 'not_applicable' and all_opening_count is not null as is_empty,
        unaudited_policy,
        is_restricted,
        is_synthetic
    from counted
)

-- Those who stayed and those who left add up to those at the start: where one is hidden so is the other.
select
    level,
    org_code,
    scope,
    as_at,
    slice,
    {%- set other = {'stayed': 'leavers', 'leavers': 'stayed'} %}
    {%- for group in movement_groups() %}
    {%- for name in movement_measures() %}
    {%- set count = group ~ '_' ~ name ~ '_count' %}
    {% if name in other %}case when {{ group }}_{{ other[name] }}_count is not null then {{ count }} end as {% endif %}{{ count }},
    {%- endfor %}
    {%- endfor %}
    -- That nobody is in a row is told where nothing is hidden.
    case
        when is_restricted and (value_status = 'ok' or is_empty) then 'suppressed'
        when is_empty and unaudited_policy = 'hidden' then 'ok'
        else value_status
    end as value_status,
    case
        when is_restricted and (value_status = 'ok' or is_empty) then 'Hidden: the source is for analysts only.'
        when is_empty and unaudited_policy = 'hidden' then null
        else status_reason
    end as status_reason,
    unaudited_policy,
    is_restricted,
    is_synthetic
from controlled
