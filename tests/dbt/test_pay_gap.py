"""The pay gap's macros on a real server: the methodology's check, numpy and scipy, and what must hold of any pay."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statistics_macros import Evaluate

GAP = "pay_gap_pct('base', 'pay')"
COLUMNS = ["base", "base_variance", "base_n", "pay", "variance", "n"]
WHITE, BME = [12, 15, 18, 25, 40], [11, 13, 16, 22, 30]


def limits(evaluate: Evaluate, rows: list[tuple[float | None, ...]]) -> np.ndarray:
    """Lower and upper limits of the gap of means, a row for each row given."""
    call = "mean_pay_gap_limit('base', 'base_variance', 'base_n', 'pay', 'variance', 'n', '{}')"
    return np.array([evaluate(call.format(side), COLUMNS, rows) for side in ("low", "high")], dtype=float).T


def samples(number: int, seed: int = 11) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of made-up pay, log-normal as pay is, of 2 to 400 people each."""
    draw = np.random.default_rng(seed)
    return [
        tuple(np.exp(draw.normal(draw.uniform(2.4, 4), draw.uniform(0.05, 0.6), draw.integers(2, 400))) for _ in "ab")  # type: ignore[misc]
        for _ in range(number)
    ]


def described(pair: tuple[np.ndarray, np.ndarray]) -> tuple[float, ...]:
    return tuple(value for pay in pair for value in (pay.mean(), pay.var(ddof=1), len(pay)))


def test_the_methodology_s_check(evaluate: Evaluate) -> None:
    averages = [(np.mean(WHITE), np.mean(BME)), (np.median(WHITE), np.median(BME))]
    assert evaluate(GAP, ["base", "pay"], averages) == pytest.approx([16.3636, 11.1111], abs=1e-4)


def test_gap_is_a_share_of_the_base_s_pay(evaluate: Evaluate) -> None:
    rows = [(described(pair)[0], described(pair)[3]) for pair in samples(300)]
    expected = [100 * (base - pay) / base for base, pay in rows]
    np.testing.assert_allclose(evaluate(GAP, ["base", "pay"], rows), expected, rtol=1e-12)
    assert evaluate(GAP, ["base", "pay"], [(20, 25), (20, 20)]) == [-25, 0]


def test_limits_equal_the_delta_method(evaluate: Evaluate) -> None:
    rows = [described(pair) for pair in samples(300)]
    expected = []
    for base, base_variance, base_n, pay, variance, n in rows:
        error = np.hypot(np.sqrt(base_variance / base_n) / base, np.sqrt(variance / n) / pay)
        expected.append(100 * (1 - np.exp(stats.norm.interval(0.95, np.log(pay / base), error)))[::-1])
    np.testing.assert_allclose(limits(evaluate, rows), expected, rtol=1e-9, atol=1e-9)


def test_the_gap_lies_within_its_limits_and_groups_may_change_places(evaluate: Evaluate) -> None:
    rows = [described(pair) for pair in samples(200, seed=5)]
    there = limits(evaluate, rows)
    back = limits(evaluate, [(*row[3:], *row[:3]) for row in rows])
    gaps = np.array(evaluate(GAP, ["base", "pay"], [(row[0], row[3]) for row in rows]))
    assert ((there[:, 0] <= gaps) & (gaps <= there[:, 1])).all()
    # The ratio of pay turned over: its limits change places.
    np.testing.assert_allclose(1 - there / 100, 1 / (1 - back[:, ::-1] / 100), rtol=1e-9)


def test_limits_cover_the_true_gap_in_nineteen_of_twenty(evaluate: Evaluate) -> None:
    draw = np.random.default_rng(23)
    shape, base_mean, mean = 0.35, 20.0, 18.0
    pairs = [
        tuple(value * np.exp(draw.normal(-(shape**2) / 2, shape, 150)) for value in (base_mean, mean))
        for _ in range(2000)
    ]
    low, high = limits(evaluate, [described(pair) for pair in pairs]).T
    covered = np.mean((low <= 10) & (high >= 10))
    assert covered == pytest.approx(0.95, abs=0.02)


def test_nothing_is_known_of_how_the_pay_of_one_person_varies(evaluate: Evaluate) -> None:
    rows = [
        (20, 4, 1, 18, 4, 9),
        (20, 4, 9, 18, 4, 1),
        (20, None, 1, 18, 4, 9),
        (0, 4, 9, 18, 4, 9),
        (None, 4, 9, 18, 4, 9),
    ]
    assert np.isnan(limits(evaluate, rows)).all()
    assert evaluate(GAP, ["base", "pay"], [(0, 18), (20, 0), (None, 18), (20, None)]) == [None] * 4
    same = limits(evaluate, [(20, 0, 9, 18, 0, 9)])
    np.testing.assert_allclose(same, [[10, 10]])
