{#-
    Rows of declaration_rate: for how many of a group of people ethnicity is known, and whether that grows.

    declared % = 100 × (all − unknown) ÷ all, on the counts of one day (staff, board) or of twelve months (shortlisted, appointed,
    entering a disciplinary process, trained).

    counts      relation with the columns of int_indicators__count
    published   true rounds
-#}
{% macro declaration_rate(counts, published) -%}
    {%- set same_group = ['level', 'org_code', 'population', 'basis', 'scope'] -%}
    with reported as (
        select
            *,
            array[{{ status_rank('value_status') }}, value_status, status_reason] as said
        from {{ counts }}
        where
            organisation_basis = 'as_reported'
            and is_default_vintage
            and denominator in ('all_staff', 'not_applicable')
            and ethnicity_group in ('white', 'bme', 'unknown')
            -- 31 March has both kinds of the same figure.
            and (period_kind = 'annual' or to_char(as_at, 'MM-DD') <> '03-31')
    ),

    -- Of 1 and 9 the base is everybody in all groups; of 2 to 4 the groups have to be added up, and each has to be known.
    whole as (
        select
            reported.level,
            reported.org_code,
            reported.wres_year,
            reported.as_at,
            population.name as population,
            reported.basis,
            reported.scope,
            max(
                case population.part when 'base' then reported.base_count else reported.value_count end
            ) filter (where reported.ethnicity_group = 'unknown') as unknown_count,
            case
                when population.is_one_base then max(reported.base_count) filter (where reported.ethnicity_group = 'unknown')
                when count(case population.part when 'base' then reported.base_count else reported.value_count end) = 3
                    then sum(case population.part when 'base' then reported.base_count else reported.value_count end)
            end as total_count,
            -- What the groups that count say; of 1 and 9 the unknown one has both numbers.
            min(reported.said) filter (where not population.is_one_base or reported.ethnicity_group = 'unknown') as said,
            bool_or(reported.is_synthetic) as is_synthetic
        from reported
        inner join (
            values
            ('staff', '1', 'all', 'value', true),
            ('senior_staff', '1', 'all.band_8a_to_vsm', 'value', true),
            ('medical_staff', '1', 'medical_dental', 'value', true),
            ('board', '9', 'board.total', 'value', true),
            ('shortlisted', '2', 'all', 'base', false),
            ('appointed', '2', 'all', 'value', false),
            ('disciplined', '3', 'all', 'value', false),
            ('trained', '4', 'all', 'value', false)
        ) as population (name, indicator_code, slice, part, is_one_base)
            on reported.indicator_code = population.indicator_code and reported.slice = population.slice
        group by
            reported.level,
            reported.org_code,
            reported.wres_year,
            reported.as_at,
            population.name,
            reported.basis,
            reported.scope,
            population.is_one_base
    ),

    rated as (
        select
            *,
            case
                when said[2] <> 'ok' then said[2]
                when unknown_count is null or total_count is null then 'not_submitted'
                when total_count = 0 then 'zero_denominator'
                else 'ok'
            end as status,
            case
                when said[2] <> 'ok' then said[3]
                when unknown_count is null or total_count is null then 'The number of people of unknown ethnicity is not stated.'
                when total_count = 0 then 'Nobody is in this group.'
            end as status_reason,
            case
                when said[2] = 'ok' and total_count > 0
                    then 100 * (total_count - unknown_count)::double precision / total_count::double precision
            end as declared_pct
        from whole
    ),

    trend as (
        select
            *,
            first_value(declared_pct) over (
                partition by {{ same_group | join(', ') }}
                order by as_at
                range between interval '1 year' preceding and interval '1 year' preceding
            ) as earlier_pct,
            row_number() over (
                partition by level, org_code, population, as_at
                order by
                    declared_pct is null,
                    array_position(array['return', 'records'], basis),
                    array_position(array['trusts', 'trusts_and_icbs', 'all'], scope)
            ) = 1 as is_headline
        from rated
    )

    select
        trend.level::text as level,
        trend.org_code::text as org_code,
        {{ area_columns('trend') }},
        trend.wres_year::integer as wres_year,
        trend.as_at::date as as_at,
        trend.population::text as population,
        trend.basis::text as basis,
        trend.scope::text as scope,
        trend.is_headline::boolean as is_headline,
        case when trend.status = 'ok' then trend.unknown_count end::numeric as unknown_count,
        case when trend.status = 'ok' then trend.total_count end::numeric as total_count,
        {{ shown('trend.declared_pct', 1, published) }} as declared_pct,
        {{ shown('trend.declared_pct - trend.earlier_pct', 1, published) }} as change_1y_points,
        trend.status::text as status,
        trend.status_reason::text as status_reason,
        trend.is_synthetic::boolean as is_synthetic
    from trend
    {{ area_joins('trend') }}
{%- endmacro %}
