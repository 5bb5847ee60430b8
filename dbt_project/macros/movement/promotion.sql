{#-
    Rows of promotion: who of a band had a higher band a year later in the same organisation.

    rate   those promoted ÷ those in the band at the start, whether they stayed or left
    ratio  White rate ÷ BME rate: Katz, z test or Fisher's exact test. Above 1, BME staff are promoted less often
    Bands are those of Agenda for Change and very senior managers. Doctors' grades have no one order, and local pay has no place in it.

    counts     relation with the columns of int_movement__area_count
    published  true rounds, and leaves out p-values of controlled counts
-#}
{% macro promotion(counts, published) -%}
    with place as (
        select
            counted.*,
            split_part(slice, '.', 1) as staff_block,
            coalesce(nullif(split_part(slice, '.', 2), ''), 'all') as from_row,
            nullif(split_part(slice, '.', 3), '') as step
        from {{ counts }} as counted
        where
            split_part(slice, '.', 1) <> 'medical_dental'
            and slice not like '%.other_pay'
            {%- if published %}
            -- There is a row of a step where somebody made it, which is a number of people too.
            and (split_part(slice, '.', 3) = '' or (unaudited_policy <> 'hidden' and not coalesce(is_restricted, false)))
            {%- endif %}
    ),

    -- A step between two bands has the base of the band it starts from.
    based as (
        select
            place.level,
            place.org_code,
            place.scope,
            place.as_at,
            place.slice,
            place.staff_block,
            place.from_row,
            coalesce(substr(place.step, 4), 'any') as to_row,
            {%- for group in movement_groups() %}
            start.{{ group }}_opening_band_count as {{ group }}_opening_count,
            place.{{ group }}_promoted_count,
            {%- endfor %}
            start.value_status,
            start.status_reason,
            place.unaudited_policy,
            place.is_synthetic
        from place
        inner join {{ counts }} as start
            on
                place.level = start.level
                and place.org_code = start.org_code
                and place.scope = start.scope
                and place.as_at = start.as_at
                and case
                    when place.step is null then place.slice
                    else place.staff_block || '.' || place.from_row
                end = start.slice
    ),

    rated as (
        select
            *,
            {%- for group in movement_groups() %}
            {{ group }}_promoted_count::double precision / nullif({{ group }}_opening_count, 0)::double precision as {{ group }}_rate,
            {%- endfor %}
            num_nulls(white_opening_count, white_promoted_count, bme_opening_count, bme_promoted_count) as hidden_counts
        from based
    ),

    judged as (
        select
            *,
            case
                when value_status <> 'ok' then value_status
                when all_opening_count = 0 then 'not_applicable'
                when hidden_counts > 0 then 'suppressed'
                when white_opening_count = 0 or bme_opening_count = 0 then 'zero_denominator'
                when bme_promoted_count = 0 then 'not_calculable'
                when white_promoted_count = 0 then 'zero_numerator'
                when greatest(white_rate, bme_rate) > 1 then 'unreliable'
                else 'ok'
            end as first_status
        from rated
    ),

    calculated as (
        select
            *,
            case when first_status in ('ok', 'unreliable') then white_rate / bme_rate end as ratio,
            {%- for side in ['low', 'high'] %}
            case
                when first_status in ('ok', 'unreliable')
                    then {{ risk_ratio_limit('white_rate', 'white_opening_count', 'bme_rate', 'bme_opening_count', side) }}
            end as ratio_{{ side }},
            {%- endfor %}
            {{ rates_p_value('white_promoted_count', 'white_opening_count', 'bme_promoted_count', 'bme_opening_count') }} as p_value
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
        concluded.staff_block::text as staff_block,
        concluded.from_row::text as from_row,
        concluded.to_row::text as to_row,
        ({{ slice_label("'1'", 'concluded.slice') }}
        || case when concluded.to_row <> 'any' then ' to ' || {{ pay_row_label('concluded.to_row') }} else '' end)::text as slice_label,
        concluded.scope::text as scope,
        {{ is_narrowest_scope('concluded', 'kind.period_kind') }} as is_headline,
        {%- for group in movement_groups() %}
        concluded.{{ group }}_opening_count::bigint as {{ group }}_opening_count,
        concluded.{{ group }}_promoted_count::bigint as {{ group }}_promoted_count,
        {{ shown('100 * concluded.' ~ group ~ '_rate', 1, published) }} as {{ group }}_promotion_pct,
        {%- endfor %}
        {{ shown('concluded.ratio', 2, published) }} as ratio,
        {{ shown('least(concluded.ratio_low, concluded.ratio)', 2, published) }} as ratio_low,
        {{ shown('greatest(concluded.ratio_high, concluded.ratio)', 2, published) }} as ratio_high,
        {{ p_value_shown('concluded.p_value', published, 'unaudited_policy') }} as p_value,
        {{ evidence_status(
            'concluded.ratio_low', 'concluded.ratio_high', 'concluded.status',
            white_count='concluded.white_promoted_count', bme_count='concluded.bme_promoted_count'
        ) }}::text as evidence,
        concluded.status::text as status,
        case
            when concluded.value_status <> 'ok' then concluded.status_reason
            when concluded.status = 'not_applicable' then 'Nobody was in this row at the start.'
            when concluded.status = 'suppressed' then {{ unaudited_hidden_reason('concluded.unaudited_policy', 'the figure rests on few people') }}
            when concluded.status = 'zero_denominator' then 'Nobody of one of the two groups was in this row at the start.'
            when concluded.status = 'not_calculable'
                then 'No BME member of staff was promoted out of ' || concluded.bme_opening_count || ', so that no ratio exists.'
            when concluded.status = 'zero_numerator'
                then 'No White member of staff was promoted out of ' || concluded.white_opening_count || '.'
            when concluded.status = 'unreliable' then 'The counts allow no interval.'
            else concluded.status_reason
        end::text as status_reason,
        concluded.is_synthetic::boolean as is_synthetic
    from concluded
    {{ area_joins('concluded') }}
    inner join (values ('annual'), ('quarterly')) as kind (period_kind)
        on kind.period_kind = 'quarterly' or to_char(concluded.as_at, 'MM-DD') = '03-31'
{%- endmacro %}
