"""The statistics of change over time, rendered from their own files, against scipy and the methodology."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statistics_macros import Evaluate

RATIOS = ["r1", "s1", "r2", "s2"]


def test_student_t_p_value_equals_scipy_into_the_tails(evaluate: Evaluate) -> None:
    draw = np.random.default_rng(11)
    freedom = [*range(1, 12), 30, 31, 198, 199, 235, 400]
    rows = [(t, df) for df in freedom for t in (0, 1e-9, *draw.uniform(-3, 3, 12), *draw.uniform(3, 40, 6))]
    assert len(rows) > 300
    ours = evaluate("student_t_p_value('t', 'df')", ["t", "df"], rows)
    np.testing.assert_allclose(ours, [2 * stats.t.sf(abs(t), df) for t, df in rows], rtol=1e-8, atol=1e-300)
    # Beyond as many organisations as there are, as many decimals as anyone prints.
    many = [(t, 1001) for t in draw.uniform(0, 9, 40)]
    ours = evaluate("student_t_p_value('t', 'df')", ["t", "df"], many)
    np.testing.assert_allclose(ours, [2 * stats.t.sf(t, df) for t, df in many], rtol=1e-9, atol=1e-13)


def test_student_t_quantile_equals_scipy(evaluate: Evaluate) -> None:
    freedom = [*range(1, 121), 199, 235, 500, 999, 5000]
    ours = evaluate("student_t_95('df')", ["df"], [[df] for df in freedom])
    np.testing.assert_allclose(ours, stats.t.ppf(0.975, freedom), rtol=1e-10)


@pytest.mark.parametrize("df", [0, -1, 2.5, 1e6, None])
def test_student_t_is_null_without_whole_degrees_of_freedom(evaluate: Evaluate, df: float | None) -> None:
    assert evaluate("student_t_p_value('t', 'df')", ["t", "df"], [(1, df)]) == [None]
    assert evaluate("student_t_95('df')", ["df"], [[df]]) == [None]


def test_student_t_of_nothing_is_null(evaluate: Evaluate) -> None:
    assert evaluate("student_t_p_value('t', 'df')", ["t", "df"], [(None, 5)]) == [None]


def test_ratio_of_ratios_limits_equal_scipy(evaluate: Evaluate) -> None:
    draw = np.random.default_rng(5)
    ratios, errors = np.exp(draw.normal(0, 0.5, (300, 2))), draw.uniform(0.01, 0.6, (300, 2))
    rows = [(r[0], e[0], r[1], e[1]) for r, e in zip(ratios, errors, strict=True)]
    for side, probability in (("low", 0.025), ("high", 0.975)):
        ours = evaluate(f"ratio_of_ratios_limit('r1', 's1', 'r2', 's2', '{side}')", RATIOS, rows)
        centre, spread = np.log(ratios[:, 1] / ratios[:, 0]), np.hypot(errors[:, 0], errors[:, 1])
        np.testing.assert_allclose(ours, np.exp(stats.norm.ppf(probability, centre, spread)), rtol=1e-12)


def test_ratio_of_ratios_limits_of_the_methodology(evaluate: Evaluate) -> None:
    row = [(1.5, 0.0823270, 1.2090909, 0.0778731)]
    limits = [
        evaluate(f"ratio_of_ratios_limit('r1', 's1', 'r2', 's2', '{side}')", RATIOS, row) for side in ("low", "high")
    ]
    assert [limit[0] for limit in limits] == pytest.approx([0.64552, 1.00653], abs=2e-5)


@pytest.mark.parametrize(
    "row", [(0, 0.1, 1, 0.1), (1, None, 1, 0.1), (1, 0, 1, 0), (1, -0.1, 1, 0.1), (1, 900, 1, 900)]
)
def test_ratio_of_ratios_limit_is_null_where_it_is_not_defined(evaluate: Evaluate, row: tuple) -> None:
    assert evaluate("ratio_of_ratios_limit('r1', 's1', 'r2', 's2', 'high')", RATIOS, [row]) == [None]
