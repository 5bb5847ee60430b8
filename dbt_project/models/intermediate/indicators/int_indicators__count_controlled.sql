{{ config(pre_hook="{{ hash_joins() }}") }}

-- Disclosure control acts here, on counts and before any arithmetic, so that nothing computed can leak what a count hides.
-- The step before it has found what else has to be hidden, so that no count follows from others.
{%- set amounts = {
    'value_count': 'shown_value', 'base_count': 'shown_base', 'workforce_count': 'shown_workforce', 'workforce_base': 'shown_workforce_base'
} %}
with controlled as (
    select
        counted.*,
        {%- for amount, shown in amounts.items() %}
        {{ controlled_count(
            'counted.' ~ amount, 'counted.disclosure_policy', 'counted.level', amount ~ '_treatment.treatment'
        ) }} as {{ shown }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_indicators__count') }} as counted
    {{ treatments('counted', count_cells('counted'), 'counted.organisation_basis') }}
),

hidden as (
    select
        *,
        (value_count is not null and shown_value is null)
        or (base_count is not null and shown_base is null)
        or (workforce_count is not null and shown_workforce is null)
        or (workforce_base is not null and shown_workforce_base is null)
        or (rate is not null and disclosure_policy is distinct from 'already_public')
        -- The registry names who may see a source; what BI may not see is hidden whatever its size.
        or coalesce(is_restricted, false) as is_hidden
    from controlled
)

select
    level,
    org_code,
    wres_year,
    as_at,
    period_kind,
    indicator_code,
    slice,
    basis,
    denominator,
    scope,
    aggregation,
    organisation_basis,
    ethnicity_group,
    case when not is_hidden then shown_value end as value_count,
    case when not is_hidden then shown_base end as base_count,
    case when not is_hidden then shown_workforce end as workforce_count,
    case when not is_hidden then shown_workforce_base end as workforce_base,
    case when not is_hidden then rate end as rate,
    case when is_hidden then 'none' else base_source end as base_source,
    case when is_hidden and value_status = 'ok' then 'suppressed' else value_status end as value_status,
    case
        when is_restricted and value_status = 'ok' then 'Hidden: the source is for analysts only.'
        when is_hidden and value_status = 'ok' then 'Hidden by disclosure control: the figure rests on few people.'
        else status_reason
    end as status_reason,
    source,
    disclosure_policy,
    source_vintage,
    is_default_vintage,
    definition_version,
    survey_year,
    is_synthetic
from hidden
