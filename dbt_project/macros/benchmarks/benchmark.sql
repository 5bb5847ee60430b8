{#-
    Rows of benchmark: each organisation's headline annual figure beside each of its peer sets.

    Peers are the organisations of the set with the same figure on the same basis and denominator, headline or not: a figure from
    records is never compared with one from returns. The organisation stays in its set. Counts and ratios of the two lists are
    those of peer_statistics and benjamini_hochberg.

    pooled         of an area is the area's own figure (the ratio of its summed counts, or the publisher's), and of other sets the ratio of
                   their members' summed counts; null where one of them is hidden, since the sum would give it away
    differs from parity   the p-value of indicator_figure, a list for each indicator, slice and year
    differs from peers    peer_p_value, a list for each indicator, slice, year and peer set

    figures     relation with the columns of indicator_figure (all vintages)
    results     indicator_result of the same counts: which figures are headlines, and counts as they are shown
    published   true rounds for publication and leaves out tests of controlled counts
-#}
{% macro benchmark(figures, results, published) -%}
    {%- set figure_key = ['indicator_code', 'slice', 'basis', 'denominator', 'wres_year'] -%}
    {#- What peer_statistics and benjamini_hochberg add. -#}
    {%- set peer_columns = [
        'peers_count', 'estimates_count', 'peer_mean', 'peer_q1', 'peer_median', 'peer_q3', 'peer_percentile', 'funnel_low_95',
        'funnel_high_95', 'funnel_low_99_8', 'funnel_high_99_8', 'z_score', 'shrunken_ratio', 'tau_squared', 'i_squared',
        'list_p_value', 'peer_p_adjusted'
    ] -%}
    {#- White above BME, or the other way round, as indicator_figure has it. -#}
    {%- set top_count = "case when figure.indicator_code in ('2', '4', '7', 'DR') then figure.white_count else figure.bme_count end" -%}
    {%- set bottom_count -%}
        case
            when figure.indicator_code in ('2', '4', '7', 'DR') then figure.bme_count
            when figure.indicator_code in ('1', '9') then figure.workforce_bme_count
            else figure.white_count
        end
    {%- endset -%}
    with headline as materialized (
        select
            org_code,
            {{ figure_key | join(', ') }},
            white_count,
            white_base,
            bme_count,
            bme_base
        from {{ results }}
        where
            level = 'organisation'
            and period_kind = 'annual'
            and is_headline
            and status not in ('not_applicable', 'not_submitted')
            -- Whoever belongs to no set (Welsh, closed, unknown) is compared with nobody, and no test of a list.
            and (org_code, as_at) in (select org_code, as_at from {{ ref('int_benchmarks__peer_set') }} where is_own)
    ),

    -- What can be compared with what, by number: joins and sorts on five texts take most of the time.
    comparison as materialized (
        select
            {{ figure_key | join(', ') }},
            row_number() over () as comparison_id,
            dense_rank() over (order by indicator_code, slice, wres_year) as list_id
        from headline
        group by {{ figure_key | join(', ') }}
    ),

    peer_set as materialized (
        select
            org_code,
            as_at,
            peer_set_kind,
            peer_set,
            peer_set_name,
            scope,
            is_own,
            row_number() over () as membership_id,
            dense_rank() over (order by peer_set_kind, peer_set, scope) as set_id
        from {{ ref('int_benchmarks__peer_set') }}
    ),

    figure as materialized (
        select
            figure.*,
            comparison.comparison_id,
            comparison.list_id,
            row_number() over () as figure_id,
            headline.org_code is not null as is_headline,
            headline.white_count as shown_white_count,
            headline.white_base as shown_white_base,
            headline.bme_count as shown_bme_count,
            headline.bme_base as shown_bme_base,
            figure.status = 'ok' as is_ok,
            figure.status = 'ok' and {{ has_enough_events('figure.top_events', 'figure.bottom_events') }} as is_tested,
            {{ "figure.disclosure_policy = 'already_public'" if published else 'true' }} as may_be_tested,
            -- Too few to be listed still count as a test.
            case
                when headline.org_code is null or figure.status <> 'ok' then null
                when {{ has_enough_events('figure.top_events', 'figure.bottom_events') }} then figure.p_value
                when figure.p_value is not null then 1
            end as parity_p_value
        from {{ figures }} as figure
        inner join comparison
            on
                {%- for column in figure_key %}
                {{ 'and ' if not loop.first }}figure.{{ column }} = comparison.{{ column }}
                {%- endfor %}
        left join headline
            on
                figure.org_code = headline.org_code
                {%- for column in figure_key %}
                and figure.{{ column }} = headline.{{ column }}
                {%- endfor %}
        where
            figure.level = 'organisation'
            and figure.organisation_basis = 'as_reported'
            and figure.period_kind = 'annual'
            and figure.is_default_vintage
            and figure.status not in ('not_applicable', 'not_submitted')
    ),

    against_parity as materialized (
        {{ benjamini_hochberg('figure', 'parity_p_value', ['list_id'], 'parity_p_adjusted') }}
    ),

    member as materialized (
        select
            figure.figure_id,
            peer_set.membership_id,
            -- One number for a comparison in a set, and one for a list in it: sets are fewer than a million.
            1000000 * figure.comparison_id + peer_set.set_id as group_id,
            1000000 * figure.list_id + peer_set.set_id as list_id,
            figure.is_headline and peer_set.is_own as is_shown,
            figure.may_be_tested,
            figure.ratio,
            figure.ratio_se,
            figure.is_ok,
            figure.is_tested,
            figure.top_events,
            figure.bottom_events
        from figure
        inner join peer_set on figure.org_code = peer_set.org_code and figure.as_at = peer_set.as_at
    ),

    compared as materialized (
        select
            *,
            case when may_be_tested then peer_p_value end as list_p_value
        from ({{ peer_statistics('member', ['group_id']) }}) as peer
        where is_shown
    ),

    listed as (
        {{ benjamini_hochberg('compared', 'list_p_value', ['list_id'], 'peer_p_adjusted') }}
    ),

    summed as materialized (
        select
            member.group_id,
            count(*) as members_count,
            count(*) filter (where figure.status = 'zero_numerator') as zero_numerator_count,
            case
                when bool_and({{ top_count }} is not null and {{ bottom_count }} is not null)
                    then (sum({{ top_count }})::double precision / nullif(sum(figure.top_base), 0)::double precision)
                        / nullif(sum({{ bottom_count }})::double precision / nullif(sum(figure.bottom_base), 0)::double precision, 0)
            end as pooled_ratio
        from member
        inner join figure on member.figure_id = figure.figure_id
        group by member.group_id
    ),

    area as materialized (
        select distinct on (level, org_code, scope, comparison_id)
            figure.level,
            figure.org_code,
            figure.scope,
            comparison.comparison_id,
            figure.ratio
        from {{ figures }} as figure
        inner join comparison
            on
                {%- for column in figure_key %}
                {{ 'and ' if not loop.first }}figure.{{ column }} = comparison.{{ column }}
                {%- endfor %}
        where
            figure.level <> 'organisation'
            and figure.organisation_basis = 'as_reported'
            and figure.period_kind = 'annual'
            and figure.is_default_vintage
            and figure.ratio is not null
        order by level, org_code, scope, comparison_id, aggregation desc
    ),

    described as (
        select
            figure.*,
            peer_set.peer_set_kind,
            peer_set.peer_set,
            peer_set.peer_set_name,
            {%- for column in peer_columns %}
            listed.{{ column }},
            {%- endfor %}
            summed.members_count,
            summed.zero_numerator_count,
            case
                when peer_set.peer_set_kind in ('england', 'region', 'icb', 'org_type') then area.ratio
                else summed.pooled_ratio
            end as peer_pooled
        from listed
        inner join against_parity as figure on listed.figure_id = figure.figure_id
        inner join peer_set on listed.membership_id = peer_set.membership_id
        inner join summed on listed.group_id = summed.group_id
        left join area
            on
                peer_set.peer_set_kind = area.level
                and peer_set.peer_set = area.org_code
                and peer_set.scope = area.scope
                and figure.comparison_id = area.comparison_id
    )

    select
        org_code::text as org_code,
        wres_year::integer as wres_year,
        as_at::date as as_at,
        indicator_code::text as indicator_code,
        slice::text as slice,
        peer_set_kind::text as peer_set_kind,
        peer_set::text as peer_set,
        peer_set_name::text as peer_set_name,
        basis::text as basis,
        denominator::text as denominator,
        shown_white_count::numeric as white_count,
        shown_white_base::numeric as white_base,
        shown_bme_count::numeric as bme_count,
        shown_bme_base::numeric as bme_base,
        base_source::text as base_source,
        {{ shown('ratio', 2, published) }} as ratio,
        {{ shown('ratio_low', 2, published) }} as ratio_low,
        {{ shown('ratio_high', 2, published) }} as ratio_high,
        members_count::integer as members_count,
        peers_count::integer as peers_count,
        estimates_count::integer as estimates_count,
        zero_numerator_count::integer as zero_numerator_count,
        {{ shown('case when peers_count >= 5 then peer_pooled end', 2, published) }} as peer_pooled,
        {{ shown('peer_mean', 2, published) }} as peer_mean,
        {{ shown('peer_median', 2, published) }} as peer_median,
        {{ shown('peer_q1', 2, published) }} as peer_q1,
        {{ shown('peer_q3', 2, published) }} as peer_q3,
        {{ shown('peer_percentile', 1, published) }} as peer_percentile,
        (case when is_ok then ratio_low > peer_median or ratio_high < peer_median end)::boolean as excludes_peer_median,
        {{ shown('funnel_low_95', 2, published) }} as funnel_low_95,
        {{ shown('funnel_high_95', 2, published) }} as funnel_high_95,
        {{ shown('funnel_low_99_8', 2, published) }} as funnel_low_99_8,
        {{ shown('funnel_high_99_8', 2, published) }} as funnel_high_99_8,
        {{ shown('case when may_be_tested then z_score end', 2, published) }} as z_score,
        {{ shown('shrunken_ratio', 2, published) }} as shrunken_ratio,
        {{ shown('tau_squared', 3, published) }} as tau_squared,
        {{ shown('i_squared', 2, published) }} as i_squared,
        (case when is_tested then parity_p_value end)::double precision as parity_p_value,
        (case when is_tested then parity_p_adjusted end)::double precision as parity_p_adjusted,
        (case when is_tested then parity_p_adjusted <= 0.05 end)::boolean as differs_from_parity,
        (case when is_tested then list_p_value end)::double precision as peer_p_value,
        (case when is_tested then peer_p_adjusted end)::double precision as peer_p_adjusted,
        (case when is_tested then peer_p_adjusted <= 0.05 end)::boolean as differs_from_peers,
        status::text as status,
        {{ benchmark_reason() }}::text as status_reason,
        is_synthetic::boolean as is_synthetic
    from described
{%- endmacro %}


{#- The figure's own reason, and why it is not compared, or in no list. -#}
{% macro benchmark_reason() -%}
    nullif(concat_ws(
        ' ',
        status_reason,
        case
            when peers_count < 5
                then 'Peer set too small: ' || peers_count || ' of ' || members_count || ' organisations have a ratio, and 5 are needed.'
            when is_ok and estimates_count < 5
                then 'The bases of fewer than 5 organisations are known: no limits, no tests.'
            when is_ok and not is_tested and top_events is not null and bottom_events is not null
                then 'Fewer than 5 people in a numerator: in no list of those that differ.'
        end
    ), '')
{%- endmacro %}
