{#-
    Rows of indicator_group_result: indicators 1 to 4 for groups finer than White and BME, a select of one row per figure and group.

    Ratio, in the official direction of each indicator, with the group in the place of BME staff:
    2, 4  reference group's rate ÷ group's rate    Katz; z test or Fisher's exact test
    3     group's rate ÷ reference group's rate    the same
    1     group's share of the row ÷ its share of the workforce; interval and test are those of the row against the rest
    Above 1 is worse for the group in 2 to 4, below 1 in senior rows of 1. With the groups of the standard (scheme wres) every number is
    that of indicator_result.

    counts     relation with the columns of int_groups__count
    published  true: disclosure control on the counts, before any arithmetic; percentages and points to 1 decimal, ratios to 2; no
               p-values of controlled counts; no row that is there because somebody is who is hidden
-#}
{% macro indicator_group_result(counts, published) -%}
    {%- set figure = 'level, org_code, scope, as_at, indicator_code, group_scheme, stratum, slice' -%}
    {%- set amounts = ['value_count', 'base_count', 'workforce_count', 'workforce_base'] -%}
    {%- set controlled_amounts = ['shown_value_count', 'shown_base_count', 'shown_workforce_count', 'shown_workforce_base'] -%}
    with counted as (
        select
            counts.*,
            member.reference_group,
            counts.ethnic_group = member.reference_group as is_reference,
            {%- for amount in amounts %}
            {{ controlled_amount('counts', amount) if published else 'counts.' ~ amount }} as shown_{{ amount }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ counts }} as counts
        {{ treatments('counts', group_cells('counts'), "'as_reported'") if published }}
        inner join (
            select distinct group_scheme, reference_group from {{ ref('int_groups__member') }}
        ) as member on counts.group_scheme = member.group_scheme
    ),

    -- A hidden count hides what would be computed from it, and no other count.
    controlled as (
        select
            {{ figure }},
            wres_year,
            ethnic_group,
            ethnicity_group,
            reference_group,
            is_reference,
            note,
            disclosure_policy,
            is_restricted,
            is_synthetic,
            {{ "num_nulls(" ~ controlled_amounts | join(', ') ~ ") > num_nulls(" ~ amounts | join(', ') ~ ") or is_restricted" if published else "false" }}
                as is_hidden,
            {%- if published %}
            -- There are rows of a group where anybody of the whole belongs to it, and of a slice where anybody is in it: that may be
            -- seen where those numbers are shown, or a part of both.
            num_nulls(shown_base_count, shown_workforce_count) = num_nulls(base_count, workforce_count) or shown_value_count > 0 as is_told,
            {%- endif %}
            shown_value_count as group_count,
            shown_base_count as group_base,
            shown_workforce_count as workforce_count,
            shown_workforce_base as workforce_base
        from counted
    ),

    paired as (
        select
            *,
            max(group_count) filter (where is_reference) over figure as reference_count,
            max(group_base) filter (where is_reference) over figure as reference_base,
            coalesce(bool_or(is_hidden) filter (where is_reference) over figure, false) as is_reference_hidden,
            coalesce(bool_or(is_reference) over figure, false) as has_reference
        from controlled
        window figure as (partition by {{ figure }})
    ),

    directed as materialized (
        select
            paired.*,
            definition.definition_version,
            definition.minimum_cases,
            coalesce(definition.averaging_years, 1) as years,
            group_count::double precision / nullif(group_base, 0) as group_rate,
            reference_count::double precision / nullif(reference_base, 0) as reference_rate,
            {%- for part in ['count', 'base'] %}
            case definition.ratio_direction when 'white_over_bme' then reference_{{ part }} else group_{{ part }} end as top_{{ part }},
            case definition.ratio_direction
                when 'white_over_bme' then group_{{ part }}
                when 'bme_over_white' then reference_{{ part }}
                else {{ {'count': 'workforce_count', 'base': 'workforce_base'}[part] }}
            end as bottom_{{ part }},
            {%- endfor %}
            paired.indicator_code = '1' as is_share
        from paired
        left join {{ ref('indicator_definition') }} as definition
            on
                paired.indicator_code = definition.indicator_code
                and definition.denominator = case paired.indicator_code when '1' then 'all_staff' else 'not_applicable' end
                and paired.wres_year between definition.valid_from_year and coalesce(definition.valid_to_year, 9999)
    ),

    rated as materialized (
        select
            *,
            top_count::double precision / nullif(top_base, 0) as top_rate,
            bottom_count::double precision / nullif(bottom_base, 0) as bottom_rate,
            (ethnicity_group = 'unknown' or (is_reference and not is_share)) as is_apart
        from directed
    ),

    judged as materialized (
        select
            *,
            case
                when is_hidden or (is_reference_hidden and not is_share and not is_apart) then 'suppressed'
                when is_apart then 'not_applicable'
                when not is_share and not has_reference then 'zero_denominator'
                when top_base = 0 or bottom_base = 0 then 'zero_denominator'
                when bottom_rate = 0 then 'not_calculable'
                when top_rate = 0 then 'zero_numerator'
                when greatest(top_rate, bottom_rate) > 1 then 'unreliable'
                else 'ok'
            end as first_status
        from rated
    ),

    calculated as materialized (
        select
            *,
            case when first_status in ('ok', 'unreliable') then top_rate / bottom_rate end as ratio,
            case when is_share and not is_apart and not is_hidden then group_rate - bottom_rate end as gap,
            {%- for side in ['low', 'high'] %}
            case
                when first_status not in ('ok', 'unreliable') then null
                when is_share and group_base = workforce_base then 1
                when is_share then {{ representation_ratio_limit('group_count', 'group_base', 'workforce_count', 'workforce_base', side) }}
                else {{ risk_ratio_limit('top_rate', 'top_base * years', 'bottom_rate', 'bottom_base * years', side) }}
            end as ratio_{{ side }},
            case
                when not is_share or is_apart or is_hidden then null
                when group_base = workforce_base then 0
                else {{ representation_gap_limit('group_count', 'group_base', 'workforce_count', 'workforce_base', side) }}
            end as gap_{{ side }},
            {%- endfor %}
            case
                when is_apart {{ "or disclosure_policy <> 'already_public' or disclosure_policy is null" if published }} then null
                when is_share then {{ representation_p_value('group_count', 'group_base', 'workforce_count', 'workforce_base') }}
                else {{ rates_p_value('top_count * years', 'top_base * years', 'bottom_count * years', 'bottom_base * years') }}
            end as p_value
        from judged
    ),

    concluded as materialized (
        select
            *,
            -- Above 1 worse for the group: a share is low where the group is missing.
            case when is_share then 1 / nullif(greatest(ratio_high, ratio), 0) else least(ratio_low, ratio) end as oriented_low,
            case when is_share then 1 / nullif(least(ratio_low, ratio), 0) else greatest(ratio_high, ratio) end as oriented_high,
            case when is_share then workforce_count - group_count else bottom_count end as other_events,
            case when first_status = 'ok' and (ratio_low is null or ratio_high is null) then 'unreliable' else first_status end as status
        from calculated
    )

    select
        level::text as level,
        org_code::text as org_code,
        wres_year::integer as wres_year,
        as_at::date as as_at,
        'annual'::text as period_kind,
        indicator_code::text as indicator_code,
        slice::text as slice,
        stratum::text as stratum,
        'records'::text as basis,
        scope::text as scope,
        group_scheme::text as group_scheme,
        ethnic_group::text as ethnic_group,
        reference_group::text as reference_group,
        is_reference::boolean as is_reference,
        group_count::numeric as group_count,
        group_base::numeric as group_base,
        reference_count::numeric as reference_count,
        reference_base::numeric as reference_base,
        workforce_count::numeric as workforce_count,
        workforce_base::numeric as workforce_base,
        {{ shown('case when group_rate <= 1 then 100 * group_rate end', 1, published) }} as group_pct,
        {{ shown('case when reference_rate <= 1 then 100 * reference_rate end', 1, published) }} as reference_pct,
        {{ shown('ratio', 2, published) }} as ratio,
        {{ shown('case when ratio_low is not null then least(ratio_low, ratio) end', 2, published) }} as ratio_low,
        {{ shown('case when ratio_high is not null then greatest(ratio_high, ratio) end', 2, published) }} as ratio_high,
        {{ shown('100 * gap', 1, published) }} as gap_points,
        {{ shown('case when gap_low is not null then 100 * least(gap_low, gap) end', 1, published) }} as gap_low,
        {{ shown('case when gap_high is not null then 100 * greatest(gap_high, gap) end', 1, published) }} as gap_high,
        p_value::double precision as p_value,
        (
            case
                -- A low band with many of a group is not "better" for them.
                when is_apart or (is_share and not {{ is_senior_slice('slice') }}) then null
                else {{ evidence_status(
                    'oriented_low', 'oriented_high', 'status', white_count='top_count', bme_count='other_events',
                    minimum_cases='minimum_cases'
                ) }}
            end
        )::text as evidence,
        status::text as status,
        ({{ group_reason() }})::text as status_reason,
        definition_version::text as definition_version,
        is_synthetic::boolean as is_synthetic
    from concluded
    {%- if published %}
    where is_told
    {%- endif %}
{%- endmacro %}


{#- Why a group has no ratio, or an unreliable one, as a sentence; else what its sum lacks. Columns as in indicator_group_result. -#}
{% macro group_reason() -%}
    case
        when status = 'suppressed' and is_restricted then 'Hidden: the source is for analysts only.'
        when status = 'suppressed' then 'Hidden by disclosure control: the figure rests on few people.'
        when status = 'not_applicable' and is_reference then 'This is the group that the others are compared with.'
        when status = 'not_applicable' then 'People of unknown ethnicity are compared with nobody.'
        when status = 'zero_denominator' and not has_reference then 'Nobody is recorded as ' || reference_group || ', the group to compare with.'
        when status = 'zero_denominator' and group_base = 0 then 'Nobody of the group is in the base.'
        when status = 'zero_denominator' then 'Nobody of the group to compare with is in the base.'
        when is_share and status = 'zero_numerator' then 'No ' || ethnic_group || ' person among ' || to_char(group_base, 'FM999,999,990') || '.'
        when status = 'not_calculable'
            then {{ nobody_counted("case when indicator_code = '3' then reference_group else ethnic_group end", 'bottom_base') }}
            || ' So no ratio exists.'
        when status = 'zero_numerator'
            then {{ nobody_counted("case when indicator_code = '3' then ethnic_group else reference_group end", 'top_base') }}
        when status = 'unreliable' and greatest(top_rate, bottom_rate) > 1
            then 'More people are counted in a group than are in its base: leavers of the year, or an error.'
        when status = 'unreliable' then 'The counts allow no interval: nearly all of the group are in this row, or counts are rounded.'
        else note
    end
{%- endmacro %}
