{#-
    V20  Unknown ethnicity is frequent, or grows.
-#}
{% macro completeness_finding() -%}
    unknown as (
        select
            *,
            100 * rate as pct,
            100 * (rate - earlier_rate) as rise_points,
            case indicator_code
                when '1' then {{ settled('100 * rate') }} > {{ quality_threshold('V20', 'staff_pct') }}
                else {{ settled('100 * rate') }} >= {{ quality_threshold('V20', 'board_pct') }}
            end as is_frequent,
            indicator_code = '1'
            and coalesce({{ settled('100 * (rate - earlier_rate)') }} > {{ quality_threshold('V20', 'rise_points') }}, false)
                as is_growing
        from pair
        where
            ethnicity_group = 'unknown'
            and (indicator_code, slice) in (('1', 'all'), ('9', 'board.total'))
    ),

    completeness_finding as (
        select
            'V20' as rule_id,
            'warning' as severity,
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            ethnicity_group,
            'Ethnicity is unknown for ' || {{ percent_in_words('pct') }}
            || case indicator_code when '1' then ' of staff' else ' of the board' end
            || case
                when is_growing
                    then ', ' || {{ points_in_words('rise_points') }} || ' more than on ' || earlier_day
                else ''
            end || '.' as message,
            pct as observed,
            case
                when not is_frequent then 100 * earlier_rate
                when indicator_code = '1' then {{ quality_threshold('V20', 'staff_pct') }}
                else {{ quality_threshold('V20', 'board_pct') }}
            end as expected,
            is_synthetic
        from unknown
        where is_frequent or is_growing
    )
{%- endmacro %}
