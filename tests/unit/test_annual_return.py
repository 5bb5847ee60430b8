"""The workbook of a return as a spreadsheet sees it: nothing in it is a formula, empty is not zero, halves stay halves."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from wres.annual_return.checks import Check
from wres.annual_return.figures import Figures
from wres.annual_return.form import Line, form_rows, lines
from wres.annual_return.workbook import workbook
from wres.settings import settings


def figure(**columns: Any) -> dict[str, Any]:
    """A row of ``indicator_result`` in which nothing is known but what is given."""
    groups = ("white", "bme", "unknown")
    names = [f"{g}_{what}" for g in groups for what in ("count", "base", "pct")] + [
        f"workforce_{g}_count" for g in groups
    ]
    return {**dict.fromkeys([*names, "ratio", "gap_points", "status_reason"]), **columns}


def figures(
    by_slice: dict[tuple[str, str], dict[str, Any]], name: str = "First Trust", synthetic: bool = False
) -> Figures:
    return Figures("RA", name, 2025, 1, "records", ("records",), synthetic, by_slice, ())


def line_of(made: tuple[Line, ...], indicator: str, item: str, slice_: str = "") -> Line:
    (line,) = [one for one in made if (one.indicator, one.data_item, one.slice) == (indicator, item, slice_)]
    return line


def test_the_form_has_14_14_and_5_rows() -> None:
    rows = form_rows(settings())
    assert len(rows) == len(set(rows)) == 33
    assert "medical_dental.senior_medical_manager" in rows and not [row for row in rows if "other_pay" in row]


def test_what_nobody_knows_is_empty_and_says_why() -> None:
    made = lines(
        settings(),
        figures(
            {
                ("3", "all"): figure(status_reason="Cases do not cover the twelve months."),
                ("1", "all"): figure(white_count=Decimal(7), bme_count=Decimal(2), unknown_count=Decimal(0)),
            }
        ),
    )
    entered = line_of(made, "3", "entered_disciplinary")
    assert (entered.white, entered.total, entered.supplied, entered.empty_cells) == (None, None, None, 3)
    assert entered.note == "Cases do not cover the twelve months."
    # Staff are known from indicator 1 all the same, and nobody among them is zero.
    staff = line_of(made, "3", "workforce")
    assert (staff.white, staff.bme, staff.unknown, staff.total, staff.note) == (7, 2, 0, 9, "")
    assert line_of(made, "5", "pct").empty_cells == 2


def test_numbers_are_those_of_the_form() -> None:
    groups = {"white_base": Decimal(300), "bme_base": Decimal(100), "unknown_base": Decimal(12)}
    made = lines(
        settings(),
        figures(
            {
                ("3", "all"): figure(
                    white_count=Decimal("1.5"), bme_count=Decimal("1.0"), unknown_count=Decimal(0), ratio=1.995, **groups
                ),
                ("9", "board.total"): figure(
                    white_count=Decimal(11), bme_count=Decimal(1), unknown_count=Decimal(1), gap_points=-16.57953,
                    workforce_white_count=Decimal(3000), workforce_bme_count=Decimal(1000), workforce_unknown_count=Decimal(120),
                ),
                ("6", "all"): figure(white_pct=24.123456789, bme_pct=31.3),
            }
        ),
    )  # fmt: skip
    entered = line_of(made, "3", "entered_disciplinary")
    assert (entered.white, entered.bme, entered.total, entered.supplied) == (1.5, 1, 2.5, 2.0)
    assert isinstance(entered.bme, int)
    assert line_of(made, "9", "members", "board.total").supplied == -16.6
    assert line_of(made, "9", "workforce").total == 4120
    survey = line_of(made, "6", "pct")
    assert (survey.white, survey.bme, survey.unknown, survey.total) == (24.123456789, 31.3, None, None)


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_text_is_never_a_formula(start: str) -> None:
    attack = f'{start}HYPERLINK("http://example.org")'
    made = lines(settings(), figures({("3", "all"): figure(status_reason=attack)}))
    content = workbook(settings(), figures({}, name=attack), made, (), (Check("V01", attack, "failed", attack),))
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert not [cell.value for cell in cells if cell.value.startswith(start) or cell.data_type == "f"]
    assert sum(attack in cell.value for cell in cells) >= 3


def test_a_real_return_does_not_say_synthetic() -> None:
    made = lines(settings(), figures({}))
    content = workbook(settings(), figures({}), made, (), ())
    book = openpyxl.load_workbook(io.BytesIO(content))
    texts = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert not [text for text in texts if "SYNTHETIC" in text.upper()]
    assert "the release has no return and no records of the year before" in " ".join(texts)
