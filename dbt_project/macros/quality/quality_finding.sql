{#-
    What is implausible in what organisations report, a row per finding: a sentence for the organisation, what was observed and
    what was to be expected. Thresholds are rows of the seed quality_threshold.

    D01  return and records differ                      V20  unknown ethnicity is frequent, or grows
    V06  records count more people than there are staff V21  headcount jumps without a merger
    V17  White and BME of 5 to 8 may be swapped         V22  BME percentage of a band jumps
                                                        V43  a group's rate jumps: a typing error?

    A count that disclosure control hides is null and leads to no finding. DR rests on the headcounts of indicator 1, so that D01
    speaks of those alone.

    pairs       relation with the columns of int_quality__year_pair
    published   true where its counts are controlled ones
-#}
{% macro quality_finding(pairs, published) -%}
    {%- set records_say = "', records, rounded, say '" if published else "', records say '" -%}
    with pair as (
        select
            *,
            'Indicator ' || indicator_code || ', ' || {{ slice_label('indicator_code', 'slice') }} as what,
            case ethnicity_group when 'white' then 'White' when 'bme' then 'BME' else 'unknown ethnicity' end as who,
            to_char(as_at - interval '1 year', 'FMDD FMMonth YYYY') as earlier_day
        from {{ pairs }}
    ),

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

    finding as (
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
                    {{ count_in_words('value_count') }} || ' of ' || {{ count_in_words('base_count') }} || {{ records_say }}
                    || {{ count_in_words('records_value') }} || ' of ' || {{ count_in_words('records_base') }}
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
        union all
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
        union all
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

    select
        finding.org_code::text as org_code,
        organisation.display_name::text as org_name,
        finding.wres_year::integer as wres_year,
        finding.as_at::date as as_at,
        finding.rule_id::text as rule_id,
        finding.severity::text as severity,
        finding.basis::text as basis,
        finding.indicator_code::text as indicator_code,
        finding.slice::text as slice,
        finding.ethnicity_group::text as ethnicity_group,
        finding.message::text as message,
        {{ shown('finding.observed', 1, published) }} as observed,
        {{ shown('finding.expected', 1, published) }} as expected,
        finding.is_synthetic::boolean as is_synthetic
    from finding
    left join {{ ref('dim_organisation') }} as organisation
        on
            finding.org_code = organisation.org_code
            and {{ organisation_as_at('organisation', 'finding.as_at') }}
{%- endmacro %}


{#- A threshold of a rule, as a scalar. -#}
{% macro quality_threshold(rule_id, name) -%}
    (
        select threshold.value
        from {{ ref('quality_threshold') }} as threshold
        where threshold.rule_id = '{{ rule_id }}' and threshold.name = '{{ name }}'
    )
{%- endmacro %}


{#- A number as thresholds see it: without the noise of doubles, in which 0.1 is more than 0.08 by a little more than 0.02. -#}
{% macro settled(number) -%}
    round(({{ number }})::numeric, 9)
{%- endmacro %}


{#- A count as a sentence gives it: without digits that say nothing. -#}
{% macro count_in_words(count) -%}
    trim_scale({{ count }})::text
{%- endmacro %}


{#- A percentage (0 to 100) as a sentence gives it. -#}
{% macro percent_in_words(percentage) -%}
    round(({{ percentage }})::numeric, 1)::text || '%'
{%- endmacro %}


{#- Percentage points as a sentence gives them. -#}
{% macro points_in_words(points) -%}
    round(({{ points }})::numeric, 1)::text || ' points'
{%- endmacro %}
