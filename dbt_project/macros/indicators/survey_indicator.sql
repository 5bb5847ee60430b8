{#-
    One survey indicator in its own terms: White and BME beside all staff, for organisations and areas, newest vintage.

    indicator_code  '5' to '8'
    results         indicator_result, as published or restricted
    counts          int_indicators__count or its controlled twin, for what all staff answered
    published       true rounds
    extras          {column prefix: slice} of further all-staff rates of the same indicator
-#}
{% macro survey_indicator(indicator_code, results, counts, published, extras={}) -%}
    {%- set rates = {'all_staff': 'all'} -%}
    {%- do rates.update(extras) -%}
    with all_staff as (
        select
            level,
            org_code,
            wres_year,
            {%- for prefix, slice in rates.items() %}
            max(100 * rate) filter (where slice = '{{ slice }}') as {{ prefix }}_pct,
            max(base_count) filter (where slice = '{{ slice }}') as {{ prefix }}_base,
            max(status_reason) filter (where slice = '{{ slice }}') as {{ prefix }}_reason{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ counts }}
        where indicator_code = '{{ indicator_code }}' and ethnicity_group = 'all' and is_default_vintage and organisation_basis = 'as_reported'
        group by level, org_code, wres_year
    )

    select
        result.level,
        result.org_code,
        {{ area_columns('result') }},
        result.wres_year,
        result.survey_year,
        result.white_pct,
        result.bme_pct,
        result.white_base,
        result.bme_base,
        result.base_source,
        result.gap_points,
        result.gap_low,
        result.gap_high,
        result.ratio,
        result.ratio_low,
        result.ratio_high,
        result.evidence,
        result.status,
        result.status_reason,
        {%- for prefix in rates %}
        {{ shown('all_staff.' ~ prefix ~ '_pct', 1, published) }} as {{ prefix }}_pct,
        all_staff.{{ prefix }}_base::numeric as {{ prefix }}_base,
        all_staff.{{ prefix }}_reason::text as {{ prefix }}_reason,
        {%- endfor %}
        result.definition_version,
        result.source_vintage,
        result.is_synthetic
    from {{ results }} as result
    left join all_staff
        on
            result.level = all_staff.level
            and result.org_code = all_staff.org_code
            and result.wres_year = all_staff.wres_year
    {{ area_joins('result') }}
    where result.indicator_code = '{{ indicator_code }}' and result.slice = 'all' and result.is_headline
{%- endmacro %}
