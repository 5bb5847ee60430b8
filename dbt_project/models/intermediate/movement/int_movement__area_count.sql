{{ config(pre_hook="{{ read_once_and_hash() }}") }}
{#- Opening counts are of those who are followed as a whole; who came out of a split organisation is found, and nothing more. -#}
{%- set of_whole = ['opening', 'stayed', 'moved_out', 'moved_in', 'opening_band', 'promoted'] -%}
{%- set measures = movement_measures() -%}
{%- set groups = ['white', 'bme', 'unknown'] -%}
with member as materialized (
    {{ slice_members() }}
),

per_organisation as materialized (
    select
        pair.org_code,
        pair.as_at,
        counted.slice,
        counted.ethnicity_group,
        {%- for name in of_whole %}
        coalesce(sum(counted.{{ name }}_count) filter (where pair.is_whole), 0) as {{ name }}_count,
        {%- endfor %}
        coalesce(sum(counted.opening_count - counted.stayed_count) filter (where pair.is_whole), 0) as leavers_count,
        -- The closing extract is the same in all pairs of an organisation.
        max(counted.closing_count) as closing_count,
        max(counted.closing_count) - sum(counted.found_count) as joiners_count,
        coalesce(sum(counted.found_count) filter (where not pair.is_whole), 0) as transferred_count
    from {{ ref('int_movement__count') }} as counted
    inner join {{ ref('int_movement__pair') }} as pair
        on {{ same_content('counted', 'pair', content_pair_key()) }}
    inner join {{ ref('int_movement__organisation') }} as organisation
        on
            pair.org_code = organisation.org_code
            and pair.as_at = organisation.as_at
            and organisation.value_status = 'ok'
    group by pair.org_code, pair.as_at, counted.slice, counted.ethnicity_group
),

-- Every row of the standard, so that one with nobody in it is seen to be empty. Pay outside the bands is shown where there is any.
empty as (
    select
        organisation.org_code,
        organisation.as_at,
        slice.slice
    from {{ ref('int_movement__organisation') }} as organisation
    cross join (select distinct slice from member) as slice
    where
        organisation.value_status = 'ok'
        and slice.slice not like '%.other_pay'
        and slice.slice <> 'medical_dental.senior_medical_manager'
),

wide as materialized (
    select
        org_code,
        as_at,
        slice,
        {%- for group in groups %}
        {%- for name in measures %}
        coalesce(sum({{ name }}_count) filter (where ethnicity_group = '{{ group }}'), 0) as {{ group }}_{{ name }}_count,
        {%- endfor %}
        {%- endfor %}
        {%- for name in measures %}
        sum({{ name }}_count) as all_{{ name }}_count{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            org_code,
            as_at,
            slice,
            ethnicity_group,
            {%- for name in measures %}
            {{ name }}_count{{ ',' if not loop.last }}
            {%- endfor %}
        from per_organisation
        union all
        select
            org_code,
            as_at,
            slice,
            'unknown' as ethnicity_group,
            {%- for name in measures %}
            0 as {{ name }}_count{{ ',' if not loop.last }}
            {%- endfor %}
        from empty
    ) as placed
    group by org_code, as_at, slice
),

unit_size as (
    select
        level,
        unit_code,
        scope,
        as_at,
        count(*) as organisations
    from {{ ref('int_indicators__unit') }}
    where organisation_basis = 'as_reported'
    group by level, unit_code, scope, as_at
),

-- A wider scope says something where somebody who is followed belongs to it and to no narrower one.
said as (
    select
        unit.level,
        unit.unit_code,
        unit.scope,
        unit.as_at
    from {{ ref('int_indicators__unit') }} as unit
    inner join {{ ref('int_movement__organisation') }} as organisation
        on
            unit.org_code = organisation.org_code
            and unit.as_at = organisation.as_at
            and organisation.value_status = 'ok'
    where unit.organisation_basis = 'as_reported'
    group by unit.level, unit.unit_code, unit.scope, unit.as_at
    having bool_or(unit.is_widest)
),

summed as (
    select
        unit.level,
        unit.unit_code as org_code,
        unit.scope,
        wide.as_at,
        wide.slice,
        count(*) as contributors,
        {%- for group in movement_groups() %}
        {%- for name in measures %}
        sum(wide.{{ group }}_{{ name }}_count)::bigint as {{ group }}_{{ name }}_count,
        {%- endfor %}
        {%- endfor %}
        min(organisation.status_reason) as status_reason,
        bool_or(organisation.is_synthetic) as is_synthetic
    from wide
    inner join {{ ref('int_movement__organisation') }} as organisation
        on wide.org_code = organisation.org_code and wide.as_at = organisation.as_at
    inner join {{ ref('int_indicators__unit') }} as unit
        on
            wide.org_code = unit.org_code
            and wide.as_at = unit.as_at
            and unit.organisation_basis = 'as_reported'
    inner join said
        on
            unit.level = said.level
            and unit.unit_code = said.unit_code
            and unit.scope = said.scope
            and unit.as_at = said.as_at
    group by unit.level, unit.unit_code, unit.scope, wide.as_at, wide.slice
),

told as (
    select
        summed.level,
        summed.org_code,
        summed.scope,
        summed.as_at,
        summed.slice,
        {%- for group in movement_groups() %}
        {%- for name in measures %}
        summed.{{ group }}_{{ name }}_count,
        {%- endfor %}
        {%- endfor %}
        -- Nobody at either end. A step between bands has no ends.
        case
            when split_part(summed.slice, '.', 3) = '' and summed.all_opening_count + summed.all_closing_count = 0 then 'not_applicable'
            else 'ok'
        end as value_status,
        case
            when summed.level = 'organisation' and split_part(summed.slice, '.', 3) = ''
                and summed.all_opening_count + summed.all_closing_count = 0
                then 'Nobody is in this row, then or now.'
            when summed.level = 'organisation' then summed.status_reason
            when summed.contributors < unit_size.organisations and summed.slice = 'all'
                then 'The sum of ' || summed.contributors || ' of ' || unit_size.organisations || ' organisations.'
        end as status_reason,
        'workforce' as source,
        summed.is_synthetic
    from summed
    left join unit_size
        on
            summed.level = unit_size.level
            and summed.org_code = unit_size.unit_code
            and summed.scope = unit_size.scope
            and summed.as_at = unit_size.as_at
    union all
    select
        'organisation' as level,
        org_code,
        'trusts' as scope,
        as_at,
        'all' as slice,
        {%- for group in movement_groups() %}
        {%- for name in measures %}
        null as {{ group }}_{{ name }}_count,
        {%- endfor %}
        {%- endfor %}
        value_status,
        status_reason,
        source,
        is_synthetic
    from {{ ref('int_movement__organisation') }}
    where value_status <> 'ok'
)

select
    told.level,
    told.org_code,
    told.scope,
    told.as_at,
    told.slice,
    {%- for group in movement_groups() %}
    {%- for name in measures %}
    told.{{ group }}_{{ name }}_count,
    {%- endfor %}
    {%- endfor %}
    told.value_status,
    told.status_reason,
    policy.unaudited_policy,
    'bi_reader' <> all(policy.visible_to) as is_restricted,
    told.is_synthetic
from told
left join {{ source('ops', 'source') }} as policy on told.source = policy.source
