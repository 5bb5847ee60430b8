"""A part against the whole that contains it: intervals of the ratio and the gap of shares, and the test of part against rest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statistics_macros import Evaluate, Z, render
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

COLUMNS = ("b_part", "n_part", "b_whole", "n_whole")
RATIO = {
    side: f"representation_ratio_limit('b_part', 'n_part', 'b_whole', 'n_whole', '{side}')" for side in ("low", "high")
}
GAP = {
    side: f"representation_gap_limit('b_part', 'n_part', 'b_whole', 'n_whole', '{side}')" for side in ("low", "high")
}
P_VALUE = "representation_p_value('b_part', 'n_part', 'b_whole', 'n_whole')"
Part = tuple[int, int, int, int]


def parts(number: int, smallest: int = 0, seed: int = 5, least: float = 0.5) -> list[Part]:
    """Random parts (b_part, n_part, b_whole, n_whole), from a few people to most of a large workforce."""
    draw = np.random.default_rng(seed)
    drawn: list[Part] = []
    while len(drawn) < number:
        n_part, n_rest = (int(10 ** draw.uniform(least, 5.5)) for _ in range(2))
        b_part, b_rest = (int(draw.binomial(n, draw.beta(1.2, 3))) for n in (n_part, n_rest))
        if min(b_part, b_rest) >= smallest:
            drawn.append((b_part, n_part, b_part + b_rest, n_part + n_rest))
    return drawn


def shares(row: Sequence[int]) -> tuple[float, float, float, float]:
    """Share in the part, in the rest and in the whole, and the part's share of the whole."""
    b_part, n_part, b_whole, n_whole = row
    return b_part / n_part, (b_whole - b_part) / (n_whole - n_part), b_whole / n_whole, n_part / n_whole


def test_ratio_limits_are_those_of_statsmodels_for_part_against_rest(evaluate: Evaluate) -> None:
    """Each limit of the ratio, turned back into a ratio of part to rest by search, is the library's limit."""
    rows = parts(400, smallest=1)
    for side, place in (("low", 0), ("high", 1)):
        for row, limit in zip(rows, evaluate(RATIO[side], COLUMNS, rows), strict=True):
            b_part, n_part, b_whole, n_whole = row
            table = [[b_part, n_part - b_part], [b_whole - b_part, n_whole - n_part - b_whole + b_part]]
            expected = Table2x2(table, shift_zeros=False).riskratio_confint()[place]
            weight = n_part / n_whole

            def beyond(logarithm: float, weight: float = weight, limit: float = limit) -> float:
                # A rest with a share of 1 and a part with a share of the ratio: the whole has their weighted mean.
                part = math.exp(logarithm)
                return math.log(part / (weight * part + (1 - weight))) - math.log(limit)

            found = optimize.brentq(beyond, -40, 40, xtol=1e-14, rtol=1e-14)
            assert found == pytest.approx(math.log(expected), rel=1e-6, abs=1e-7)


def test_ratio_interval_is_that_of_the_delta_method_for_large_parts(evaluate: Evaluate) -> None:
    """ln R = ln p_part − ln(w·p_part + (1 − w)·p_rest), with the variances of two independent binomial shares."""
    rows = [row for row in parts(400, smallest=400, least=3.5) if min(shares(row)[:2]) > 0.02]
    assert len(rows) > 100
    low, high = (evaluate(RATIO[side], COLUMNS, rows) for side in ("low", "high"))
    for row, lower, upper in zip(rows, low, high, strict=True):
        p_part, p_rest, p_whole, weight = shares(row)
        slope_part, slope_rest = 1 / p_part - weight / p_whole, -(1 - weight) / p_whole
        variance = slope_part**2 * p_part * (1 - p_part) / row[1]
        variance += slope_rest**2 * p_rest * (1 - p_rest) / (row[3] - row[1])
        assert math.log(upper / lower) == pytest.approx(2 * Z * math.sqrt(variance), rel=0.02)
        assert math.sqrt(lower * upper) == pytest.approx(p_part / p_whole, rel=0.02)


def test_gap_limits_equal_statsmodels_and_the_delta_method(evaluate: Evaluate) -> None:
    rows = parts(400)
    low, high = (evaluate(GAP[side], COLUMNS, rows) for side in ("low", "high"))
    for row, lower, upper in zip(rows, low, high, strict=True):
        b_part, n_part, b_whole, n_whole = row
        p_part, p_rest, _, weight = shares(row)
        rest = (b_whole - b_part, n_whole - n_part)
        expected = confint_proportions_2indep(b_part, n_part, *rest, method="newcomb", compare="diff")
        assert [lower, upper] == pytest.approx([(1 - weight) * limit for limit in expected], abs=1e-11)
        if min(b_part, rest[0]) > 5000 and max(p_part, p_rest) < 0.98:
            error = (1 - weight) * math.sqrt(p_part * (1 - p_part) / n_part + p_rest * (1 - p_rest) / rest[1])
            assert upper - lower == pytest.approx(2 * Z * error, rel=0.01)


def test_p_value_is_that_of_part_against_rest(evaluate: Evaluate) -> None:
    rows = [row for row in parts(400) if 0 < row[2] < row[3]]
    chosen = {"exact": 0, "z": 0}
    for row, ours in zip(rows, evaluate(P_VALUE, COLUMNS, rows), strict=True):
        b_part, n_part, b_whole, n_whole = row
        table = np.array([[b_part, n_part - b_part], [b_whole - b_part, n_whole - n_part - b_whole + b_part]])
        exact = stats.contingency.expected_freq(table).min() < 5
        chosen["exact" if exact else "z"] += 1
        by_z = proportions_ztest(table[:, 0], table.sum(axis=1))[1]
        assert ours == pytest.approx(stats.fisher_exact(table).pvalue if exact else by_z, rel=1e-6, abs=1e-290)
    assert min(chosen.values()) > 20


@pytest.mark.parametrize(
    ("p_part", "n_part", "p_rest", "n_rest", "within"),
    [
        (0.10, 700, 0.25, 9000, 0.010),
        (0.25, 3000, 0.25, 4000, 0.010),
        (0.30, 2500, 0.20, 2500, 0.010),
        (0.08, 150, 0.20, 2000, 0.020),
        (0.40, 60, 0.35, 200, 0.020),
    ],
)
def test_intervals_cover_the_truth_in_95_of_100_samples(
    evaluate: Evaluate, p_part: float, n_part: int, p_rest: float, n_rest: int, within: float
) -> None:
    draw = np.random.default_rng(31)
    drawn_part, drawn_rest = draw.binomial(n_part, p_part, 6000), draw.binomial(n_rest, p_rest, 6000)
    rows = [(b, n_part, b + r, n_part + n_rest) for b, r in zip(drawn_part, drawn_rest, strict=True)]
    weight = n_part / (n_part + n_rest)
    p_whole = weight * p_part + (1 - weight) * p_rest
    for calls, truth in ((RATIO, p_part / p_whole), (GAP, p_part - p_whole)):
        low, high = (np.array(evaluate(calls[side], COLUMNS, rows)) for side in ("low", "high"))
        assert np.mean((low <= truth) & (truth <= high)) == pytest.approx(0.95, abs=within)
        # And misses on both sides.
        assert min(np.mean(high < truth), np.mean(low > truth)) > 0.012


def test_independent_shares_would_give_too_wide_an_interval(evaluate: Evaluate) -> None:
    """Most of the whole is the part: its share is nearly the whole's, which two independent samples would not know."""
    row = (1500, 9000, 1700, 10_000)
    low, high = (evaluate(RATIO[side], COLUMNS, [row])[0] for side in ("low", "high"))
    independent = Table2x2([[1500, 7500], [1700, 8300]]).riskratio_confint()
    assert math.log(high / low) < 0.4 * math.log(independent[1] / independent[0])


def test_a_part_or_rest_without_the_group_has_a_gap_but_no_ratio_interval(evaluate: Evaluate) -> None:
    rows = [(0, 40, 300, 2000), (30, 40, 30, 2000)]
    for side in ("low", "high"):
        assert evaluate(RATIO[side], COLUMNS, rows) == [None, None]
        assert None not in evaluate(GAP[side], COLUMNS, rows)
    assert None not in evaluate(P_VALUE, COLUMNS, rows)


def test_a_part_that_is_the_whole_or_not_in_it_gives_null(evaluate: Evaluate) -> None:
    # The whole itself; more of the group, or people, in the part than in the whole; more of the group than people in the rest.
    rows = [(300, 2000, 300, 2000), (31, 40, 30, 2000), (30, 2001, 300, 2000), (30, 40, 300, 100), (41, 40, 300, 2000)]
    for call in (*RATIO.values(), *GAP.values(), P_VALUE):
        assert evaluate(call, COLUMNS, rows) == [None] * 5


@pytest.mark.parametrize("wrong", [None, -1, 1e-9, math.nan, math.inf, -math.inf])
def test_undefined_counts_give_null(evaluate: Evaluate, wrong: float | None) -> None:
    sound = (30, 40, 300, 2000)
    rows = [tuple(wrong if place == at else value for at, value in enumerate(sound)) for place in range(4)]
    for call in (*RATIO.values(), *GAP.values(), P_VALUE):
        assert evaluate(call, COLUMNS, rows) == [None] * 4
        assert evaluate(call, COLUMNS, [sound])[0] is not None


def test_counts_of_any_number_type_are_not_divided_as_integers(connection: psycopg.Connection) -> None:
    values = (
        "(values (30, 40::bigint, 300.0::numeric, 2000::double precision)) as given(b_part, n_part, b_whole, n_whole)"
    )
    for call in (*RATIO.values(), *GAP.values(), P_VALUE):
        expression = render(call)
        of_any, as_doubles = (
            connection.execute(f"select {expression}, pg_typeof({expression})::text from {relation}").fetchone()
            for relation in (
                values,
                "(select 30::float8 b_part, 40::float8 n_part, 300::float8 b_whole, 2000::float8 n_whole) t",
            )
        )
        assert of_any == as_doubles
        assert of_any[1] == "double precision"


def test_an_unknown_side_stops_the_compilation() -> None:
    for macro in ("representation_ratio_limit", "representation_gap_limit"):
        with pytest.raises(ValueError, match="side must be"):
            render(f"{macro}('b', 'n', 'w', 'm', 'upper')")


# Identities, for any part ------------------------------------------------------------------------------------------
examples = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def any_part(draw: st.DrawFn) -> Part:
    n_part, n_rest = draw(st.integers(1, 1_000_000)), draw(st.integers(1, 1_000_000))
    b_part, b_rest = draw(st.integers(0, n_part)), draw(st.integers(0, n_rest))
    return b_part, n_part, b_part + b_rest, n_part + n_rest


@examples
@given(st.lists(any_part(), min_size=1, max_size=30))
def test_limits_contain_the_figure_and_lie_on_one_side_of_parity(evaluate: Evaluate, rows: list[Part]) -> None:
    ratio_low, ratio_high = (evaluate(RATIO[side], COLUMNS, rows) for side in ("low", "high"))
    gap_low, gap_high = (evaluate(GAP[side], COLUMNS, rows) for side in ("low", "high"))
    for place, row in enumerate(rows):
        p_part, p_rest, p_whole, weight = shares(row)
        assert gap_low[place] - 1e-12 <= p_part - p_whole <= gap_high[place] + 1e-12
        assert gap_low[place] >= -1 and gap_high[place] <= 1
        if 0 in (p_part, p_rest):
            assert ratio_low[place] is ratio_high[place] is None
            continue
        ratio = p_part / p_whole
        # No share is beyond 1/w times the whole's: everybody of the group would be in the part.
        assert (
            0 < ratio_low[place] <= ratio * (1 + 1e-12)
            and ratio * (1 - 1e-12) <= ratio_high[place] <= 1 / weight + 1e-9
        )


@examples
@given(st.lists(any_part(), min_size=1, max_size=30))
def test_the_rest_is_the_mirror_of_the_part(evaluate: Evaluate, rows: list[Part]) -> None:
    """The rest lies as far from the whole as the part, on the other side and weighted by their sizes."""
    rests = [(b_whole - b_part, n_whole - n_part, b_whole, n_whole) for b_part, n_part, b_whole, n_whole in rows]
    np.testing.assert_allclose(
        [limit * n_part for limit, (_, n_part, _, _) in zip(evaluate(GAP["low"], COLUMNS, rows), rows, strict=True)],
        [
            -limit * n_rest
            for limit, (_, n_rest, _, _) in zip(evaluate(GAP["high"], COLUMNS, rests), rests, strict=True)
        ],
        rtol=1e-9,
        atol=1e-6,
    )
    for ours, theirs in zip(evaluate(P_VALUE, COLUMNS, rows), evaluate(P_VALUE, COLUMNS, rests), strict=True):
        assert theirs == (None if ours is None else pytest.approx(ours, rel=1e-9, abs=1e-290))


@examples
@given(
    st.lists(
        st.tuples(*[st.one_of(st.none(), st.floats(), st.integers(-1, 40), st.sampled_from([0.5, 1e-3, 1e15]))] * 4),
        min_size=1,
        max_size=30,
    )
)
def test_no_input_is_an_error_or_gives_infinity(
    evaluate: Evaluate, rows: list[tuple[float | None, float | None, float | None, float | None]]
) -> None:
    for call in (*RATIO.values(), *GAP.values(), P_VALUE):
        assert all(value is None or math.isfinite(value) for value in evaluate(call, COLUMNS, rows))
