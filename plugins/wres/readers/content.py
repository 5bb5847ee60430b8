"""Opening a file: what it really is (by its bytes, not its name), and its cells or its text."""

from __future__ import annotations

import difflib
import fnmatch
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from wres.problems import FileRejected, Problem
from wres.registry import Layout

Row = tuple[str | int | None, ...]
# Far above any official workbook (the largest unpacks to 30 MB): what is larger is an attack or a mistake.
_LARGEST_UNPACKED = 1_000_000_000
_HEAD_ROWS = 10
_DOWNLOAD_AGAIN = "Download the file again from the publisher and send it unchanged."


@dataclass
class Workbook:
    """Sheets by name; each a list of rows of cells from A1 on, empty cells as ''."""

    sheets: dict[str, list[list[Any]]]


@dataclass(frozen=True)
class Text:
    """A delimited text file, decoded as it is read."""

    path: Path

    def lines(self) -> Iterator[str]:
        """Decoded lines with their ends, for a csv reader; undecodable bytes raise ``FileRejected``."""
        with self.path.open("r", encoding="utf-8-sig", newline="", errors="strict") as file:
            number = 0
            while True:
                try:
                    line = next(file)
                except StopIteration:
                    return
                except UnicodeDecodeError as error:
                    raise FileRejected(self._undecodable()) from error
                number += 1
                if "\0" in line:
                    raise FileRejected(
                        Problem(
                            rule="F03",
                            scope="file",
                            row=number,
                            message="the file holds NUL characters: it is binary or UTF-16",
                            action="Save the file as 'CSV UTF-8' and send it again.",
                        )
                    )
                yield line

    def _undecodable(self) -> Problem:
        """The first line that is not UTF-8, shown as Windows would: decoding goes by blocks and cannot name it."""
        lines = enumerate(self.path.read_bytes().splitlines(), start=1)
        number, line = next((number, line) for number, line in lines if not _is_utf8(line))
        return Problem(
            rule="F03",
            scope="file",
            row=number,
            value=line.decode("cp1252", errors="replace")[:200],
            message="the line is not UTF-8; the file seems to come from a program that saves as Windows-1252",
            action="Save the file as 'CSV UTF-8' and send it again.",
        )


Content = Workbook | Text


@dataclass
class Batch:
    """Rows of one file, ready for ``COPY``.

    Attributes:
        layout: the layout that fitted.
        period: ``2024`` (survey year) or ``2024-06``.
        rows: tuples (sheet, row number, *the layout's raw columns), lazily; consumed once.
        organisations: organisation codes the file states, filled while ``rows`` is consumed; ``{'*'}`` for a file that
            states its period as a whole.
        warnings: problems that do not stop the file.
        is_synthetic: whether the file is marked as made up outside its rows (a title, a sheet of notes).
    """

    layout: Layout
    period: str
    rows: Iterable[Row]
    organisations: set[str] = field(default_factory=set)
    warnings: list[Problem] = field(default_factory=list)
    is_synthetic: bool = False


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
    return Workbook({str(name): frame.to_numpy(dtype=object).tolist() for name, frame in frames.items()})


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


def period_missing(layout: Layout, example: str) -> Problem:
    """The problem of a file of which nobody can say when it is from."""
    return Problem(
        rule="F05",
        scope="file",
        message="neither the file's content nor its name says which period it is from",
        action=f"Give it with --period (such as {example}), or put it into the file's name or its folder's, as in "
        f"{layout.files[0].replace('*', '_' + example) if layout.files else example}.",
    )


def _unreadable(rule: str, message: str, action: str) -> FileRejected:
    return FileRejected(Problem(rule=rule, scope="file", message=message, action=action))
