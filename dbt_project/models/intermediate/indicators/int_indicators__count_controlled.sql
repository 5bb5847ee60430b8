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
        {{ controlled_amount('counted', amount) }} as {{ shown }},
        {%- endfor %}
        case when not coalesce(counted.is_restricted, false) and counted.disclosure_policy = 'already_public' then counted.rate end
            as shown_rate
    from {{ ref('int_indicators__count') }} as counted
    {{ treatments('counted', count_cells('counted'), 'counted.organisation_basis') }}
),

-- A hidden count hides what would be computed from it, and no other count.
judged as (
    select
        *,
        num_nulls({{ amounts.values() | join(', ') }}, shown_rate) > num_nulls({{ amounts.keys() | join(', ') }}, rate)
        or coalesce(is_restricted, false) as is_hidden
    from controlled
),

-- A row that nobody is in would say so by its status, of White staff also where BME staff are hidden alone.
{%- set figure = [
    'level', 'org_code', 'as_at', 'period_kind', 'indicator_code', 'slice', 'basis', 'denominator', 'scope', 'organisation_basis'
] %}
hidden_empty as (
    select distinct {{ figure | join(', ') }}
    from judged
    where is_hidden and value_status = 'not_applicable' and coalesce(value_count, base_count) is not null
),

concluded as (
    select
        judged.*,
        is_hidden and value_status = 'ok' or hidden_empty.level is not null as is_suppressed
    from judged
    left join hidden_empty
        on
            judged.value_status = 'not_applicable'
            {%- for column in figure %}
            and judged.{{ column }} = hidden_empty.{{ column }}
            {%- endfor %}
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
    shown_value as value_count,
    shown_base as base_count,
    shown_workforce as workforce_count,
    shown_workforce_base as workforce_base,
    shown_rate as rate,
    case when shown_base is null then 'none' else base_source end as base_source,
    case when is_suppressed then 'suppressed' else value_status end as value_status,
    case
        when is_suppressed and is_restricted then 'Hidden: the source is for analysts only.'
        when is_suppressed then 'Hidden by disclosure control: the figure rests on few people.'
        else status_reason
    end as status_reason,
    source,
    disclosure_policy,
    source_vintage,
    is_default_vintage,
    definition_version,
    survey_year,
    is_synthetic
from concluded
