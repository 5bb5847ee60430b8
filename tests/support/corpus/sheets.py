"""Workbooks whose cells are more than they seem: formulas, merged cells, hidden sheets, links, macros."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import feeds
import workbooks
import xlsxwriter

from corpus.case import Theme
from corpus.packages import repacked

sheet = Theme("Workbooks: formulas, merged cells, hidden sheets, links, macros")
HEADER = feeds.columns_of("wres_return__item")
BANDS = ("band_2", "band_3", "band_4", "band_5", "band_6")
SAVE = "numbers"


def returned(path: Path, code: str, edit: Callable[[Any, Any], object], name: str = "Return") -> None:
    """A return of head counts by band with something done to its sheet; every cell stands where the loader looks."""
    with xlsxwriter.Workbook(str(path), {"strings_to_urls": False}) as book:
        page = book.add_worksheet(name)
        page.write_row(0, 0, HEADER)
        for number, band in enumerate(BANDS, start=1):
            page.write_row(number, 0, [code, 2024, "1", f"non_clinical.{band}", "headcount", 60, 20, 2, 82, 24.4])
        edit(book, page)


@sheet("wres_return", "wres_return_formula.xlsx", "rejected", "V24", "row 3", "column white", "=30*2")
def formula_never_calculated(path: Path) -> None:
    """A formula that no spreadsheet has calculated: there is no value to read."""
    returned(path, "RW1", lambda book, page: page.write_formula(2, 5, "=30*2", value=""))


@sheet("wres_return", "wres_return_calculated.xlsx", "accepted")
def formula_with_its_value(path: Path) -> None:
    """A formula with the value that Excel saved: the value is read."""
    returned(path, "RW2", lambda book, page: page.write_formula(2, 5, "=30*2", value=60))


@sheet("wres_return", "wres_return_error.xlsx", "rejected", "V24", "row 3", "column white", "#DIV/0!")
def formula_in_error(path: Path) -> None:
    """A formula that Excel could not work out: an error is no number, and not an empty cell either."""
    returned(path, "RW3", lambda book, page: page.write_formula(2, 5, "=60/0", value="#DIV/0!"))


@sheet("wres_return", "wres_return_link.xlsx", "accepted")
def external_link(path: Path) -> None:
    """A formula on another workbook, with the value that Excel saved: nothing is fetched."""
    returned(path, "RW4", lambda book, page: page.write_formula(2, 5, "='[other.xlsx]Sheet1'!A1", value=60))


@sheet("wres_return", "wres_return_merged.xlsx", "rejected", "V12", "row 3", "column org_code", "no organisation code")
def merged_cells(path: Path) -> None:
    """Codes merged over several rows: all but the first are empty."""
    returned(path, "RW5", lambda book, page: page.merge_range(1, 0, 3, 0, "RW5", book.add_format()))


@sheet("wres_return", "wres_return_hidden.xlsx", "accepted", "sheet 'Workings'", "it was not read")
def hidden_sheet(path: Path) -> None:
    """A hidden sheet beside the table: it is named, and not read."""

    def hide(book: Any, page: Any) -> None:
        other = book.add_worksheet("Workings")
        other.write(0, 0, "secret")
        other.hide()

    returned(path, "RW6", hide)


@sheet("wres_return", "wres_return_hidden_table.xlsx", "accepted")
def hidden_table(path: Path) -> None:
    """The table itself on a hidden sheet, with hidden rows: they count like the others."""

    def hide(book: Any, page: Any) -> None:
        book.add_worksheet("Read me").activate()
        page.hide()
        page.set_row(2, None, None, {"hidden": True})

    returned(path, "RW7", hide)


def macro(path: Path) -> None:
    repacked(path, lambda name, content: content, **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 macro"})


@sheet("wres_return", "wres_return_macro.xlsm", "accepted")
def macros(path: Path) -> None:
    """A workbook with macros (.xlsm): cells are read, nothing is run."""
    returned(path, "RW8", lambda book, page: None)
    macro(path)


@sheet("wres_return", "wres_return_macro_renamed.xlsx", "accepted")
def macros_renamed(path: Path) -> None:
    """A workbook with macros under the name of one without."""
    returned(path, "RW9", lambda book, page: None)
    macro(path)


@sheet("wres_return", "wres_return_other_sheet.xlsx", "rejected", "V11", "sheet 'Return'", "nearest", "'Returns'")
def renamed_sheet(path: Path) -> None:
    """The table under another name: the nearest name is said."""
    returned(path, "RX1", lambda book, page: None, name="Returns")


@sheet("wres_return", "wres_return_dates.xlsx", "rejected", "row 3", "wres_year", "2024-03-31")
def date_for_a_year(path: Path) -> None:
    """A date where a year belongs."""

    def date(book: Any, page: Any) -> None:
        page.write_datetime(2, 1, datetime(2024, 3, 31), book.add_format({"num_format": "dd/mm/yyyy"}))  # noqa: DTZ001

    returned(path, "RX2", date)


@sheet("wres_return", "wres_return_text_numbers.xlsx", "rejected", "V24", "row 3", "column white", "1,234")
def number_as_text(path: Path) -> None:
    """A number typed as text, with a comma for thousands."""
    returned(path, "RX3", lambda book, page: page.write_string(2, 5, "1,234"))


@sheet("staff_survey", "Benchmark error.xlsx", "rejected", "V24", "cell B2", "#REF!")
def error_in_a_figure(path: Path) -> None:
    """A published figure that Excel could not work out."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, grid in workbooks.benchmark((2023,)).sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(grid):
                page.write_row(number, 0, row)
        book.worksheets()[0].write_formula(1, 1, "=Gone!A1", value="#REF!")


@sheet("staff_survey", "Benchmark no group.xlsx", "rejected", "V11", "sheet 'Community Trusts'", "missing or renamed")
def missing_sheet(path: Path) -> None:
    """A benchmarking group's sheet is missing."""
    book = workbooks.benchmark((2022,))
    del book.sheets["Community Trusts"]
    book.write(path)


@sheet("staff_survey", "Benchmark percent.xlsx", "rejected", "V10", "cell C2", "23.5", "outside 0 to 1")
def percentage_for_a_proportion(path: Path) -> None:
    """A percentage where proportions stand."""
    book = workbooks.benchmark((2020,))
    book.sheets["Acute&Acute Community Trusts"][1][2] = 23.5
    book.write(path)


@sheet(
    "staff_survey", "Benchmark early.xlsx", "rejected", "V11", "cell B1", "no figure is defined for surveys before 2014"
)
def survey_before_the_first(path: Path) -> None:
    """Results of a survey before the WRES began."""
    workbooks.benchmark((2012,)).write(path)


@sheet("staff_survey", "NSS24 organisational results 120.xlsx", "rejected", "V10", "120", "outside 0 to 100")
def percentage_above_100(path: Path) -> None:
    """Percentages of 120 and -20."""
    book = workbooks.detailed()
    book.put(120, "Q16b", "% Yes", "RAA")
    book.put(-20, "Q16b", "% No", "RAA")
    book.write(path)


@sheet(
    "workforce",
    "workforce_sheet.xlsx",
    "rejected",
    "V11",
    "it is a workbook, and only text files are read",
    "CSV UTF-8",
)
def workbook_for_a_text_feed(path: Path) -> None:
    """A workbook for a source that takes text alone."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Staff").write_row(0, 0, feeds.columns_of("workforce__staff"))
