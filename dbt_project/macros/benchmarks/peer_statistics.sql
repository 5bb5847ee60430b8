{#-
    Where each figure stands among its peers: the rows of a relation, with the statistics of their peer set and their own place in it.

    members  relation of one row per figure and peer set. Of its columns are read: ratio, ratio_se (standard error of the logarithm;
             null where the base is not known), is_ok (the figure counts), top_events and bottom_events (those counted in the
             ratio's two groups, for ratio_se at small counts), is_tested (has enough of them to be listed as differing)
    keys     columns that name a peer set of comparable figures, for example indicator, slice, year and set

    y = ln ratio, v = ratio_se², w = 1/v, m figures with a standard error (a zero numerator has no logarithm, and stays out)
    mean, quartiles       of the ratios; percentile_cont, linear
    peer_percentile       mid-rank: 100·(below + half of those equal, oneself among them)/number
    μ = Σwy/Σw, Q = Σw(y−μ)², C = Σw − Σw²/Σw, τ² = max(0, (Q−(m−1))/C), I² = max(0, (Q−(m−1))/Q)     DerSimonian-Laird
    shrunken_ratio        exp(s·y + (1−s)·μ_R), s = τ²/(τ²+v), μ_R the mean with weights 1/(v+τ²): empirical Bayes
    φ                     mean of (y−μ)²/v, the z-scores winsorised at their 10% and 90% quantiles when m ≥ 20
    funnel_*, z_score     exp(μ ± z·sqrt(v+τ_f²)) and (y−μ)/sqrt(v+τ_f²), τ_f² = max(0, (mφ−(m−1))/C), 0 when φ ≤ 1
    peer_p_value          two-sided, that the figure belongs to its peers. Its deviation from the mean of the *others*, with the others'
                          τ² and the error of their mean, on Student's t with (Σw)²/Σw² − 1 degrees of freedom (Satterthwaite): an
                          outlier does not hide itself, and few or unequal peers are no certainty. Winsorised limits would
                          list too many: they take a tenth at each end for outliers even where there is none.
                          1 for figures that are not tested: they count among the tests, or the high counts that remain would be too few
                          to judge by.
    Below 5 figures all are null; below 5 with a standard error those that need one.
    Source: DerSimonian and Laird, Controlled Clinical Trials 7 (1986) 177-188; Spiegelhalter, Statistics in Medicine 24 (2005)
    1185-1202; Viechtbauer and Cheung, Research Synthesis Methods 1 (2010) 112-125, for the deleted residual.
-#}
{% macro peer_statistics(members, keys) -%}
    {%- set fewest = 5 -%}
    with peer_set as materialized (
        select
            row_number() over () as peer_set_id,
            {{ keys | join(', ') }},
            count(ratio) as peers_count,
            count(logarithm) as estimates_count,
            avg(ratio) as mean_ratio,
            percentile_cont(array[0.25, 0.5, 0.75]) within group (order by ratio) as quartiles,
            sum(1 / variance) as w,
            sum(1 / variance ^ 2) as ww,
            sum(logarithm / variance) / sum(1 / variance) as mu
        from (
            select
                {{ keys | join(', ') }},
                {{ counted_ratio() }} as ratio,
                {{ log_ratio() }} as logarithm,
                {{ log_ratio_variance() }} as variance
            from {{ members }}
        ) as figure
        group by {{ keys | join(', ') }}
    ),

    placed as materialized (
        select
            member.*,
            peer_set.peer_set_id,
            peer_set.peers_count,
            peer_set.estimates_count,
            {{ counted_ratio('member') }} as peer_ratio,
            {{ log_ratio('member') }} as logarithm,
            {{ log_ratio_variance('member') }} as variance,
            {{ log_ratio('member') }} - peer_set.mu as deviation
        from {{ members }} as member
        inner join peer_set
            on
                {%- for key in keys %}
                {{ 'and ' if not loop.first }}member.{{ key }} = peer_set.{{ key }}
                {%- endfor %}
    ),

    spread as materialized (
        select
            peer_set.*,
            scattered.q,
            scattered.tails,
            greatest((scattered.q - (peer_set.estimates_count - 1)) / {{ heterogeneity_scale('peer_set') }}, 0) as tau_squared
        from peer_set
        inner join (
            select
                peer_set_id,
                sum(deviation ^ 2 / variance) as q,
                percentile_cont(array[0.1, 0.9]) within group (order by deviation / sqrt(variance)) as tails
            from placed
            where variance is not null
            group by peer_set_id
        ) as scattered on peer_set.peer_set_id = scattered.peer_set_id
        where peer_set.estimates_count >= {{ fewest }}
    ),

    pooled as materialized (
        select
            spread.*,
            averaged.mu_random,
            -- φ ≤ 1: no more than chance, and nothing to adjust for.
            case
                when averaged.phi > 1
                    then greatest(
                        (spread.estimates_count * averaged.phi - (spread.estimates_count - 1)) / {{ heterogeneity_scale('spread') }}, 0
                    )
                else 0
            end as funnel_tau_squared
        from spread
        inner join (
            select
                placed.peer_set_id,
                sum(placed.logarithm / (placed.variance + spread.tau_squared)) / sum(1 / (placed.variance + spread.tau_squared))
                    as mu_random,
                avg(case
                    when spread.estimates_count >= 20
                        then least(greatest(placed.deviation / sqrt(placed.variance), spread.tails[1]), spread.tails[2]) ^ 2
                    else placed.deviation ^ 2 / placed.variance
                end) as phi
            from placed
            inner join spread on placed.peer_set_id = spread.peer_set_id
            where placed.variance is not null
            group by placed.peer_set_id
        ) as averaged on spread.peer_set_id = averaged.peer_set_id
    ),

    -- Fenced (offset 0) rather than materialised: a step is worked out once, and its rows are not written to disk.
    -- The others' mean, variance and heterogeneity follow from the sums by taking one's own part out.
    ranked as (
        select
            placed.*,
            peer_set.mu,
            peer_set.mean_ratio,
            peer_set.quartiles,
            pooled.q,
            pooled.tau_squared,
            pooled.funnel_tau_squared,
            pooled.mu_random,
            -- Alone with nearly all the weight, a figure has no others to be compared with.
            case when 1 / placed.variance < 0.999999 * pooled.w then pooled.w - 1 / placed.variance end as others_w,
            nullif(greatest(pooled.ww - 1 / placed.variance ^ 2, 0), 0) as others_ww,
            placed.deviation * pooled.w as weighted_deviation,
            100 * (
                rank() over in_order - 1 + 0.5 * count(*) over (in_order range between current row and current row)
            )::double precision / nullif(placed.peers_count, 0) as mid_rank
        from placed
        inner join peer_set on placed.peer_set_id = peer_set.peer_set_id
        left join pooled on placed.peer_set_id = pooled.peer_set_id
        window in_order as (partition by placed.peer_set_id order by placed.peer_ratio)
    ),

    others as (
        select
            *,
            weighted_deviation / others_w as others_deviation,
            greatest(
                (q - deviation * weighted_deviation / variance / others_w - (estimates_count - 2))
                / nullif(greatest(others_w - others_ww / others_w, 0), 0),
                0
            ) as others_tau_squared
        from ranked
        offset 0
    ),

    tested as (
        select
            *,
            case when is_tested and variance is not null then others_deviation / sqrt(
                {{ stabilised_variance('variance', 'top_events', 'bottom_events', 'others_deviation') }}
                + others_tau_squared + 1 / others_w + others_tau_squared * others_ww / others_w ^ 2
            ) end as others_t
        from others
        offset 0
    )

    select
        member.*,
        case when peers_count >= {{ fewest }} then mean_ratio end as peer_mean,
        case when peers_count >= {{ fewest }} then quartiles[1] end as peer_q1,
        case when peers_count >= {{ fewest }} then quartiles[2] end as peer_median,
        case when peers_count >= {{ fewest }} then quartiles[3] end as peer_q3,
        case when peers_count >= {{ fewest }} and peer_ratio is not null then mid_rank end as peer_percentile,
        {%- for side, sign in [('low', '-'), ('high', '+')] %}
        {%- for name, z in [('95', z_95()), ('99_8', z_99_8())] %}
        exp(mu {{ sign }} {{ z }} * sqrt(variance + funnel_tau_squared)) as funnel_{{ side }}_{{ name }},
        {%- endfor %}
        {%- endfor %}
        deviation / sqrt(variance + funnel_tau_squared) as z_score,
        exp((tau_squared * logarithm + variance * mu_random) / (tau_squared + variance)) as shrunken_ratio,
        case when q > 0 then greatest((q - (estimates_count - 1)) / q, 0) when q = 0 then 0 end as i_squared,
        case
            when is_tested then {{ two_sided_p_value(normal_of_student('others_t', 'others_w ^ 2 / others_ww - 1')) }}
            when others_w is not null then 1
        end as peer_p_value
    from tested as member
{%- endmacro %}


{#- A ratio that counts among the peers; null for others. -#}
{% macro counted_ratio(alias=none) -%}
    {%- set of = alias ~ '.' if alias else '' -%}
    case when {{ of }}is_ok and {{ of }}ratio between 0 and 1e9 then {{ of }}ratio end
{%- endmacro %}


{#- Logarithm of a ratio that has a standard error, and its variance; null for others. -#}
{% macro log_ratio(alias=none) -%}
    {%- set of = alias ~ '.' if alias else '' -%}
    case when {{ of }}is_ok and {{ of }}ratio between 1e-9 and 1e9 and {{ of }}ratio_se between 1e-6 and 50 then ln({{ of }}ratio) end
{%- endmacro %}

{% macro log_ratio_variance(alias=none) -%}
    {%- set of = alias ~ '.' if alias else '' -%}
    case when {{ of }}is_ok and {{ of }}ratio between 1e-9 and 1e9 and {{ of }}ratio_se between 1e-6 and 50 then {{ of }}ratio_se ^ 2 end
{%- endmacro %}


{#- C of DerSimonian and Laird; null (no heterogeneity can be told) where one figure has all the weight. -#}
{% macro heterogeneity_scale(of) -%}
    nullif(greatest({{ of }}.w - {{ of }}.ww / {{ of }}.w, 0), 0)
{%- endmacro %}
