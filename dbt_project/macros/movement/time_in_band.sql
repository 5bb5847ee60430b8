{#-
    Rows of time_in_band: the median months until promotion of those in a band, as a year's promotions would make it.

    median  first month by which half would be promoted: Kaplan–Meier, with the interval of Brookmeyer and Crowley
    ratio   White rate of promotion ÷ BME rate at equal time in band, from the log-rank test (Peto)
    A month in which fewer than five are at risk can move the curve by a fifth or more: such a median is unreliable.
    A median is no share of a count, so that controlled counts cannot be its source: like an average it is hidden where the counts it
    rests on are. What compares the groups is published for England alone, where no count is of few people.

    published  true controls the counts, hides what rests on hidden ones, and rounds
-#}
{% macro time_in_band(published) -%}
    {%- set groups = ['white', 'bme', 'unknown'] -%}
    {%- set counts = ['people', 'promoted', 'least_at_risk'] -%}
    with told as (
        select
            band.level,
            band.unit_code as org_code,
            band.as_at,
            band.slice,
            {%- for group in groups %}
            {%- for name in counts %}
            band.{{ group }}_{{ name }}_count,
            {%- endfor %}
            band.{{ group }}_median_months,
            band.{{ group }}_median_low,
            band.{{ group }}_median_high,
            {%- endfor %}
            band.bme_excess,
            band.bme_excess_variance,
            'ok' as value_status,
            null as status_reason,
            'workforce' as source,
            cohort.is_synthetic
        from {{ ref('int_movement__time_in_band') }} as band
        inner join (
            select
                cohort.level,
                cohort.unit_code,
                cohort.as_at,
                bool_or(pair.is_synthetic) as is_synthetic
            from {{ ref('int_movement__band_cohort') }} as cohort
            inner join {{ ref('int_movement__pair') }} as pair on {{ same_content('cohort', 'pair', content_pair_key()) }}
            group by cohort.level, cohort.unit_code, cohort.as_at
        ) as cohort
            on
                band.level = cohort.level
                and band.unit_code = cohort.unit_code
                and band.as_at = cohort.as_at
        union all
        select
            'organisation' as level,
            organisation.org_code,
            organisation.as_at,
            'all' as slice,
            {%- for group in groups %}
            {%- for name in counts %}
            null as {{ group }}_{{ name }}_count,
            {%- endfor %}
            null as {{ group }}_median_months,
            null as {{ group }}_median_low,
            null as {{ group }}_median_high,
            {%- endfor %}
            null as bme_excess,
            null as bme_excess_variance,
            case when organisation.value_status = 'ok' and not counted.is_any then 'not_submitted' else organisation.value_status end
                as value_status,
            case
                when organisation.value_status = 'ok' and not counted.is_any
                    then 'The extract does not say since when people have been in their band.'
                else organisation.status_reason
            end as status_reason,
            organisation.source,
            organisation.is_synthetic
        from {{ ref('int_movement__organisation') }} as organisation
        cross join lateral (
            select
                exists (
                    select
                    from {{ ref('int_movement__time_in_band') }} as band
                    where
                        band.level = 'organisation'
                        and band.unit_code = organisation.org_code
                        and band.as_at = organisation.as_at
                ) as is_any
        ) as counted
        {%- if published %}
        left join {{ source('ops', 'source') }} as policy on organisation.source = policy.source
        {%- endif %}
        where
            to_char(organisation.as_at, 'MM-DD') = '03-31'
            and (not counted.is_any{{ " or policy.unaudited_policy = 'hidden'" if published }})
    ),

    controlled as (
        select
            told.level,
            told.org_code,
            told.as_at,
            told.slice,
            {%- for group in groups %}
            {%- for name in counts %}
            {%- set count = 'told.' ~ group ~ '_' ~ name ~ '_count' %}
            {% if published -%}
            case
                when 'bi_reader' = any(policy.visible_to)
                    then {{ controlled_count(count, 'policy.unaudited_policy', 'told.level', audited=false) }}
            end
            {%- else -%}
            {{ count }}
            {%- endif %} as {{ group }}_{{ name }}_count,
            {%- endfor %}
            told.{{ group }}_median_months,
            told.{{ group }}_median_low,
            told.{{ group }}_median_high,
            told.{{ group }}_least_at_risk_count < 5 as is_{{ group }}_thin,
            told.{{ group }}_promoted_count > 0 as is_any_{{ group }}_promoted,
            {%- endfor %}
            {%- if published %}
            case when told.level = 'england' then told.bme_excess end as bme_excess,
            case when told.level = 'england' then told.bme_excess_variance end as bme_excess_variance,
            {%- else %}
            told.bme_excess,
            told.bme_excess_variance,
            {%- endif %}
            told.value_status,
            told.status_reason,
            policy.unaudited_policy,
            told.is_synthetic
        from told
        left join {{ source('ops', 'source') }} as policy on told.source = policy.source
        {%- if published %}
        -- There is a row of a band where somebody is in it: where nothing is shown, one of the organisation says so.
        where told.slice = 'all' or policy.unaudited_policy <> 'hidden'
        {%- endif %}
    ),

    hidden as (
        select
            *,
            {%- for group in groups %}
            num_nulls({{ group }}_people_count, {{ group }}_promoted_count) > 0
            or (is_any_{{ group }}_promoted and {{ group }}_least_at_risk_count is null) as is_{{ group }}_hidden,
            {%- endfor %}
            case when bme_excess_variance > 0 then exp(-bme_excess / bme_excess_variance) end as ratio,
            case when bme_excess_variance > 0 then exp(-bme_excess / bme_excess_variance - {{ z_95() }} / sqrt(bme_excess_variance)) end
                as ratio_low,
            case when bme_excess_variance > 0 then exp(-bme_excess / bme_excess_variance + {{ z_95() }} / sqrt(bme_excess_variance)) end
                as ratio_high,
            case when bme_excess_variance > 0 then {{ two_sided_p_value('bme_excess / sqrt(bme_excess_variance)') }} end as p_value
        from controlled
    ),

    judged as (
        select
            *,
            case
                when value_status <> 'ok' then value_status
                when is_white_hidden or is_bme_hidden then 'suppressed'
                when white_people_count = 0 or bme_people_count = 0 then 'zero_denominator'
                when is_white_thin or is_bme_thin then 'unreliable'
                else 'ok'
            end as status
        from hidden
    )

    select
        judged.level::text as level,
        judged.org_code::text as org_code,
        {{ area_columns('judged') }},
        {{ wres_year('judged.as_at') }} as wres_year,
        judged.as_at::date as as_at,
        judged.slice::text as slice,
        split_part(judged.slice, '.', 1)::text as staff_block,
        coalesce(nullif(split_part(judged.slice, '.', 2), ''), 'all')::text as pay_row,
        {{ slice_label("'1'", 'judged.slice') }}::text as slice_label,
        {%- for group in groups %}
        {%- for name in counts %}
        judged.{{ group }}_{{ name }}_count::bigint as {{ group }}_{{ name }}_count,
        {%- endfor %}
        {%- for name in ['median_months', 'median_low', 'median_high'] %}
        case when not judged.is_{{ group }}_hidden then judged.{{ group }}_{{ name }} end::integer as {{ group }}_{{ name }},
        {%- endfor %}
        {%- endfor %}
        {{ shown("case when judged.status <> 'suppressed' then judged.ratio end", 2, published) }} as ratio,
        {{ shown("case when judged.status <> 'suppressed' then judged.ratio_low end", 2, published) }} as ratio_low,
        {{ shown("case when judged.status <> 'suppressed' then judged.ratio_high end", 2, published) }} as ratio_high,
        {{ p_value_shown('judged.p_value', published, 'unaudited_policy') }} as p_value,
        {% if published -%}
        case when judged.level = 'england' then {{ evidence_status(
            'judged.ratio_low', 'judged.ratio_high', "case when judged.status = 'unreliable' then 'ok' else judged.status end",
            white_count='judged.white_promoted_count', bme_count='judged.bme_promoted_count'
        ) }} end
        {%- else -%}
        {{ evidence_status(
            'judged.ratio_low', 'judged.ratio_high', "case when judged.status = 'unreliable' then 'ok' else judged.status end",
            white_count='judged.white_promoted_count', bme_count='judged.bme_promoted_count'
        ) }}
        {%- endif %}::text as evidence,
        judged.status::text as status,
        case
            when judged.value_status <> 'ok' then judged.status_reason
            when judged.status = 'suppressed' then {{ unaudited_hidden_reason('judged.unaudited_policy', 'the figure rests on few people') }}
            when judged.status = 'zero_denominator' then 'Nobody of one of the two groups was in this band at the start.'
            when judged.status = 'unreliable' then 'Fewer than five of a group were at risk in a month in which somebody was promoted.'
            when judged.white_median_months is null and judged.bme_median_months is null
                then 'Fewer than half of either group would be promoted in the time that is observed.'
            when judged.white_median_months is null then 'Fewer than half of White staff would be promoted in the time that is observed.'
            when judged.bme_median_months is null then 'Fewer than half of BME staff would be promoted in the time that is observed.'
        end::text as status_reason,
        judged.is_synthetic::boolean as is_synthetic
    from judged
    {{ area_joins('judged') }}
{%- endmacro %}
