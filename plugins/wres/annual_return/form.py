"""The lines of a return, in the order of the form: staff (14 + 14 + 5 rows), appointments, processes, training, survey, board."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from wres.annual_return.figures import SURVEY_INDICATORS, Figures
from wres.rules import seed_file
from wres.settings import Settings

HEADER = (
    "org_code", "wres_year", "indicator", "slice", "data_item", "white", "bme", "unknown", "total", "supplied_value", "note",
)  # fmt: skip
SYNTHETIC = "SYNTHETIC"
GROUPS = ("white", "bme", "unknown")
BLOCKS = ("non_clinical", "clinical_non_medical", "medical_dental")
BOARD = ("board.total", "board.voting", "board.non_voting", "board.executive", "board.non_executive")
_NO_FIGURE = "The release has no figure."

Number = int | float | None
Figure = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of the feed: an indicator, slice (empty means all) and data item, with the number of each group.

    Attributes:
        white, bme, unknown: counts; for indicators 5 to 8 percentages (0 to 100) at the survey's precision. None is an empty
            cell: nobody knows.
        supplied: the percentage, ratio or difference in points that follows from the counts, rounded as on the form.
        note: why cells are empty, and that the line is made up if it is.
    """

    org_code: str
    wres_year: int
    indicator: str
    slice: str
    data_item: str
    white: Number
    bme: Number
    unknown: Number
    supplied: Number
    note: str

    @property
    def total(self) -> Number:
        """Sum of the groups, where each is known and it is a sum of people."""
        if self.data_item == "pct" or self.white is None or self.bme is None or self.unknown is None:
            return None
        return self.white + self.bme + self.unknown

    @property
    def empty_cells(self) -> int:
        """How many cells are still to be filled in."""
        groups = GROUPS[:2] if self.data_item == "pct" else GROUPS
        return sum(getattr(self, group) is None for group in groups)

    def cells(self) -> tuple[str | Number, ...]:
        """The line as cells, in the order of ``HEADER``."""
        return (
            self.org_code, self.wres_year, self.indicator, self.slice, self.data_item, self.white, self.bme, self.unknown,
            self.total, self.supplied, self.note,
        )  # fmt: skip


def lines(settings: Settings, figures: Figures) -> tuple[Line, ...]:
    """All lines of a return; what the release does not know is an empty cell with the reason beside it."""
    rows = form_rows(settings)
    return tuple(
        Line(figures.org_code, figures.wres_year, indicator, "" if slice_ == "all" else slice_, item, *numbers, note)
        for indicator, slice_, item, numbers, note in _items(figures, rows)
    )


def form_rows(settings: Settings) -> list[str]:
    """Slices of indicator 1 that a return has a row for: those of the pay rows, but for pay outside the bands."""
    with seed_file(settings, "pay_row").open(newline="", encoding="utf-8") as file:
        known = [row for row in csv.DictReader(file) if row["pay_row"] != "other_pay"]
    return [
        f"{block}.{row['pay_row']}"
        for block in BLOCKS
        for row in known
        if (row["is_medical"] == "true") == (block == "medical_dental")
    ]


_Item = tuple[str, str, str, tuple[Number, Number, Number, Number], str]


def _items(figures: Figures, rows: list[str]) -> Iterator[_Item]:
    of = figures.by_slice
    mark = SYNTHETIC if figures.is_synthetic else ""

    def item(
        indicator: str, slice_: str, name: str, numbers: list[Number], supplied: Number, figure: Figure | None
    ) -> _Item:
        note = "" if None not in numbers else (figure and figure["status_reason"]) or _NO_FIGURE
        return indicator, slice_, name, (*numbers, supplied), " ".join(filter(None, (mark, note)))  # type: ignore[return-value]

    def counts(indicator: str, slice_: str, name: str, what: str, supplied: str = "", places: int = 2) -> _Item:
        figure = of.get((indicator, slice_))
        numbers = [_number(figure, what.format(group)) for group in GROUPS]
        value = _rounded(figure[supplied], places) if figure and supplied and None not in numbers else None
        return item(indicator, slice_, name, numbers, value, figure)

    def workforce(indicator: str, slice_: str, what: str) -> _Item:
        """Staff as the indicator counts them, or, while it has no figure, as indicator 1 does."""
        own, staff = of.get((indicator, slice_)), of.get(("1", "all"))
        numbers = [_number(own, what.format(group)) for group in GROUPS]
        if None in numbers:
            numbers = [_number(staff, f"{group}_count") for group in GROUPS]
        return item(indicator, "all", "workforce", numbers, None, staff)

    for row in rows:
        yield counts("1", row, "headcount", "{}_count", "bme_pct", 1)
    for slice_ in ("all", "excluding_international", "clinical", *BLOCKS, *rows):
        if slice_ == "all" or _is_given(of.get(("2", slice_)), somebody=slice_ in rows):
            yield counts("2", slice_, "shortlisted", "{}_base")
            yield counts("2", slice_, "appointed", "{}_count", "ratio")
    for indicator, name in (("3", "entered_disciplinary"), ("4", "accessed_training")):
        yield workforce(indicator, "all", "{}_base")
        yield counts(indicator, "all", name, "{}_count", "ratio")
    for indicator in SURVEY_INDICATORS:
        figure = of.get((indicator, "all"))
        rates: list[Number] = [figure[f"{group}_pct"] if figure else None for group in GROUPS[:2]]
        note = "" if figure else "The survey has no result for the organisation."
        yield indicator, "all", "pct", (*rates, None, None), " ".join(filter(None, (mark, note)))  # type: ignore[misc]
    for view in BOARD:
        yield counts("9", view, "members", "{}_count", "gap_points", 1)
    yield workforce("9", "board.total", "workforce_{}_count")


def _is_given(figure: Figure | None, *, somebody: bool) -> bool:
    """Whether a part of indicator 2 has a line: all of it is known; for a row of pay, somebody was shortlisted as well."""
    bases = [figure and figure[f"{group}_base"] for group in GROUPS]
    return None not in bases and (any(bases) or not somebody)


def _number(figure: Figure | None, column: str) -> Number:
    """A count as a spreadsheet holds it; the halves of an averaged indicator 3 stay halves."""
    count: Decimal | None = figure[column] if figure else None
    if count is None:
        return None
    return int(count) if count == int(count) else float(count)


def _rounded(value: float | None, places: int) -> Number:
    """Half away from zero, as on the form."""
    if value is None:
        return None
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
