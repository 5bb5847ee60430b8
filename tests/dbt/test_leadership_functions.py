"""The functions behind leadership goals: published check values, an independent simulation, and identities on random inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

# Below a part in 1e15 there is no person of any population.
SHARES = st.one_of(st.just(0.0), st.floats(1e-9, 1))
RATES = st.floats(0.01, 0.95)
YEARS = st.integers(1, 25)
GROWTH = st.floats(-0.005, 0.1)
POSTS = st.floats(1, 1e6)
# One connection serves all examples.
often = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def call(connection: psycopg.Connection, function: str, *arguments: float | None) -> Any:
    """The one value of a function."""
    places = ", ".join("%s::double precision" for _ in arguments)
    (value,) = connection.execute(f"select published.leadership_{function}({places})", arguments).fetchone()  # type: ignore[misc]
    return value


def trajectory(connection: psycopg.Connection, *arguments: float) -> list[tuple[int, float, float, float]]:
    return connection.execute(
        "select * from published.leadership_trajectory(%s::float8, %s::float8, %s::float8, %s::float8, %s::int, %s::float8)",
        arguments,
    ).fetchall()


def simulated(posts: float, share: float, recruit_share: float, turnover: float, years: int, growth: float) -> float:
    """BME share after so many years, post by post and year by year, without the formula."""
    bme = posts * share
    for _ in range(years):
        bme -= turnover * bme
        following = posts * (1 + growth)
        bme += recruit_share * (following - posts * (1 - turnover))
        posts = following
    return bme / posts


TRUSTS = (1630, 0.055, 0.165)


@pytest.mark.parametrize(
    ("posts", "share", "target", "turnover", "years", "growth", "needed", "one_in"),
    [
        (*TRUSTS, 0.12, 5, 0, 56.317, 3.473),
        (*TRUSTS, 0.12, 10, 0, 40.579, 4.820),
        (*TRUSTS, 0.12, 15, 0, 35.981, 5.436),
        (940, 0.10, 0.13, 0.12, 5, 0, 18.45, 6.12),
        (940, 0.10, 0.13, 0.12, 10, 0, 15.97, 7.06),
        (265, 1 / 4, 1 / 2, 0.12, 10, 0, 18.97, 1 / 0.5965),
        (232, 1 / 58, 1 / 12, 0.12, 10, 0, 3.03, 9.19),
        (*TRUSTS, 0.08, 5, 0, 49.247, None),
        (*TRUSTS, 0.08, 10, 0, 32.532, None),
        (*TRUSTS, 0.08, 15, 0, 27.270, None),
        (*TRUSTS, 0.16, 5, 0, 63.654, None),
        (*TRUSTS, 0.16, 10, 0, 49.113, None),
        (*TRUSTS, 0.16, 15, 0, 45.296, None),
        (*TRUSTS, 0.12, 10, 0.02, 45.09, 1 / 0.19757),
    ],
)
def test_check_values_of_the_methodology(
    connection: psycopg.Connection,
    posts: float,
    share: float,
    target: float,
    turnover: float,
    years: int,
    growth: float,
    needed: float,
    one_in: float | None,
) -> None:
    given_ = (share, target, turnover, years, growth)
    ours = call(connection, "recruits_needed", posts, *given_)
    assert ours == pytest.approx(needed, abs=0.0051 if needed < 50 else 0.00051)
    if one_in is not None:
        assert 1 / call(connection, "recruit_share", *given_) == pytest.approx(one_in, abs=0.0051)


def test_trajectory_of_the_methodology(connection: psycopg.Connection) -> None:
    way = {year: bme for year, _, bme, _ in trajectory(connection, *TRUSTS, 0.12, 10, 0)}
    assert [round(way[year], 2) for year in (0, 1, 5, 10)] == [89.65, 119.47, 207.01, 268.95]
    assert len(way) == 11


@often
@given(POSTS, SHARES, SHARES, RATES, YEARS, GROWTH)
def test_the_way_ends_at_the_target_and_a_simulation_agrees(
    connection: psycopg.Connection,
    posts: float,
    share: float,
    target: float,
    turnover: float,
    years: int,
    growth: float,
) -> None:
    assume(target - share > 1e-6 and turnover + growth > 0.005)
    way = trajectory(connection, posts, share, target, turnover, years, growth)
    recruits = call(connection, "recruit_share", share, target, turnover, years, growth)
    assert [row[0] for row in way] == list(range(years + 1))
    assert way[0][3] == pytest.approx(share, abs=1e-12)
    # As the formula has it: s·a^y + x·(1 − a^y), whatever the size of x.
    scale = max(1, abs(recruits))
    assert way[-1][2] == pytest.approx(target * posts * (1 + growth) ** years, rel=1e-9 * scale, abs=1e-9)
    for year, posts_then, bme, share_then in way:
        assert posts_then == pytest.approx(posts * (1 + growth) ** year, rel=1e-12)
        assert bme == pytest.approx(posts_then * share_then, rel=1e-12, abs=1e-12)
        assert share_then == pytest.approx(
            simulated(posts, share, recruits, turnover, year, growth), rel=1e-9 * scale, abs=1e-9 * scale
        )
    needed = call(connection, "recruits_needed", posts, share, target, turnover, years, growth)
    first = (way[1][2] - way[0][2]) + turnover * way[0][2]
    assert needed == pytest.approx(first, rel=1e-7 * scale, abs=1e-7)


@often
@given(SHARES, SHARES, RATES, YEARS, GROWTH)
def test_more_time_and_more_vacancies_ask_for_less_of_each_recruitment(
    connection: psycopg.Connection, share: float, target: float, turnover: float, years: int, growth: float
) -> None:
    assume(target - share > 1e-3 and turnover + growth > 0.01)
    now = call(connection, "recruit_share", share, target, turnover, years, growth)
    slack = 1e-9 * max(1, now)
    assert target <= now + slack
    assert call(connection, "recruit_share", share, target, turnover, years + 1, growth) <= now + slack
    assert call(connection, "recruit_share", share, target, min(1.0, turnover + 0.05), years, growth) <= now + slack
    assert call(connection, "recruit_share", share, min(1.0, target + 0.01), turnover, years, growth) >= now - slack


@often
@given(SHARES, st.floats(0, 0.999), RATES, GROWTH)
def test_the_shortest_horizon_is_the_first_that_recruitment_can_reach(
    connection: psycopg.Connection, share: float, target: float, turnover: float, growth: float
) -> None:
    assume(target - share > 1e-3 and turnover + growth > 0.01)
    years = call(connection, "shortest_years", share, target, turnover, growth)
    exact = math.log((1 - target) / (1 - share)) / math.log((1 - turnover) / (1 + growth))
    assert years == max(1, math.ceil(exact - 1e-9))
    if years <= 200:
        assert call(connection, "recruit_share", share, target, turnover, years, growth) <= 1 + 1e-6
    if 1 < years <= 200:
        assert call(connection, "recruit_share", share, target, turnover, years - 1, growth) > 1 - 1e-6


@pytest.mark.parametrize(
    ("share", "target", "turnover", "years", "growth"),
    [
        (0.3, 0.3, 0.1, 5, 0),  # there already
        (0.4, 0.3, 0.1, 5, 0),
        (0.1, 0.3, 0.0, 5, 0),  # no vacancy
        (0.1, 0.3, 0.05, 5, -0.05),  # as many posts are cut as fall vacant
        (0.1, 0.3, 0.05, 5, -0.2),
        (0.1, 0.3, 0.1, 0, 0),  # no time
        (0.1, 0.3, 0.1, -3, 0),
        (0.1, 1.2, 0.1, 5, 0),
        (-0.1, 0.3, 0.1, 5, 0),
        (0.1, 0.3, 1.3, 5, 0),
        (0.1, 0.3, 1e-18, 5, 0),
        (math.nan, 0.3, 0.1, 5, 0),
        (0.1, None, 0.1, 5, 0),
        (0.1, 0.3, math.inf, 5, 0),
        (0.1, 0.3, 0.1, math.inf, 0),
        (0.1, 0.3, 0.1, 5, -1),
        (0.1, 0.3, 0.1, 5, -2),
    ],
)
def test_where_there_is_no_goal_there_is_no_number(
    connection: psycopg.Connection, share: float, target: float, turnover: float, years: float, growth: float
) -> None:
    assert call(connection, "recruit_share", share, target, turnover, years, growth) is None
    assert call(connection, "recruits_needed", 100, share, target, turnover, years, growth) is None


def test_no_input_raises_or_gives_infinity(connection: psycopg.Connection) -> None:
    odd = [None, math.nan, math.inf, -math.inf, -1.0, 0.0, 1e-300, 0.5, 1.0, 2.0, 1e308]
    draw = np.random.default_rng(5)
    rows = [tuple(odd[place] for place in draw.integers(0, len(odd), 6)) for _ in range(3000)]
    # Columns and constants: the planner works out constants beforehand.
    for number, row in enumerate(rows):
        names = [f"%(v{place})s::double precision" for place in range(6)]
        values = {f"v{place}": value for place, value in enumerate(row)}
        if number % 60 == 0:
            connection.execute(
                "select published.leadership_recruits_needed({}), published.leadership_shortest_years({})".format(
                    ", ".join(names), ", ".join(names[1:5])
                ),
                values,
            )
            literals = ["null::double precision" if value is None else f"'{value}'::double precision" for value in row]
            connection.execute(
                f"select published.leadership_recruits_needed({', '.join(literals)}),"
                f" published.leadership_shortest_years({', '.join(literals[1:5])})"
            )
            connection.execute(
                f"select * from published.leadership_trajectory({', '.join(literals[:4])}, {number}, {literals[5]})"
            ).fetchall()
    found = connection.execute(
        "select published.leadership_recruits_needed(a, b, c, d, e, f), published.leadership_recruit_share(b, c, d, e, f),"
        " published.leadership_shortest_years(b, c, d, f)::float8, published.leadership_still_in_post(d, e, f)"
        " from unnest(%s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[])"
        " as given(a, b, c, d, e, f)",
        [list(column) for column in zip(*rows, strict=True)],
    ).fetchall()
    values_found = [value for row in found for value in row if value is not None]
    assert len(values_found) > 100
    assert all(math.isfinite(value) for value in values_found)


def test_everybody_new_and_nobody_new(connection: psycopg.Connection) -> None:
    # All posts fall vacant every year: each recruitment has the target's share. Growth alone makes vacancies too.
    assert call(connection, "recruit_share", 0.1, 0.3, 1.0, 3, 0) == pytest.approx(0.3)
    assert call(connection, "recruits_needed", 50, 0.1, 0.3, 1.0, 3, 0) == pytest.approx(15)
    assert call(connection, "recruit_share", 0.1, 0.3, 0.0, 1, 0.25) == pytest.approx((0.3 - 0.1 * 0.8) / 0.2)
    assert call(connection, "recruits_needed", 0, 0.1, 0.3, 0.1, 3, 0) == 0
    assert call(connection, "shortest_years", 0.1, 1.0, 0.1, 0) is None
    assert call(connection, "shortest_years", 0.5, 0.1, 0.1, 0) is None
