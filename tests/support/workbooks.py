"""Tiny workbooks and text files in the official layouts, as grids of cells that a test can change before they are written."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter

from wres.problems import column_letters
from wres.registry import survey_map, survey_scales

SOURCES = Path(__file__).parents[2] / "sources"
NOTE = (
    "\nNote: In order to the preserve anonymity of individual staff, where there were fewer than 10 responses to a "
    "question results are not displayed"
)
BASE = 200
_QUESTIONS, _LABELS, _FIRST = 0, 4, 5
_KEYS = {
    "organisational": ["ODS code", "Organisation name", "Benchmarking group", "Region", "ICS", "Weighting"],
    "national": ["Base", "Breakdown", "Breakdown subgroup", "Weighting"],
}
WORKFORCE_HEADER = (
    "DATE,NHSE_REGION_CODE,NHSE_REGION_NAME,ICS_CODE,ICS_NAME,ORG_CODE,ORG_NAME,ORG_TYPE,"
    "FTE_DAYS_LOST,FTE_DAYS_AVAILABLE,SICKNESS_ABSENCE_RATE_PERCENT"
).split(",")

Grid = list[list[Any]]


@dataclass
class Book:
    """A workbook under construction: its sheets as grids, row and column counted from 0."""

    sheets: dict[str, Grid]

    def write(self, path: Path) -> Path:
        """Write the sheets; a text over rows 1 to 4 is merged over the empty cells beside and below it, as published."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
            for name, grid in self.sheets.items():
                sheet = book.add_worksheet(name)
                for row, cells in enumerate(grid):
                    for column, cell in enumerate(cells):
                        if cell not in ("", None):
                            sheet.write(row, column, cell)
                for block in _blocks(grid):
                    sheet.merge_range(*block, grid[block[0]][block[1]])
        return path

    def place(self, question: str, label: str = "", row: int | str = _LABELS) -> tuple[Grid, int, int]:
        """Grid, row and column (from 0) of a question's answer; ``row`` is a number or the text of a row's key cell."""
        for grid in self.sheets.values():
            current = ""
            for column, text in enumerate(grid[_QUESTIONS] if grid else ()):
                current = str(text) or current
                if current.startswith(f"{question} - ") and label in ("", grid[_LABELS][column]):
                    return grid, row if isinstance(row, int) else row_of(grid, row), column
        raise AssertionError(f"There is no {question}, {label} in this workbook.")

    def put(self, value: Any, question: str, label: str, row: int | str) -> tuple[str, str]:
        """Set a cell; returns its sheet's name and its place as spreadsheets write it (``G6``)."""
        grid, number, column = self.place(question, label, row)
        grid[number][column] = value
        sheet = next(name for name, other in self.sheets.items() if other is grid)
        return sheet, f"{column_letters(column)}{number + 1}"


def row_of(grid: Grid, key: str) -> int:
    """Number (from 0) of the row in whose key columns a text stands."""
    return next(number for number, cells in enumerate(grid) if number >= _FIRST and key in cells[:4])


def detailed(
    kind: str = "organisational", organisations: Sequence[str] = ("RAA", "RBB", "RCC"), year: int = 2024
) -> Book:
    """The detailed workbook of survey 2024 with all its sheets and questions; every figure follows from its place.

    Args:
        kind: ``organisational`` (a row for each of ``organisations``) or ``national`` (England and its ethnic summary).
        organisations: ODS codes.
        year: of the title; the questions are those of 2024.
    """
    rows = [row for row in survey_map(SOURCES, "staff_survey") if row.first_year == 2024]
    scales = survey_scales(SOURCES, "staff_survey")
    keys = organisation_keys(organisations) if kind == "organisational" else national_keys()
    sheets: dict[str, Grid] = {
        "Notes": [["", ""], ["", f"NHS Staff Survey {year} - Detailed Spreadsheets"], ["", ""], ["", "Results"]]
    }
    for row in rows:
        assert row.sheet is not None
        if row.sheet not in sheets:
            head = [[title, *[""] * (len(keys[0]) - 1)] for title in _titles(row.sheet, year)]
            sheets[row.sheet] = [*head, list(_KEYS[kind]), *[list(key) for key in keys]]
        grid = sheets[row.sheet]
        labels = scales[row.scale].printed(row.question)
        grid[0] += [f"{row.question} - {_wording(row.question, row.text_contains)}", *[""] * (len(labels) - 1)]
        for blank in grid[1:_LABELS]:
            blank += [""] * len(labels)
        grid[_LABELS] += labels
        for number, cells in enumerate(grid[_FIRST:]):
            cells += figures(list(labels.values()), number)
    return Book(sheets)


def organisation_keys(codes: Iterable[str]) -> list[list[str]]:
    """Key cells of trusts in London."""
    group = "Acute and Acute & Community Trusts"
    return [[code, f"{code} NHS Trust", group, "London", "North Central London", "Occupation Group"] for code in codes]


def national_keys() -> list[list[str]]:
    """Key cells of England as a whole, of the ethnic summary and of one region."""
    summary = "Ethnic background (summary)"
    return [
        ["National", "", "", "Organisation Size and Occupation Group"],
        ["National", summary, "White staff", "Organisation Size"],
        ["National", summary, "Staff from all other ethnic groups combined", "Organisation Size"],
        ["National", "Region", "London", "Organisation Size"],
    ]


def figures(answers: Sequence[str], number: int) -> list[float | int]:
    """Percentages of heads that add to 100, then the base; another row number gives other figures."""
    if answers == ["score", "base"]:
        return [6.5 + number / 7, BASE]
    shown = len(answers) - 1
    if shown == 1:
        return [(10 + number) / BASE * 100, BASE]
    heads = [BASE // shown + (1 if place < BASE % shown else 0) for place in range(shown)]
    moved = number % heads[-1]
    heads[0], heads[-1] = heads[0] + moved, heads[-1] - moved
    return [*(head / BASE * 100 for head in heads), BASE]


def detailed_2018(codes: Sequence[str] = ("RAA", "RBB")) -> Book:
    """The violence and harassment workbook of 2018: number, text, sub-question, labels, units, then the rows."""
    questions = [
        ("Q12a", "Experience of physical violence", "Patients / service users"),
        ("Q13a", "Experience of harassment, bullying or abuse", "Patients / service users"),
        ("Q13b", "", "Managers"),
        ("Q13c", "", "Other colleagues"),
        ("Q14", "Does your organisation act fairly with regard to career progression?", ""),
        ("Q15a", "Experience of discrimination", "Patients / service users"),
        ("Q15b", "", "Manager / team leader or other colleagues"),
    ]
    frequency = ["Never", "1 - 2", "3 - 5", "6 - 10", "More than 10"]
    yes_no = ["Yes ", "No"]
    labels = {"Q14": [*yes_no, "Don't know"], "Q15a": yes_no, "Q15b": yes_no}
    grid: Grid = [
        ["Data is Unweighted", "", ""],
        ["", "", ""],
        ["", "", ""],
        ["ODS code", "Organisation name", "Benchmarking group"],
        ["", "", ""],
        *[[code, f"{code} NHS Trust", "Acute Trusts"] for code in codes],
    ]
    for question, text, part in questions:
        printed = [*labels.get(question, frequency), "Base (number of respondents)"]
        blank = [""] * (len(printed) - 1)
        for row, cells in enumerate(([question, *blank], [text, *blank], [part, *blank], printed)):
            grid[row] += cells
        grid[4] += ["%"] * len(blank) + ["n"]
        for number, cells in enumerate(grid[_FIRST:]):
            cells += figures([*blank, "base"], number)
    return Book({"Violence & harassment": grid})


BENCHMARK_SHEETS = {
    "Acute&Acute Community Trusts": ("RAA", "RBB"),
    "Acute Specialist Trusts": ("RCC",),
    "MH&LD, MH, LD&Community Trusts": ("RDD",),
    "Community Trusts": ("REE",),
    "Ambulance Trusts": ("RFF",),
}
MEASURES = {"har_from_pat": 0.2, "har_from_staff": 0.22, "equal": 0.56, "q16b": 0.09}


def benchmark(years: Sequence[int] = (2024,), sheets: dict[str, Sequence[str]] | None = None) -> Book:
    """The benchmark workbook: a sheet a group, header in row 1, a WRES column a measure, ethnicity group and year."""
    headers = [f"{measure}_eth_summary_{group}_{year}" for measure in MEASURES for group in (1, 2) for year in years]
    rates = [rate + group / 50 for rate in MEASURES.values() for group in (0, 1) for _ in years]
    grids: dict[str, Grid] = {}
    for sheet, codes in (sheets or BENCHMARK_SHEETS).items():
        grids[sheet] = [["Organisation code", *headers]]
        grids[sheet] += [[code, *[rate + number / 1000 for rate in rates]] for number, code in enumerate(codes)]
    return Book(grids)


def trust(code: str, name: str | None = None, opened: str = "20010401", closed: str = "") -> list[str]:
    """A row of the ODS trust file: 27 fields."""
    name = f"{code} NHS TRUST" if name is None else name
    address = ["TRUST OFFICE", "HIGH STREET", "", "TOWN", "", "AA1 1AA"]
    return [code, name, "Y56", "QMJ", *address, opened, closed, *[""] * 9, "0", "", "H", "", "", ""]


def successor(old: str, new: str, on: str = "20210401") -> list[str]:
    """A row of the ODS successor file: 5 fields."""
    return [old, new, "R", on, ""]


def workforce(code: str, on: str = "31/03/2025", kind: str = "Acute", region: str = "Y56") -> list[str]:
    """A row of the monthly sickness absence file: 11 fields."""
    return [on, region, "London", "QMJ", "North Central London", code, f"{code} NHS Trust", kind, "10.5", "300", "3.5"]


def write_csv(path: Path, rows: Iterable[Sequence[str]], line_end: str = "\r\n", encoding: str = "utf-8") -> Path:
    """Write rows with every field quoted, as ODS does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    return path


def _titles(sheet: str, year: int) -> list[str]:
    return [f"NHS Staff Survey {year} - WEIGHTED Results", sheet, NOTE, ""]


def _wording(question: str, contains: str | None) -> str:
    return f"In the last 12 months, {contains}?" if contains else f"Wording of {question}"


def _blocks(grid: Grid) -> list[tuple[int, int, int, int]]:
    """First row, first column, last row, last column of each question's text over rows 1 to 4 that stands alone there."""
    if len(grid) <= _LABELS or not str(grid[0][0]).startswith("NHS Staff Survey"):
        return []
    first = next((column for column, cell in enumerate(grid[0]) if column and cell), len(grid[0]))
    starts = [column for column in range(first, len(grid[0])) if grid[0][column]]
    ends = [*[start - 1 for start in starts[1:]], len(grid[_LABELS]) - 1]
    return [(0, start, _LABELS - 1, end) for start, end in zip(starts, ends, strict=True)]
