{%- set key = ['wres_year', 'as_at', 'period_kind', 'indicator_code', 'slice', 'basis', 'denominator'] -%}
{%- set amounts = ['value_count', 'base_count', 'workforce_count', 'workforce_base'] -%}
with counted as (
    select
        reported.*,
        policy.disclosure_policy,
        'bi_reader' <> all(policy.visible_to) as is_restricted
    from {{ ref('int_indicators__organisation_count') }} as reported
    left join {{ source('ops', 'source') }} as policy on reported.source = policy.source
),

-- How many organisations an area has, so that a sum of a few of them is not taken for the whole.
unit_size as (
    select level, unit_code, scope, organisation_basis, as_at, count(*) as organisations
    from {{ ref('int_indicators__unit') }}
    group by level, unit_code, scope, organisation_basis, as_at
),

-- Summed counts, never averaged rates: an organisation counts towards an area with figures that are complete.
rolled_up as (
    select
        unit.level,
        unit.unit_code as org_code,
        {%- for column in key %}
        counted.{{ column }},
        {%- endfor %}
        unit.scope,
        unit.organisation_basis,
        counted.ethnicity_group,
        {%- for amount in amounts %}
        sum(counted.{{ amount }}) as {{ amount }},
        {%- endfor %}
        case when count(*) = 1 then max(counted.rate) end as rate,
        count(*) as contributors,
        count(counted.rate) as rates,
        case
            when bool_or(counted.value_status = 'ok') then 'ok'
            when bool_or(counted.value_status = 'not_applicable') then 'not_applicable'
            else min(counted.value_status)
        end as value_status,
        min(counted.status_reason) as reason,
        string_agg(distinct counted.org_code, ', ') filter (where counted.value_status not in ('ok', 'not_applicable')) as lacking,
        max(unit.note) as note,
        max(counted.definition_version) as definition_version,
        min(counted.source) as source,
        -- The strictest of the policies of what is summed; none at all stays none, and blocks.
        case when bool_and(counted.disclosure_policy is not null) then max(counted.disclosure_policy) end as disclosure_policy,
        bool_or(counted.is_restricted) as is_restricted,
        max(counted.survey_year) as survey_year,
        bool_or(counted.is_synthetic) as is_synthetic
    from counted
    inner join {{ ref('int_indicators__unit') }} as unit on counted.org_code = unit.org_code and counted.as_at = unit.as_at
    where
        (unit.organisation_basis = 'as_reported' or not unit.is_same_on_both)
        and (
            unit.level = 'organisation'
            or (
                counted.value_count is not null
                and counted.base_count is not null
                and (counted.indicator_code not in ('1', '9') or counted.workforce_count is not null)
            )
        )
    group by
        unit.level,
        unit.unit_code,
        {%- for column in key %}
        counted.{{ column }},
        {%- endfor %}
        unit.scope,
        unit.organisation_basis,
        counted.ethnicity_group
    having bool_or(unit.is_widest)
),

-- Survey results of today's organisations: one predecessor's stand, several cannot be combined.
survey_current as (
    select
        unit.unit_code as org_code,
        {%- for column in key %}
        survey.{{ column }},
        {%- endfor %}
        survey.scope,
        survey.ethnicity_group,
        survey.source_vintage,
        bool_or(survey.is_default_vintage) as is_default_vintage,
        count(*) as contributors,
        string_agg(survey.org_code, ' and ' order by survey.org_code) as codes,
        max(survey.base_count) as base_count,
        max(survey.rate) as rate,
        min(survey.base_source) as base_source,
        min(survey.value_status) as value_status,
        min(survey.status_reason) as status_reason,
        max(unit.note) as note,
        min(survey.source) as source,
        min(survey.disclosure_policy) as disclosure_policy,
        bool_or(survey.is_restricted) as is_restricted,
        survey.survey_year,
        bool_or(survey.is_synthetic) as is_synthetic
    from {{ ref('int_survey__count') }} as survey
    inner join {{ ref('int_indicators__unit') }} as unit
        on
            survey.org_code = unit.org_code
            and survey.as_at = unit.as_at
            and unit.level = 'organisation'
            and unit.organisation_basis = 'current'
            and not unit.is_same_on_both
    where survey.level = 'organisation' and survey.ethnicity_group <> 'all' and survey.slice <> 'on_ethnic_grounds'
    group by
        unit.unit_code,
        {%- for column in key %}
        survey.{{ column }},
        {%- endfor %}
        survey.scope,
        survey.ethnicity_group,
        survey.source_vintage,
        survey.survey_year
),

-- Areas have no survey result: the workbooks give rates of organisations, and rates without counts are not pooled.
survey_area as (
    select distinct
        unit.level,
        unit.unit_code as org_code,
        {%- for column in key %}
        survey.{{ column }},
        {%- endfor %}
        survey.ethnicity_group,
        unit.organisation_basis,
        survey.source,
        survey.disclosure_policy,
        survey.is_restricted,
        survey.survey_year,
        survey.is_synthetic
    from {{ ref('int_survey__count') }} as survey
    inner join {{ ref('int_indicators__unit') }} as unit
        on survey.org_code = unit.org_code and survey.as_at = unit.as_at and unit.level in ('region', 'icb', 'org_type')
    where
        survey.level = 'organisation'
        and survey.slice = 'all'
        and survey.ethnicity_group <> 'all'
        and survey.is_default_vintage
        and unit.scope = 'trusts'
        and (unit.organisation_basis = 'as_reported' or not unit.is_same_on_both)
)

select
    level,
    org_code,
    {{ key | join(', ') }},
    scope,
    aggregation,
    organisation_basis,
    ethnicity_group,
    value_count,
    base_count,
    null::numeric as workforce_count,
    null::numeric as workforce_base,
    rate,
    base_source,
    value_status,
    status_reason,
    null as definition_version,
    source,
    disclosure_policy,
    is_restricted,
    source_vintage,
    is_default_vintage,
    survey_year,
    is_synthetic
from {{ ref('int_survey__count') }}
union all
select
    'organisation' as level,
    org_code,
    {{ key | join(', ') }},
    scope,
    'organisation' as aggregation,
    'current' as organisation_basis,
    ethnicity_group,
    null as value_count,
    case when contributors = 1 then base_count end as base_count,
    null as workforce_count,
    null as workforce_base,
    case when contributors = 1 then rate end as rate,
    case when contributors = 1 then base_source else 'none' end as base_source,
    case when contributors = 1 then value_status else 'definition_break' end as value_status,
    case
        when contributors = 1 then coalesce(status_reason, note)
        else 'Survey results of ' || codes || ' cannot be combined without the answers behind them.'
    end as status_reason,
    null as definition_version,
    source,
    disclosure_policy,
    is_restricted,
    source_vintage,
    is_default_vintage,
    survey_year,
    is_synthetic
from survey_current
union all
select
    level,
    org_code,
    {{ key | join(', ') }},
    'trusts' as scope,
    'pooled' as aggregation,
    organisation_basis,
    ethnicity_group,
    null as value_count,
    null as base_count,
    null as workforce_count,
    null as workforce_base,
    null as rate,
    'none' as base_source,
    'not_calculable' as value_status,
    'Survey results are published as rates of organisations, which cannot be pooled without the answers behind them.'
        as status_reason,
    null as definition_version,
    source,
    disclosure_policy,
    is_restricted,
    'none' as source_vintage,
    true as is_default_vintage,
    survey_year,
    is_synthetic
from survey_area
union all
select
    rolled_up.level,
    rolled_up.org_code,
    {%- for column in key %}
    rolled_up.{{ column }},
    {%- endfor %}
    rolled_up.scope,
    case rolled_up.level when 'organisation' then 'organisation' else 'pooled' end as aggregation,
    rolled_up.organisation_basis,
    ethnicity_group,
    case when rates = 0 then value_count end as value_count,
    case when rates = 0 then base_count end as base_count,
    workforce_count,
    workforce_base,
    rate,
    case when rates = 0 and base_count is not null then 'reported' else 'none' end as base_source,
    case when rates > 1 then 'definition_break' else value_status end as value_status,
    case
        when rates > 1 then 'Percentages of several organisations cannot be combined without the answers behind them.'
        when rolled_up.level <> 'organisation' and contributors < unit_size.organisations and {{ is_whole_slice('slice') }}
            then 'The sum of ' || contributors || ' of ' || unit_size.organisations || ' organisations.'
        when rolled_up.level <> 'organisation' then case when value_status = 'not_applicable' then reason end
        when contributors = 1 then coalesce(reason, note)
        when value_status not in ('ok', 'not_applicable') then reason
        when lacking is not null then concat_ws(' ', 'Without ' || lacking || ', which sent nothing.', note)
        else note
    end as status_reason,
    definition_version,
    source,
    disclosure_policy,
    is_restricted,
    'latest' as source_vintage,
    true as is_default_vintage,
    survey_year,
    is_synthetic
from rolled_up
left join unit_size
    on
        rolled_up.level = unit_size.level
        and rolled_up.org_code = unit_size.unit_code
        and rolled_up.scope = unit_size.scope
        and rolled_up.organisation_basis = unit_size.organisation_basis
        and rolled_up.as_at = unit_size.as_at
