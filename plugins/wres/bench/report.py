"""Figures of a benchmark with their targets, as tables of Markdown, and the page that they stand on."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wres.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How large the made-up feeds are: trusts, their mean staff, and the years that have four quarters each.

    ``other_rows`` is how many rows the slow alternatives get: their rate is compared, nobody waits for the rest.
    """

    name: str
    trusts: int
    staff: int
    first_year: int
    last_year: int
    people: int
    other_rows: int


QUICK = Size("quick", trusts=12, staff=3300, first_year=2022, last_year=2024, people=40_000, other_rows=20_000)
NATIONAL = Size(
    "national", trusts=215, staff=7000, first_year=2022, last_year=2024, people=1_500_000, other_rows=200_000
)


@dataclass(frozen=True)
class Figure:
    """One figure, with what it should be at most or at least where that is asked for, and why it is missed."""

    what: str
    value: float
    unit: str = "s"
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        return not (
            (self.most is not None and self.value > self.most) or (self.least is not None and self.value < self.least)
        )

    def row(self) -> str:
        bound = self.most if self.most is not None else self.least
        target = "" if bound is None else f"{'≤' if self.most is not None else '≥'} {bound:g} {self.unit}"
        verdict = "" if bound is None else "met" if self.met else "missed"
        verdict = f"{verdict}: {self.note}" if verdict == "missed" and self.note else verdict
        return f"| {self.what} | {shown(self.value)} {self.unit} | {target} | {verdict} |"


def shown(value: float) -> str:
    """A figure with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def figures(rows: Sequence[Figure]) -> str:
    """The table of figures with target and verdict."""
    return "\n".join(["| What | Measured | Target | Verdict |", "|---|---:|---:|---|", *(row.row() for row in rows)])


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A plain table: the first column is text, the others are numbers."""
    lines = [" | ".join(head), "|".join(["---", *["---:"] * (len(head) - 1)])]
    lines += [" | ".join(shown(cell) if isinstance(cell, float) else f"{cell}" for cell in row) for row in rows]
    return "\n".join(f"| {line} |" if index != 1 else f"|{line}|" for index, line in enumerate(lines))


def machine() -> str:
    """What the figures were measured on, without a name."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"


def write_block(settings: Settings, part: str, size: Size, text: str) -> Path:
    """Put a part's tables between its markers in ``docs/performance.md``; returns the page's path.

    Raises:
        ValueError: the page has no such markers.
    """
    page = settings.project / "docs" / "performance.md"
    begin, end = f"<!-- bench {part} {size.name} -->", f"<!-- end of bench {part} {size.name} -->"
    before, begins, rest = page.read_text().partition(begin)
    _, ends, after = rest.partition(end)
    if not begins or not ends:
        raise ValueError(f"{page} has no markers {begin} and {end}.")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")
    return page
