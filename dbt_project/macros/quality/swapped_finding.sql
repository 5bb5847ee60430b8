{#-
    V17  White and BME of indicators 5 to 8 may have changed places: White staff worse off on all four at once, or each group on
    the other's value of the year before.
-#}
{% macro swapped_finding() -%}
    percentages as (
        select
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            what,
            earlier_day,
            max(100 * rate) filter (where ethnicity_group = 'white') as white_pct,
            max(100 * rate) filter (where ethnicity_group = 'bme') as bme_pct,
            max(100 * earlier_rate) filter (where ethnicity_group = 'white') as earlier_white_pct,
            max(100 * earlier_rate) filter (where ethnicity_group = 'bme') as earlier_bme_pct,
            bool_or(is_synthetic) as is_synthetic
        from pair
        where indicator_code in ('5', '6', '7', '8') and slice = 'all'
        group by org_code, wres_year, as_at, basis, indicator_code, slice, what, earlier_day
    ),

    swapped as (
        select
            org_code,
            wres_year,
            as_at,
            basis,
            bool_or(is_synthetic) as is_synthetic
        from percentages
        group by org_code, wres_year, as_at, basis
        having
            count(*) filter (
                where case indicator_code when '7' then white_pct < bme_pct else white_pct > bme_pct end
            ) = 4
    ),

    swapped_finding as (
        select
            'V17' as rule_id,
            'warning' as severity,
            org_code,
            wres_year,
            as_at,
            basis,
            null as indicator_code,
            null as slice,
            null as ethnicity_group,
            'White staff fare worse than BME staff on indicators 5, 6, 7 and 8 at once: White and BME may be swapped.' as message,
            null as observed,
            null as expected,
            is_synthetic
        from swapped
        union all
        select
            'V17' as rule_id,
            'warning' as severity,
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            null as ethnicity_group,
            what || ': White (' || {{ percent_in_words('white_pct') }} || ') and BME (' || {{ percent_in_words('bme_pct') }}
            || ') stand where BME and White stood on ' || earlier_day || ': White and BME may be swapped.' as message,
            bme_pct as observed,
            earlier_bme_pct as expected,
            is_synthetic
        from percentages
        where
            abs(white_pct - earlier_bme_pct) < {{ quality_threshold('V17', 'landing_points') }}
            and abs(bme_pct - earlier_white_pct) < {{ quality_threshold('V17', 'landing_points') }}
            and abs(white_pct - bme_pct) > {{ quality_threshold('V17', 'gap_points') }}
    )
{%- endmacro %}
