{#- Measures of one figure by name: {measure: SQL}. -#}
{%- set measures = {
    'ratio': 'ratio', 'white_pct': 'white_pct', 'bme_pct': 'bme_pct', 'unknown_pct': 'unknown_pct', 'gap_points': 'gap_points',
    'white_count': 'white_count', 'bme_count': 'bme_count', 'unknown_count': 'unknown_count',
    'white_base': "case when base_source = 'reported' then white_base end",
    'bme_base': "case when base_source = 'reported' then bme_base end",
} -%}
{%- set figure_key = ['wres_year', 'indicator_code', 'slice', 'denominator', 'source_vintage'] -%}
-- From controlled counts: those for England are exact, and what is published of organisations rests on no others.
with figure as (
    select
        *,
        array_position(
            case when indicator_code in ('5', '6', '7', '8')
                then array['survey', 'return', 'records'] else array['return', 'records', 'survey']
            end, basis
        ) as basis_rank
    from {{ ref('int_indicators__figure_controlled') }}
    where period_kind = 'annual' and organisation_basis = 'as_reported' and denominator <> 'known_only'
),

-- How many of the country's organisations a sum covers: those that sent the figure, whatever it said.
expected as (
    select
        as_at,
        scope,
        count(distinct org_code) as organisations_expected
    from {{ ref('int_indicators__unit') }}
    where level = 'england' and organisation_basis = 'as_reported'
    group by as_at, scope
),

member as (
    select
        figure.*,
        area.scope as area_scope
    from figure
    inner join {{ ref('int_indicators__unit') }} as area
        on
            figure.org_code = area.org_code
            and figure.as_at = area.as_at
            and area.level = 'england'
            and area.organisation_basis = 'as_reported'
    where figure.level = 'organisation' and figure.is_default_vintage and figure.status <> 'not_submitted'
),

sent as (
    select
        as_at,
        area_scope,
        indicator_code,
        slice,
        denominator,
        basis,
        count(*) as organisations
    from member
    group by as_at, area_scope, indicator_code, slice, denominator, basis
),

england as (
    select
        figure.scope,
        {%- for column in figure_key %}
        figure.{{ column }},
        {%- endfor %}
        figure.basis,
        figure.basis_rank,
        figure.aggregation as method,
        figure.is_default_vintage,
        case when figure.aggregation = 'pooled' then sent.organisations end as organisations,
        case when figure.aggregation = 'pooled' then expected.organisations_expected end as organisations_expected,
        measure.measure,
        measure.value
    from figure
    left join sent
        on
            figure.as_at = sent.as_at
            and figure.scope = sent.area_scope
            and figure.indicator_code = sent.indicator_code
            and figure.slice = sent.slice
            and figure.denominator = sent.denominator
            and figure.basis = sent.basis
    left join expected on figure.as_at = expected.as_at and figure.scope = expected.scope
    cross join lateral (
        values
        {%- for name, expression in measures.items() %}
        ('{{ name }}', ({{ expression }})::double precision){{ ',' if not loop.last }}
        {%- endfor %}
    ) as measure (measure, value)
    where figure.level = 'england' and measure.value is not null
),

all_staff as (
    select
        counts.scope,
        {%- for column in figure_key %}
        counts.{{ column }},
        {%- endfor %}
        counts.basis,
        1 as basis_rank,
        counts.aggregation as method,
        counts.is_default_vintage,
        null::bigint as organisations,
        null::bigint as organisations_expected,
        measure.measure,
        measure.value
    from {{ ref('int_indicators__count_controlled') }} as counts
    cross join lateral (
        values ('all_pct', 100 * counts.rate), ('all_base', counts.base_count::double precision)
    ) as measure (measure, value)
    where counts.level = 'england' and counts.ethnicity_group = 'all' and measure.value is not null
),

-- One figure of a trust: on the official basis where it has one.
trust as (
    select distinct on (org_code, wres_year, indicator_code, slice, denominator)
        *
    from member
    where area_scope = 'trusts' and status in ('ok', 'zero_numerator', 'not_calculable')
    order by org_code asc, wres_year asc, indicator_code asc, slice asc, denominator asc, basis_rank asc
),

-- Means and shares of trusts, each under its own name: a mean of ratios is not the ratio of sums.
of_trusts as (
    select
        'trusts' as scope,
        trust.wres_year,
        trust.indicator_code,
        trust.slice,
        trust.denominator,
        case when count(distinct trust.source_vintage) = 1 then max(trust.source_vintage) else 'several' end as source_vintage,
        case when count(distinct trust.basis) = 1 then max(trust.basis) else 'several' end as basis,
        1 as basis_rank,
        measure.method,
        true as is_default_vintage,
        count(measure.value) as organisations,
        max(expected.organisations_expected) as organisations_expected,
        measure.measure,
        case measure.summary
            when 'mean' then avg(measure.value)
            when 'sum' then sum(measure.value)
            when 'share' then 100 * avg(measure.value)
        end as value
    from trust
    left join expected on trust.as_at = expected.as_at and expected.scope = 'trusts'
    cross join lateral (
        values
        ('org_mean', 'ratio', 'mean', trust.ratio),
        ('org_mean', 'white_pct', 'mean', trust.white_pct),
        ('org_mean', 'bme_pct', 'mean', trust.bme_pct),
        ('org_share', 'trusts_above_pct', 'share', (trust.ratio > 1.25)::integer),
        ('org_count', 'trusts_above_count', 'sum', (trust.ratio > 1.25)::integer),
        (
            'org_share', 'trusts_significant_pct', 'share',
            case when trust.p_value is not null then (trust.ratio > 1 and trust.p_value < 0.05)::integer end
        ),
        ('org_count', 'trusts_without_bme_count', 'sum', (trust.bme_count = 0)::integer)
    ) as measure (method, measure, summary, value)
    where measure.value is not null
    group by
        trust.wres_year, trust.indicator_code, trust.slice, trust.denominator, measure.method, measure.measure, measure.summary
    -- As everywhere that organisations are averaged: five, or nothing is said.
    having count(measure.value) >= 5
),

growth as (
    select
        'trusts' as scope,
        change.last_year as wres_year,
        change.indicator_code,
        change.slice,
        definition.denominator,
        'latest' as source_vintage,
        change.basis,
        1 as basis_rank,
        'growth' as method,
        true as is_default_vintage,
        change.organisations::bigint as organisations,
        null::bigint as organisations_expected,
        measure.measure,
        measure.value,
        change.first_year
    from {{ ref('yearly_change') }} as change
    inner join {{ ref('indicator_definition') }} as definition
        on change.indicator_code = definition.indicator_code and change.definition_version = definition.definition_version
    cross join lateral (
        values
        ('yearly_change', case change.grouping_kind when 'overall' then change.mean_slope end),
        ('yearly_change_per_10_points', case change.grouping_kind when 'bme_share' then change.mean_slope end),
        ('significant_change', case change.grouping_kind when 'overall' then (change.slope_p < 0.05)::integer end)
    ) as measure (measure, value)
    where change.scale <> 'log_ratio' and measure.value is not null
)

{%- set columns = [
    'scope', 'wres_year', 'indicator_code', 'slice', 'denominator', 'source_vintage', 'basis', 'basis_rank', 'method',
    'is_default_vintage', 'organisations', 'organisations_expected', 'measure', 'value'
] %}
{%- for part in ['england', 'all_staff', 'of_trusts', 'growth'] %}
select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    {{ 'first_year' if part == 'growth' else 'null::integer' }} as first_year
from {{ part }}
{{ 'union all' if not loop.last }}
{%- endfor %}
