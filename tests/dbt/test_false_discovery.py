"""Simulated systems through the macros of ``benchmark``: the list of those that differ finds the outliers and little else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psycopg
import pytest

from wres import false_discovery

PROJECT = Path(__file__).parents[2]
# A list is a year of an indicator of a system: nine for each seed. `wres bench` looks at a hundred systems.
SEEDS = range(3)


@pytest.fixture(scope="module")
def tallies(connection: psycopg.Connection) -> dict[str, false_discovery.Tally]:
    return {tally.indicator: tally for tally in false_discovery.measure(connection, PROJECT, SEEDS)}


def test_every_indicator_is_simulated_with_an_outlier_in_each_year(tallies: dict[str, false_discovery.Tally]) -> None:
    assert set(tallies) == {"1", "2", "3", "4", "5", "6", "7", "8", "9", "DR"}
    assert {(tally.lists, tally.planted) for tally in tallies.values()} == {(9 * len(SEEDS), 9 * len(SEEDS))}


def test_the_planted_are_found(tallies: dict[str, false_discovery.Tally]) -> None:
    found = {code: tally.found / tally.planted for code, tally in tallies.items()}
    # Boards have a dozen members: of an all-BME board in an ordinary system the list is sure four times in five.
    assert found.pop("9") > 0.6
    assert all(share > 0.85 for share in found.values()), found
    assert np.mean(list(found.values())) > 0.95


def test_one_in_twenty_is_wrong_at_most(tallies: dict[str, false_discovery.Tally]) -> None:
    rates = {code: tally.false_discovery_rate for code, tally in tallies.items()}
    assert np.mean(list(rates.values())) < false_discovery.LEVEL
    # And of all that are named in all lists together.
    named, wrong = (sum(getattr(tally, what) for tally in tallies.values()) for what in ("named", "wrong"))
    assert wrong / named < false_discovery.LEVEL


def test_without_outliers_few_lists_name_anybody(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    harmless = tuple(false_discovery.Indicator(**{**vars(one), "planted": 1.0}) for one in false_discovery.INDICATORS)
    monkeypatch.setattr(false_discovery, "INDICATORS", harmless)
    [*tallies] = false_discovery.measure(connection, PROJECT, range(100, 102))
    # The planted one of each list is an ordinary trust now; a list is wrong where it names anybody.
    assert sum(tally.named for tally in tallies) < 0.1 * sum(tally.lists for tally in tallies)


def test_an_impossible_list_would_be_seen() -> None:
    """The tally itself: two of three named are right."""
    tally = false_discovery._tally("2", [("2", 2016, 200, 1, 1, 2), ("2", 2017, 200, 1, 1, 1)])
    assert (tally.found, tally.named, tally.wrong, tally.false_discovery_rate) == (2, 3, 1, 0.25)
