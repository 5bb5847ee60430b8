{#-
    The arithmetic of all indicators, once for all of them: a select of one row per figure and vintage, from counts or rates in
    long form. It runs twice: on true counts for `restricted`, on controlled counts for `published`.

    Ratio, in the official direction:
    2, 4, 7     White rate ÷ BME rate     Katz, Newcombe for the gap of 5 to 8, z test or Fisher's exact test
    3, 5, 6, 8  BME rate ÷ White rate     the same
    1           BME share of the row ÷ BME share of the workforce; the row is part of the workforce, so that interval
                and test are those of the row against the rest, carried over to the whole
    9           BME share of the board ÷ BME share of the workforce: Katz, Newcombe
    DR          (White higher ÷ White lower) ÷ (BME higher ÷ BME lower): Woolf, 0.5 added to all four if one is zero
    Oriented (oriented_low, oriented_high) above 1 is always worse for BME staff. Grounds of discrimination describe indicator 8
    and are no figure of the standard. A base taken from the ethnicity question serves only when both groups have 100 respondents or more.

    counts      relation with the columns of int_indicators__count
    controlled  true where the counts are controlled: then p-values are computed only of what is public anyway
-#}
{% macro indicator_figure(counts, controlled=false) -%}
    {%- set key = [
        'level', 'org_code', 'wres_year', 'as_at', 'period_kind', 'indicator_code', 'slice', 'basis', 'denominator', 'scope',
        'aggregation', 'organisation_basis', 'source_vintage'
    ] -%}
    {%- set columns = [
        'survey_year', 'is_default_vintage', 'is_synthetic', 'disclosure_policy', 'definition_version', 'base_source',
        'white_count', 'white_base', 'bme_count', 'bme_base', 'unknown_count', 'unknown_base', 'workforce_white_count',
        'workforce_bme_count', 'workforce_unknown_count', 'white_pct', 'bme_pct', 'unknown_pct', 'ratio', 'ratio_se',
        'ratio_low', 'ratio_high', 'oriented_low', 'oriented_high', 'is_adjusted', 'gap_points', 'gap_low', 'gap_high',
        'p_value', 'top_events', 'bottom_events', 'top_base', 'bottom_base', 'min_base', 'minimum_cases', 'status',
        'status_reason'
    ] -%}
    {%- set two_groups = "filter (where ethnicity_group in ('white', 'bme'))" -%}
    -- Materialised step by step: inlined, Postgres would work out each step again wherever the next one names it.
    with grouped as (
        select
            {{ key | join(', ') }},
            survey_year,
            bool_or(is_default_vintage) as is_default_vintage,
            bool_or(is_synthetic) as is_synthetic,
            min(disclosure_policy) as disclosure_policy,
            max(definition_version) as stated_version,
            {%- for group in ['white', 'bme', 'unknown'] %}
            max(value_count) filter (where ethnicity_group = '{{ group }}') as {{ group }}_count,
            max(base_count) filter (where ethnicity_group = '{{ group }}') as {{ group }}_respondents,
            max(workforce_count) filter (where ethnicity_group = '{{ group }}') as workforce_{{ group }}_count,
            max(coalesce(rate, value_count::double precision / nullif(base_count, 0)::double precision))
                filter (where ethnicity_group = '{{ group }}') as {{ group }}_rate,
            {%- endfor %}
            max(workforce_base) as workforce_base,
            count(*) {{ two_groups }} as groups,
            -- Rank, status and reason of the group that speaks for the figure. As one array: an ordered aggregate would sort.
            min(array[{{ status_rank('value_status') }}, value_status, status_reason]) {{ two_groups }} as said,
            -- A base that is hidden or missing takes no other with it, unless that is approximate: such serve the interval alone.
            case
                when bool_and(base_source = 'none') then 'none'
                when not bool_or(base_source = 'q28_respondents') then 'reported'
                when bool_or(base_source = 'none') {{ two_groups }} then 'none'
                else 'q28_respondents'
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
            definition.minimum_cases,
            coalesce(definition.averaging_years, 1) as years,
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
                and case
                    when grouped.stated_version is not null then grouped.stated_version = definition.definition_version
                    else
                        grouped.wres_year >= definition.valid_from_year
                        and (definition.valid_to_year is null or grouped.wres_year <= definition.valid_to_year)
                end
    ),

    based as materialized (
        select
            *,
            case when base_source <> 'none' then white_respondents end as white_base,
            case when base_source <> 'none' then bme_respondents end as bme_base,
            workforce_bme_count::double precision / nullif(workforce_base, 0)::double precision as workforce_rate
        from defined
    ),

    -- Top and bottom of the ratio.
    directed as (
        select
            *,
            {%- for part in ['count', 'base', 'rate'] %}
            case ratio_direction
                when 'white_over_bme' then white_{{ part }}
                else bme_{{ part }}
            end as top_{{ part }},
            case ratio_direction
                when 'white_over_bme' then bme_{{ part }}
                when 'bme_over_white' then white_{{ part }}
                when 'bme_over_workforce'
                    then {{ {'count': 'workforce_bme_count', 'base': 'workforce_base', 'rate': 'workforce_rate'}[part] }}
            end as bottom_{{ part }},
            {%- endfor %}
            case when indicator_code in ('1', '9') then 'share' when indicator_code = 'DR' then 'tiers' else 'rates' end as kind
        from based
    ),

    judged as materialized (
        select
            *,
            case
                when groups < 2 then 'not_submitted'
                when said[2] <> 'ok' then said[2]
                when kind = 'tiers' and least(white_count + bme_count, white_respondents + bme_respondents) = 0 then 'not_applicable'
                when kind = 'tiers' and least(white_count + white_respondents, bme_count + bme_respondents) = 0
                    then 'zero_denominator'
                when kind = 'tiers' then 'ok'
                when white_respondents = 0 or bme_respondents = 0 then 'zero_denominator'
                when kind = 'share' and workforce_base is null then 'not_calculable'
                when top_rate is null or bottom_rate is null then 'not_submitted'
                when bottom_rate = 0 then 'not_calculable'
                when top_rate = 0 then 'zero_numerator'
                when least(white_respondents, bme_respondents) < min_base then 'unreliable'
                when greatest(white_rate, bme_rate) > 1 then 'unreliable'
                else 'ok'
            end as first_status
        from directed
    ),

    calculated as materialized (
        select
            *,
            {{ has_zero_cell('white_count', 'white_base', 'bme_count', 'bme_base') }} as has_zero,
            case
                when indicator_code in ('5', '6', '7', '8') then bme_rate - white_rate
                when kind = 'share' then bme_rate - workforce_rate
            end as gap,
            case
                when first_status not in ('ok', 'unreliable') then null
                when kind = 'tiers' then {{ odds_ratio('white_count', 'white_base', 'bme_count', 'bme_base') }}
                else top_rate / bottom_rate
            end as ratio,
            {%- for side in ['low', 'high'] %}
            case
                when first_status not in ('ok', 'unreliable') then null
                when kind = 'tiers'
                    then {{ odds_ratio_limit('white_count', 'white_base', 'bme_count', 'bme_base', side) }}
                when indicator_code = '1' and bme_base = workforce_base then 1
                when indicator_code = '1'
                    then {{ representation_ratio_limit('bme_count', 'bme_base', 'workforce_bme_count', 'workforce_base', side) }}
                else {{ risk_ratio_limit('top_rate', 'top_base * years', 'bottom_rate', 'bottom_base * years', side) }}
            end as ratio_{{ side }},
            case
                when indicator_code in ('5', '6', '7', '8')
                    then {{ newcombe_limit('bme_rate', 'bme_base', 'white_rate', 'white_base', side) }}
                when indicator_code = '9'
                    then {{ newcombe_limit('bme_rate', 'bme_base', 'workforce_rate', 'workforce_base', side) }}
                when indicator_code = '1' and bme_base = workforce_base then 0
                when indicator_code = '1'
                    then {{ representation_gap_limit('bme_count', 'bme_base', 'workforce_bme_count', 'workforce_base', side) }}
            end as gap_{{ side }},
            {%- endfor %}
            {%- set p_value %}
            case
                when kind = 'tiers'
                    then {{ rates_p_value('white_count', 'white_count + white_base', 'bme_count', 'bme_count + bme_base') }}
                when indicator_code = '1'
                    then {{ representation_p_value('bme_count', 'bme_base', 'workforce_bme_count', 'workforce_base') }}
                when top_count is not null and bottom_count is not null
                    then {{ rates_p_value('top_count * years', 'top_base * years', 'bottom_count * years', 'bottom_base * years') }}
                else {{ two_proportion_p_value('top_rate', 'top_base', 'bottom_rate', 'bottom_base') }}
            end
            {%- endset %}
            {% if controlled -%}
            case when disclosure_policy = 'already_public' then {{ p_value }} end as p_value
            {%- else -%}
            {{ p_value }} as p_value
            {%- endif %}
        from judged
    ),

    concluded as materialized (
        select
            *,
            case
                when first_status = 'ok' and num_nulls(white_base, bme_base) = 0 and (ratio_low is null or ratio_high is null)
                    then 'unreliable'
                else first_status
            end as status
        from calculated
    ),

    figure as materialized (
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
            workforce_white_count,
            workforce_bme_count,
            workforce_unknown_count,
            {%- for group in ['white', 'bme', 'unknown'] %}
            case when kind <> 'tiers' and {{ group }}_rate <= 1 then 100 * {{ group }}_rate end as {{ group }}_pct,
            {%- endfor %}
            ratio,
            case
                when kind = 'tiers' then {{ odds_ratio_standard_error('white_count', 'white_base', 'bme_count', 'bme_base') }}
                when indicator_code = '1' then (ln(nullif(ratio_high, 0)) - ln(nullif(ratio_low, 0))) / (2 * {{ z_95() }})
                when ratio is not null
                    then {{ risk_ratio_standard_error('top_rate', 'top_base * years', 'bottom_rate', 'bottom_base * years') }}
            end as ratio_se,
            -- Never beyond the figure itself by the last digit.
            case when ratio_low is not null then least(ratio_low, ratio) end as ratio_low,
            case when ratio_high is not null then greatest(ratio_high, ratio) end as ratio_high,
            -- Above 1 worse for BME staff: the shares of 1 and 9 are low where BME staff are missing.
            case when kind = 'share' then 1 / nullif(ratio_high, 0) else ratio_low end as oriented_low,
            case when kind = 'share' then 1 / nullif(ratio_low, 0) else ratio_high end as oriented_high,
            kind = 'tiers' and has_zero and ratio is not null as is_adjusted,
            100 * gap as gap_points,
            case when num_nulls(gap_low, gap) = 0 then 100 * least(gap_low, gap) end as gap_low,
            case when num_nulls(gap_high, gap) = 0 then 100 * greatest(gap_high, gap) end as gap_high,
            p_value,
            -- The count itself where it is known: 5 / 77 * 77 is less than 5 in double precision. For the row of indicator 1, the rest.
            coalesce(top_count, top_rate * top_base) as top_events,
            case
                when indicator_code = '1' then workforce_bme_count - bme_count
                else coalesce(bottom_count, bottom_rate * bottom_base)
            end as bottom_events,
            top_base,
            bottom_base,
            min_base,
            minimum_cases,
            status,
            {{ figure_reason() }} as status_reason
        from concluded
    )

    select * from figure
    union all
    -- The same figures on the basis of today's organisations, where that makes no difference.
    select
        {%- for column in key %}
        {{ "'current' as organisation_basis" if column == 'organisation_basis' else 'figure.' ~ column }},
        {%- endfor %}
        {%- for column in columns %}
        figure.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from figure
    inner join (
        select distinct level, unit_code, scope, as_at
        from {{ ref('int_indicators__unit') }}
        where organisation_basis = 'current' and is_same_on_both
    ) as unit
        on
            figure.level = unit.level
            and figure.org_code = unit.unit_code
            and figure.scope = unit.scope
            and figure.as_at = unit.as_at
    where figure.organisation_basis = 'as_reported'
{%- endmacro %}


{#- Why a figure has no ratio, or is unreliable, as a sentence; else the remark of its source. Columns as in indicator_figure. -#}
{% macro figure_reason() -%}
    case
        when groups < 2 then 'The file gives a result for one of the two groups only.'
        when said[2] <> 'ok' then said[3]
        when kind = 'tiers' and status = 'not_applicable' then 'Nobody is in one of the two tiers.'
        when kind = 'tiers' and status = 'zero_denominator' then 'Nobody of one of the two groups is in either tier.'
        when indicator_code in ('5', '6', '7', '8') and status = 'zero_denominator' then 'Nobody in one of the two groups answered.'
        when indicator_code = '2' and status = 'zero_denominator' then 'Nobody of one of the two groups was shortlisted.'
        when status = 'zero_denominator' then 'Nobody of one of the two groups is in the base.'
        when kind = 'share' and status = 'not_calculable' and workforce_base is null
            then coalesce(said[3], 'The workforce to compare with is not known.')
        when kind = 'share' and status = 'not_calculable' then 'Nobody in the workforce is known to be BME, so that no ratio exists.'
        when kind = 'share' and status = 'zero_numerator' then 'No BME person among ' || to_char(bme_base, 'FM999,999,990') || '.'
        when status = 'not_calculable' and bottom_count is not null
            then {{ nobody_counted("case ratio_direction when 'white_over_bme' then 'BME' else 'White' end", 'bottom_base') }}
            || ' So no ratio exists.'
        when status = 'not_calculable' then 'Nobody in the comparison group is counted, so that no ratio exists.'
        when status = 'zero_numerator' and top_count is not null
            then {{ nobody_counted("case ratio_direction when 'white_over_bme' then 'White' else 'BME' end", 'top_base') }}
        when status = 'zero_numerator' then 'Nobody in the first group is counted, so that there is no ratio but zero.'
        when status = 'unreliable' and kind = 'rates' and greatest(white_rate, bme_rate) > 1
            then 'More people are counted in a group than are in its base: leavers of the year, or an error.'
        when status = 'unreliable' and least(white_respondents, bme_respondents) < min_base
            then 'Fewer than ' || min_base || ' people answered in one of the two groups.'
        when status = 'unreliable' then 'The counts allow no interval: nearly all BME staff are in this row, or counts are rounded.'
        when status = 'not_submitted' then 'The cell is empty in the publisher''s file.'
        else said[3]
    end
{%- endmacro %}


{#- A sentence for a group of which nobody is counted, with the limit that its size still sets to the rate. -#}
{% macro nobody_counted(group_name, base) -%}
    'No ' || {{ group_name }} || ' ' || case indicator_code
        when '2' then 'applicant was appointed out of '
        when '3' then 'member of staff entered the process out of '
        when '4' then 'member of staff was trained out of '
        else 'person is counted out of '
    end || to_char({{ base }}, 'FM999,999,990') || coalesce(
        '; with 95% confidence their rate is below ' || round((100 * ({{ zero_count_upper_limit(base) }}))::numeric, 1) || '%.', '.'
    )
{%- endmacro %}


{#- Which status speaks for a figure when its groups differ: the lowest rank. -#}
{% macro status_rank(status) -%}
    case {{ status }}
        when 'not_applicable' then '1'
        when 'not_submitted' then '2'
        when 'definition_break' then '3'
        when 'not_calculable' then '4'
        when 'suppressed_source' then '5'
        when 'suppressed' then '6'
        else '7'
    end
{%- endmacro %}
