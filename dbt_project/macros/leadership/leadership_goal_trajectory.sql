{#-
    Rows of leadership_goal_trajectory: the way from the newest year of each organisation or area to its goals, a row a year.

    goals      leadership_goal, as published or restricted
    published  true rounds to one decimal
-#}
{% macro leadership_goal_trajectory(goals, published) -%}
    with newest as (
        select
            *,
            max(wres_year) over (partition by level, org_code) as newest_year
        from {{ goals }}
    )

    select
        newest.level::text as level,
        newest.org_code::text as org_code,
        newest.org_name::text as org_name,
        newest.wres_year::integer as wres_year,
        newest.slice::text as slice,
        newest.pay_row::text as pay_row,
        newest.slice_label::text as slice_label,
        newest.horizon_year::integer as horizon_year,
        newest.target_basis::text as target_basis,
        newest.scenario::text as scenario,
        (newest.wres_year + step.year)::integer as year,
        {{ shown('step.posts_then', 1, published) }} as posts,
        {{ shown('step.bme_posts', 1, published) }} as bme_posts,
        {{ shown('100 * step.bme_share_then', 1, published) }} as bme_share_pct,
        newest.target_share_pct::double precision as target_share_pct,
        newest.is_synthetic::boolean as is_synthetic
    from newest
    cross join lateral published.leadership_trajectory(
        newest.posts::double precision, (newest.bme_posts / newest.posts)::double precision, newest.target_share_pct / 100,
        newest.turnover_pct / 100, newest.years, newest.growth_pct / 100
    ) as step
    where newest.wres_year = newest.newest_year and newest.status = 'ok'
{%- endmacro %}
