{#-
    The average yearly change within organisations, a select of one row per indicator, slice, definition, scale and group: the mean of
    each organisation's own least-squares slope, with Student's t over organisations. Of a type or region also the difference
    from the others; of the BME share of the workforce, the least-squares slope of slopes per 10 points. The columns model_* wait for
    the mixed model, which runs after the build (plugins/wres/growth.py).

    series      relation with the columns of int_change__series
    published   true rounds, and leaves out p-values of controlled counts
-#}
{% macro yearly_change(series, published) -%}
    {%- set key = ['indicator_code', 'slice', 'definition_version', 'basis', 'scale'] -%}
    {%- set fewest = growth_fewest_organisations() -%}
    with organisation_slope as (
        select
            {%- for column in key %}
            series.{{ column }},
            {%- endfor %}
            series.org_code,
            max(series.org_type) as org_type,
            max(series.region_name) as region_name,
            max(series.bme_share_pct) as bme_share_pct,
            count(*) as years,
            min(series.wres_year) as first_year,
            max(series.wres_year) as last_year,
            regr_slope(series.value, series.wres_year::double precision) as slope,
            bool_and(series.disclosure_policy = 'already_public') as is_public,
            bool_or(series.is_synthetic) as is_synthetic
        from {{ series }} as series
        -- Chosen by the true figures, so that both twins speak of the same.
        inner join {{ ref('int_change__basis') }} as chosen
            on
                series.indicator_code = chosen.indicator_code
                and series.slice = chosen.slice
                and series.definition_version = chosen.definition_version
                and series.basis = chosen.basis
        group by
            {%- for column in key %}
            series.{{ column }},
            {%- endfor %}
            series.org_code
        having count(*) >= 2
    ),

    grouped as (
        select
            slope.*,
            kind.grouping_kind,
            kind.group_name
        from organisation_slope as slope
        cross join lateral (
            values
            ('overall', 'all'),
            ('org_type', slope.org_type),
            ('region', slope.region_name),
            ('bme_share', case when slope.bme_share_pct is not null then 'per 10 points' end)
        ) as kind (grouping_kind, group_name)
        where kind.group_name is not null
    ),

    averaged as (
        select
            {{ key | join(', ') }},
            grouping_kind,
            group_name,
            count(*) as organisations,
            sum(years) as observations,
            min(first_year) as first_year,
            max(last_year) as last_year,
            case
                when grouping_kind = 'bme_share' then regr_slope(slope, bme_share_pct / 10)
                else avg(slope)
            end as mean_slope,
            case
                when grouping_kind = 'bme_share'
                    then {{ regression_slope_se('slope', 'bme_share_pct / 10') }}
                else stddev_samp(slope) / sqrt(count(*))
            end as slope_se,
            count(*) - case grouping_kind when 'bme_share' then 2 else 1 end as slope_df,
            -- The BME share of the workforce may come from controlled counts of records.
            bool_and(is_public and grouping_kind <> 'bme_share') as is_public,
            bool_or(is_synthetic) as is_synthetic
        from grouped
        group by {{ key | join(', ') }}, grouping_kind, group_name
    ),

    -- The group against all others of its kind: least squares on a variable that is 1 inside and 0 outside.
    compared as (
        select
            {%- for column in key %}
            inside.{{ column }},
            {%- endfor %}
            inside.grouping_kind,
            inside.group_name,
            least(
                count(*) filter (where outside.group_name = inside.group_name),
                count(*) filter (where outside.group_name <> inside.group_name)
            ) as fewer,
            count(*) - 2 as difference_df,
            regr_slope(outside.slope, (outside.group_name = inside.group_name)::integer) as difference,
            {{ regression_slope_se('outside.slope', '(outside.group_name = inside.group_name)::integer') }} as difference_se
        from averaged as inside
        inner join grouped as outside
            on
                inside.grouping_kind = outside.grouping_kind
                {%- for column in key %}
                and inside.{{ column }} = outside.{{ column }}
                {%- endfor %}
        where inside.grouping_kind in ('org_type', 'region')
        group by
            {%- for column in key %}
            inside.{{ column }},
            {%- endfor %}
            inside.grouping_kind,
            inside.group_name
    ),

    judged as (
        select
            averaged.*,
            averaged.mean_slope / nullif(averaged.slope_se, 0) as slope_t,
            case when averaged.slope_se is not null then {{ student_t_95('averaged.slope_df') }} end as slope_quantile,
            case when compared.fewer >= {{ fewest }} then compared.difference end as difference,
            case when compared.fewer >= {{ fewest }} then compared.difference_se end as difference_se,
            compared.difference_df,
            case
                when averaged.organisations < {{ fewest }} then 'too_few_organisations'
                when averaged.mean_slope is null then 'not_calculable'
                else 'ok'
            end as status
        from averaged
        left join compared
            on
                averaged.grouping_kind = compared.grouping_kind
                and averaged.group_name = compared.group_name
                {%- for column in key %}
                and averaged.{{ column }} = compared.{{ column }}
                {%- endfor %}
    ),

    concluded as (
        select
            *,
            case when status = 'ok' then mean_slope end as shown_slope,
            case when status = 'ok' then slope_se end as shown_se,
            case when status = 'ok' then slope_t end as shown_t,
            case when status = 'ok' then {{ student_t_p_value('slope_t', 'slope_df') }} end as slope_p,
            case when difference is not null then {{ student_t_95('difference_df') }} end as difference_quantile,
            {{ student_t_p_value('difference / nullif(difference_se, 0)', 'difference_df') }} as difference_p,
            max(last_year) over (partition by indicator_code, slice, definition_version)
            = max(last_year) over (partition by indicator_code, slice) as is_newest_definition
        from judged
    )

    select
        {%- for column in key %}
        {{ column }}::text as {{ column }},
        {%- endfor %}
        grouping_kind::text as grouping_kind,
        group_name::text as group_name,
        is_newest_definition::boolean as is_headline,
        organisations::integer as organisations,
        observations::integer as observations,
        first_year::integer as first_year,
        last_year::integer as last_year,
        {{ shown('shown_slope', 2, published) }} as mean_slope,
        {{ shown('shown_se', 2, published) }} as slope_se,
        {{ shown('shown_slope - slope_quantile * shown_se', 2, published) }} as slope_low,
        {{ shown('shown_slope + slope_quantile * shown_se', 2, published) }} as slope_high,
        {{ growth_p_value_shown('shown_t', published) }} as slope_t,
        {{ growth_p_value_shown('slope_p', published) }} as slope_p,
        {{ shown('difference', 2, published) }} as difference_from_others,
        {{ shown('difference - difference_quantile * difference_se', 2, published) }} as difference_low,
        {{ shown('difference + difference_quantile * difference_se', 2, published) }} as difference_high,
        {{ growth_p_value_shown('difference_p', published) }} as difference_p,
        status::text as status,
        case status
            when 'too_few_organisations'
                then 'Fewer than {{ fewest }} organisations have two years on this definition ('
                    || organisations || '): no average is shown.'
            when 'not_calculable' then 'All organisations have the same BME share, so that nothing can depend on it.'
        end::text as status_reason,
        null::integer as model_organisations,
        null::double precision as model_slope,
        null::double precision as model_se,
        null::double precision as model_low,
        null::double precision as model_high,
        null::double precision as model_p,
        'not_fitted'::text as model_status,
        null::text as model_note,
        is_synthetic::boolean as is_synthetic
    from concluded
{%- endmacro %}


{#- Of fewer organisations no average is shown, and no model fitted. -#}
{% macro growth_fewest_organisations() -%} 5 {%- endmacro %}


{#- Standard error of the least-squares slope of y on x, an aggregate: sqrt((Syy − Sxy²/Sxx) / (n − 2) / Sxx); null for n < 3. -#}
{% macro regression_slope_se(y, x) -%}
    sqrt(
        greatest(
            0,
            (regr_syy({{ y }}, {{ x }}) - regr_sxy({{ y }}, {{ x }}) ^ 2 / nullif(regr_sxx({{ y }}, {{ x }}), 0))
        ) / nullif(greatest(regr_count({{ y }}, {{ x }}) - 2, 0), 0) / nullif(regr_sxx({{ y }}, {{ x }}), 0)
    )
{%- endmacro %}


{#- As p_value_shown, for what rests on the figures of many organisations (needs a column is_public). -#}
{% macro growth_p_value_shown(p_value, published) -%}
    {%- if published -%} (case when is_public then {{ p_value }} end)::double precision
    {%- else -%} ({{ p_value }})::double precision
    {%- endif -%}
{%- endmacro %}
