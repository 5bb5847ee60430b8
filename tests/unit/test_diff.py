"""Why a figure changed between two releases, where the figure itself says so."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from wres import cli, diff

FIGURE: dict[str, Any] = {
    **dict.fromkeys(diff.KEY, "same"),
    **dict.fromkeys(diff.COMPARISONS),
    "ratio": 1.5,
    "definition_version": "7.1",
    "source_vintage": "2023",
    "base_source": "reported",
    "is_headline": True,
}


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"ratio": 1.4}, None),
        ({"ratio": 1.4, "definition_version": "7.2"}, "computed on definition 7.2 instead of 7.1"),
        ({"source_vintage": "2024"}, "vintage 2024 restates what vintage 2023 said"),
        (
            {"base_source": "q28_respondents", "is_headline": False},
            "bases are q28_respondents instead of reported; another basis has become the headline one",
        ),
    ],
)
def test_a_changed_figure_says_what_about_its_making_changed(changed: dict[str, Any], because: str | None) -> None:
    found = diff._change(FIGURE, FIGURE | changed)
    assert (found.kind, found.because) == ("changed", because)
    assert found.values == {column: (FIGURE[column], value) for column, value in changed.items()}


def test_what_came_and_went_needs_no_reason() -> None:
    assert diff._change(None, FIGURE).because is diff._change(FIGURE, None).because is None


def test_a_change_over_the_years_is_a_comparison() -> None:
    """It moves when the earlier year does, and is no change of this one."""
    moved = {
        "change_1y": 0.9,
        "change_3y_low": 0.8,
        "change_status": "ok",
        "change_reason": "There is no figure of 31 March 2021.",
    }
    assert diff._change(FIGURE, FIGURE | moved).values == {}


def test_the_text_writes_out_a_hundred_figures_and_counts_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two releases that share little differ in hundreds of thousands."""
    key = {"org_code": "R0A", "wres_year": 2025, "slice": "all", "basis": "return", "period_kind": "annual"}
    key |= {"organisation_basis": "as_reported", "as_at": "2025-03-31"}
    changes = [
        diff.Change("changed", key | {"indicator_code": code}, {"ratio": (1, 2)}) for code in ["2"] * 150 + ["DR"] * 7
    ]
    monkeypatch.setattr(diff, "diff", lambda *_: diff.Difference(1, 2, tuple(changes), 0, (), ()))
    lines = CliRunner().invoke(cli.main, ["diff", "1", "2"]).stdout.splitlines()
    assert lines[0] == "release 1 to release 2: 157 figures changed"
    assert sum(line.startswith("changed: R0A") for line in lines) == 100
    assert lines[-1] == "and 57 more (indicator 2: 50, indicator DR: 7); --json lists all."
