{#-
    The arithmetic of indicators 2 to 8, once for all of them: a select of one row per figure and vintage, from counts or
    rates in long form. It runs twice: on true counts for `restricted`, on controlled counts for `published`.

    Ratio: in the official direction (White ÷ BME for 2, 4 and 7; BME ÷ White for 3, 5, 6 and 8), which for these indicators
    is also the oriented one: above 1 is always worse for BME staff. Interval: Katz; gap: Newcombe; p-value: pooled z test.
    Grounds of discrimination describe indicator 8 and are no figure of the standard: they stay out.
    A base taken from the ethnicity question serves only when both groups have 100 respondents or more.

    counts   relation with the columns of int_indicators__count
-#}
{% macro indicator_figure(counts) -%}
    {%- set key = [
        'level', 'org_code', 'wres_year', 'as_at', 'period_kind', 'indicator_code', 'slice', 'basis', 'denominator', 'scope',
        'aggregation', 'organisation_basis', 'source_vintage'
    ] -%}
    with grouped as (
        select
            {{ key | join(', ') }},
            survey_year,
            bool_or(is_default_vintage) as is_default_vintage,
            bool_or(is_synthetic) as is_synthetic,
            min(disclosure_policy) as disclosure_policy,
            {%- for group in ['white', 'bme', 'unknown'] %}
            max(value_count) filter (where ethnicity_group = '{{ group }}') as {{ group }}_count,
            max(base_count) filter (where ethnicity_group = '{{ group }}') as {{ group }}_respondents,
            max(coalesce(rate, value_count::double precision / nullif(base_count, 0)::double precision))
                filter (where ethnicity_group = '{{ group }}') as {{ group }}_rate,
            {%- endfor %}
            count(*) filter (where ethnicity_group in ('white', 'bme')) as groups,
            array_agg(value_status order by {{ status_rank('value_status') }})
                filter (where ethnicity_group in ('white', 'bme')) as statuses,
            array_agg(status_reason order by {{ status_rank('value_status') }})
                filter (where ethnicity_group in ('white', 'bme')) as reasons,
            case
                when bool_or(base_source = 'none') filter (where ethnicity_group in ('white', 'bme')) then 'none'
                when bool_or(base_source = 'q28_respondents') then 'q28_respondents'
                else 'reported'
            end as stated_base_source
        from {{ counts }}
        where ethnicity_group in ('white', 'bme', 'unknown') and slice <> 'on_ethnic_grounds'
        group by {{ key | join(', ') }}, survey_year
    ),

    defined as (
        select
            grouped.*,
            definition.definition_version,
            definition.ratio_direction,
            definition.min_base,
            definition.approximate_base_from,
            case
                when
                    stated_base_source = 'q28_respondents'
                    and least(white_respondents, bme_respondents) < definition.approximate_base_from
                    then 'none'
                else stated_base_source
            end as base_source
        from grouped
        left join {{ ref('indicator_definition') }} as definition
            on
                grouped.indicator_code = definition.indicator_code
                and grouped.denominator = definition.denominator
                and grouped.wres_year >= definition.valid_from_year
                and (definition.valid_to_year is null or grouped.wres_year <= definition.valid_to_year)
    ),

    based as (
        select
            *,
            case when base_source <> 'none' then white_respondents end as white_base,
            case when base_source <> 'none' then bme_respondents end as bme_base
        from defined
    ),

    -- Top and bottom of the ratio.
    directed as (
        select
            *,
            {%- for part in ['count', 'base', 'rate'] %}
            case ratio_direction when 'white_over_bme' then white_{{ part }} else bme_{{ part }} end as top_{{ part }},
            case ratio_direction when 'white_over_bme' then bme_{{ part }} else white_{{ part }} end as bottom_{{ part }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from based
    ),

    judged as (
        select
            *,
            case
                when groups < 2 then 'not_submitted'
                when statuses[1] <> 'ok' then statuses[1]
                when white_respondents = 0 or bme_respondents = 0 then 'zero_denominator'
                when top_rate is null or bottom_rate is null then 'not_submitted'
                when bottom_rate = 0 then 'not_calculable'
                when top_rate = 0 then 'zero_numerator'
                when least(white_respondents, bme_respondents) < min_base then 'unreliable'
                else 'ok'
            end as status
        from directed
    ),

    reasoned as (
        select
            *,
            case
                when groups < 2 then 'The file gives a result for one of the two groups only.'
                when status = statuses[1] then reasons[1]
                when status = 'zero_denominator' then 'Nobody in one of the two groups answered.'
                when status = 'not_calculable' then 'Nobody in the comparison group is counted, so that no ratio exists.'
                when status = 'zero_numerator' then 'Nobody in the first group is counted, so that there is no ratio but zero.'
                when status = 'unreliable'
                    then 'Fewer than ' || min_base || ' people answered in one of the two groups.'
                when status = 'not_submitted' then 'The cell is empty in the publisher''s file.'
            end as status_reason,
            status in ('ok', 'unreliable') as has_ratio
        from judged
    )

    select
        {{ key | join(', ') }},
        survey_year,
        is_default_vintage,
        is_synthetic,
        disclosure_policy,
        definition_version,
        base_source,
        white_count,
        white_base,
        bme_count,
        bme_base,
        unknown_count,
        unknown_respondents as unknown_base,
        100 * white_rate as white_pct,
        100 * bme_rate as bme_pct,
        100 * unknown_rate as unknown_pct,
        case when has_ratio then top_rate / bottom_rate end as ratio,
        case when has_ratio then {{ risk_ratio_standard_error('top_rate', 'top_base', 'bottom_rate', 'bottom_base') }} end
            as ratio_se,
        case when has_ratio then {{ risk_ratio_limit('top_rate', 'top_base', 'bottom_rate', 'bottom_base', 'low') }} end
            as ratio_low,
        case when has_ratio then {{ risk_ratio_limit('top_rate', 'top_base', 'bottom_rate', 'bottom_base', 'high') }} end
            as ratio_high,
        case when indicator_code in ('5', '6', '7', '8') then 100 * (bme_rate - white_rate) end as gap_points,
        case
            when indicator_code in ('5', '6', '7', '8')
                then 100 * ({{ newcombe_limit('bme_rate', 'bme_base', 'white_rate', 'white_base', 'low') }})
        end as gap_low,
        case
            when indicator_code in ('5', '6', '7', '8')
                then 100 * ({{ newcombe_limit('bme_rate', 'bme_base', 'white_rate', 'white_base', 'high') }})
        end as gap_high,
        {{ two_proportion_p_value('bme_rate', 'bme_base', 'white_rate', 'white_base') }} as p_value,
        -- The count itself where it is known: 5 / 77 * 77 is less than 5 in double precision.
        coalesce(top_count, top_rate * top_base) as top_events,
        coalesce(bottom_count, bottom_rate * bottom_base) as bottom_events,
        top_base,
        bottom_base,
        min_base,
        status,
        status_reason
    from reasoned
{%- endmacro %}


{#- Which status speaks for a figure when its groups differ: the lowest rank. -#}
{% macro status_rank(status) -%}
    case {{ status }}
        when 'not_applicable' then 1
        when 'not_submitted' then 2
        when 'not_calculable' then 3
        when 'suppressed_source' then 4
        when 'suppressed' then 5
        else 6
    end
{%- endmacro %}
