"""What people open in a spreadsheet holds no formula, whoever named the organisation or sent the value."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wres import report
from wres.problems import Problem
from wres.settings import settings
from wres.spreadsheet_safety import neutralised

ACTIVE = ("=1+1", "+1+cmd|'/c calc'!A0", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "-", "+", "=")
NUMBERS = ("-3", "-0.5", "+7", "-1e-05", "-1.", "-.5", "12")


@pytest.mark.parametrize("text", ACTIVE)
def test_what_begins_a_formula_gets_an_apostrophe(text: str) -> None:
    assert neutralised(text) == f"'{text}"
    assert neutralised(neutralised(text)) == f"'{text}", "made safe once is enough"


@pytest.mark.parametrize("text", [*NUMBERS, "", "RAA", "1-2", "a=b", "'=1+1", " =1+1"])
def test_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    assert neutralised(text) == text


@given(st.text())
def test_nothing_but_a_number_begins_a_formula_afterwards(text: str) -> None:
    made = neutralised(text)
    assert made in (text, f"'{text}")
    if made[:1] in tuple("=+-@\t\r\n"):
        float(made)


def test_a_written_table_reads_back_without_formulas() -> None:
    """As CSV, the form in which a cell's type is what it looks like."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow([neutralised(cell) for cell in (*ACTIVE, *NUMBERS)])
    [row] = csv.reader(io.StringIO(text.getvalue(), newline=""))
    assert row == [*(f"'{cell}" for cell in ACTIVE), *NUMBERS]


def test_a_reject_report_takes_no_formula_from_what_was_sent(tmp_path: Path) -> None:
    sent = Problem(
        "V24", "file", "the cell is no number", "Correct it.", "=2+2", 3, "@B", '=HYPERLINK("http://x.example")'
    )
    signed = Problem("V10", "file", "a count is below zero", "Correct it.", None, 4, "headcount", "-3")
    text = report.write(replace(settings(), home=tmp_path), "workforce_counts", "f00", "=cmd.csv", [sent, signed])
    sheet = openpyxl.load_workbook(text.with_suffix(".xlsx")).active
    assert str(sheet["A1"].value).startswith("'=cmd.csv: rejected ")
    assert [cell.value for cell in sheet[4]][1:5] == ["'=2+2", 3, "'@B", '\'=HYPERLINK("http://x.example")']
    assert [cell.value for cell in sheet[5]][4] == "-3"
    assert {cell.data_type for row in sheet for cell in row if cell.value is not None} == {"s", "n"}
