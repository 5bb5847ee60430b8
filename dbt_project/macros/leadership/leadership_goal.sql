{#-
    Rows of leadership_goal: how many recruits to a senior row have to be BME for its BME share to reach that of the workforce by a
    horizon. The formula is that of the functions `published.leadership_…` (plugins/wres/warehouse.sql); here are its inputs, by
    organisation, year, horizon, target and scenario.

    results    indicator_result, as published or restricted: posts, and the shares to be reached
    movements  retention, likewise: turnover of the row, and who came into it in the year
    published  true rounds to one decimal
-#}
{% macro leadership_goal(results, movements, published) -%}
    {%- set place = ['level', 'org_code', 'wres_year', 'as_at', 'basis', 'scope'] -%}
    with result as (
        select *
        from {{ results }}
        where
            indicator_code = '1'
            and period_kind = 'annual'
            and denominator = 'all_staff'
            and organisation_basis = 'as_reported'
    ),

    post as (
        select
            {{ place | join(', ') }},
            slice,
            white_count + bme_count as posts,
            bme_count as bme_posts,
            workforce_bme_count::double precision / nullif(workforce_white_count + workforce_bme_count, 0)::double precision
                as workforce_share,
            status as result_status,
            status_reason as result_reason,
            is_synthetic
        from result
        where
            is_headline
            and slice in (
                'all.band_8a', 'all.band_8b', 'all.band_8c', 'all.band_8d', 'all.band_9', 'all.vsm', 'all.band_8a_to_vsm'
            )
    ),

    -- Doctors and dentists are on other contracts, and many of them are BME.
    non_medical as (
        select
            {{ place | join(', ') }},
            case
                when count(white_count) = 2 and count(bme_count) = 2
                    then sum(bme_count)::double precision / nullif(sum(white_count) + sum(bme_count), 0)::double precision
            end as workforce_share
        from result
        where slice in ('non_clinical', 'clinical_non_medical')
        group by {{ place | join(', ') }}
    ),

    targeted as (
        select
            post.*,
            target.target_basis,
            target.target_share
        from post
        left join non_medical
            on
                {%- for column in place %}
                {{ 'and ' if not loop.first }}post.{{ column }} = non_medical.{{ column }}
                {%- endfor %}
        left join {{ ref('leadership_population_share') }} as population on post.org_code = population.org_code
        cross join lateral (
            values
            ('workforce_all', post.workforce_share),
            ('workforce_afc', non_medical.workforce_share),
            ('population', population.bme_share_pct / 100)
        ) as target (target_basis, target_share)
        where target.target_basis <> 'population' or target.target_share is not null
    ),

    movement as (
        select
            level,
            org_code,
            as_at,
            slice,
            2 * all_leavers_count::double precision
            / nullif(all_opening_count + all_closing_count, 0)::double precision as turnover,
            bme_joiners_count + bme_moved_in_count as bme_recruits,
            all_joiners_count + all_moved_in_count as recruits,
            num_nulls(all_leavers_count, all_opening_count, all_closing_count) > 0 as is_hidden,
            case when status = 'suppressed' then status_reason end as hidden_reason
        from {{ movements }}
        where period_kind = 'annual' and is_headline
    ),

    -- Where nobody can be followed, one row says why.
    unfollowed as (
        select
            level,
            org_code,
            as_at,
            status_reason
        from {{ movements }}
        where period_kind = 'annual' and slice = 'all' and status in ('not_submitted', 'not_calculable', 'not_applicable')
    ),

    -- The row of the seed that says most of the organisation and the slice.
    assumed as (
        select distinct on (targeted.level, targeted.org_code, targeted.as_at, targeted.slice, targeted.target_basis, scenario.scenario)
            targeted.*,
            scenario.scenario,
            scenario.turnover_pct as given_turnover_pct,
            scenario.growth_pct
        from targeted
        inner join {{ ref('leadership_scenario') }} as scenario
            on
                scenario.org_code in (targeted.org_code, '*')
                and scenario.slice in (targeted.slice, '*')
        order by
            targeted.level asc, targeted.org_code asc, targeted.as_at asc, targeted.slice asc, targeted.target_basis asc,
            scenario.scenario asc, scenario.org_code = '*' asc, scenario.slice = '*' asc
    ),

    goal as (
        select
            assumed.level,
            assumed.org_code,
            null as goal_name,
            assumed.wres_year,
            assumed.as_at,
            assumed.slice,
            horizon.horizon_year,
            horizon.horizon_year - assumed.wres_year as years,
            assumed.target_basis,
            assumed.scenario,
            assumed.basis,
            assumed.scope,
            assumed.posts::double precision as posts,
            assumed.bme_posts::double precision as bme_posts,
            assumed.target_share,
            case when assumed.given_turnover_pct is null then movement.turnover else assumed.given_turnover_pct / 100 end as turnover,
            assumed.growth_pct / 100 as growth,
            movement.bme_recruits,
            movement.recruits,
            assumed.result_status,
            assumed.result_reason,
            coalesce(movement.is_hidden, false) as is_turnover_hidden,
            movement.hidden_reason as turnover_reason,
            unfollowed.status_reason as unfollowed_reason,
            assumed.is_synthetic
        from assumed
        inner join {{ ref('leadership_horizon') }} as horizon on assumed.wres_year < horizon.horizon_year
        left join movement
            on
                assumed.level = movement.level
                and assumed.org_code = movement.org_code
                and assumed.as_at = movement.as_at
                and assumed.slice = movement.slice
        left join unfollowed
            on
                assumed.level = unfollowed.level
                and assumed.org_code = unfollowed.org_code
                and assumed.as_at = unfollowed.as_at
        union all
        -- What the strategy prints is about real organisations.
        select
            'strategy_2019' as level,
            printed.org_code,
            printed.org_name as goal_name,
            printed.base_year as wres_year,
            make_date(printed.base_year, 3, 31) as as_at,
            printed.slice,
            printed.horizon_year,
            printed.horizon_year - printed.base_year as years,
            'printed' as target_basis,
            'printed' as scenario,
            'printed' as basis,
            'trusts' as scope,
            printed.posts,
            printed.bme_posts,
            printed.target_share_pct / 100 as target_share,
            printed.turnover_pct / 100 as turnover,
            0 as growth,
            null as bme_recruits,
            null as recruits,
            'ok' as result_status,
            null as result_reason,
            false as is_turnover_hidden,
            null as turnover_reason,
            null as unfollowed_reason,
            false as is_synthetic
        from {{ ref('leadership_strategy_goal') }} as printed
        where not (select coalesce(bool_or(content.is_synthetic), false) from {{ ref('stg_ops__current_content') }} as content)
    ),

    calculated as (
        select
            *,
            bme_posts / nullif(posts, 0) as bme_share,
            published.leadership_recruit_share(bme_posts / nullif(posts, 0), target_share, turnover, years, growth) as recruit_share,
            published.leadership_recruits_needed(posts, bme_posts / nullif(posts, 0), target_share, turnover, years, growth)
                as recruits_needed,
            published.leadership_shortest_years(bme_posts / nullif(posts, 0), target_share, turnover, growth) as shortest_years
        from goal
    ),

    judged as (
        select
            *,
            case
                when posts is null then case when result_status = 'ok' then 'not_submitted' else result_status end
                when posts = 0 then 'not_applicable'
                when target_share is null then case when result_status = 'suppressed' then 'suppressed' else 'not_calculable' end
                when bme_share >= target_share then 'at_or_above_target'
                when turnover is null then case when is_turnover_hidden then 'suppressed' else 'not_calculable' end
                when recruit_share is null then 'not_calculable'
                when recruit_share > 1 then 'unreachable_by_recruitment'
                else 'ok'
            end as status
        from calculated
    )

    select
        judged.level::text as level,
        judged.org_code::text as org_code,
        coalesce(judged.goal_name, area.org_name)::text as org_name,
        area.org_type::text as org_type,
        area.region_name::text as region_name,
        area.icb_name::text as icb_name,
        judged.wres_year::integer as wres_year,
        judged.as_at::date as as_at,
        judged.slice::text as slice,
        split_part(judged.slice, '.', 2)::text as pay_row,
        {{ slice_label("'1'", 'judged.slice') }}::text as slice_label,
        judged.horizon_year::integer as horizon_year,
        judged.years::integer as years,
        judged.target_basis::text as target_basis,
        judged.scenario::text as scenario,
        judged.basis::text as basis,
        judged.scope::text as scope,
        judged.posts::numeric as posts,
        judged.bme_posts::numeric as bme_posts,
        {{ shown('100 * judged.bme_share', 1, published) }} as bme_share_pct,
        {{ shown('100 * judged.target_share', 1, published) }} as target_share_pct,
        {{ shown('100 * judged.turnover', 1, published) }} as turnover_pct,
        {{ shown('100 * judged.growth', 1, published) }} as growth_pct,
        {{ shown('judged.posts * (judged.turnover + judged.growth)', 1, published) }} as posts_to_fill_per_year,
        {{ shown('judged.recruits_needed', 1, published) }} as recruits_needed_per_year,
        {{ shown('100 * judged.recruit_share', 1, published) }} as bme_share_of_recruits_pct,
        -- A hair below a whole number by a rounding error is that number.
        case when judged.recruit_share <= 1 then floor(1 / judged.recruit_share + 1e-9) end::integer as recruits_one_in,
        judged.shortest_years::integer as shortest_years,
        judged.recruits::bigint as current_recruits_count,
        judged.bme_recruits::bigint as current_bme_recruits_count,
        judged.status::text as status,
        case judged.status
            when 'ok' then null
            when 'at_or_above_target' then 'The BME share of the row is that of the target already, or above it.'
            when 'unreachable_by_recruitment'
                then 'Not by ' || judged.horizon_year || ', even if every recruit were BME'
                    || coalesce(': that would take ' || judged.shortest_years || ' years.', '.')
            when 'not_applicable' then 'Nobody of known ethnicity is in this row.'
            when 'suppressed'
                then case
                    when judged.posts is null or judged.target_share is null then judged.result_reason
                    else 'The turnover of the row is not shown. '
                        || coalesce(judged.turnover_reason, 'Hidden by disclosure control: it rests on few people.')
                end
            else case
                when judged.posts is null then coalesce(judged.result_reason, 'The counts of the row are not known.')
                when judged.target_share is null then 'The share to be reached is not known.'
                when judged.turnover is null
                    then 'The turnover of the row is not known. '
                        || coalesce(judged.unfollowed_reason, 'Nobody is followed from a year before.')
                when judged.turnover > 1 then 'More people left than were in the row on average.'
                else 'No post fell vacant, so that recruitment changes nothing.'
            end
        end::text as status_reason,
        judged.is_synthetic::boolean as is_synthetic
    from judged
    left join (
        select distinct
            result.level,
            result.org_code,
            result.as_at,
            {{ area_columns('result') }}
        from result
        {{ area_joins('result') }}
    ) as area
        on
            judged.level = area.level
            and judged.org_code = area.org_code
            and judged.as_at = area.as_at
{%- endmacro %}
