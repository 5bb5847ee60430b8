{#-
    Rows of indicator_result: figures of indicator_figure beside England, their peers, and themselves one and three years before.

    figures     relation with the columns of indicator_figure (all vintages)
    published   true rounds for publication: percentages and points to 1 decimal, ratios to 2, half away from zero; leaves
                out approximate bases, and p-values that would come from controlled counts
    vintages    'default' for the newest vintage of each figure, 'others' for the rest
-#}
{% macro indicator_result(figures, published, vintages='default') -%}
    {%- set same_figure = [
        'indicator_code', 'slice', 'basis', 'denominator', 'scope', 'organisation_basis', 'wres_year', 'as_at', 'period_kind'
    ] -%}
    {%- set any_definition = [
        'level', 'org_code', 'aggregation', 'indicator_code', 'slice', 'basis', 'scope', 'organisation_basis', 'period_kind'
    ] -%}
    {%- set compared_years = [1, 3] -%}
    with figure as (
        select
            *,
            -- A board is about a dozen people; and a low band with many BME staff is not "better" for them.
            case
                when indicator_code = '9' then null
                when indicator_code = '1' and not {{ is_senior_slice('slice') }} then null
                else {{ evidence_status(
                    'oriented_low', 'oriented_high', 'status', white_count='top_events', bme_count='bottom_events',
                    white_base='top_base', bme_base='bottom_base', minimum_base='min_base', minimum_cases='minimum_cases'
                ) }}
            end as evidence,
            case when indicator_code in ('2', '3', '4') and status = 'ok' then {{ four_fifths_status('ratio') }} end as four_fifths,
            -- What a dashboard shows of a figure: on its usual denominator, with a value, the official basis, trusts before all.
            organisation_basis = 'as_reported'
            and row_number() over (
                partition by
                    level, org_code, wres_year, as_at, period_kind, indicator_code, slice, organisation_basis, is_default_vintage
                order by
                    denominator in ('known_only', 'yes_no'),
                    -- The answers of a few organisations do not stand for an area of which the survey has no result.
                    level <> 'organisation' and indicator_code in ('5', '6', '7', '8') and basis <> 'survey',
                    coalesce(white_pct, bme_pct, ratio, white_count) is null or status = 'suppressed',
                    array_position(
                        case when indicator_code in ('5', '6', '7', '8')
                            then array['survey', 'return', 'records'] else array['return', 'records', 'survey']
                        end, basis
                    ),
                    array_position(array['trusts', 'trusts_and_icbs', 'all'], scope),
                    aggregation
            ) = 1 as is_headline,
            -- Like with like: the same figure earlier, on the same definition and as restated by the same vintage.
            {%- for years in compared_years %}
            {%- for column in ['ratio', 'ratio_se', 'status'] %}
            first_value({{ column }}) over earlier_{{ years }}y as {{ column }}_{{ years }}y,
            {%- endfor %}
            -- Whatever else is known of the day, on any definition and of any vintage: it tells a break in the series from a gap.
            array_agg(source_vintage) filter (where ratio is not null) over known_{{ years }}y as vintages_{{ years }}y
            {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ figures }}
        {%- if vintages == 'others' %}
        -- Nothing but the survey is restated by vintage.
        where basis = 'survey'
        {%- endif %}
        window
            series as (
                partition by
                    level, org_code, aggregation, source_vintage, definition_version
                    {%- for column in same_figure if column not in ['wres_year', 'as_at'] %}, {{ column }}{% endfor %}
                order by as_at
            ),
            on_any_definition as (partition by {{ any_definition | join(', ') }} order by as_at)
            {%- for years in compared_years %}
            {%- set as_long_ago = "range between interval '" ~ years ~ " years' preceding and interval '" ~ years ~ " years' preceding" %},
            earlier_{{ years }}y as (series {{ as_long_ago }}),
            known_{{ years }}y as (on_any_definition {{ as_long_ago }})
            {%- endfor %}
    ),

    typed as (
        select
            figure.*,
            {%- for years in compared_years %}
            mode_{{ years }}y.survey_mode as survey_mode_{{ years }}y,
            {%- endfor %}
            mode_now.survey_mode,
            organisation.org_type,
            figure.level = 'organisation'
            and figure.is_default_vintage
            and figure.status = 'ok'
            and organisation.org_type is not null as is_peer
        from figure
        left join {{ ref('dim_organisation') }} as organisation
            on
                figure.level = 'organisation'
                and figure.org_code = organisation.org_code
                and {{ organisation_as_at('organisation', 'figure.as_at') }}
        -- The seed is about real organisations.
        left join {{ ref('survey_mode') }} as mode_now
            on
                figure.basis = 'survey'
                and not figure.is_synthetic
                and figure.org_code = mode_now.org_code
                and figure.survey_year = mode_now.survey_year
        {%- for years in compared_years %}
        left join {{ ref('survey_mode') }} as mode_{{ years }}y
            on mode_now.org_code = mode_{{ years }}y.org_code and mode_now.survey_year = mode_{{ years }}y.survey_year + {{ years }}
        {%- endfor %}
    ),

    england as (
        select {{ same_figure | join(', ') }}, ratio as england_value
        from figure
        where level = 'england' and is_default_vintage
    ),

    peers as (
        select
            {{ same_figure | join(', ') }},
            org_type,
            percentile_cont(0.5) within group (order by ratio) as peer_median
        from typed
        where is_peer
        group by {{ same_figure | join(', ') }}, org_type
        having count(*) >= 5
    ),

    -- Mid-rank percentile: those below, and half of those equal (oneself among them). Peers alone are sorted: they are few.
    ranked as (
        select
            *,
            100 * (
                rank() over peer_set - 1 + 0.5 * count(*) over (peer_set range between current row and current row)
            )::double precision / count(*) over (partition by {{ same_figure | join(', ') }}, org_type) as percentile
        from typed
        where is_peer
        window peer_set as (partition by {{ same_figure | join(', ') }}, org_type order by ratio)
        union all
        select
            *,
            null as percentile
        from typed
        where not is_peer
    ),

    compared as (
        select
            ranked.*,
            england.england_value,
            peers.peer_median,
            case when peers.peer_median is not null then ranked.percentile end as peer_percentile,
            {{ change_status(1) }} as change_status,
            {{ change_status(3) }} as change_3y_status
        from ranked
        left join england
            on
                ranked.level <> 'england'
                {%- for column in same_figure %}
                and ranked.{{ column }} = england.{{ column }}
                {%- endfor %}
        -- Peers are of the newest vintage, and so compare with figures of the newest vintage alone.
        left join peers
            on
                ranked.is_default_vintage
                and ranked.org_type = peers.org_type
                {%- for column in same_figure %}
                and ranked.{{ column }} = peers.{{ column }}
                {%- endfor %}
        where ranked.is_default_vintage = {{ 'true' if vintages == 'default' else 'false' }}
    ),

    changed as (
        select
            *,
            {%- for years in compared_years %}
            {%- set earlier = 'ratio_' ~ years ~ 'y' %}
            {%- set earlier_se = 'ratio_se_' ~ years ~ 'y' %}
            {%- set has_change = ('change_status' if years == 1 else 'change_3y_status') ~ " in ('ok', 'unreliable')" %}
            case when {{ has_change }} then ratio / ratio_{{ years }}y end as change_{{ years }}y,
            {%- for side in ['low', 'high'] %}
            case when {{ has_change }} then {{ ratio_of_ratios_limit(earlier, earlier_se, 'ratio', 'ratio_se', side) }} end as change_{{ years }}y_{{ side }},
            {%- endfor %}
            case when {{ has_change }} then {{ ratio_of_ratios_p_value(earlier, earlier_se, 'ratio', 'ratio_se') }} end as change_{{ years }}y_p_value,
            {%- endfor %}
            nullif(concat_ws(' ', {{ change_reason(1) }}, {{ change_reason(3) }}), '') as change_reason
        from compared
    )

    select
        level::text as level,
        org_code::text as org_code,
        wres_year::integer as wres_year,
        as_at::date as as_at,
        period_kind::text as period_kind,
        indicator_code::text as indicator_code,
        slice::text as slice,
        basis::text as basis,
        denominator::text as denominator,
        scope::text as scope,
        aggregation::text as aggregation,
        organisation_basis::text as organisation_basis,
        is_headline::boolean as is_headline,
        white_count::numeric as white_count,
        {{ base_shown('white_base', published) }} as white_base,
        bme_count::numeric as bme_count,
        {{ base_shown('bme_base', published) }} as bme_base,
        unknown_count::numeric as unknown_count,
        {{ base_shown('unknown_base', published) }} as unknown_base,
        workforce_white_count::numeric as workforce_white_count,
        workforce_bme_count::numeric as workforce_bme_count,
        workforce_unknown_count::numeric as workforce_unknown_count,
        {{ shown('white_pct', 1, published) }} as white_pct,
        {{ shown('bme_pct', 1, published) }} as bme_pct,
        {{ shown('unknown_pct', 1, published) }} as unknown_pct,
        {{ shown('ratio', 2, published) }} as ratio,
        {{ shown('ratio_low', 2, published) }} as ratio_low,
        {{ shown('ratio_high', 2, published) }} as ratio_high,
        is_adjusted::boolean as is_adjusted,
        {{ shown('gap_points', 1, published) }} as gap_points,
        {{ shown('gap_low', 1, published) }} as gap_low,
        {{ shown('gap_high', 1, published) }} as gap_high,
        {{ p_value_shown('p_value', published) }} as p_value,
        four_fifths::text as four_fifths,
        evidence::text as evidence,
        {{ shown('england_value', 2, published) }} as england_value,
        {{ shown('peer_median', 2, published) }} as peer_median,
        {{ shown('peer_percentile', 1, published) }} as peer_percentile,
        {{ shown('change_1y', 2, published) }} as change_1y,
        {{ shown('change_1y_low', 2, published) }} as change_1y_low,
        {{ shown('change_1y_high', 2, published) }} as change_1y_high,
        {{ p_value_shown('change_1y_p_value', published) }} as change_p_value,
        {{ shown('change_3y', 2, published) }} as change_3y,
        {{ shown('change_3y_low', 2, published) }} as change_3y_low,
        {{ shown('change_3y_high', 2, published) }} as change_3y_high,
        {{ p_value_shown('change_3y_p_value', published) }} as change_3y_p_value,
        change_status::text as change_status,
        change_3y_status::text as change_3y_status,
        change_reason::text as change_reason,
        base_source::text as base_source,
        status::text as status,
        status_reason::text as status_reason,
        source_vintage::text as source_vintage,
        definition_version::text as definition_version,
        survey_year::integer as survey_year,
        is_synthetic::boolean as is_synthetic
    from changed
{%- endmacro %}


{#- Whether a slice stands for the whole of its indicator. -#}
{% macro is_whole_slice(slice) -%}
    ({{ slice }} in ('all', 'board.total', 'all.lower_to_middle', 'all.middle_to_upper', 'all.lower_to_upper'))
{%- endmacro %}


{#- Whether a slice of indicator 1 is a senior one: band 8a and above, consultants and senior medical managers. -#}
{% macro is_senior_slice(slice) -%}
    (
        split_part({{ slice }}, '.', 2) in (
            'band_8a', 'band_8b', 'band_8c', 'band_8d', 'band_9', 'vsm', 'band_8a_to_vsm', 'consultants', 'senior_medical_manager'
        )
    )
{%- endmacro %}


{#- A statistic as it is shown: full precision, or rounded half away from zero (through numeric) for publication. -#}
{% macro shown(value, decimals, published) -%}
    {%- if published -%} round(({{ value }})::numeric, {{ decimals }})::double precision
    {%- else -%} ({{ value }})::double precision
    {%- endif -%}
{%- endmacro %}


{#- A base as it is shown: one that only approximates the question's own is used for the interval and never published. -#}
{% macro base_shown(base, published) -%}
    {%- if published -%} (case when base_source = 'reported' then {{ base }} end)::numeric
    {%- else -%} ({{ base }})::numeric
    {%- endif -%}
{%- endmacro %}


{#- p-values are published only where the counts behind them were not controlled. -#}
{% macro p_value_shown(p_value, published, policy='disclosure_policy') -%}
    {%- if published -%} (case when {{ policy }} = 'already_public' then {{ p_value }} end)::double precision
    {%- else -%} ({{ p_value }})::double precision
    {%- endif -%}
{%- endmacro %}
