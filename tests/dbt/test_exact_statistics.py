"""Tests and limits for small numbers: Fisher's exact test, the choice between it and z, and rates without a case."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import stats
from statistics_macros import COUNTS, RATES, Evaluate, counts, rates, render, swapped
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

Counts = tuple[int, int, int, int]
FISHER = "fisher_p_value('a', 'n1', 'b', 'n2')"
CHOSEN = "rates_p_value('a', 'n1', 'b', 'n2')"
Z_TEST = "two_proportion_p_value('p1', 'n1', 'p2', 'n2')"


def by_scipy(table: Counts) -> float:
    a, n1, b, n2 = table
    return float(stats.fisher_exact([[a, n1 - a], [b, n2 - b]]).pvalue)


def by_whole_numbers(table: Counts) -> float:
    """Fisher's p-value from the numbers of ways to make each table: whole numbers, without any rounding."""
    a, n1, b, n2 = table
    events, first = a + b, max(0, a + b - n2)
    ways = math.comb(n1, first) * math.comb(n2, events - first)
    every = {}
    for x in range(first, min(n1, events) + 1):
        every[x] = ways
        ways = ways * (n1 - x) * (events - x) // ((x + 1) * (n2 - events + x + 1))
    return float(Fraction(sum(way for way in every.values() if way <= every[a]), sum(every.values())))


def smallest_expected(table: Counts) -> Fraction:
    a, n1, b, n2 = table
    return Fraction(min(n1, n2) * min(a + b, n1 + n2 - a - b), n1 + n2)


def with_something_to_test(tables: list[Counts]) -> list[Counts]:
    return [(a, n1, b, n2) for a, n1, b, n2 in tables if 0 < a + b < n1 + n2]


def rare(number: int) -> list[Counts]:
    """Random tables with a small expected count in any of the four cells: small groups, rare events and rare exceptions."""
    draw = np.random.default_rng(23)
    tables: list[Counts] = []
    while len(tables) < number:
        n1 = int(10 ** draw.uniform(0.3, 3.5))
        n2 = int(10 ** draw.uniform(1.5, 5.7))
        share = draw.uniform(0, 5) / n1 if draw.random() < 0.7 else draw.uniform(0, 1)
        a, b = (int(draw.binomial(n, min(1, share * tilt))) for n, tilt in ((n1, draw.uniform(0.2, 4)), (n2, 1)))
        a, b = (n1 - a, n2 - b) if draw.random() < 0.3 else (a, b)
        table = (a, n1, b, n2) if draw.random() < 0.5 else (b, n2, a, n1)
        if 0 < a + b < n1 + n2 and smallest_expected(table) < 5:
            tables.append(table)
    return tables


def test_fisher_equals_scipy_on_small_expected_counts(evaluate: Evaluate) -> None:
    tables = rare(500)
    assert {min(range(4), key=[a, n1 - a, b, n2 - b].__getitem__) for a, n1, b, n2 in tables} == {0, 1, 2, 3}
    np.testing.assert_allclose(evaluate(FISHER, COUNTS, tables), [by_scipy(table) for table in tables], rtol=1e-7)


def test_fisher_equals_scipy_on_any_table(evaluate: Evaluate) -> None:
    tables = with_something_to_test(counts(300, largest=3.5))
    expected = [by_scipy(table) for table in tables]
    np.testing.assert_allclose(evaluate(FISHER, COUNTS, tables), expected, rtol=1e-7, atol=1e-290)


def test_fisher_loses_nothing_to_rounding_or_to_the_tables_it_leaves_out(evaluate: Evaluate) -> None:
    tables = [
        *rare(150),
        *with_something_to_test(counts(150, largest=2.7)),
        (2, 2000, 900, 500_000),
        (40, 2000, 900, 500_000),
    ]
    ours, exact = evaluate(FISHER, COUNTS, tables), [by_whole_numbers(table) for table in tables]
    np.testing.assert_allclose(ours, exact, rtol=1e-12)


def test_equally_probable_tables_count_on_both_sides(evaluate: Evaluate) -> None:
    tables = [(a, n, k - a, n) for n in (5, 12, 40, 5000) for k in (3, 4, 5) for a in range(k + 1)]
    np.testing.assert_allclose(
        evaluate(FISHER, COUNTS, tables), [by_whole_numbers(table) for table in tables], rtol=1e-12
    )


def test_published_check_values(evaluate: Evaluate) -> None:
    tables = [(6, 120, 5, 480), (3, 40, 4, 200)]
    for call in (FISHER, CHOSEN):
        assert evaluate(call, COUNTS, tables) == pytest.approx([0.010933, 0.092785], abs=5.001e-7)
    assert [float(smallest_expected(table)) for table in tables] == pytest.approx([2.2, 7 / 6])
    assert evaluate(CHOSEN, COUNTS, [(200, 1000, 150, 1000), (15, 148, 56, 1200)]) == pytest.approx(
        [0.003256, 0.004954], abs=5.001e-7
    )


def test_the_smallest_expected_count_chooses_the_test(evaluate: Evaluate) -> None:
    tables = with_something_to_test([*counts(300, largest=3), *rare(300)])
    # Exactly 5 expected is enough for z; a person fewer is not.
    tables += [
        (2, 10, 8, 10),
        (2, 10, 7, 10),
        (5, 100, 45, 900),
        (5, 100, 44, 900),
        (98, 100, 852, 900),
        (98, 100, 853, 900),
    ]
    ours = evaluate(CHOSEN, COUNTS, tables)
    exact, by_z = evaluate(FISHER, COUNTS, tables), evaluate(Z_TEST, RATES, rates(tables))
    small = [smallest_expected(table) < 5 for table in tables]
    assert small[-6:] == [False, True] * 3
    assert 100 < sum(small) < len(tables) - 100
    assert ours == [e if few else z for few, e, z in zip(small, exact, by_z, strict=True)]
    assert sum(e != z for e, z in zip(exact, by_z, strict=True)) > 500


def test_halves_are_tested_by_z(evaluate: Evaluate) -> None:
    tables = [(2.5, 300, 1, 900), (2, 300, 1.5, 900), (0.5, 40, 0, 30)]
    assert evaluate(FISHER, COUNTS, tables) == [None] * 3
    by_z = [proportions_ztest([a, b], [n1, n2])[1] for a, n1, b, n2 in tables]
    assert evaluate(CHOSEN, COUNTS, tables) == pytest.approx(by_z, rel=1e-9)


@pytest.mark.parametrize("call", [FISHER, CHOSEN])
def test_undefined_counts_give_null(evaluate: Evaluate, call: str) -> None:
    sound = (3.0, 40.0, 10.0, 300.0)
    assert evaluate(call, COUNTS, [sound])[0] is not None
    no_count, no_base = (
        [None, -1, 1e-9, 1e16, math.nan, math.inf, -math.inf],
        [None, 0, -5, 0.5, 1e16, math.nan, math.inf],
    )
    rows = [
        [wrong if place == at else value for at, value in enumerate(sound)]
        for place in range(4)
        for wrong in (no_count if place % 2 == 0 else no_base)
    ]
    # More cases than people; nobody or everybody.
    rows += [[41, 40, 10, 300], [3, 40, 301, 300], [0, 40, 0, 300], [40, 40, 300, 300]]
    assert evaluate(call, COUNTS, rows) == [None] * len(rows)


def test_too_many_tables_for_fisher_are_left_to_z(evaluate: Evaluate) -> None:
    table = (90_000, 200_000, 91_000, 200_000)
    assert evaluate(FISHER, COUNTS, [table]) == [None]
    assert evaluate(CHOSEN, COUNTS, [table]) == evaluate(Z_TEST, RATES, rates([table]))
    # Thousands of tables are no trouble, and neither is a probability that double precision cannot hold.
    assert evaluate(FISHER, COUNTS, [(4000, 9000, 4100, 9000)]) == pytest.approx(
        [by_scipy((4000, 9000, 4100, 9000))], rel=1e-9
    )
    assert 0 <= evaluate(FISHER, COUNTS, [(0, 5000, 5000, 5000)])[0] < 1e-300


def test_counts_may_be_expressions_of_any_number_type(connection: psycopg.Connection) -> None:
    expression = render("rates_p_value('a', 'a + rest', 'b', 'b + others')")
    given_rows = "(values (6, 114::bigint, 5.0::numeric, 475::double precision)) as given(a, rest, b, others)"
    row = connection.execute(f"select {expression}, pg_typeof({expression})::text from {given_rows}").fetchone()
    assert row == (pytest.approx(0.010933, abs=5.001e-7), "double precision")


def test_a_rate_without_a_case_has_the_clopper_pearson_limit(evaluate: Evaluate) -> None:
    bases = [*range(1, 400), 1000, 12_345, 10**6, 10**9]
    ours = evaluate("zero_count_upper_limit('n')", ["n"], [[n] for n in bases])
    np.testing.assert_allclose(ours, [proportion_confint(0, n, method="beta")[1] for n in bases], rtol=1e-9)
    by_search = [stats.binomtest(0, n).proportion_ci(method="exact").high for n in bases[:400]]
    np.testing.assert_allclose(ours[:400], by_search, rtol=1e-7)
    assert ours[44] == pytest.approx(0.07871, abs=5.001e-6)
    undefined = [[n] for n in (0, -3, 0.5, None, math.nan, math.inf)]
    assert evaluate("zero_count_upper_limit('n')", ["n"], undefined) == [None] * 6


# Identities, for any table -----------------------------------------------------------------------------------------
examples = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def small_table(draw: st.DrawFn) -> Counts:
    n1, n2 = draw(st.integers(1, 3000)), draw(st.integers(1, 3000))
    return draw(st.integers(0, min(n1, 30))), n1, draw(st.integers(0, min(n2, 30))), n2


@examples
@given(st.lists(small_table(), min_size=1, max_size=30))
def test_p_values_do_not_depend_on_the_order_of_groups_or_on_what_is_counted(
    evaluate: Evaluate, tables: list[Counts]
) -> None:
    others = [(n1 - a, n1, n2 - b, n2) for a, n1, b, n2 in tables]
    for call in (FISHER, CHOSEN):
        ours = evaluate(call, COUNTS, tables)
        for same in (evaluate(call, COUNTS, [swapped(table) for table in tables]), evaluate(call, COUNTS, others)):
            for place, value in enumerate(ours):
                assert same[place] == (None if value is None else pytest.approx(value, rel=1e-9))
        assert all(
            (value is None) == (a + b in (0, n1 + n2)) for value, (a, n1, b, n2) in zip(ours, tables, strict=True)
        )
        assert all(value is None or 0 < value <= 1 for value in ours)


@examples
@given(st.lists(small_table(), min_size=1, max_size=30))
def test_more_cases_on_the_higher_side_are_never_more_probable(evaluate: Evaluate, tables: list[Counts]) -> None:
    """Moving a case from the lower rate to the higher makes a table of the same margins, further out."""
    moved = []
    for a, n1, b, n2 in tables:
        if a * n2 > b * n1 and b > 0 and a < n1:
            moved.append(((a, n1, b, n2), (a + 1, n1, b - 1, n2)))
    if moved:
        near, far = (evaluate(FISHER, COUNTS, [pair[place] for pair in moved]) for place in (0, 1))
        assert all(further <= nearer * (1 + 1e-9) for nearer, further in zip(near, far, strict=True))


@examples
@given(st.lists(small_table(), min_size=1, max_size=30))
def test_the_p_value_agrees_with_the_interval(evaluate: Evaluate, tables: list[Counts]) -> None:
    """Tests and Katz's interval are different approximations: they may differ near 5%, not far from it."""
    tables = [table for table in tables if min(table[0], table[2]) >= 5]
    if not tables:
        return
    p_values = evaluate(CHOSEN, COUNTS, tables)
    low, high = (
        evaluate(f"risk_ratio_limit('p1', 'n1', 'p2', 'n2', '{side}')", RATES, rates(tables))
        for side in ("low", "high")
    )
    for (a, n1, b, n2), p_value, lower, upper in zip(tables, p_values, low, high, strict=True):
        if p_value is not None and p_value < 1e-3:
            assert lower > 1 if a * n2 > b * n1 else upper < 1
        if p_value is None or p_value > 0.3:
            assert lower <= 1 <= upper


@examples
@given(
    st.lists(
        st.tuples(
            *[st.one_of(st.none(), st.floats(), st.integers(-1, 40), st.sampled_from([0.5, 7.5, 1e-3, 1e15]))] * 4
        ),
        min_size=1,
        max_size=30,
    )
)
def test_no_input_is_an_error_or_gives_infinity(
    evaluate: Evaluate, rows: list[tuple[float | None, float | None, float | None, float | None]]
) -> None:
    for call in (FISHER, CHOSEN):
        assert all(value is None or 0 <= value <= 1 for value in evaluate(call, COUNTS, rows))
    limits = evaluate("zero_count_upper_limit('a')", COUNTS, rows)
    assert all(value is None or 0 < value < 1 for value in limits)
