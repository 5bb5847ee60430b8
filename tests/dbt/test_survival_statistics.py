"""Time in band: the product-limit macros against statsmodels, with late entries, censoring and ties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from statistics_macros import Evaluate, Z
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

BY_TIME = "order by place"
SEEDS = range(60)
Spells = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]


def spells(seed: int, people: int | None = None) -> Spells:
    """Entry and exit in whole months, and whether the exit is the event. Everybody is at risk for at least a month."""
    draw = np.random.default_rng(seed)
    people = people or int(draw.integers(15, 250))
    entry = draw.integers(0, draw.integers(1, 60), people)
    exit_ = entry + 1 + np.minimum(draw.geometric(draw.uniform(0.05, 0.3), people), draw.integers(2, 30, people))
    return entry, exit_, (draw.random(people) < draw.uniform(0.3, 0.95)).astype(np.int64)


def by_month(entry: Sequence[int], exit_: Sequence[int], event: Sequence[int]) -> list[tuple[float, float, float]]:
    """Month, events and people at risk, of every month in which anything happens."""
    months = sorted({*(np.asarray(entry) + 1), *exit_})
    events = Counter(int(month) for month, is_event in zip(exit_, event, strict=True) if is_event)
    return [
        (float(month), float(events[int(month)]), float(((entry < month) & (month <= np.asarray(exit_))).sum()))
        for month in months
    ]


def curve(evaluate: Evaluate, rows: list[tuple[float, float, float]]) -> tuple[list[float], list[float]]:
    given = [row[1:] for row in rows]
    survival = evaluate(f"kaplan_meier('d', 'n', '{BY_TIME}')", ["d", "n"], given)
    return survival, evaluate(f"greenwood_variance('d', 'n', '{BY_TIME}')", ["d", "n"], given)


@pytest.mark.parametrize("seed", SEEDS)
def test_curve_and_interval_of_the_median_equal_statsmodels(evaluate: Evaluate, seed: int) -> None:
    entry, exit_, event = spells(seed)
    expected = SurvfuncRight(exit_, event, entry=entry)
    rows = by_month(entry, exit_, event)
    survival, variance = curve(evaluate, rows)
    at = {month: place for place, (month, events, _) in enumerate(rows) if events}
    # Beyond a month in which everybody at risk has the event nothing is left to estimate.
    ours = [survival[at[month]] for month in expected.surv_times]
    np.testing.assert_allclose(ours, expected.surv_prob, atol=1e-9)
    inside = expected.surv_prob > 1e-12
    errors = [survival[at[month]] * np.sqrt(variance[at[month]]) for month in expected.surv_times[inside]]
    np.testing.assert_allclose(errors, expected.surv_prob_se[inside], atol=1e-9)

    deviation = evaluate("median_deviation('s', 'v')", ["s", "v"], list(zip(survival, variance, strict=True)))
    near = [month for month, place in at.items() if deviation[place] is not None and abs(deviation[place]) <= Z]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = expected.quantile_ci(0.5, method="cloglog")
    if not near:
        assert np.isnan(low) and np.isnan(high)
        return
    after = [month for month in at if month > near[-1]]
    assert (near[0], after[0] if after else np.inf) == (low, high)


def test_median_of_a_known_curve(evaluate: Evaluate) -> None:
    # Twelve people, one of them promoted a month: half are by the sixth.
    rows = [(float(month), 1.0, float(13 - month)) for month in range(1, 13)]
    survival, _ = curve(evaluate, rows)
    np.testing.assert_allclose(survival, [1 - month / 12 for month in range(1, 13)], atol=1e-12)
    assert survival[-1] == 0


def test_no_division_by_zero_and_nothing_infinite(evaluate: Evaluate) -> None:
    rows = [(0.0, 0.0), (0.0, 5.0), (5.0, 5.0), (0.0, 0.0), (1.0, 1.0)]
    assert evaluate(f"kaplan_meier('d', 'n', '{BY_TIME}')", ["d", "n"], rows) == [1, 1, 0, 0, 0]
    assert evaluate(f"greenwood_variance('d', 'n', '{BY_TIME}')", ["d", "n"], rows) == [0] * 5
    assert evaluate("median_deviation('s', 'v')", ["s", "v"], [(0, 1), (1, 0), (0.5, 0), (None, 1)]) == [None] * 4
    assert evaluate("log_rank_expected('d', 'n', 'm')", ["d", "n", "m"], [(0, 0, 0)]) == [None]
    assert evaluate("log_rank_variance('d', 'n', 'm')", ["d", "n", "m"], [(0, 0, 0), (1, 1, 1)]) == [0, 0]


@pytest.mark.parametrize("seed", SEEDS)
def test_log_rank_equals_statsmodels(evaluate: Evaluate, seed: int) -> None:
    entry, exit_, event = spells(1000 + seed, people=120)
    group = np.random.default_rng(seed).integers(0, 2, len(entry))
    chi_square, p_value = survdiff(exit_, event, group, entry=entry)
    of_group = group == 1
    every = by_month(entry, exit_, event)
    rows = [
        (events, at_risk, float(((entry < month) & (month <= exit_) & of_group).sum()))
        for month, events, at_risk in every
        if events
    ]
    columns = ["d", "n", "m"]
    expected = sum(evaluate("log_rank_expected('d', 'n', 'm')", columns, rows))
    variance = sum(evaluate("log_rank_variance('d', 'n', 'm')", columns, rows))
    excess = event[of_group].sum() - expected
    assert excess**2 / variance == pytest.approx(chi_square, rel=1e-9, abs=1e-9)
    ours = evaluate("two_sided_p_value('z')", ["z"], [(excess / np.sqrt(variance),)])[0]
    assert ours == pytest.approx(p_value, rel=1e-9)
    assert ours == pytest.approx(2 * stats.norm.sf(abs(excess) / np.sqrt(variance)), rel=1e-9)
