{#-
    Rows of pay_gap: the ethnicity pay gap of 31 March, a select of one row per organisation or England, population, base group and group
    compared with it.

    What is published comes from what is shown: averages of 1 to 7 people are hidden, also England's and under every policy, and those
    of a row whose staff are hidden; the others are rounded to pence, and the gaps are those of the rounded averages. A quarter with 1 to
    7 people of the group hides all four. The audit reads none of it: by default there is nothing but a row for each group of everybody.

    published  true: after disclosure control; percentages to 1 decimal
-#}
{% macro pay_gap(published) -%}
    {%- set quarters = [1, 2, 3, 4] -%}
    {#- No cells of disclosure control: bands together, and of fewer organisations than the indicators, they would tell the rest. -#}
    {%- set counts = {
        'people_count': 'figure.people_count', 'rated_count': 'figure.rated_count',
        'unrated_count': '(figure.people_count - figure.rated_count)'
    } -%}
    {%- for quarter in quarters -%}
    {%- do counts.update({'quarter_' ~ quarter: 'figure.quarter_' ~ quarter ~ '_count'}) -%}
    {%- endfor -%}
    with policy as (
        select
            unaudited_policy,
            'bi_reader' <> all(visible_to) as is_restricted
        from {{ source('ops', 'source') }}
        where source = 'workforce'
    ),
    {%- if published %}

    -- A group of whom the staff of the row are hidden has no figure here either.
    hidden as (
        select
            level,
            org_code,
            scope,
            as_at,
            slice,
            case member
                when 'white' then 'White' when 'bme' then 'BME' when 'unknown' then 'Unknown' when 'all' then 'Everybody'
                else split_part(member, '/', 3)
            end as ethnic_group,
            -- 'hidden' comes before 'rounded'.
            min(treatment) as treatment
        from {{ source('ops', 'hidden_count') }}
        where population = 'staff' and organisation_basis = 'as_reported'
        group by level, org_code, scope, as_at, slice, 6
    ),
    {%- endif %}

    controlled as materialized (
        select
            figure.*,
            policy.is_restricted,
            policy.unaudited_policy,
            figure.people_count - figure.rated_count as unrated_count,
            {%- if published %}
            {%- for column, count in counts.items() %}
            {{ controlled_count(count, 'policy.unaudited_policy', 'figure.level', 'hidden.treatment', audited=false) }} as shown_{{ column }},
            {%- endfor %}
            {#- An average of so few is hidden whatever the level and the policy: that counts are public does not make anybody's pay so.
                `is distinct from` hides it under a policy that nobody knows. #}
            policy.is_restricted
            or figure.rated_count between 1 and 7
            or (
                policy.unaudited_policy is distinct from 'already_public'
                and (policy.unaudited_policy is distinct from 'nhs_round5' or coalesce(hidden.treatment = 'hidden', false))
            ) as is_hidden
            {%- else %}
            {%- for column, count in counts.items() %}
            {{ count }} as shown_{{ column }},
            {%- endfor %}
            false as is_hidden
            {%- endif %}
        from {{ ref('int_pay__group_figure') }} as figure
        left join policy on true
        {%- if published %}
        left join hidden
            on
                figure.level = hidden.level
                and figure.unit_code = hidden.org_code
                and figure.scope = hidden.scope
                and figure.as_at = hidden.as_at
                and hidden.slice in (figure.population, 'all.' || figure.population)
                and figure.ethnic_group = hidden.ethnic_group
        -- There is a row of a group where it has somebody, which is a number of people too.
        where
            policy.unaudited_policy <> 'hidden'
            or (figure.population = 'all' and coalesce(hidden.treatment <> 'hidden', true))
        {%- endif %}
    ),

    averaged as materialized (
        select
            *,
            {%- for average in ['mean', 'median'] %}
            case when not is_hidden then {{ shown(average ~ '_hourly_gbp', 2, published) }} end as {{ average }}_gbp,
            {%- endfor %}
            case when not is_hidden then variance_hourly_gbp end as variance_gbp,
            num_nulls({% for quarter in quarters %}shown_quarter_{{ quarter }}{{ ', ' if not loop.last }}{% endfor %}) = 0
            and not is_hidden as has_quarters
        from controlled
    ),

    paired as materialized (
        select
            compared.*,
            base.base_group,
            white.people_count as base_true_count,
            white.rated_count as base_true_rated,
            white.is_hidden as is_base_hidden,
            white.shown_people_count as base_people_count,
            white.shown_rated_count as base_rated_count,
            white.shown_unrated_count as base_unrated_count,
            white.mean_gbp as base_mean_gbp,
            white.median_gbp as base_median_gbp,
            white.variance_gbp as base_variance_gbp,
            everybody.rated_count as everybody_rated,
            everybody.shown_people_count as population_count,
            everybody.shown_rated_count as population_rated_count
        from averaged as compared
        cross join (values ('white', 'White'), ('white_british', 'White British')) as base (base_group, ethnic_group)
        inner join averaged as everybody
            on
                compared.level = everybody.level
                and compared.unit_code = everybody.unit_code
                and compared.scope = everybody.scope
                and compared.as_at = everybody.as_at
                and compared.population = everybody.population
                and everybody.ethnic_group = 'Everybody'
        left join averaged as white
            on
                compared.level = white.level
                and compared.unit_code = white.unit_code
                and compared.scope = white.scope
                and compared.as_at = white.as_at
                and compared.population = white.population
                and base.ethnic_group = white.ethnic_group
        where
            compared.ethnic_group not in ('Everybody', 'Unknown', 'White', 'White British')
            -- White staff of other origins are part of the White base and stand apart from the White British one.
            and (base.base_group = 'white_british' or compared.ethnic_group not in ('White other', 'White unspecified'))
    ),

    judged as materialized (
        select
            *,
            {{ pay_gap_pct('base_mean_gbp', 'mean_gbp') }} as mean_gap,
            {{ pay_gap_pct('base_median_gbp', 'median_gbp') }} as median_gap,
            {%- for side in ['low', 'high'] %}
            {{ mean_pay_gap_limit(
                'base_mean_gbp', 'base_variance_gbp', 'base_rated_count', 'mean_gbp', 'variance_gbp', 'shown_rated_count', side
            ) }} as mean_gap_{{ side }},
            {%- endfor %}
            case
                {%- if published %}
                when unaudited_policy = 'hidden' then 'suppressed'
                {%- endif %}
                when everybody_rated = 0 then 'not_submitted'
                when base_true_rated is null or base_true_rated = 0 or rated_count = 0 then 'zero_denominator'
                when is_hidden or is_base_hidden then 'suppressed'
                when least(base_true_rated, rated_count) < 2 then 'unreliable'
                else 'ok'
            end as status
        from paired
    )

    select
        level::text as level,
        unit_code::text as org_code,
        {{ wres_year('as_at') }}::integer as wres_year,
        as_at::date as as_at,
        scope::text as scope,
        population::text as population,
        base_group::text as base_group,
        ethnic_group::text as ethnic_group,
        base_people_count::numeric as base_people_count,
        base_rated_count::numeric as base_rated_count,
        base_unrated_count::numeric as base_unrated_count,
        shown_people_count::numeric as people_count,
        shown_rated_count::numeric as rated_count,
        shown_unrated_count::numeric as unrated_count,
        population_count::numeric as population_count,
        population_rated_count::numeric as population_rated_count,
        base_mean_gbp::double precision as base_mean_hourly_gbp,
        mean_gbp::double precision as mean_hourly_gbp,
        base_median_gbp::double precision as base_median_hourly_gbp,
        median_gbp::double precision as median_hourly_gbp,
        {%- for gap in ['mean_gap', 'mean_gap_low', 'mean_gap_high', 'median_gap'] %}
        {{ shown("case when status in ('ok', 'unreliable') then " ~ gap ~ " end", 1, published) }} as {{ gap ~ '_pct' }},
        {%- endfor %}
        {%- for quarter in quarters %}
        {{ shown(
            "case when has_quarters and population_rated_count > 0 then least(100, 400 * shown_quarter_" ~ quarter
            ~ " / population_rated_count::double precision) end", 1, published
        ) }} as quarter_{{ quarter }}_pct,
        {%- endfor %}
        status::text as status,
        (
            case status
                when 'not_submitted' then 'No hourly rate is recorded.'
                when 'zero_denominator' then case
                    when base_true_count is null then 'Nobody of the base group is employed here.'
                    when base_true_rated = 0 then 'Nobody of the base group has an hourly rate recorded.'
                    else 'Nobody of the group has an hourly rate recorded.'
                end
                when 'suppressed' then case
                    when is_restricted then 'Hidden: the source is for analysts only.'
                    else {{ unaudited_hidden_reason('unaudited_policy', 'an average of few people') }}
                end
                when 'unreliable' then 'One of the averages is the pay of a single person, which allows no interval.'
                else case
                    when unrated_count + base_true_count - base_true_rated > 0 then 'Without the people whose hourly rate is not recorded.'
                end
            end
        )::text as status_reason,
        (select bool_or(content.is_synthetic) from {{ ref('int_workforce__staff_content') }} as content)::boolean as is_synthetic
    from judged
{%- endmacro %}
