"""Benchmarks: the statistics of peer sets, on a real server, against other libraries, check values and identities."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from peers import Member, of_counts, reference, statistics
from scipy import stats
from statistics_macros import Evaluate, Z, render
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests

# Appointed of shortlisted, White then BME, of the methodology's six organisations.
CHECK = (
    (240, 600, 120, 450),
    (150, 500, 90, 360),
    (90, 300, 30, 180),
    (400, 1600, 150, 800),
    (60, 250, 20, 60),
    (310, 900, 140, 520),
)


def random_members(seed: int, number: int, peer_set: str = "set", tau: float = 0.3) -> list[Member]:
    """Figures of rates with counts from few to many, differing by more than chance."""
    draw = np.random.default_rng(seed)
    members: list[Member] = []
    while len(members) < number:
        n1, n2 = (int(10 ** draw.uniform(1.5, 4)) for _ in range(2))
        rate = draw.uniform(0.05, 0.3)
        a, b = draw.binomial(n1, min(rate * math.exp(draw.normal(0.2, tau)), 0.95)), draw.binomial(n2, rate)
        members += of_counts((int(a), n1, int(b), n2), peer_set=peer_set) if a and b else []
    return members


def test_check_values_of_the_methodology(connection: psycopg.Connection) -> None:
    rows = statistics(connection, of_counts(*CHECK))
    ratios = [1.5, 1.2, 1.8, 1.3333, 0.72, 1.2794]
    assert [row["ratio"] for row in rows] == pytest.approx(ratios, abs=5e-5)
    assert [row["ratio_se"] for row in rows] == pytest.approx(
        [0.09280, 0.11402, 0.18856, 0.08539, 0.21448, 0.08564], abs=5e-6
    )
    assert [row["shrunken_ratio"] for row in rows] == pytest.approx(
        [1.4380, 1.2367, 1.4650, 1.3241, 1.0799, 1.2842], abs=5e-5
    )
    one = rows[0]
    assert one["tau_squared"] == pytest.approx(0.0208833, abs=5e-8)
    assert one["i_squared"] == pytest.approx(0.6279, abs=5e-5)
    assert one["peer_mean"] == pytest.approx(1.30545, abs=6e-6)
    assert one["peer_median"] == pytest.approx(1.30635, abs=6e-6)
    # A seventh figure far more certain than the rest would move them; the limits at SE 0.10 follow from those of any row.
    tau = math.sqrt(one["tau_squared"] + one["ratio_se"] ** 2)
    mu = math.log(one["funnel_low_95"]) + Z * tau
    assert mu == pytest.approx(0.277971, abs=5e-7)
    reach = math.sqrt(0.01 + one["tau_squared"])
    limits = [math.exp(mu + z * reach) for z in (-Z, Z, -3.090232306167813, 3.090232306167813)]
    assert limits == pytest.approx([0.9357, 1.8634, 0.7671, 2.2729], abs=5e-5)


def test_quartiles_are_linear_and_percentiles_mid_ranks(connection: psycopg.Connection) -> None:
    rows = statistics(connection, [Member(ratio) for ratio in (1.0, 2.0, 3.0, 3.0, 5.0)])
    assert [row["peer_percentile"] for row in rows] == pytest.approx([10, 30, 60, 60, 90])
    assert {(row["peer_q1"], row["peer_median"], row["peer_q3"]) for row in rows} == {(2, 3, 3)}
    # Without standard errors there is nothing to pool, and no test.
    needing = ("funnel_low_95", "funnel_high_99_8", "z_score", "shrunken_ratio", "tau_squared", "peer_p_value")
    assert all(row[name] is None for row in rows for name in needing)


@pytest.mark.parametrize("number", [5, 6, 19, 20, 21, 60, 200])
def test_statistics_equal_an_independent_computation(connection: psycopg.Connection, number: int) -> None:
    sets = {
        f"set {seed}": random_members(seed, number, f"set {seed}", tau) for seed, tau in enumerate((0, 0.1, 0.3, 1))
    }
    members = [one for of in sets.values() for one in of]
    rows = statistics(connection, members)
    expected = [row for of in sets.values() for row in reference(of)]
    for name in expected[0]:
        assert [row[name] is None for row in rows] == [row[name] is None for row in expected]
        ours, others = ([row[name] for row in of if row[name] is not None] for of in (rows, expected))
        np.testing.assert_allclose(ours, others, rtol=1e-9, atol=1e-12, err_msg=name)


def test_dersimonian_laird_equals_statsmodels(connection: psycopg.Connection) -> None:
    for seed in range(8):
        members = random_members(seed, 12, tau=0.05 + 0.1 * seed)
        rows = statistics(connection, members)
        of = combine_effects(
            np.log([one.ratio for one in members]), np.square([one.ratio_se for one in members]), method_re="dl"
        )
        assert rows[0]["tau_squared"] == pytest.approx(of.tau2, rel=1e-9, abs=1e-12)
        assert rows[0]["i_squared"] == pytest.approx(max(of.i2, 0), rel=1e-9, abs=1e-12)
        share = [of.tau2 / (of.tau2 + one.ratio_se**2) for one in members]
        shrunken = [
            math.exp(s * math.log(one.ratio) + (1 - s) * of.mean_effect_re)
            for s, one in zip(share, members, strict=True)
        ]
        assert [row["shrunken_ratio"] for row in rows] == pytest.approx(shrunken, rel=1e-9)


def test_what_is_not_ok_or_has_no_error_stays_out(connection: psycopg.Connection) -> None:
    members = random_members(3, 12)
    whole = statistics(connection, members)
    extra = [Member(0.0, is_ok=False), Member(None, is_ok=False), Member(7.0, 0.1, (500, 500), is_ok=False)]
    rows = statistics(connection, [*members, *extra])
    for before, after in zip(whole, rows, strict=False):
        numbers = {name: value for name, value in before.items() if isinstance(value, float)}
        assert {name: after[name] for name in numbers} == pytest.approx(numbers, rel=1e-12)
    for row in rows[12:]:
        own = ("peer_percentile", "z_score", "shrunken_ratio", "peer_p_value", "funnel_low_95")
        assert [row[name] for name in own] == [None] * 5
        assert row["peer_median"] == whole[0]["peer_median"]
    # A ratio whose base nobody knows has a rank and moves the median; it moves neither τ² nor the funnel.
    unknown = statistics(connection, [*members, Member(9.0)])
    assert unknown[0]["tau_squared"] == pytest.approx(whole[0]["tau_squared"], rel=1e-12)
    assert (unknown[12]["peers_count"], unknown[12]["estimates_count"]) == (13, 12)
    assert unknown[12]["peer_percentile"] == pytest.approx(100 * 12.5 / 13)
    assert unknown[12]["z_score"] is None


def test_fewer_than_five_are_no_peer_set(connection: psycopg.Connection) -> None:
    rows = statistics(connection, [*random_members(5, 4), Member(0.0, is_ok=False)])
    for row in rows:
        assert row["peers_count"] == 4
        given_to_nobody = [
            name for name in row if name.startswith(("peer_", "funnel_low", "funnel_high", "z_", "shrunken"))
        ]
        values = {name: row[name] for name in given_to_nobody if name not in ("peer_set", "peer_set_id", "peer_ratio")}
        assert set(values.values()) == {None}, values


def test_a_set_without_any_ratio(connection: psycopg.Connection) -> None:
    [row] = statistics(connection, [Member(None, is_ok=False)])
    assert (row["peers_count"], row["peer_percentile"], row["peer_median"]) == (0, None, None)


def test_an_outlier_does_not_hide_itself(connection: psycopg.Connection) -> None:
    """In the funnel an outlier widens its own limits; the test compares it with the others alone."""
    members = [*random_members(11, 9, tau=0.02), *of_counts((400, 1000, 100, 1000))]
    [*_, outlier] = statistics(connection, members)
    assert abs(outlier["z_score"]) < 2.9
    assert outlier["peer_p_value"] < 1e-4


def test_a_figure_with_all_the_weight_has_no_others(connection: psycopg.Connection) -> None:
    rows = statistics(connection, [*random_members(2, 6), Member(1.2, 1e-6, (1e12, 1e12))])
    assert rows[-1]["peer_p_value"] is None
    for row in rows:
        assert all(not isinstance(value, float) or math.isfinite(value) for value in row.values())


@pytest.mark.parametrize("extreme", [1e-9, 1e9, 1e-320, 1e300, math.inf, math.nan])
def test_extremes_give_no_infinity_and_no_error(connection: psycopg.Connection, extreme: float) -> None:
    members = [
        *random_members(2, 6),
        Member(extreme, 0.3, (5, 5)),
        Member(1.5, extreme, (5, 5)),
        Member(1.5, 50, (1, 1)),
    ]
    for row in statistics(connection, members)[:6]:
        assert all(math.isfinite(row[name]) for name in ("funnel_low_99_8", "funnel_high_99_8", "z_score", "i_squared"))


def test_the_stabilised_variance_matches_its_formula_and_never_falls_below_the_observed(evaluate: Evaluate) -> None:
    draw = np.random.default_rng(8)
    rows = [(*draw.integers(1, 400, 2), d) for d in draw.normal(0, 1, 300)]
    ours = evaluate("stabilised_variance('1/a + 1/b', 'a', 'b', 'd')", ["a", "b", "d"], rows)
    for (a, b, d), value in zip(rows, ours, strict=True):
        q = a / b * math.exp(-d)
        z = 2 * math.sqrt(a + b) * (math.asin(math.sqrt(a / (a + b))) - math.asin(math.sqrt(q / (1 + q))))
        assert value == pytest.approx(max(1 / a + 1 / b, (d / z) ** 2), rel=1e-9)
    nothing = evaluate(
        "stabilised_variance('0.1', 'a', 'b', 'd')", ["a", "b", "d"], [(5, 5, 0), (None, 5, 1), (5, 5, None)]
    )
    assert nothing == [0.1, 0.1, None]


@pytest.mark.parametrize("observed", [5, 7, 9, 12, 20])
@pytest.mark.parametrize("expected", [1, 2, 5, 12, 40])
def test_small_counts_are_not_overstated(evaluate: Evaluate, observed: int, expected: int) -> None:
    """Against the exact probability of a Poisson count as far out as the observed one, with an expected value without error."""
    deviation = math.log(observed / expected)
    huge = 10_000_000
    [variance] = evaluate(
        "stabilised_variance('1/a + 1/b', 'a', 'b', 'd')", ["a", "b", "d"], [(observed, huge, deviation)]
    )
    ours = 2 * stats.norm.sf(abs(deviation) / math.sqrt(variance))
    tail = stats.poisson.sf(observed - 1, expected) if observed > expected else stats.poisson.cdf(observed, expected)
    # Near the middle one and a half tails are as good as two.
    assert ours > (0.9 if tail < 0.02 else 0.7) * min(2 * tail, 1)


def test_normal_of_student_is_near_the_t_distribution(evaluate: Evaluate) -> None:
    rows = [(t, degrees) for degrees in (3, 4, 7.5, 20, 198) for t in np.linspace(-6, 6, 41)]
    ours = np.array(evaluate("normal_of_student('t', 'n')", ["t", "n"], rows))
    for (t, degrees), z in zip(rows, ours, strict=True):
        exact = 2 * stats.t.sf(abs(t), degrees)
        too_high = 2 * stats.norm.sf(abs(z)) / exact
        assert too_high > 0.995
        if exact > 0.01 or (degrees >= 20 and exact > 1e-6):
            assert too_high < 1.1
        if degrees >= 100:
            assert too_high == pytest.approx(1, abs=1e-3)
    assert evaluate("normal_of_student('t', 'n')", ["t", "n"], [(1, None), (None, 5), (1, 0.5)]) == [None] * 3


def test_z_99_8_is_the_normal_quantile(evaluate: Evaluate) -> None:
    assert evaluate("z_99_8()", ["unused"], [[0]]) == [pytest.approx(stats.norm.ppf(0.999), abs=1e-15)]


# Benjamini-Hochberg ------------------------------------------------------------------------------------------------


def adjusted(connection: psycopg.Connection, families: dict[str, list[float | None]]) -> dict[str, list[float | None]]:
    relation = "(select * from unnest(%s::text[], %s::float8[]) with ordinality as given(family, p, place)) as p_value"
    query = render(f"benjamini_hochberg('{relation}', 'p', ['family'], 'p_adjusted')")
    pairs = [(family, p) for family, of in families.items() for p in of]
    rows = connection.execute(
        f"select family, p_adjusted from ({query}) as listed order by place",
        [[f for f, _ in pairs], [p for _, p in pairs]],
    ).fetchall()
    return {family: [p for of, p in rows if of == family] for family in families}


def test_benjamini_hochberg_check_values(connection: psycopg.Connection) -> None:
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.060, 0.074, 0.205, 0.212, 0.216]
    [ours] = adjusted(connection, {"": [*reversed(p)]}).values()
    expected = [0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.105714, 0.216, 0.216, 0.216]
    assert ours[::-1] == pytest.approx(expected, abs=5e-7)
    assert sum(value <= 0.05 for value in ours) == 2


def test_benjamini_hochberg_equals_statsmodels_in_families_with_gaps_and_ties(connection: psycopg.Connection) -> None:
    draw = np.random.default_rng(4)
    families: dict[str, list[float | None]] = {}
    for number in range(40):
        p = draw.beta(0.4, 1, draw.integers(1, 60)).round(int(draw.integers(2, 9)))
        families[f"family {number}"] = [None if draw.random() < 0.2 else float(value) for value in p]
    ours = adjusted(connection, families)
    for family, p in families.items():
        known = [value for value in p if value is not None]
        assert [value is None for value in ours[family]] == [value is None for value in p]
        if known:
            expected = multipletests(known, alpha=0.05, method="fdr_bh")[1]
            np.testing.assert_allclose([value for value in ours[family] if value is not None], expected, rtol=1e-12)


# Identities, for any peer set --------------------------------------------------------------------------------------
examples = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
figure = st.builds(lambda ratio, error: Member(ratio, error, (30, 30)), st.floats(0.05, 20), st.floats(0.02, 2))


@examples
@given(st.lists(figure, min_size=5, max_size=40))
def test_turned_round_ratios_mirror_everything(connection: psycopg.Connection, members: list[Member]) -> None:
    """BME over White in place of White over BME: what is far is as far, on the other side."""
    rows = statistics(connection, members)
    turned = statistics(connection, [replace(one, ratio=1 / one.ratio) for one in members])
    for row, other in zip(rows, turned, strict=True):
        assert other["z_score"] == pytest.approx(-row["z_score"], rel=1e-6, abs=1e-9)
        assert other["shrunken_ratio"] == pytest.approx(1 / row["shrunken_ratio"], rel=1e-6)
        assert other["funnel_low_95"] == pytest.approx(1 / row["funnel_high_95"], rel=1e-6)
        assert (other["peer_p_value"] is None) == (row["peer_p_value"] is None)
        assert (other["peer_p_value"] or 0) == pytest.approx(row["peer_p_value"] or 0, rel=1e-5, abs=1e-12)
        assert other["tau_squared"] == pytest.approx(row["tau_squared"], rel=1e-6, abs=1e-9)


@examples
@given(st.lists(figure, min_size=5, max_size=40))
def test_shrinking_moves_towards_the_mean_and_limits_nest(
    connection: psycopg.Connection, members: list[Member]
) -> None:
    for row in statistics(connection, members):
        assert row["funnel_low_99_8"] <= row["funnel_low_95"] <= row["funnel_high_95"] <= row["funnel_high_99_8"]
        outside = not row["funnel_low_95"] <= row["ratio"] <= row["funnel_high_95"]
        assert outside == (abs(row["z_score"]) > Z) or abs(row["z_score"]) == pytest.approx(Z, rel=1e-9)
        assert row["peer_q1"] <= row["peer_median"] <= row["peer_q3"]
        assert 0 < row["peer_percentile"] < 100 and 0 <= row["i_squared"] < 1
    assert sum(row["peer_percentile"] for row in statistics(connection, members)) == pytest.approx(50 * len(members))
