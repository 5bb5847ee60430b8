{#-
    What is implausible in the figures themselves, of organisations and of England, or missing from them:

    V15  a ratio outside 0.1 to 10               V31  a series breaks: another definition, basis or survey mode
    V27  harassment from staff out of bounds     V42  nothing was submitted; under 98 % of those expected have submitted
    V30  another vintage says something else

    results      indicator_result, as published or restricted
    vintages     indicator_result_vintage, the same
    harassment   indicator_6_harassment_staff, the same
-#}
{% macro figure_finding(results, vintages, harassment) -%}
    {%- set place = "level, org_code, wres_year, as_at, basis, indicator_code, slice" -%}
    with figure as (
        select
            *,
            'Indicator ' || indicator_code || ', ' || {{ slice_label('indicator_code', 'slice') }} as what
        from {{ results }}
        where
            level in ('organisation', 'england')
            and is_headline
            and period_kind = 'annual'
            and organisation_basis = 'as_reported'
    ),

    -- The newest vintage but the one that is shown.
    other_vintage as (
        select distinct on (
            level, org_code, wres_year, indicator_code, slice, basis, denominator, aggregation
        ) *
        from {{ vintages }}
        where organisation_basis = 'as_reported'
        order by
            level, org_code, wres_year, indicator_code, slice, basis, denominator, aggregation, source_vintage desc
    ),

    restated as (
        select
            figure.*,
            other_vintage.source_vintage as other_source_vintage,
            other_vintage.white_pct as other_white_pct,
            other_vintage.bme_pct as other_bme_pct,
            greatest(abs(figure.white_pct - other_vintage.white_pct), abs(figure.bme_pct - other_vintage.bme_pct)) as moved_points
        from figure
        inner join other_vintage
            on
                figure.level = other_vintage.level
                and figure.org_code = other_vintage.org_code
                and figure.wres_year = other_vintage.wres_year
                and figure.indicator_code = other_vintage.indicator_code
                and figure.slice = other_vintage.slice
                and figure.basis = other_vintage.basis
                and figure.denominator = other_vintage.denominator
                and figure.aggregation = other_vintage.aggregation
    ),

    combined as (
        select
            level,
            org_code,
            wres_year,
            make_date(wres_year, 3, 31) as as_at,
            is_synthetic,
            (white_pct * white_base + bme_pct * bme_base) / nullif(white_base + bme_base, 0) as both_pct,
            greatest(managers_pct, colleagues_pct) as at_least_pct,
            managers_pct + colleagues_pct as at_most_pct
        from {{ harassment }}
        where level in ('organisation', 'england')
    ),

    series as (
        select
            figure.*,
            earlier.definition_version as earlier_version,
            earlier.basis as earlier_basis
        from figure
        inner join figure as earlier
            on
                figure.level = earlier.level
                and figure.org_code = earlier.org_code
                and figure.wres_year = earlier.wres_year + 1
                and figure.indicator_code = earlier.indicator_code
                and figure.slice = earlier.slice
        where {{ is_whole_slice('figure.slice') }} and figure.status <> 'not_submitted' and earlier.status <> 'not_submitted'
    ),

    -- DR rests on the headcounts of indicator 1; percentages of the survey are filled into a return centrally, or not at all.
    expected as (
        select *
        from figure
        where
            level = 'organisation'
            and indicator_code <> 'DR'
            and not (indicator_code in ('5', '6', '7', '8') and basis = 'return')
            and {{ is_whole_slice('slice') }}
            and status <> 'not_applicable'
    ),

    submitted as (
        select
            wres_year,
            as_at,
            indicator_code,
            slice,
            what,
            100.0 * count(*) filter (where status <> 'not_submitted') / count(*) as pct,
            bool_or(is_synthetic) as is_synthetic
        from expected
        group by wres_year, as_at, indicator_code, slice, what
    )

    select
        'V15' as rule_id,
        'warning' as severity,
        {{ place }},
        what || ': a ratio of ' || trim_scale(round(ratio::numeric, 2)) || ' is implausible. A percentage, or a handful of people?'
            as message,
        ratio as observed,
        null::double precision as expected,
        is_synthetic
    from figure
    where
        status = 'ok'
        and evidence is distinct from 'too_few'
        and indicator_code in ('2', '3', '4', '5', '6', '7', '8')
        and (
            ratio < {{ quality_threshold('V15', 'lowest_ratio') }}
            or ratio > {{ quality_threshold('V15', 'highest_ratio') }}
        )
    union all
    select
        'V27' as rule_id,
        'warning' as severity,
        level,
        org_code,
        wres_year,
        as_at,
        'survey' as basis,
        '6' as indicator_code,
        'all' as slice,
        case
            when both_pct < at_least_pct
                then
                    'Indicator 6: harassment from staff (' || {{ percent_in_words('both_pct') }}
                    || ') is lower than from managers or from colleagues alone (' || {{ percent_in_words('at_least_pct') }} || ').'
            else
                'Indicator 6: harassment from staff (' || {{ percent_in_words('both_pct') }}
                || ') is higher than from managers and colleagues together (' || {{ percent_in_words('at_most_pct') }} || ').'
        end as message,
        both_pct as observed,
        case when both_pct < at_least_pct then at_least_pct else at_most_pct end as expected,
        is_synthetic
    from combined
    where
        both_pct < at_least_pct - {{ quality_threshold('V27', 'room_points') }}
        or both_pct > at_most_pct + {{ quality_threshold('V27', 'room_points') }}
    union all
    select
        'V30' as rule_id,
        'info' as severity,
        {{ place }},
        what || ': White ' || {{ percent_in_words('white_pct') }} || ' and BME ' || {{ percent_in_words('bme_pct') }}
        || ' where the vintage of ' || other_source_vintage || ' said ' || {{ percent_in_words('other_white_pct') }} || ' and '
        || {{ percent_in_words('other_bme_pct') }} || '.' as message,
        case when abs(bme_pct - other_bme_pct) = moved_points then bme_pct else white_pct end as observed,
        case when abs(bme_pct - other_bme_pct) = moved_points then other_bme_pct else other_white_pct end as expected,
        is_synthetic
    from restated
    where moved_points > {{ quality_threshold('V30', 'moved_points') }}
    union all
    select
        'V31' as rule_id,
        'warning' as severity,
        {{ place }},
        what || ': not one series with WRES ' || (wres_year - 1)::text || ', whose figure '
        || case
            when definition_version <> earlier_version
                then 'stands on definition ' || earlier_version || ' and this on ' || definition_version
            when basis = earlier_basis then 'is of a survey taken in another way (sample or census)'
            else 'comes from ' || earlier_basis || ' and this from ' || basis
        end || '.' as message,
        null::double precision as observed,
        null::double precision as expected,
        is_synthetic
    from series
    where definition_version <> earlier_version or basis <> earlier_basis or change_status = 'survey_mode_break'
    union all
    select
        'V42' as rule_id,
        'warning' as severity,
        {{ place }},
        what || ': not submitted. ' || coalesce(status_reason, '') as message,
        null::double precision as observed,
        null::double precision as expected,
        is_synthetic
    from expected
    where status = 'not_submitted'
    union all
    select
        'V42' as rule_id,
        'warning' as severity,
        'england' as level,
        'ENGLAND' as org_code,
        wres_year,
        as_at,
        null as basis,
        indicator_code,
        slice,
        what || ': ' || {{ percent_in_words('pct') }} || ' of the organisations expected have submitted.' as message,
        pct::double precision as observed,
        {{ quality_threshold('V42', 'submitted_pct') }} as expected,
        is_synthetic
    from submitted
    where pct < {{ quality_threshold('V42', 'submitted_pct') }}
{%- endmacro %}
