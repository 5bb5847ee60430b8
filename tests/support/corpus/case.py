"""A bad file: how it is made, what becomes of it, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import feeds

# What becomes of a file: refused as a whole; taken without the rows that are set aside; taken; passed over as no feed.
Verdict = Literal["rejected", "rows set aside", "accepted", "passed over"]
Make = Callable[[Path], object]
CASES: list[Case] = []


@dataclass(frozen=True)
class Case:
    """One file of the corpus.

    Attributes:
        theme: heading under which the page lists it.
        what: what is wrong with it, in words.
        source, file: where it is dropped, and under which name.
        make: writes it to a path.
        verdict: what becomes of it.
        says: words that stand in what is said of it: rule, place, value, reason, what to do.
        archived: whether a copy of it is kept; False for what cannot be read.
    """

    theme: str
    what: str
    source: str
    file: str
    make: Make
    verdict: Verdict
    says: tuple[str, ...]
    archived: bool = True

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class Theme:
    """A heading of the page, and the decorator that puts a builder under it."""

    name: str

    def __call__(
        self, source: str, file: str, verdict: Verdict, *says: str, archived: bool = True
    ) -> Callable[[Make], Make]:
        """The builder's docstring is what is wrong with the file."""

        def add(make: Make) -> Make:
            what = " ".join((make.__doc__ or "").split()).removesuffix(".")
            CASES.append(Case(self.name, what, source, file, make, verdict, says, archived))
            return make

        return add


def table(name: str, count: int = 110, first: int = 1, **changes: str) -> str:
    """Sound rows of a tidy feed as CSV, the cells named in ``changes`` replaced in the row on line 5.

    Of 110 rows one may be set aside and the others stay; of fewer, one is more than 1%.
    """
    rows = feeds.sound(name, first + count)[first:]
    rows[min(3, count - 1)].update(changes)
    return feeds.text(name, rows)


def counts(first: int, count: int = 4, **changes: str) -> str:
    """Head counts of organisations that no other case has."""
    return table("workforce_counts__headcount", count, first, **changes)


def write(path: Path, text: str | Sequence[str], encoding: str = "utf-8") -> None:
    path.write_bytes((text if isinstance(text, str) else "\r\n".join(text)).encode(encoding))
