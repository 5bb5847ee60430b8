{#-
    What organisations themselves report of a year, beside the same of the year before: what the rules of data_quality look at.
    Years are compared on the same basis, exactly one apart. Of indicators 1 and 9 the denominator `all_staff` alone, of
    indicator 7 `yes_no_dk`: the others rest on the same people.

    counts   relation with the columns of int_indicators__count
-#}
{% macro quality_year_pair(counts) -%}
    with reported as (
        select
            org_code,
            wres_year,
            as_at,
            indicator_code,
            slice,
            basis,
            ethnicity_group,
            value_count,
            base_count,
            coalesce(rate, value_count::double precision / nullif(base_count, 0)::double precision) as rate,
            disclosure_policy,
            is_synthetic
        from {{ counts }}
        where
            level = 'organisation'
            and period_kind = 'annual'
            and organisation_basis = 'as_reported'
            and denominator not in ('known_only', 'yes_no')
            and ethnicity_group in ('white', 'bme', 'unknown')
            and is_default_vintage
    )

    select
        now.*,
        earlier.value_count as earlier_value_count,
        earlier.base_count as earlier_base_count,
        earlier.rate as earlier_rate
    from reported as now
    left join reported as earlier
        on
            now.org_code = earlier.org_code
            and now.as_at = earlier.as_at + interval '1 year'
            and now.indicator_code = earlier.indicator_code
            and now.slice = earlier.slice
            and now.basis = earlier.basis
            and now.ethnicity_group = earlier.ethnicity_group
{%- endmacro %}
