"""What a file holds, cells or text, and what readers make of it; headers, codes and periods as all readers compare them."""

from __future__ import annotations

import codecs
import csv
import difflib
import fnmatch
import io
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from wres.problems import FileRejected, Problem
from wres.readers.packed import unpacked
from wres.registry import Layout

Row = tuple[str | int | None, ...]
_HEAD_ROWS = 10
_COMPARED = 500
_CODE = re.compile(r"[A-Za-z0-9]{1,20}")
BLOCK = 1 << 19
_BLOCK_ROWS = 5000
_MOST_QUOTED = 100_000
_PLAIN = re.compile(r"[0-9A-Za-z.-]+", re.ASCII)
_LONGEST_LINE = 20_000_000


@dataclass
class Workbook:
    """Sheets by name; each a list of rows of cells from A1 on, empty cells as ''."""

    sheets: dict[str, list[list[Any]]]


@dataclass(frozen=True)
class Text:
    """A delimited text file, unpacked and decoded as it is read."""

    path: Path

    def blocks(self) -> Iterator[str]:
        """The text in blocks of about half a megabyte, each ending where a line ends (in LF, CR LF or CR).

        Raises:
            FileRejected: bytes that are not UTF-8, NUL characters, or a line that no table has.
        """
        decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        rest = ""
        with unpacked(self.path) as file:
            while True:
                raw = file.read(BLOCK)
                try:
                    text = decoder.decode(raw, final=not raw)
                except UnicodeDecodeError as error:
                    raise FileRejected(self._undecodable()) from error
                if "\0" in text:
                    raise FileRejected(self._nul())
                text = rest + text
                if not raw:
                    if text:
                        yield text
                    return
                # A \r at the very end may be half of a \r\n.
                end = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
                if end:
                    yield text[:end]
                rest = text[end:]
                if len(rest) > _LONGEST_LINE:
                    raise FileRejected(self._endless())

    def _undecodable(self) -> Problem:
        number, line = self._first(lambda line: not _is_utf8(line))
        return Problem(
            rule="F03",
            scope="file",
            row=number,
            value=line.decode("cp1252", errors="replace").rstrip("\r\n"),
            message="the line is not UTF-8; the file seems to come from a program that saves as Windows-1252",
            action="Save the file as 'CSV UTF-8' and send it again.",
        )

    def _nul(self) -> Problem:
        return Problem(
            rule="F03",
            scope="file",
            row=self._first(lambda line: b"\0" in line)[0],
            message="the file holds NUL characters: it is binary or UTF-16",
            action="Save the file as 'CSV UTF-8' and send it again.",
        )

    def _endless(self) -> Problem:
        return Problem(
            rule="F02",
            scope="file",
            row=self._first(lambda line: len(line) > _LONGEST_LINE)[0],
            message=f"the line has more than {_LONGEST_LINE:,} characters: this is no table",
            action="Export the file again as 'CSV UTF-8'.",
        )

    def _first(self, is_bad: Callable[[bytes], bool]) -> tuple[int, bytes]:
        """Number and bytes of the first line that is bad: reading goes by blocks and cannot name it."""
        with unpacked(self.path) as raw, io.TextIOWrapper(raw, encoding="latin-1", newline="") as file:
            # What follows in a line that is longer than any is of no use, and may be gigabytes.
            pieces = iter(lambda: file.readline(_LONGEST_LINE + 1), "")
            lines = enumerate((piece.encode("latin-1") for piece in pieces), start=1)
            return next((number, line) for number, line in lines if is_bad(line))


Content = Workbook | Text


@dataclass
class Batch(ABC):
    """Rows of one file, ready for ``COPY``.

    Attributes:
        layout: the layout that fitted.
        period: ``2024`` (survey year) or ``2024-06``; the newest of a file that holds several.
        warnings: problems that do not stop the file.
        is_synthetic: whether the file is marked as made up outside its rows (a title, a sheet of notes).
        count: rows so far.
        unstamped: whether rows went by before the period was known that they are to carry.
    """

    layout: Layout
    period: str
    warnings: list[Problem] = field(default_factory=list)
    is_synthetic: bool = False
    count: int = 0
    unstamped: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Raw columns in the order in which ``blocks`` gives them."""
        return self.layout.raw_columns

    @property
    @abstractmethod
    def contents(self) -> set[tuple[str, str]]:
        """The (period, organisation) pairs that the file states, once ``blocks`` is consumed.

        The organisation is ``*`` for a file that states its period as a whole.
        """

    @abstractmethod
    def blocks(self, stamp: str) -> Iterator[str]:
        """The rows as CSV text for ``COPY``: row number, the stamp's fields, sheet, ``columns``. Consumed once; read lazily.

        Args:
            stamp: fields that are the same in every row (load and file), as CSV.

        Raises:
            FileRejected: with all that is wrong, when the end is reached.
        """


@dataclass
class CellRows(Batch):
    """Rows of a workbook, built cell by cell.

    Attributes:
        rows: tuples (sheet, row number, *the layout's raw columns), lazily.
        organisations: organisation codes the file states, filled while the rows are consumed.
    """

    rows: Iterable[Row] = ()
    organisations: set[str] = field(default_factory=set)

    @property
    def contents(self) -> set[tuple[str, str]]:
        return {(self.period, organisation) for organisation in self.organisations}

    def blocks(self, stamp: str) -> Iterator[str]:
        quoted = _Quoted()
        rows = iter(self.rows)
        while part := list(islice(rows, _BLOCK_ROWS)):
            self.count += len(part)
            yield "".join(
                f"{number},{stamp},{quoted[sheet]},{','.join(map(quoted.__getitem__, cells))}\r\n"
                for sheet, number, *cells in part
            )


class _Quoted(dict[str | int | None, str]):
    """Each cell as CSV has it, worked out once: most are headers and names that stand in thousands of rows."""

    def __missing__(self, cell: str | int | None) -> str:
        if len(self) > _MOST_QUOTED:
            self.clear()
        plain = isinstance(cell, str) and _PLAIN.fullmatch(cell)
        self[cell] = text = str(cell) if plain else csv_text([[cell, ""]]).removesuffix(",\r\n")
        return text


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV that Postgres reads as they are; nothing between two commas is null."""
    text = io.StringIO(newline="")
    # With both characters in its line end, the writer quotes every cell that holds either.
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def marked(workbook: Workbook, marker: str) -> bool:
    """Whether a marker stands in the head of any sheet, where titles and notes are."""
    heads = (cell for cells in workbook.sheets.values() for row in cells[:_HEAD_ROWS] for cell in row)
    return any(isinstance(cell, str) and marker in cell for cell in heads)


def cell_text(value: Any) -> str | None:
    """A cell as text, nothing lost: numbers at full precision, dates as ISO, empty as None."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.replace("\0", "�")
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def normalise(text: Any) -> str:
    """A header as it is compared: white space folded, case ignored."""
    return re.sub(r"\s+", " ", str(text)).strip().casefold()


def nearest(text: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like a text (case ignored), for messages; None when nothing comes close, or where there are so many
    candidates that none is worth the time.
    """
    known = {candidate.casefold(): candidate for candidate in candidates}
    found = difflib.get_close_matches(text.casefold(), known, n=1, cutoff=0.5) if len(known) <= _COMPARED else ()
    return known[found[0]] if found else None


def name_fits(layout: Layout, name: str) -> bool:
    """Whether a file's name is one the layout expects (case ignored)."""
    return any(fnmatch.fnmatch(name.lower(), pattern.lower()) for pattern in layout.files)


def period_from_text(layout: Layout, text: str) -> str | None:
    """``2024`` or ``2024-06`` by the layout's pattern with groups ``year`` and perhaps ``month``."""
    if layout.period.pattern is None:
        return None
    found = re.search(layout.period.pattern, text, re.ASCII)
    if found is None:
        return None
    parts = found.groupdict()
    return f"{parts['year']}-{parts['month']}" if parts.get("month") else parts["year"]


def malformed_code(code: str) -> Problem | None:
    """The problem of an organisation code that looks like one and is another; None where the code may stand.

    A letter of another alphabet, or a sign that nobody sees, would make an organisation of its own, without a name. A code
    without any letter or digit is for the gate: it is missing.
    """
    if _CODE.fullmatch(code) or not any(sign.isalnum() for sign in code):
        return None
    strange = next((sign for sign in code if not (sign.isascii() and sign.isalnum())), "")
    name = unicodedata.name(strange, f"U+{ord(strange):04X}") if strange else ""
    return Problem(
        rule="V12",
        scope="file",
        value=code,
        message=f"the organisation code holds a sign that no code has ({name.lower()})"
        if strange
        else f"the organisation code has {len(code):,} characters, where codes have three to five",
        action="Type the code anew, with letters from A to Z and digits alone.",
    )


def period_missing(layout: Layout, example: str, told: str | None = None) -> Problem:
    """The problem of a file of which nobody can say when it is from, or of which a period is ``told`` that is none."""
    message = "neither the file's content nor its name says which period it is from"
    if told and layout.period.step == "quarter":
        message = f"the period {told} is not the last month of a quarter (03, 06, 09 or 12)"
    return Problem(
        rule="F05",
        scope="file",
        message=message,
        action=f"Give it with --period (such as {example}), or put it into the file's name or its folder's, as in "
        f"{layout.files[0].replace('*', '_' + example) if layout.files else example}.",
    )
