"""A program of its own: the cells of one workbook as JSON, within limits of memory and time.

What a workbook takes to open cannot be told from its size: a few kilobytes may unpack to gigabytes, or hold one cell in
the last corner of a sheet, and its parser may give up in ways that no exception shows. So the program that reads it is
another one, which may die. It is run by path and imports nothing of the project, which keeps it quick to start.

    python cells.py PATH MEGABYTES SECONDS

It prints ``[name, rows]`` for each sheet, a line each, every row as wide as its sheet, empty cells as ''. Its exit code
says why where it prints none.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import python_calamine

DAMAGED, PROTECTED, TOO_LARGE = 3, 4, 5
# What is read is held as Python objects by the program that asks: a cell takes about a hundred bytes there. The largest
# official workbook has 300,000.
MOST_CELLS = 5_000_000


def main(path: str, megabytes: int, seconds: int) -> int:
    """Print the sheets; returns the exit code. Past a limit of the system the process is ended from outside."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    try:
        return _print_sheets(path, most_printed=megabytes << 18)
    except MemoryError:
        return TOO_LARGE
    except python_calamine.PasswordError:
        return PROTECTED
    except BaseException as error:  # noqa: BLE001 - a panic of the parser is no Exception; all mean the same to the sender
        sys.stderr.write(f"\n{type(error).__name__}: {error}")
        return DAMAGED


def _print_sheets(path: str, most_printed: int) -> int:
    # Given a path, the parser would believe the name's ending.
    book = python_calamine.load_workbook(io.BytesIO(Path(path).read_bytes()))
    if not book.sheet_names:
        raise ValueError("it has no sheets")
    cells = printed = 0
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        cells += sheet.total_height * sheet.total_width
        if cells > MOST_CELLS:
            return TOO_LARGE
        rows = [[_plain(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
        for row, column, text in _left_out(path, name) if zipfile.is_zipfile(path) else ():
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = text
        line = json.dumps([_plain(name), rows], default=_moment)
        printed += len(line)
        if printed > most_printed:
            return TOO_LARGE
        print(line)
    return 0


def _plain(cell: Any) -> Any:
    """Whole numbers without a decimal point, and text without the NUL characters that Postgres refuses."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else cell
    return cell.replace("\0", "�") if isinstance(cell, str) else cell


def _moment(cell: object) -> str:
    """Dates and times as ISO; a date alone is the midnight that the spreadsheet holds."""
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return f"{cell.isoformat()}T00:00:00"
    return cell.isoformat() if isinstance(cell, datetime | time) else str(cell)


def _left_out(path: str, sheet: str) -> Iterator[tuple[int, int, str]]:
    """0-based row and column, and text, of what the parser leaves out of an .xlsx sheet: errors (``#DIV/0!``), and formulas
    that were never calculated. Without it a figure that Excel could not work out would look like one that nobody gave.
    """
    with zipfile.ZipFile(path) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            return
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - within the limits above
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        named = (of for of in book.iterfind(".//{*}sheets/{*}sheet") if of.get("name") == sheet)
        ids = {value for of in named for key, value in of.items() if key.endswith("}id")}
        target = next((str(link.get("Target")) for link in links if link.get("Id") in ids), None)
        if target is None:
            return
        member = target[1:] if target.startswith("/") else f"xl/{target}"
        # Most workbooks have neither, and a search of the text is quick.
        if not re.search(rb"""<(\w+:)?f[ />]|\bt=["']e["']""", archive.read(member)):
            return
        with archive.open(member) as content:
            for _, cell in ElementTree.iterparse(content):  # noqa: S314
                if not cell.tag.endswith("}c"):
                    continue
                place = re.fullmatch(r"([A-Z]+)([1-9]\d*)", cell.get("r", ""), re.ASCII)
                value, formula = cell.findtext("{*}v"), cell.findtext("{*}f")
                text = value if cell.get("t") == "e" else None
                if formula is not None and not value and cell.get("t") != "str":
                    text = f"={formula}"
                if place and text:
                    yield int(place[2]) - 1, _column_index(place[1]), text
                cell.clear()


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = 26 * index + ord(letter) - 64
    return index - 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
