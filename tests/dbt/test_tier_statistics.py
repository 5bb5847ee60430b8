"""Disparity between tiers: odds ratios with Woolf's interval, with and without zero cells."""

from __future__ import annotations

import itertools
import math

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import stats
from statistics_macros import Evaluate, Table, Z, render
from statsmodels.stats.contingency_tables import Table2x2

CELLS = ("a", "b", "c", "d")
RATIO, ERROR, LOW, HIGH, ZERO = (
    "odds_ratio('a', 'b', 'c', 'd')",
    "odds_ratio_standard_error('a', 'b', 'c', 'd')",
    "odds_ratio_limit('a', 'b', 'c', 'd', 'low')",
    "odds_ratio_limit('a', 'b', 'c', 'd', 'high')",
    "has_zero_cell('a', 'b', 'c', 'd')",
)
# White and BME staff in the lower, middle and upper tier: the worked example of the methodology.
WHITE, BME = (2000, 1500, 400), (1000, 450, 60)


def cells(number: int, zero: bool) -> list[Table]:
    """Random cells from one person to a million; with zero, one to two of them are 0 and nobody's row or column is empty."""
    draw = np.random.default_rng(11)
    tables: list[Table] = []
    while len(tables) < number:
        table = [float(int(10 ** draw.uniform(0, 6))) for _ in range(4)]
        if zero:
            first = int(draw.integers(4))
            for place in {first, 3 - first} if draw.random() < 0.3 else {first}:
                table[place] = 0
        tables.append((table[0], table[1], table[2], table[3]))
    return tables


@pytest.mark.parametrize("zero", [False, True])
def test_odds_ratio_equals_statsmodels(evaluate: Evaluate, zero: bool) -> None:
    tables = cells(400, zero)
    # The library's own adjustment would add to the empty cell alone.
    expected = [Table2x2(np.reshape(table, (2, 2)) + (0.5 if zero else 0), shift_zeros=False) for table in tables]
    np.testing.assert_allclose(evaluate(RATIO, CELLS, tables), [t.oddsratio for t in expected], rtol=1e-12)
    np.testing.assert_allclose(evaluate(ERROR, CELLS, tables), [t.log_oddsratio_se for t in expected], rtol=1e-12)
    np.testing.assert_allclose(evaluate(LOW, CELLS, tables), [t.oddsratio_confint()[0] for t in expected], rtol=1e-10)
    np.testing.assert_allclose(evaluate(HIGH, CELLS, tables), [t.oddsratio_confint()[1] for t in expected], rtol=1e-10)
    assert evaluate(ZERO, CELLS, tables) == [zero] * 400


def test_odds_ratio_without_zero_cells_equals_scipy(evaluate: Evaluate) -> None:
    tables = cells(200, zero=False)
    expected = [
        stats.contingency.odds_ratio([[int(a), int(b)], [int(c), int(d)]], kind="sample") for a, b, c, d in tables
    ]
    np.testing.assert_allclose(evaluate(RATIO, CELLS, tables), [result.statistic for result in expected], rtol=1e-12)
    limits = [result.confidence_interval(0.95) for result in expected]
    np.testing.assert_allclose(evaluate(LOW, CELLS, tables), [limit.low for limit in limits], rtol=1e-10)
    np.testing.assert_allclose(evaluate(HIGH, CELLS, tables), [limit.high for limit in limits], rtol=1e-10)


@pytest.mark.parametrize(
    ("table", "ratio", "error", "low", "high", "zero"),
    [
        ((1500, 2000, 450, 1000), 1.6667, 0.06625, 1.4637, 1.8978, False),
        ((400, 1500, 60, 450), 2.0000, 0.14851, 1.4949, 2.6757, False),
        ((400, 2000, 60, 1000), 3.3333, 0.14376, 2.5148, 4.4182, False),
        ((12, 300, 0, 40), 3.3694, 1.45190, 0.1957, 57.9978, True),
    ],
)
def test_worked_tiers(
    evaluate: Evaluate, table: Table, ratio: float, error: float, low: float, high: float, zero: bool
) -> None:
    ours = [evaluate(call, CELLS, [table])[0] for call in (RATIO, LOW, HIGH)]
    assert ours == pytest.approx([ratio, low, high], abs=5.001e-5)
    assert evaluate(ERROR, CELLS, [table])[0] == pytest.approx(error, abs=5.001e-6)
    assert evaluate(ZERO, CELLS, [table]) == [zero]


def test_steps_between_bands_telescope(evaluate: Evaluate) -> None:
    white, bme = (900, 700, 450, 200), (500, 280, 120, 40)
    steps = [
        (w_to, w_from, b_to, b_from)
        for (w_from, w_to), (b_from, b_to) in zip(itertools.pairwise(white), itertools.pairwise(bme), strict=True)
    ]
    chain = evaluate(RATIO, CELLS, steps)
    assert chain == pytest.approx([1.3889, 1.5, 1.3333], abs=5.001e-5)
    (whole,) = evaluate(RATIO, CELLS, [(white[-1], white[0], bme[-1], bme[0])])
    assert math.prod(chain) == pytest.approx(whole, rel=1e-12)
    assert whole == pytest.approx(2.7778, abs=5.001e-5)


def test_the_adjustment_breaks_the_identity(evaluate: Evaluate) -> None:
    white, bme = (300, 120, 12), (40, 9, 0)
    steps = [(white[to], white[of], bme[to], bme[of]) for of, to in ((0, 1), (1, 2), (0, 2))]
    lower_to_middle, middle_to_upper, lower_to_upper = evaluate(RATIO, CELLS, steps)
    assert abs(lower_to_middle * middle_to_upper / lower_to_upper - 1) > 0.01
    assert evaluate(ZERO, CELLS, steps) == [False, True, True]


def test_an_empty_group_or_tier_has_no_ratio(evaluate: Evaluate) -> None:
    empty = [(0, 0, 3, 4), (3, 4, 0, 0), (0, 3, 0, 4), (3, 0, 4, 0), (0, 0, 0, 0)]
    for call in (RATIO, ERROR, LOW, HIGH):
        assert evaluate(call, CELLS, empty) == [None] * 5
    assert evaluate(ZERO, CELLS, empty) == [True] * 5


@pytest.mark.parametrize("wrong", [None, -1, 1e-9, 1e16, math.nan, math.inf, -math.inf])
def test_a_cell_that_is_no_count_gives_null(evaluate: Evaluate, wrong: float | None) -> None:
    rows = [tuple(wrong if place == at else 7.0 for at in range(4)) for place in range(4)]
    for call in (RATIO, ERROR, LOW, HIGH, ZERO):
        assert evaluate(call, CELLS, rows) == [None] * 4


def test_counts_of_any_number_type_are_not_divided_as_integers(connection: psycopg.Connection) -> None:
    for call in (RATIO, ERROR, LOW, HIGH):
        expression = render(call)
        values = "(values (3, 7::bigint, 2.0::numeric, 5::double precision)) as given(a, b, c, d)"
        ours, kind = connection.execute(f"select {expression}, pg_typeof({expression})::text from {values}").fetchone()
        assert kind == "double precision"
        assert ours == pytest.approx(
            {
                RATIO: 15 / 14,
                ERROR: (given_se := math.sqrt(1 / 3 + 1 / 7 + 1 / 2 + 1 / 5)),
                LOW: 15 / 14 * math.exp(-Z * given_se),
                HIGH: 15 / 14 * math.exp(Z * given_se),
            }[call]
        )


def test_an_unknown_side_stops_the_compilation() -> None:
    with pytest.raises(ValueError, match="side must be"):
        render("odds_ratio_limit('a', 'b', 'c', 'd', 'upper')")


# Identities, for any cells -----------------------------------------------------------------------------------------
examples = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
person = st.integers(1, 1_500_000)
tiers = st.lists(st.tuples(person, person, person, person, person, person), min_size=1, max_size=30)


@examples
@given(tiers)
def test_lower_to_upper_is_the_product_of_its_steps(
    evaluate: Evaluate, staff: list[tuple[int, int, int, int, int, int]]
) -> None:
    lower_to_middle = evaluate(RATIO, CELLS, [(wm, wl, bm, bl) for wl, wm, _, bl, bm, _ in staff])
    middle_to_upper = evaluate(RATIO, CELLS, [(wu, wm, bu, bm) for _, wm, wu, _, bm, bu in staff])
    lower_to_upper = evaluate(RATIO, CELLS, [(wu, wl, bu, bl) for wl, _, wu, bl, _, bu in staff])
    np.testing.assert_allclose(np.multiply(lower_to_middle, middle_to_upper), lower_to_upper, rtol=1e-12)


@examples
@given(st.lists(st.tuples(*[st.integers(0, 1_500_000)] * 4), min_size=1, max_size=30))
def test_limits_contain_the_ratio_and_exchanged_groups_or_tiers_invert_it(
    evaluate: Evaluate, tables: list[tuple[int, int, int, int]]
) -> None:
    ratio, low, high = (evaluate(call, CELLS, tables) for call in (RATIO, LOW, HIGH))
    for exchanged in ([(c, d, a, b) for a, b, c, d in tables], [(b, a, d, c) for a, b, c, d in tables]):
        inverse, low_inverse, high_inverse = (evaluate(call, CELLS, exchanged) for call in (RATIO, LOW, HIGH))
        for place, value in enumerate(ratio):
            if value is None:
                assert low[place] is high[place] is inverse[place] is None
                continue
            assert 0 < low[place] < value < high[place] < math.inf
            assert low[place] * high[place] == pytest.approx(value**2, rel=1e-9)
            assert inverse[place] == pytest.approx(1 / value, rel=1e-12)
            assert low_inverse[place] == pytest.approx(1 / high[place], rel=1e-9)
            assert high_inverse[place] == pytest.approx(1 / low[place], rel=1e-9)


@examples
@given(
    st.lists(
        st.tuples(*[st.one_of(st.none(), st.floats(), st.integers(0, 3), st.sampled_from([0.5, 1e-3, 1e15]))] * 4),
        min_size=1,
        max_size=30,
    )
)
def test_no_input_is_an_error_or_gives_infinity(
    evaluate: Evaluate, rows: list[tuple[float | None, float | None, float | None, float | None]]
) -> None:
    for call in (RATIO, ERROR, LOW, HIGH):
        assert all(value is None or (math.isfinite(value) and value > 0) for value in evaluate(call, CELLS, rows))
    assert set(evaluate(ZERO, CELLS, rows)) <= {True, False, None}
