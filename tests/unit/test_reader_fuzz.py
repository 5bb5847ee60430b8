"""Readers on anything: whatever the bytes, the outcome is rows or the project's own list of problems, never another error.

The examples are the same in every run; each test says how many it tries.
"""

from __future__ import annotations

import copy
import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import feeds
import pytest
import workbooks
from corpus.sheets import returned
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from wres import readers, registry
from wres.problems import FileRejected, Problem
from wres.readers.content import Batch, Workbook
from wres.registry import Source
from wres.settings import settings

OF = replace(settings(), home=Path("unused"), workbook_megabytes=256, workbook_seconds=20)
SOURCES = registry.registry(OF)
HEADLESS = {
    "organisations__trust": ",".join(workbooks.trust("RAA")),
    "organisations__successor": ",".join(workbooks.successor("03A", "X2C4Y")),
    "organisations__workforce": ",".join(workbooks.WORKFORCE_HEADER) + "\r\n" + ",".join(workbooks.workforce("RAA")),
}
TEXTS = {table: feeds.text(table, feeds.sound(table, 6)) for table in feeds.TABLES} | HEADLESS
# What parsers stumble over: quotation marks, line ends, signs that nobody sees, numbers and dates that are none.
SPICE = [
    *(
        '"',
        '""',
        '","',
        "\r",
        "\n",
        "\r\n",
        "\0",
        "\ufeff",
        "\u2028",
        "\x1a",
        "\x85",
        ",",
        ",,,,",
        ";",
        "\t",
        "\\.",
        "\\",
    ),
    *("2024-02-30", "９９９９-12-31", "0000-00-00", "1e400", "NaN", "-0", "É", "\ud800", "🏥", "=1+1", "x" * 2000, "'"),
]


def examples(number: int) -> hypothesis_settings:
    return hypothesis_settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def rows_or_problems(source: Source, read: Callable[[], Batch]) -> None:
    """The batch is read to its end and is what Postgres takes, or the file is refused in words."""
    try:
        batch = read()
        text = "".join(batch.blocks("7,f00"))
    except FileRejected as refusal:
        assert refusal.problems
        for problem in refusal.problems:
            complete(problem)
        return
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) == batch.count > 0
    assert {len(row) for row in rows} == {4 + len(batch.columns)}
    assert "\0" not in text
    text.encode()
    assert batch.layout.period.holds(batch.period)
    assert {period for period, _ in batch.contents} <= {batch.period} | {row[4] for row in rows}
    for problem in batch.warnings:
        complete(problem)


def complete(problem: Problem) -> None:
    assert problem.rule
    assert len(problem.message) > 10
    assert problem.action.endswith(".")
    assert "\n" not in problem.sentence()
    assert len(problem.sentence()) < 1000
    problem.sentence().encode()


def whole(source: Source, path: Path) -> None:
    rows_or_problems(source, lambda: readers.read(OF, source, path, path.name, None))


@st.composite
def mutated(draw: st.DrawFn, content: bytes, most: int = 6) -> bytes:
    """The content with a few pieces removed, doubled, moved, overwritten or put in."""
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(content)))
        end = min(start + draw(st.sampled_from([0, 1, 1, 2, 8, 80, 4000])), len(content))
        put = draw(
            st.one_of(
                st.sampled_from(SPICE).map(lambda text: text.encode(errors="surrogatepass")),
                st.binary(max_size=8),
                st.just(content[start:end] * 2),
                st.just(b""),
            )
        )
        content = content[:start] + put + content[end:]
    return content


@examples(40)
@given(st.data())
@pytest.mark.parametrize("table", TEXTS)
def test_tables_that_were_changed(tmp_path: Path, table: str, data: st.DataObject) -> None:
    source = SOURCES[feeds.source_of(table)]
    path = tmp_path / f"{source.name}_2024-03.csv"
    path.write_bytes(data.draw(mutated(TEXTS[table].encode())))
    whole(source, path)


@examples(20)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode(errors="surrogatepass"))))
@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.name)
def test_any_bytes(tmp_path: Path, source: Source, content: bytes) -> None:
    path = tmp_path / "anything_2024-03.csv"
    path.write_bytes(content)
    whole(source, path)


# Workbooks: as packages, through the parser ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A small workbook of each kind."""
    folder = tmp_path_factory.mktemp("packages")
    returned(folder / "return.xlsx", "RAA", lambda book, page: page.write_formula(2, 5, "=60/0", value="#DIV/0!"))
    for name, book in BOOKS.items():
        book.write(folder / f"{name}.xlsx")
    return {path.stem: path.read_bytes() for path in folder.iterdir()}


def small(book: workbooks.Book) -> workbooks.Book:
    """Its first sheets: as good for a fuzzer, and much quicker."""
    return workbooks.Book(dict(list(book.sheets.items())[:3]))


BOOKS = {
    "benchmark": workbooks.benchmark(),
    "organisational": small(workbooks.detailed()),
    "national": small(workbooks.detailed("national")),
    "organisational_2018": workbooks.detailed_2018(),
}
OF_SOURCE = dict.fromkeys(BOOKS, "staff_survey") | {"return": "wres_return"}


@examples(12)
@given(st.data())
@pytest.mark.parametrize("kind", OF_SOURCE)
def test_packages_that_were_changed(tmp_path: Path, packages: dict[str, bytes], kind: str, data: st.DataObject) -> None:
    path = tmp_path / f"{OF_SOURCE[kind]}_2018.xlsx"
    path.write_bytes(data.draw(mutated(packages[kind], most=3)))
    whole(SOURCES[OF_SOURCE[kind]], path)


@examples(25)
@given(st.data())
@pytest.mark.parametrize("kind", OF_SOURCE)
def test_members_that_were_changed(tmp_path: Path, packages: dict[str, bytes], kind: str, data: st.DataObject) -> None:
    """Packages in order with XML that is not: what a parser sees that a checksum does not hide."""
    with zipfile.ZipFile(io.BytesIO(packages[kind])) as package:
        members = {name: package.read(name) for name in package.namelist()}
    name = data.draw(st.sampled_from(sorted(member for member in members if member.startswith("xl/"))))
    members[name] = data.draw(mutated(members[name], most=3))
    path = tmp_path / f"{OF_SOURCE[kind]}_2018.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        for member, content in members.items():
            package.writestr(member, content)
    whole(SOURCES[OF_SOURCE[kind]], path)


@examples(15)
@given(st.binary(max_size=600))
@pytest.mark.parametrize("begins", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"], ids=["xlsx", "xls"])
def test_what_only_begins_like_a_workbook(tmp_path: Path, begins: bytes, content: bytes) -> None:
    path = tmp_path / "results.xlsx"
    path.write_bytes(begins + content)
    whole(SOURCES["staff_survey"], path)


# Workbooks: as cells, without the parser ---------------------------------------------------------------------------------

CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "-", "NA", "ODS code", "Base", "% Yes", "#DIV/0!", "=1+1", "har_from_pat_eth_summary_1_2024"]
    ),
    st.sampled_from(["Q14a - x", "NHS Staff Survey 2024", "NHS Staff Survey 1999", "2024", "R\u200bAA", "x" * 3000]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.booleans(),
)


@st.composite
def changed_cells(draw: st.DrawFn, sheets: dict[str, list[list[Any]]]) -> dict[str, list[list[Any]]]:
    """Sheets with cells changed, rows and columns taken out or doubled, sheets renamed or emptied; each stays rectangular."""
    made = copy.deepcopy(sheets)
    for _ in range(draw(st.integers(1, 5))):
        name = draw(st.sampled_from(sorted(made)))
        grid = made[name]
        row = draw(st.integers(0, max(len(grid) - 1, 0)))
        column = draw(st.integers(0, max(len(grid[0]) - 1, 0) if grid else 0))
        match draw(st.sampled_from(["cell", "cell", "cell", "row", "column", "double", "rename", "empty"])):
            case "cell" if grid and grid[0]:
                grid[row][column] = draw(CELLS)
            case "row":
                del grid[row : row + draw(st.integers(1, 4))]
            case "column":
                end = column + draw(st.integers(1, 3))
                for cells in grid:
                    del cells[column:end]
            case "double":
                grid[row:row] = [list(cells) for cells in grid[row : row + 1]]
            case "rename":
                made[draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=31))] = made.pop(name)
            case "empty":
                made[name] = []
    return made


def rectangular(grid: list[list[Any]]) -> list[list[Any]]:
    width = max(map(len, grid), default=0)
    return [[*cells, *[""] * (width - len(cells))] for cells in grid]


@examples(60)
@given(st.data())
@pytest.mark.parametrize("kind", BOOKS)
def test_sheets_that_were_changed(kind: str, data: st.DataObject) -> None:
    sheets = {name: rectangular(grid) for name, grid in BOOKS[kind].sheets.items()}
    made = data.draw(changed_cells(sheets))
    source = SOURCES["staff_survey"]
    name = "staff survey results 2018.xlsx" if kind == "organisational_2018" else "staff survey results.xlsx"
    rows_or_problems(source, lambda: readers.read_content(OF, source, Workbook(made), name, None))
