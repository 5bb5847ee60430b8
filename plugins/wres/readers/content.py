"""Opening a file: what it really is (by its bytes, not its name), and its cells or its text."""

from __future__ import annotations

import codecs
import csv
import difflib
import fnmatch
import io
import re
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from wres.problems import FileRejected, Problem, column_index
from wres.registry import Layout

Row = tuple[str | int | None, ...]
# Far above any official workbook (the largest unpacks to 30 MB): what is larger is an attack or a mistake.
_LARGEST_UNPACKED = 1_000_000_000
_HEAD_ROWS = 10
BLOCK = 1 << 19
_BLOCK_ROWS = 5000
_LONGEST_LINE = 20_000_000
_DOWNLOAD_AGAIN = "Download the file again from the publisher and send it unchanged."


@dataclass
class Workbook:
    """Sheets by name; each a list of rows of cells from A1 on, empty cells as ''."""

    sheets: dict[str, list[list[Any]]]
    path: Path

    def restore(self, sheet: str) -> None:
        """Put back what the parser leaves out of a sheet: errors (``#DIV/0!``), and formulas that were never calculated.

        Without it a figure that Excel could not work out would look like one that nobody gave.
        """
        cells = self.sheets[sheet]
        for row, column, text in _left_out(self.path, sheet) if zipfile.is_zipfile(self.path) else ():
            if row < len(cells) and column < len(cells[row]):
                cells[row][column] = text


@dataclass(frozen=True)
class Text:
    """A delimited text file, decoded as it is read."""

    path: Path

    def blocks(self) -> Iterator[str]:
        """The text in blocks of about half a megabyte, each ending where a line ends (in LF, CR LF or CR).

        Raises:
            FileRejected: bytes that are not UTF-8, NUL characters, or a line that no table has.
        """
        decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        rest = ""
        with self.path.open("rb") as file:
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
            value=line.decode("cp1252", errors="replace").rstrip("\r\n")[:200],
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
        with self.path.open(encoding="latin-1", newline="") as file:
            lines = enumerate((line.encode("latin-1") for line in file), start=1)
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
        stamped = stamp.split(",")
        rows = iter(self.rows)
        while part := list(islice(rows, _BLOCK_ROWS)):
            self.count += len(part)
            yield csv_text((number, *stamped, sheet, *cells) for sheet, number, *cells in part)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV that Postgres reads as they are; nothing between two commas is null."""
    text = io.StringIO(newline="")
    # With both characters in its line end, the writer quotes every cell that holds either.
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def open_content(path: Path) -> Content:
    """Open a file by what its first bytes say it is.

    Raises:
        FileRejected: empty, a web page, password-protected, damaged, or far too large inside.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise _unreadable("F01", "the file is empty", _DOWNLOAD_AGAIN)
    if re.match(rb"\s*(<!doctype|<html|<\?xml|<head|<body|<script)", head.removeprefix(b"\xef\xbb\xbf"), re.IGNORECASE):
        raise _unreadable(
            "F01",
            "the file is a web page (HTML), whatever its name says: a link's page was saved in place of the file",
            "Open the link in a browser, sign in if it asks, and download the file itself.",
        )
    if head.startswith(b"PK"):
        return _open_workbook(path, zipped=True)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _open_workbook(path, zipped=False)
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".xlsb"):
        raise _unreadable("F01", "the file is named as a workbook but is none", _DOWNLOAD_AGAIN)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable("F03", "the file is UTF-16, not UTF-8", "Save the file as 'CSV UTF-8' and send it again.")
    return Text(path)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _open_workbook(path: Path, *, zipped: bool) -> Workbook:
    import pandas as pd

    if zipped:
        try:
            with zipfile.ZipFile(path) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
                is_workbook = any(name.startswith("xl/") or name == "mimetype" for name in archive.namelist())
        except (zipfile.BadZipFile, OSError) as error:
            raise _unreadable("F02", "the workbook is damaged or was cut off in transfer", _DOWNLOAD_AGAIN) from error
        if not is_workbook:
            raise _unreadable(
                "F01", "the file is a ZIP archive, not a workbook", "Unpack it and send the files that are inside."
            )
        if unpacked > _LARGEST_UNPACKED:
            raise _unreadable(
                "F02", f"the workbook unpacks to {unpacked / 1e9:.1f} GB, more than is read", _DOWNLOAD_AGAIN
            )
    elif "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        raise _unreadable(
            "F04", "the workbook is protected with a password", "Save it without a password and send it again."
        )
    try:
        frames = pd.read_excel(path, sheet_name=None, header=None, dtype=object, na_filter=False, engine="calamine")
    except Exception as error:  # the parser raises many kinds; all mean the same to the sender
        raise _unreadable(
            "F02", f"the workbook is damaged or was cut off in transfer ({str(error)[:120]})", _DOWNLOAD_AGAIN
        ) from error
    return Workbook({str(name): frame.to_numpy(dtype=object).tolist() for name, frame in frames.items()}, path)


def _left_out(path: Path, sheet: str) -> Iterator[tuple[int, int, str]]:
    """0-based row and column, and text, of each cell of an .xlsx sheet that has an error or a formula without a value.

    The parser has opened the workbook before, and within its limits; expat bounds what entities may expand to.
    """
    with zipfile.ZipFile(path) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            return
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        named = (of for of in book.iterfind(".//{*}sheets/{*}sheet") if of.get("name") == sheet)
        ids = {value for of in named for key, value in of.items() if key.endswith("}id")}
        target = next((str(link.get("Target")) for link in links if link.get("Id") in ids), None)
        if target is None:
            return
        with archive.open(target[1:] if target.startswith("/") else f"xl/{target}") as content:
            for _, cell in ElementTree.iterparse(content):  # noqa: S314
                place = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r", "")) if cell.tag.endswith("}c") else None
                if place is None:
                    continue
                value, formula = cell.findtext("{*}v"), cell.findtext("{*}f")
                text = value if cell.get("t") == "e" else None
                if formula is not None and not value and cell.get("t") != "str":
                    text = f"={formula}"
                if text:
                    yield int(place[2]) - 1, column_index(place[1]), text


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
    """The candidate most like a text (case ignored), for messages; None when nothing comes close."""
    known = {candidate.casefold(): candidate for candidate in candidates}
    found = difflib.get_close_matches(text.casefold(), known, n=1, cutoff=0.5)
    return known[found[0]] if found else None


def name_fits(layout: Layout, name: str) -> bool:
    """Whether a file's name is one the layout expects (case ignored)."""
    return any(fnmatch.fnmatch(name.lower(), pattern.lower()) for pattern in layout.files)


def period_from_text(layout: Layout, text: str) -> str | None:
    """``2024`` or ``2024-06`` by the layout's pattern with groups ``year`` and perhaps ``month``."""
    if layout.period.pattern is None:
        return None
    found = re.search(layout.period.pattern, text)
    if found is None:
        return None
    parts = found.groupdict()
    return f"{parts['year']}-{parts['month']}" if parts.get("month") else parts["year"]


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


def _unreadable(rule: str, message: str, action: str) -> FileRejected:
    return FileRejected(Problem(rule=rule, scope="file", message=message, action=action))
