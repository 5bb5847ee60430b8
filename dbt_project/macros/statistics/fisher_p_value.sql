{#-
    Two-sided p-value of Fisher's exact test that the rates a of n1 and b of n2 are equal: the summed probability of all
    tables of the same margins that are not more probable than the observed one. Tables whose probabilities differ by no more
    than rounding count as equally probable (relative 1e-7, as in R).
    Null when a count is not whole or exceeds its base, when the pooled rate is 0 or 1 (there is nothing to test then), and
    when more than 100,000 tables would have to be looked at: expected counts are then in the thousands, and the z test serves.
    The arguments are columns or cheap expressions of them: they are read inside a subquery.
    Source: Fisher, Statistical Methods for Research Workers, 5th ed. (1934), section 21.02.

    A table is named by its smallest expected cell: the rarer outcome in the smaller group, which can be 0. ln(P(x)/P(0)) is
    then a running sum of ln(P(x)/P(x−1)), which keeps its precision in big populations, where log factorials
    nearly cancel. Beyond e times their mean probabilities fall geometrically: tables further than 5 × mean + 14 above the
    observed one would add less than 1e-13 of the result, and are left out.
-#}
{% macro fisher_p_value(a, n1, b, n2) -%}
    case
        when
            {{ are_counts_of_bases(a, n1, b, n2) }} and {{ are_whole([a, n1, b, n2]) }}
            and ({{ a }}) + ({{ b }}) > 0 and ({{ a }}) + ({{ b }}) < ({{ n1 }}) + ({{ n2 }})
            then (
                select
                    sum(exp(greatest(logarithm - largest, -700))) filter (where logarithm <= observed + 1e-7)
                    / sum(exp(greatest(logarithm - largest, -700)))
                from (
                    select
                        unnest(logarithms) as logarithm,
                        observed,
                        largest
                    from (
                        select
                            array_agg(logarithm) as logarithms,
                            max(logarithm) filter (where cell = observed_cell) as observed,
                            max(logarithm) as largest
                        from (
                            select
                                cell,
                                observed_cell,
                                sum(case
                                    when cell = 0 then 0
                                    else ln((group_size - cell + 1) * (outcome_size - cell + 1) / (cell * (remainder + cell)))
                                end) over (order by cell rows unbounded preceding) as logarithm
                            from (
                                select
                                    *,
                                    generate_series(0, last_cell::integer)::double precision as cell
                                from (
                                    select
                                        *,
                                        population - group_size - outcome_size as remainder,
                                        least(
                                            group_size,
                                            outcome_size,
                                            observed_cell + ceil(5 * group_size * outcome_size / population) + 14
                                        ) as last_cell
                                    from (
                                        select
                                            n1 + n2 as population,
                                            least(n1, n2) as group_size,
                                            least(a + b, n1 + n2 - a - b) as outcome_size,
                                            case
                                                when n1 <= n2 then case when a + b <= n1 + n2 - a - b then a else n1 - a end
                                                else case when a + b <= n1 + n2 - a - b then b else n2 - b end
                                            end as observed_cell
                                        from (
                                            select
                                                ({{ a }})::double precision as a,
                                                ({{ n1 }})::double precision as n1,
                                                ({{ b }})::double precision as b,
                                                ({{ n2 }})::double precision as n2
                                        ) as given
                                    ) as oriented
                                    offset 0
                                ) as bounded
                                where last_cell <= 100000
                            ) as tables
                        ) as summed
                    ) as gathered
                ) as compared
            )
    end
{%- endmacro %}
