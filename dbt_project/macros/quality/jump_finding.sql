{#-
    What has changed by more than organisations change within a year:

    V21  headcount, without a merger
    V22  BME percentage of a band
    V43  a group's rate: a typing error?
-#}
{% macro jump_finding() -%}
    headcount as (
        select
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            earlier_day,
            max(base_count) as people,
            max(earlier_base_count) as earlier_people,
            bool_or(is_synthetic) as is_synthetic
        from pair
        where indicator_code = '1' and slice = 'all'
        group by org_code, wres_year, as_at, basis, indicator_code, slice, earlier_day
    ),

    jump_finding as (
        select
            'V21' as rule_id,
            'warning' as severity,
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            null as ethnicity_group,
            'Headcount went from ' || {{ count_in_words('earlier_people') }} || ' to ' || {{ count_in_words('people') }} || ' since '
            || earlier_day || ', and no merger is known.' as message,
            people::double precision as observed,
            earlier_people::double precision as expected,
            is_synthetic
        from headcount
        where
            100 * abs(people - earlier_people) > {{ quality_threshold('V21', 'change_pct') }} * earlier_people
            and not exists (
                select
                from {{ ref('int_organisations__successor_step') }} as step
                where
                    headcount.org_code in (step.org_code, step.new_code)
                    and step.effective_on > headcount.as_at - interval '1 year'
                    and step.effective_on <= headcount.as_at
            )
        union all
        select
            'V22' as rule_id,
            'warning' as severity,
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            ethnicity_group,
            what || ': the BME percentage went from ' || {{ percent_in_words('100 * earlier_rate') }} || ' to '
            || {{ percent_in_words('100 * rate') }} || ' since ' || earlier_day || '.' as message,
            100 * rate as observed,
            100 * earlier_rate as expected,
            is_synthetic
        from pair
        where
            indicator_code = '1'
            and slice like '%.%'
            and ethnicity_group = 'bme'
            and {{ settled('100 * abs(rate - earlier_rate)') }} > {{ quality_threshold('V22', 'change_points') }}
            and least(base_count, earlier_base_count) > {{ quality_threshold('V22', 'minimum_base') }}
        union all
        -- From or to zero there is no factor; a percentage of a return comes without the number of people.
        select
            'V43' as rule_id,
            'warning' as severity,
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            ethnicity_group,
            what || ', ' || who || ': ' || {{ percent_in_words('100 * rate') }} || ' where ' || earlier_day || ' said '
            || {{ percent_in_words('100 * earlier_rate') }} || '. Is one of the two a typing error?' as message,
            100 * rate as observed,
            100 * earlier_rate as expected,
            is_synthetic
        from pair
        where
            slice = 'all'
            and ethnicity_group in ('white', 'bme')
            and {{ settled('greatest(rate / nullif(earlier_rate, 0), earlier_rate / nullif(rate, 0))') }}
            > {{ quality_threshold('V43', 'factor') }}
            and least(rate, earlier_rate) > 0
            and (
                (
                    indicator_code in ('2', '3', '4')
                    and least(base_count, earlier_base_count) > {{ quality_threshold('V43', 'minimum_base') }}
                )
                or (
                    indicator_code in ('5', '6', '7', '8')
                    and basis = 'return'
                    and coalesce(least(base_count, earlier_base_count) > {{ quality_threshold('V43', 'minimum_base') }}, true)
                )
            )
    )
{%- endmacro %}
