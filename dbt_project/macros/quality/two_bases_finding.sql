{#-
    Where what an organisation returns, and what its records say, do not fit each other or themselves:

    D01  return and records differ
    V06  records count more people than there are staff
    V18  the parts of a return's appointments do not add up to its whole: two values for one item

    published   true where the counts are controlled ones
-#}
{% macro two_bases_finding(published) -%}
    {%- set records_say = "', records, rounded, say '" if published else "', records say '" -%}
    two_bases as (
        select
            official.*,
            records.value_count as records_value,
            records.base_count as records_base,
            records.rate as records_rate,
            {%- for part in ['value', 'base'] %}
            {%- if published %}
            -- The return's count goes through the control of the records': else rounding alone would make the two differ.
            {{ controlled_count('official.' ~ part ~ '_count', 'records.disclosure_policy', "'organisation'") }}
            {%- else %}
            official.{{ part }}_count
            {%- endif %} as comparable_{{ part }}{{ ',' if not loop.last }}
            {%- endfor %}
        from pair as official
        inner join pair as records
            on
                official.org_code = records.org_code
                and official.as_at = records.as_at
                and official.indicator_code = records.indicator_code
                and official.slice = records.slice
                and official.ethnicity_group = records.ethnicity_group
        where
            official.basis = 'return'
            and records.basis = 'records'
            and official.indicator_code <> 'DR'
            {%- if published %}
            -- A percentage of rounded counts differs from the exact one anyhow.
            and (official.rate is null or official.value_count is not null or records.disclosure_policy = 'already_public')
            {%- endif %}
    ),

    -- The base of 1 and 9 is the sum of the groups, each of which has a row of its own.
    difference as (
        select
            *,
            case
                when indicator_code in ('5', '6', '7', '8') then 100 * rate
                when comparable_value <> records_value then value_count
                when indicator_code not in ('1', '9') and comparable_base <> records_base then base_count
            end::double precision as observed,
            case
                when indicator_code in ('5', '6', '7', '8') then 100 * records_rate
                when comparable_value <> records_value then records_value
                when indicator_code not in ('1', '9') and comparable_base <> records_base then records_base
            end::double precision as expected
        from two_bases
    ),

    -- Appointments are returned as a whole and, if all three are given, by staff block: the two are one item.
    whole_and_parts as (
        select
            whole.*,
            part.value_count as parts_value,
            part.base_count as parts_base
        from pair as whole
        inner join (
            select
                org_code,
                as_at,
                ethnicity_group,
                sum(value_count) as value_count,
                sum(base_count) as base_count
            from pair
            where
                basis = 'return'
                and indicator_code = '2'
                and slice in ('non_clinical', 'clinical_non_medical', 'medical_dental')
            group by org_code, as_at, ethnicity_group
            having count(value_count) = 3
        ) as part
            on
                whole.org_code = part.org_code
                and whole.as_at = part.as_at
                and whole.ethnicity_group = part.ethnicity_group
        where
            whole.basis = 'return'
            and whole.indicator_code = '2'
            and whole.slice = 'all'
            {%- if published %}
            -- Rounded parts do not add up to a rounded whole anyhow.
            and whole.disclosure_policy = 'already_public'
            {%- endif %}
    ),

    two_bases_finding as (
        select
            'D01' as rule_id,
            case
                when indicator_code in ('5', '6', '7', '8')
                    then
                        case
                            when abs(observed - expected) > {{ quality_threshold('D01', 'warning_points') }} then 'warning'
                            else 'info'
                        end
                when
                    abs(observed - expected) > {{ quality_threshold('D01', 'warning_people') }}
                    and 100 * abs(observed - expected) > {{ quality_threshold('D01', 'warning_pct') }} * expected
                    then 'warning'
                else 'info'
            end as severity,
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            ethnicity_group,
            what || ', ' || who || ': the return says '
            || case
                when indicator_code in ('5', '6', '7', '8')
                    then {{ percent_in_words('observed') }} || {{ records_say }} || {{ percent_in_words('expected') }}
                when indicator_code in ('1', '9')
                    then {{ count_in_words('value_count') }} || {{ records_say }} || {{ count_in_words('records_value') }}
                else
                    -- One of the two may be hidden where the other differs.
                    {{ count_in_words('value_count', 'an unknown number') }}
                    || ' of ' || {{ count_in_words('base_count', 'an unknown number') }}
                    || {{ records_say }} || {{ count_in_words('records_value', 'a hidden number') }}
                    || ' of ' || {{ count_in_words('records_base', 'a hidden number') }}
            end || '.' as message,
            observed,
            expected,
            is_synthetic
        from difference
        where
            observed is not null
            and expected is not null
            and (
                indicator_code not in ('5', '6', '7', '8')
                or abs(observed - expected) > {{ quality_threshold('D01', 'rounding_points') }}
            )
        union all
        select
            'V06' as rule_id,
            'error' as severity,
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            ethnicity_group,
            what || ', ' || who || ': more people are counted (' || {{ count_in_words('value_count') }} || ') than there are staff ('
            || {{ count_in_words('base_count') }} || ').' as message,
            value_count::double precision as observed,
            base_count::double precision as expected,
            is_synthetic
        from pair
        where indicator_code in ('3', '4') and basis = 'records' and value_count > base_count
        union all
        select
            'V18' as rule_id,
            'warning' as severity,
            org_code,
            wres_year,
            as_at,
            basis,
            indicator_code,
            slice,
            ethnicity_group,
            what || ', ' || who || ': the return says ' || {{ count_in_words('value_count') }} || ' of '
            || {{ count_in_words('base_count') }} || ', its three staff blocks add up to ' || {{ count_in_words('parts_value') }}
            || ' of ' || {{ count_in_words('parts_base') }} || '.' as message,
            case when value_count <> parts_value then value_count else base_count end::double precision as observed,
            case when value_count <> parts_value then parts_value else parts_base end::double precision as expected,
            is_synthetic
        from whole_and_parts
        where value_count <> parts_value or base_count <> parts_base
    )
{%- endmacro %}
