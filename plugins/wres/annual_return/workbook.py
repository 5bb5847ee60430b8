"""The workbook of a return. The loader reads the sheet ``Return`` and none of the others."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from wres import registry
from wres.annual_return.checks import Check
from wres.annual_return.figures import Figures
from wres.annual_return.form import HEADER, SYNTHETIC, Line
from wres.settings import Settings
from wres.spreadsheet_safety import neutralised

_WIDTHS = (10, 10, 10, 34, 22, 12, 12, 12, 12, 15, 60)
_COLOURS = {
    "passed": "#d8ead2",
    "failed": "#f4c7c3",
    "look at it": "#fce8b2",
    "incomplete": "#fce8b2",
    "not checked": "#e8e8e8",
}


def workbook(
    settings: Settings, figures: Figures, lines: Sequence[Line], previous: Sequence[Line], checks: Sequence[Check]
) -> bytes:
    """The bytes of a workbook: the return as the feed's table, the year before, the checks, and what to do with it."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "bg_color": "#e8edee", "text_wrap": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    # Percentages of the survey keep their digits, so that they load back unchanged, and are shown as on the form.
    one_decimal = book.add_format({"num_format": "0.0"})
    _table(book.add_worksheet("Return"), lines, bold, one_decimal)
    _table(book.add_worksheet("Previous year"), previous, bold, one_decimal)
    sheet = book.add_worksheet("Checks")
    sheet.set_column(0, 0, 10)
    sheet.set_column(1, 1, 60)
    sheet.set_column(2, 2, 12)
    sheet.set_column(3, 3, 90)
    colours = {result: book.add_format({"bg_color": colour, "valign": "top"}) for result, colour in _COLOURS.items()}
    _write(sheet, 0, ("Rule", "Looks for", "Result", "What to do"), bold)
    for number, check in enumerate(checks, start=1):
        _write(sheet, number, (check.rule, check.looks_for, check.result, check.says), wrapped)
        sheet.write_string(number, 2, check.result, colours[check.result])
    sheet.freeze_panes(1, 0)
    sheet = book.add_worksheet("Read me")
    sheet.set_column(0, 0, 110)
    for number, text in enumerate(_read_me(settings, figures, bool(previous))):
        _write(sheet, number, (text,), bold if number == 0 else wrapped)
    book.close()
    return content.getvalue()


def _table(sheet: Worksheet, lines: Sequence[Line], bold: Format, one_decimal: Format) -> None:
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    _write(sheet, 0, HEADER, bold)
    for number, line in enumerate(lines, start=1):
        _write(sheet, number, line.cells(), one_decimal if line.data_item == "pct" else None)
    sheet.freeze_panes(1, 5)


def _write(sheet: Worksheet, row: int, cells: Iterable[str | int | float | None], style: Format | None = None) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, str):
            if cell:
                sheet.write_string(row, column, neutralised(cell), style)
        elif cell is not None:
            sheet.write_number(row, column, cell, style)


def _read_me(settings: Settings, figures: Figures, has_previous: bool) -> list[str]:
    made_up = (
        f"{SYNTHETIC}: these figures are made up, and describe no organisation that exists. "
        if figures.is_synthetic
        else ""
    )
    source = {
        "return": "what the organisation returned, as the release holds it",
        "records": "the organisation's own records of 31 March and of the twelve months before it",
    }[figures.basis]
    due = registry.registry(settings)["wres_return"].due
    return [
        f"{made_up}WRES return {figures.wres_year} of {figures.org_name} ({figures.org_code})",
        f"Filled in from release {figures.release_id}: indicators 1 to 4 and 9 from {source}; 5 to 8 from the staff survey.",
        "Sheet 'Return' holds one line per data item, White, BME and Unknown side by side; an empty slice means all. Change"
        " numbers there and nowhere else. An empty cell means that nobody knows; zero means that there is nobody. Percentages"
        " of 5 to 8 are shown to one decimal and kept as the survey gives them.",
        "Sheet 'Checks' says how the lines stood with the loader's rules when this file was written. A rule that failed"
        " rejects the file; what is to be looked at does not.",
        "Sheet 'Previous year' holds the year before on the same lines."
        if has_previous
        else "Sheet 'Previous year' is empty: the release has no return and no records of the year before.",
        "These are true counts, small ones included: the file is for the organisation, not for publication.",
        f"Due {due.words()}. Send it with: wres load --source wres_return FILE.xlsx" if due else "",
    ]
