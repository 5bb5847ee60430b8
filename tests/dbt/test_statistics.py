"""The statistics macros, rendered from their own files, on a real server: against other libraries and against identities."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import stats
from statistics_macros import RATES, Evaluate, Z, counts, rates, render, swapped
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest


def test_normal_cdf_equals_scipy_into_the_tails(evaluate: Evaluate) -> None:
    z = np.concatenate([np.linspace(-37, 37, 297), [0.0, Z, -Z]])
    np.testing.assert_allclose(evaluate("normal_cdf('z')", ["z"], [[x] for x in z]), stats.norm.cdf(z), rtol=1e-12)


def test_two_sided_p_value_equals_scipy_into_the_tails(evaluate: Evaluate) -> None:
    z = np.linspace(-30, 30, 241)
    ours = evaluate("two_sided_p_value('z')", ["z"], [[x] for x in z])
    np.testing.assert_allclose(ours, 2 * stats.norm.sf(abs(z)), rtol=1e-11)


def test_z_95_is_the_normal_quantile(evaluate: Evaluate) -> None:
    assert evaluate("z_95()", ["unused"], [[0]]) == [pytest.approx(stats.norm.ppf(0.975), abs=1e-15)]


def test_risk_ratio_equals_statsmodels(evaluate: Evaluate) -> None:
    tables = counts(300, smallest=1)
    given_rates = rates(tables)
    expected = [Table2x2([[a, n1 - a], [b, n2 - b]], shift_zeros=False) for a, n1, b, n2 in tables]
    standard_error = evaluate("risk_ratio_standard_error('p1', 'n1', 'p2', 'n2')", RATES, given_rates)
    low = evaluate("risk_ratio_limit('p1', 'n1', 'p2', 'n2', 'low')", RATES, given_rates)
    high = evaluate("risk_ratio_limit('p1', 'n1', 'p2', 'n2', 'high')", RATES, given_rates)
    # Near rates of 1 both sides subtract nearly equal numbers: hence an absolute tolerance beside the relative one.
    np.testing.assert_allclose(standard_error, [t.log_riskratio_se for t in expected], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(low, [t.riskratio_confint()[0] for t in expected], rtol=1e-8)
    np.testing.assert_allclose(high, [t.riskratio_confint()[1] for t in expected], rtol=1e-8)


def test_wilson_equals_statsmodels(evaluate: Evaluate) -> None:
    tables = counts(400)
    a, n = (np.array([t[i] for t in tables]) for i in (0, 1))
    low, high = proportion_confint(a, n, method="wilson")
    given_rates = [(x / y, y) for x, y in zip(a, n, strict=True)]
    np.testing.assert_allclose(evaluate("wilson_limit('p', 'n', 'low')", ["p", "n"], given_rates), low, atol=1e-12)
    np.testing.assert_allclose(evaluate("wilson_limit('p', 'n', 'high')", ["p", "n"], given_rates), high, atol=1e-12)


def test_newcombe_equals_statsmodels(evaluate: Evaluate) -> None:
    tables = counts(400)
    expected = [confint_proportions_2indep(*table, method="newcomb", compare="diff") for table in tables]
    for side, place in (("low", 0), ("high", 1)):
        ours = evaluate(f"newcombe_limit('p1', 'n1', 'p2', 'n2', '{side}')", RATES, rates(tables))
        np.testing.assert_allclose(ours, [limits[place] for limits in expected], atol=1e-11)


def test_two_proportion_p_value_equals_statsmodels_and_chi_square(evaluate: Evaluate) -> None:
    tables = [(a, n1, b, n2) for a, n1, b, n2 in counts(400) if 0 < a + b < n1 + n2]
    ours = evaluate("two_proportion_p_value('p1', 'n1', 'p2', 'n2')", RATES, rates(tables))
    by_z = [proportions_ztest([a, b], [n1, n2])[1] for a, n1, b, n2 in tables]
    by_chi = [stats.chi2_contingency([[a, n1 - a], [b, n2 - b]], correction=False)[1] for a, n1, b, n2 in tables]
    np.testing.assert_allclose(ours, by_z, rtol=1e-6, atol=1e-290)
    np.testing.assert_allclose(ours, by_chi, rtol=1e-6, atol=1e-290)


def test_ratio_of_ratios_equals_scipy(evaluate: Evaluate) -> None:
    draw = np.random.default_rng(3)
    ratios = np.exp(draw.normal(0, 0.5, (300, 2)))
    errors = draw.uniform(0.01, 0.6, (300, 2))
    rows = [(r[0], e[0], r[1], e[1]) for r, e in zip(ratios, errors, strict=True)]
    z = np.log(ratios[:, 1] / ratios[:, 0]) / np.hypot(errors[:, 0], errors[:, 1])
    ours = evaluate("ratio_of_ratios_p_value('r1', 's1', 'r2', 's2')", ["r1", "s1", "r2", "s2"], rows)
    np.testing.assert_allclose(ours, 2 * stats.norm.sf(abs(z)), rtol=1e-10)


@pytest.mark.parametrize(
    ("call", "columns", "row", "expected", "digits"),
    [
        ("risk_ratio_standard_error('p1','n1','p2','n2')", RATES, (0.2, 1000, 0.15, 1000), 0.098319, 6),
        ("risk_ratio_limit('p1','n1','p2','n2','low')", RATES, (0.2, 1000, 0.15, 1000), 1.09964, 5),
        ("risk_ratio_limit('p1','n1','p2','n2','high')", RATES, (0.2, 1000, 0.15, 1000), 1.61670, 5),
        ("risk_ratio_standard_error('p1','n1','p2','n2')", RATES, (0.3, 1000, 0.2, 900), 0.082327, 6),
        ("wilson_limit('p','n','low')", ["p", "n"], (0.15, 1000), 0.12921, 5),
        ("wilson_limit('p','n','high')", ["p", "n"], (0.15, 1000), 0.17347, 5),
        ("wilson_limit('p','n','low')", ["p", "n"], (0, 45), 0, 12),
        ("wilson_limit('p','n','high')", ["p", "n"], (0, 45), 0.07865, 5),
        ("wilson_limit('p','n','low')", ["p", "n"], (1 / 13, 13), 0.01371, 5),
        ("wilson_limit('p','n','high')", ["p", "n"], (1 / 13, 13), 0.33314, 5),
        ("newcombe_limit('p1','n1','p2','n2','low')", RATES, (0.2, 1000, 0.15, 1000), 0.01670, 5),
        ("newcombe_limit('p1','n1','p2','n2','high')", RATES, (0.2, 1000, 0.15, 1000), 0.08323, 5),
        ("newcombe_limit('p1','n1','p2','n2','low')", RATES, (0.3, 200, 0.2, 900), 0.03473, 5),
        ("newcombe_limit('p1','n1','p2','n2','high')", RATES, (0.3, 200, 0.2, 900), 0.17126, 5),
        ("two_proportion_p_value('p1','n1','p2','n2')", RATES, (0.2, 1000, 0.15, 1000), 0.003256, 6),
        ("two_proportion_p_value('p1','n1','p2','n2')", RATES, (15 / 148, 148, 56 / 1200, 1200), 0.004954, 6),
        (
            "ratio_of_ratios_p_value('r1','s1','r2','s2')",
            ["r1", "s1", "r2", "s2"],
            (1.5, 0.0823272602, 280 / 1000 / (220 / 950), 0.0778733),
            0.05711,
            5,
        ),
    ],
)
def test_published_check_values(
    evaluate: Evaluate, call: str, columns: Sequence[str], row: Sequence[float], expected: float, digits: int
) -> None:
    assert evaluate(call, columns, [row])[0] == pytest.approx(expected, abs=0.5001 * 10**-digits)


UNDEFINED = [None, -0.1, 1.1, 23.5, 1e-200, math.nan, math.inf, -math.inf]
NO_BASE = [None, 0, -5, 0.5, 1e16, math.nan, math.inf]


@pytest.mark.parametrize(
    ("call", "columns"),
    [
        ("risk_ratio_standard_error('p1','n1','p2','n2')", RATES),
        ("risk_ratio_limit('p1','n1','p2','n2','low')", RATES),
        ("risk_ratio_limit('p1','n1','p2','n2','high')", RATES),
        ("newcombe_limit('p1','n1','p2','n2','low')", RATES),
        ("newcombe_limit('p1','n1','p2','n2','high')", RATES),
        ("two_proportion_p_value('p1','n1','p2','n2')", RATES),
        ("wilson_limit('p','n','low')", ["p", "n"]),
        ("wilson_limit('p','n','high')", ["p", "n"]),
    ],
)
def test_undefined_inputs_give_null(evaluate: Evaluate, call: str, columns: Sequence[str]) -> None:
    rows = []
    sound = [0.3, 100.0, 0.2, 80.0][: len(columns)]
    for place in range(len(columns)):
        for wrong in UNDEFINED if place % 2 == 0 else NO_BASE:
            rows.append([wrong if place == at else value for at, value in enumerate(sound)])
    assert evaluate(call, columns, rows) == [None] * len(rows)
    assert evaluate(call, columns, [sound])[0] is not None


def test_a_zero_numerator_has_no_ratio_interval_and_equal_extremes_no_test(evaluate: Evaluate) -> None:
    for side in ("low", "high"):
        ours = evaluate(f"risk_ratio_limit('p1','n1','p2','n2','{side}')", RATES, [(0, 50, 0.1, 50), (0.1, 50, 0, 50)])
        assert ours == [None, None]
    extremes = [(0, 50, 0, 60), (1, 50, 1, 60)]
    assert evaluate("two_proportion_p_value('p1','n1','p2','n2')", RATES, extremes) == [None, None]
    columns = ["r1", "s1", "r2", "s2"]
    rows = [(1.2, 0, 1.3, 0), (0, 0.1, 1.3, 0.1), (-1, 0.1, 1.3, 0.1), (1.2, None, 1.3, 0.1), (1.2, -0.1, 1.3, 0.1)]
    assert evaluate("ratio_of_ratios_p_value('r1','s1','r2','s2')", columns, rows) == [None] * 5


def test_an_interval_beyond_double_precision_is_null(evaluate: Evaluate) -> None:
    row = [(1e-14, 1, 1e-14, 1)]
    assert evaluate("risk_ratio_limit('p1','n1','p2','n2','high')", RATES, row) == [None]
    assert evaluate("risk_ratio_limit('p1','n1','p2','n2','low')", RATES, row) == [None]


def test_integers_and_numerics_are_not_divided_as_integers(connection: psycopg.Connection) -> None:
    expression = render("risk_ratio_standard_error('p1', 'n1', 'p2', 'n2')")
    row = connection.execute(
        f"select {expression}, pg_typeof({expression})::text from (values (0.2::numeric, 1000, 0.15::numeric, 1000::bigint))"
        " as given(p1, n1, p2, n2)"
    ).fetchone()
    assert row == (pytest.approx(0.098319, abs=5e-7), "double precision")


def test_an_unknown_side_stops_the_compilation() -> None:
    for call in (
        "wilson_limit('p','n','lower')",
        "newcombe_limit('a','b','c','d','')",
        "risk_ratio_limit('a','b','c','d','up')",
    ):
        with pytest.raises(ValueError, match="side must be"):
            render(call)


# Identities, for any table -----------------------------------------------------------------------------------------
examples = hypothesis_settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def table(draw: st.DrawFn) -> tuple[float, float, float, float]:
    n1, n2 = draw(st.integers(1, 2_000_000)), draw(st.integers(1, 2_000_000))
    return draw(st.integers(0, n1)) / n1, n1, draw(st.integers(0, n2)) / n2, n2


@examples
@given(table())
def test_wilson_contains_its_rate_and_mirrors(evaluate: Evaluate, row: tuple[float, float, float, float]) -> None:
    p, n = row[:2]
    low, mirrored_low = evaluate("wilson_limit('p','n','low')", ["p", "n"], [(p, n), (1 - p, n)])
    high, mirrored_high = evaluate("wilson_limit('p','n','high')", ["p", "n"], [(p, n), (1 - p, n)])
    assert 0 <= low <= p <= high <= 1
    assert low < high
    assert mirrored_low == pytest.approx(1 - high, abs=1e-12)
    assert mirrored_high == pytest.approx(1 - low, abs=1e-12)


@examples
@given(table())
def test_newcombe_contains_the_difference_and_changes_sign(
    evaluate: Evaluate, row: tuple[float, float, float, float]
) -> None:
    low, low_swapped = evaluate("newcombe_limit('p1','n1','p2','n2','low')", RATES, [row, swapped(row)])
    high, high_swapped = evaluate("newcombe_limit('p1','n1','p2','n2','high')", RATES, [row, swapped(row)])
    assert -1 - 1e-12 <= low <= row[0] - row[2] <= high <= 1 + 1e-12
    assert low_swapped == pytest.approx(-high, abs=1e-12)
    assert high_swapped == pytest.approx(-low, abs=1e-12)


@examples
@given(table())
def test_risk_ratio_contains_the_ratio_and_inverts(evaluate: Evaluate, row: tuple[float, float, float, float]) -> None:
    assume(row[0] > 0 and row[2] > 0)
    low, low_swapped = evaluate("risk_ratio_limit('p1','n1','p2','n2','low')", RATES, [row, swapped(row)])
    high, high_swapped = evaluate("risk_ratio_limit('p1','n1','p2','n2','high')", RATES, [row, swapped(row)])
    ratio = row[0] / row[2]
    assert 0 < low <= ratio * (1 + 1e-12) and ratio * (1 - 1e-12) <= high < math.inf
    assert low * high == pytest.approx(ratio**2, rel=1e-9)
    assert low_swapped == pytest.approx(1 / high, rel=1e-9)
    assert high_swapped == pytest.approx(1 / low, rel=1e-9)


@examples
@given(table())
def test_p_value_is_symmetric_and_one_for_equal_rates(
    evaluate: Evaluate, row: tuple[float, float, float, float]
) -> None:
    equal = (row[0], row[1], row[0], row[3])
    call = "two_proportion_p_value('p1','n1','p2','n2')"
    forward, backward, same = evaluate(call, RATES, [row, swapped(row), equal])
    if forward is None:
        assert row[0] == row[2] and row[0] in (0, 1)
        return
    assert 0 <= forward <= 1
    assert forward == pytest.approx(backward, rel=1e-9)
    assert same is None or same == 1


@examples
@given(
    st.floats(0.05, 20),
    st.floats(0.001, 2),
    st.floats(0.05, 20),
    st.floats(0.001, 2),
)
def test_ratio_of_ratios_is_symmetric_and_scale_free(
    evaluate: Evaluate, ratio1: float, se1: float, ratio2: float, se2: float
) -> None:
    rows = [(ratio1, se1, ratio2, se2), (ratio2, se2, ratio1, se1), (1 / ratio1, se1, 1 / ratio2, se2)]
    ours = evaluate("ratio_of_ratios_p_value('r1','s1','r2','s2')", ["r1", "s1", "r2", "s2"], rows)
    assert 0 <= ours[0] <= 1
    assert ours[1] == pytest.approx(ours[0], rel=1e-9, abs=1e-300)
    assert ours[2] == pytest.approx(ours[0], rel=1e-6, abs=1e-300)


@examples
@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), min_size=4, max_size=4))
def test_no_input_is_an_error_or_gives_infinity(evaluate: Evaluate, row: list[float | None]) -> None:
    for call in (
        "risk_ratio_standard_error('p1','n1','p2','n2')",
        "risk_ratio_limit('p1','n1','p2','n2','low')",
        "risk_ratio_limit('p1','n1','p2','n2','high')",
        "newcombe_limit('p1','n1','p2','n2','low')",
        "wilson_limit('p1','n1','high')",
        "two_proportion_p_value('p1','n1','p2','n2')",
        "ratio_of_ratios_p_value('p1','n1','p2','n2')",
    ):
        (value,) = evaluate(call, RATES, [row])
        assert value is None or math.isfinite(value)
