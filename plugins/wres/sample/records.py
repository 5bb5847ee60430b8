"""CSV text from arrays, without a Python object for a row: columns of fixed width whose padding is then removed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Text = npt.NDArray[np.bytes_]

_DIGITS = np.array([f"{number:03d}" for number in range(1000)], dtype="S3")
# Every day a synthetic career may touch, as text; the last element is an empty cell.
_EARLIEST, _LATEST = date(1975, 1, 1), date(2049, 12, 31)
_DATES = np.array(
    [
        *(str(_EARLIEST + timedelta(days=day)) for day in range((_LATEST - _EARLIEST).days + 1)),
        "",
    ],
    dtype="S10",
)


def day(of: date) -> int:
    """Days since 1 January 1970."""
    return (of - date(1970, 1, 1)).days


def table(cells: Sequence[str]) -> Text:
    """Cells to take from by position. Every cell may be written as it is: no commas, quotes or line ends."""
    return np.array([cell.encode("ascii") for cell in cells])


def dates(days: npt.NDArray[np.integer]) -> Text:
    """ISO dates of days since 1970; an empty cell where the day is before 1975."""
    places = days.astype(np.int64) - day(_EARLIEST)
    return _DATES.take(np.where(places < 0, len(_DATES) - 1, places))


def numbers(prefix: str, values: npt.NDArray[np.integer], digits: int = 9) -> list[Text | str]:
    """Parts of a cell: the prefix and so many digits, a multiple of three."""
    thirds = [_DIGITS.take(values // 1000**place % 1000) for place in reversed(range(digits // 3))]
    return [prefix, *thirds]


def csv_text(header: str, rows: Iterable[Iterable[object]]) -> bytes:
    """A small CSV file from rows of any values."""
    text = io.StringIO()
    text.write(header)
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("ascii")


def lines(count: int, *cells: Text | str | list[Text | str]) -> bytes:
    """``count`` lines of CSV. A cell is a column, one text for all lines, or a list of both that are joined."""
    parts: list[Text | str] = []
    for cell in cells:
        parts += [*(cell if isinstance(cell, list) else [cell]), ","]
    parts[-1] = "\n"
    # Constant parts that follow one another are one.
    joined: list[Text | bytes] = []
    for part in parts:
        if not isinstance(part, str):
            joined.append(part)
        elif joined and isinstance(joined[-1], bytes):
            joined[-1] += part.encode("ascii")
        elif part:
            joined.append(part.encode("ascii"))
    kinds = [f"S{len(column)}" if isinstance(column, bytes) else column.dtype.str for column in joined]
    text = np.empty(count, dtype=[(f"part_{place}", kind) for place, kind in enumerate(kinds)])
    for place, column in enumerate(joined):
        text[f"part_{place}"] = column
    return text.tobytes().translate(None, b"\0")
