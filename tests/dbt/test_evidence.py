"""What is said of a figure: evidence from intervals, the four-fifths rule, and an organisation that the methodology works out."""

from __future__ import annotations

import math

import psycopg
import pytest
from statistics_macros import RATES, Evaluate, render


@pytest.mark.parametrize(
    ("arguments", "row", "expected"),
    [
        ("", {"low": 1.01, "high": 1.9}, "worse"),
        ("", {"low": 0.4, "high": 0.99}, "better"),
        ("", {"low": 0.8, "high": 1.2}, "no_clear_difference"),
        ("", {"low": 1.0, "high": 1.2}, "no_clear_difference"),
        ("", {"low": 0.8, "high": 1.0}, "no_clear_difference"),
        ("", {"low": None, "high": None}, None),
        ("status='status', ", {"low": 1.5, "high": 2.0, "status": "suppressed"}, "too_few"),
        ("status='status', ", {"low": 1.5, "high": 2.0, "status": None}, "too_few"),
        ("status='status', ", {"low": 1.5, "high": 2.0, "status": "ok"}, "worse"),
        ("white_count='a', bme_count='b', ", {"low": 1.5, "high": 2.0, "a": 4, "b": 90}, "too_few"),
        ("white_count='a', bme_count='b', ", {"low": 1.5, "high": 2.0, "a": 90, "b": 4}, "too_few"),
        ("white_count='a', bme_count='b', ", {"low": 1.5, "high": 2.0, "a": 5, "b": 5}, "worse"),
        ("white_count='a', bme_count='b', ", {"low": 1.5, "high": 2.0, "a": None, "b": None}, "worse"),
        ("white_base='a', bme_base='b', minimum_base=11, ", {"low": 1.5, "high": 2.0, "a": 11, "b": 10}, "too_few"),
        ("white_base='a', bme_base='b', minimum_base=11, ", {"low": 1.5, "high": 2.0, "a": 11, "b": 11}, "worse"),
        ("white_count='a', bme_count='b', minimum_cases=12, ", {"low": 1.5, "high": 2.0, "a": 5, "b": 6}, "too_few"),
        ("white_count='a', bme_count='b', minimum_cases=10, ", {"low": 1.5, "high": 2.0, "a": 5, "b": 5}, "worse"),
    ],
)
def test_evidence_status(connection: psycopg.Connection, arguments: str, row: dict, expected: str | None) -> None:
    expression = render(f"evidence_status('low', 'high', {arguments})")
    types = {"status": "text"}
    values = ", ".join(f"%({name})s::{types.get(name, 'double precision')} as {name}" for name in row)
    assert connection.execute(f"select {expression} from (select {values}) as given", row).fetchone() == (expected,)


@pytest.mark.parametrize(
    ("a", "n1", "b", "n2", "expected"),
    [
        (400, 1000, 200, 1000, "worse"),
        (200, 1000, 150, 1000, "worse"),
        (300, 2000, 360, 1800, "better"),
        (2100, 5000, 2000, 5000, "worse"),
        (520, 1000, 500, 1000, "no_clear_difference"),
        (1200, 5000, 1000, 5000, "worse"),
        (60, 400, 50, 400, "no_clear_difference"),
        (3, 40, 10, 300, "too_few"),
    ],
)
def test_evidence_of_published_check_tables(
    evaluate: Evaluate, a: int, n1: int, b: int, n2: int, expected: str
) -> None:
    limits = ", ".join(f"risk_ratio_limit('p1', 'n1', 'p2', 'n2', '{side}')" for side in ("low", "high"))
    call = f"evidence_status({limits}, white_count='p1 * n1', bme_count='p2 * n2')"
    assert evaluate(call, RATES, [(a / n1, n1, b / n2, n2)]) == [expected]


def test_evidence_of_tiers_asks_for_five_bme_staff_in_the_higher_one(evaluate: Evaluate) -> None:
    limits = ", ".join(f"odds_ratio_limit('a', 'b', 'c', 'd', '{side}')" for side in ("low", "high"))
    tables = [
        (400, 1500, 60, 450),
        (40, 60, 4, 60),
        (40, 60, 5, 60),
        (0, 60, 50, 60),
        (40, 60, 38, 60),
        (12, 300, 0, 40),
    ]
    evidence = evaluate(f"evidence_status({limits}, bme_count='c')", ("a", "b", "c", "d"), tables)
    assert evidence == ["worse", "too_few", "worse", "better", "no_clear_difference", "too_few"]


def test_evidence_of_representation_is_that_of_the_inverse_ratio(evaluate: Evaluate) -> None:
    low, high = (f"representation_ratio_limit('b', 'n', 'w', 'm', '{side}')" for side in ("low", "high"))
    call = f"evidence_status('1 / ({{}})'.format({high}), '1 / ({{}})'.format({low}), bme_count='b')"
    bands = [
        (60, 600, 2000, 8000),
        (250, 600, 2000, 8000),
        (150, 600, 2000, 8000),
        (4, 600, 2000, 8000),
        (0, 600, 2000, 8000),
    ]
    assert evaluate(call, ("b", "n", "w", "m"), bands) == [
        "worse",
        "better",
        "no_clear_difference",
        "too_few",
        "too_few",
    ]


def test_evidence_of_indicator_3_asks_for_ten_cases_and_that_of_others_does_not(connection: psycopg.Connection) -> None:
    expression = render("evidence_status('1.2', '1.9', white_count='w', bme_count='b', minimum_cases='minimum')")
    rows = connection.execute(
        f"select {expression} from (values (5, 5.0, 10), (5, 4.5, 10), (7, 5.5, 15), (7, 5.5, null)) as given(w, b, minimum)"
    ).fetchall()
    assert [evidence for (evidence,) in rows] == ["worse", "too_few", "too_few", "worse"]


def test_cases_of_one_group_cannot_stand_for_both() -> None:
    with pytest.raises(ValueError, match="give white_count and bme_count"):
        render("evidence_status('low', 'high', bme_count='b', minimum_cases=10)")


def test_four_fifths_includes_its_ends_and_needs_a_ratio(evaluate: Evaluate) -> None:
    ratios = [0.8, 1.25, 1, 0.08 / 0.1, 0.3 / 0.24, 0.7999999, 1.2500001, 1e-9, 1e9, 0, -1, None, math.nan, math.inf]
    ours = evaluate("four_fifths_status('r')", ["r"], [[ratio] for ratio in ratios])
    assert ours == [*["inside"] * 5, "below", "above", "below", "above", *[None] * 5]


def test_every_pair_of_counts_on_an_end_of_the_four_fifths_range_is_inside(evaluate: Evaluate) -> None:
    # 4k of n against 5k of m, n = m: exactly 0.80, and the other way round 1.25, whatever the rates round to.
    rows = [(4 * k / n, n, 5 * k / n, n) for n in (7, 30, 97, 333, 1000, 4999) for k in range(1, n // 5 + 1)]
    assert any(p1 / p2 < 0.8 for p1, _, p2, _ in rows) and any(p2 / p1 > 1.25 for p1, _, p2, _ in rows)
    for call in ("four_fifths_status('p1 / p2')", "four_fifths_status('p2 / p1')"):
        assert set(evaluate(call, RATES, rows)) == {"inside"}


@pytest.mark.parametrize(
    ("indicator", "top", "bottom", "ratio", "low", "high"),
    [
        ("2", (240, 1200), (120, 900), 1.5, 1.2264, 1.8346),
        ("3", (16, 1000), (30, 3000), 1.6, 0.8759, 2.9227),
        ("4", (1500, 3000), (460, 1000), 1.0870, 1.0073, 1.1729),
    ],
)
def test_the_worked_organisation(
    evaluate: Evaluate,
    indicator: str,
    top: tuple[int, int],
    bottom: tuple[int, int],
    ratio: float,
    low: float,
    high: float,
) -> None:
    row = [(top[0] / top[1], top[1], bottom[0] / bottom[1], bottom[1])]
    limits = [
        evaluate(f"risk_ratio_limit('p1', 'n1', 'p2', 'n2', '{side}')", RATES, row)[0] for side in ("low", "high")
    ]
    assert [row[0][0] / row[0][2], *limits] == pytest.approx([ratio, low, high], abs=5.001e-5)
    call = "evidence_status({}, {}, white_count='p1 * n1', bme_count='p2 * n2', minimum_cases=10)".format(
        *(f"risk_ratio_limit('p1', 'n1', 'p2', 'n2', '{side}')" for side in ("low", "high"))
    )
    assert evaluate(call, RATES, row) == ["no_clear_difference" if indicator == "3" else "worse"]
    assert evaluate("four_fifths_status('p1 / p2')", RATES, row) == ["inside" if indicator == "4" else "above"]


def test_a_published_ratio_of_appointment(evaluate: Evaluate) -> None:
    assert round(0.4699 / 0.1465, 4) == 3.2075
    assert evaluate("four_fifths_status('p1 / p2')", RATES, [(0.4699, 1000, 0.1465, 1000)]) == ["above"]
