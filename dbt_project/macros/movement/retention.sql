{#-
    Rows of retention: who left, stayed and joined in the twelve months to a day, from counts of people followed from one extract
    to the next.

    leaver rate  those who left the organisation ÷ mean of the headcounts at the start and at the end. It may pass 1 where a row shrinks
    stability    those still in post in the organisation at the end, in whatever row, ÷ those in the row at the start
    ratio        BME leaver rate ÷ White leaver rate: Katz, z test with the pooled rate

    counts     relation with the columns of int_movement__area_count
    published  true rounds, and leaves out p-values of controlled counts
-#}
{% macro retention(counts, published) -%}
    {%- set shown_measures = ['opening', 'closing', 'stayed', 'leavers', 'joiners', 'transferred', 'moved_in', 'moved_out'] -%}
    with counted as (
        select *
        from {{ counts }}
        where
            split_part(slice, '.', 3) = ''
            {%- if published %}
            -- There is a row of pay outside the bands where there is any.
            and (unaudited_policy <> 'hidden' or slice !~ '[.](other_pay|senior_medical_manager)$')
            {%- endif %}
    ),

    rated as (
        select
            *,
            {%- for group in movement_groups() %}
            ({{ group }}_opening_count + {{ group }}_closing_count) / 2.0 as {{ group }}_mean,
            {{ group }}_leavers_count::double precision
            / nullif({{ group }}_opening_count + {{ group }}_closing_count, 0)::double precision * 2 as {{ group }}_rate,
            {{ group }}_stayed_count::double precision / nullif({{ group }}_opening_count, 0)::double precision as {{ group }}_stability,
            {%- endfor %}
            num_nulls(
                white_opening_count, white_closing_count, white_leavers_count, bme_opening_count, bme_closing_count, bme_leavers_count
            ) as hidden_counts
        from counted
    ),

    judged as (
        select
            *,
            case
                when value_status <> 'ok' then value_status
                when hidden_counts > 0 then 'suppressed'
                when white_mean = 0 or bme_mean = 0 then 'zero_denominator'
                when white_leavers_count = 0 then 'not_calculable'
                when bme_leavers_count = 0 then 'zero_numerator'
                when greatest(white_rate, bme_rate) > 1 then 'unreliable'
                else 'ok'
            end as first_status
        from rated
    ),

    calculated as (
        select
            *,
            case when first_status in ('ok', 'unreliable') then bme_rate / white_rate end as ratio,
            {%- for side in ['low', 'high'] %}
            case
                when first_status in ('ok', 'unreliable')
                    then {{ risk_ratio_limit('bme_rate', 'bme_mean', 'white_rate', 'white_mean', side) }}
            end as ratio_{{ side }},
            {%- endfor %}
            {{ two_proportion_p_value('bme_rate', 'bme_mean', 'white_rate', 'white_mean') }} as p_value
        from judged
    ),

    concluded as (
        select
            *,
            case when first_status = 'ok' and (ratio_low is null or ratio_high is null) then 'unreliable' else first_status end as status
        from calculated
    )

    select
        concluded.level::text as level,
        concluded.org_code::text as org_code,
        {{ area_columns('concluded') }},
        {{ wres_year('concluded.as_at') }} as wres_year,
        concluded.as_at::date as as_at,
        kind.period_kind::text as period_kind,
        concluded.slice::text as slice,
        {{ slice_label("'1'", 'concluded.slice') }}::text as slice_label,
        concluded.scope::text as scope,
        {{ is_narrowest_scope('concluded', 'kind.period_kind') }} as is_headline,
        {%- for group in movement_groups() %}
        {%- for name in shown_measures %}
        concluded.{{ group }}_{{ name }}_count::bigint as {{ group }}_{{ name }}_count,
        {%- endfor %}
        {{ shown('100 * concluded.' ~ group ~ '_rate', 1, published) }} as {{ group }}_leaver_pct,
        {{ shown('100 * concluded.' ~ group ~ '_stability', 1, published) }} as {{ group }}_stability_pct,
        {%- endfor %}
        {{ shown('concluded.ratio', 2, published) }} as ratio,
        {{ shown('least(concluded.ratio_low, concluded.ratio)', 2, published) }} as ratio_low,
        {{ shown('greatest(concluded.ratio_high, concluded.ratio)', 2, published) }} as ratio_high,
        {{ p_value_shown('concluded.p_value', published, 'unaudited_policy') }} as p_value,
        {{ evidence_status(
            'concluded.ratio_low', 'concluded.ratio_high', 'concluded.status',
            white_count='concluded.white_leavers_count', bme_count='concluded.bme_leavers_count'
        ) }}::text as evidence,
        concluded.status::text as status,
        case
            when concluded.value_status <> 'ok' then concluded.status_reason
            when concluded.status = 'suppressed' then {{ unaudited_hidden_reason('concluded.unaudited_policy', 'the figure rests on few people') }}
            when concluded.status = 'zero_denominator' then 'Nobody of one of the two groups is in this row, then or now.'
            when concluded.status = 'not_calculable' then 'No White member of staff left, so that no ratio exists.'
            when concluded.status = 'zero_numerator' then 'No BME member of staff left out of ' || concluded.bme_opening_count || '.'
            when concluded.status = 'unreliable' then 'More left than were in the row on average, or the counts allow no interval.'
            else concluded.status_reason
        end::text as status_reason,
        concluded.is_synthetic::boolean as is_synthetic
    from concluded
    {{ area_joins('concluded') }}
    inner join (values ('annual'), ('quarterly')) as kind (period_kind)
        on kind.period_kind = 'quarterly' or to_char(concluded.as_at, 'MM-DD') = '03-31'
{%- endmacro %}


{#- Whether a row is of the narrowest scope that its area has on the day, so that one row of each figure is shown: trusts before all. -#}
{% macro is_narrowest_scope(result, period_kind) -%}
    row_number() over (
        partition by {{ result }}.level, {{ result }}.org_code, {{ result }}.as_at, {{ period_kind }}, {{ result }}.slice
        order by array_position(array['trusts', 'trusts_and_icbs', 'all'], {{ result }}.scope)
    ) = 1
{%- endmacro %}
