"""The benchmark workbook: a sheet per benchmarking group, header in row 1, ``<measure>_eth_summary_<1|2>_<year>`` columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from wres.problems import FileRejected, Problem, column_letters
from wres.readers.content import (
    Batch,
    CellRows,
    Content,
    Row,
    Workbook,
    cell_text,
    malformed_code,
    name_fits,
    nearest,
)
from wres.registry import FIRST_SURVEY, BenchmarkSheet, BenchmarkWorkbook, Source
from wres.settings import Settings

_ACTION = (
    "Send the workbook as published; if the publisher changed it, change the layout 'benchmark' in the source's YAML."
)


def fit(settings: Settings, source: Source, layout: BenchmarkWorkbook, content: Content, name: str) -> float:
    """1 where any sheet has a header of the layout's form, less where only the name speaks for it."""
    if not isinstance(content, Workbook):
        return 0
    pattern = re.compile(layout.column_pattern)
    headers = (str(cell) for cells in content.sheets.values() if cells for cell in cells[0])
    return 1.0 if any(pattern.match(header) for header in headers) else 0.3 * name_fits(layout, name)


def read(layout: BenchmarkWorkbook, content: Workbook) -> Batch:
    """Rows: one per data cell: sheet, row, column letters, vintage, organisation, header, measure, group, year, value.

    The vintage is the newest survey year of the headers: earlier years in the file are its restatement of them.

    Raises:
        FileRejected: a benchmarking group's sheet or one of the registered measures is missing or renamed.
    """
    problems, warnings = _examine_sheets(layout, content)
    pattern = re.compile(layout.column_pattern)
    read_sheets = {sheet: cells for sheet, cells in content.sheets.items() if _group(layout, sheet)}
    headers = {sheet: [str(cell).strip() for cell in cells[0]] if cells else [] for sheet, cells in read_sheets.items()}
    years = sorted({found["survey_year"] for row in headers.values() for cell in row if (found := pattern.match(cell))})
    for sheet, cells in read_sheets.items():
        if not cells:
            problems.append(_sheet_problem(sheet, None, "the sheet is empty"))
        elif not years:
            problems.append(
                _sheet_problem(
                    sheet,
                    1,
                    "no column has the form <measure>_eth_summary_<1 or 2>_<year>: header row moved or renamed?",
                )
            )
        elif len(cells) == 1:
            problems.append(_sheet_problem(sheet, 2, "the sheet has headers but no data"))
        else:
            problems += _examine_headers(layout, sheet, headers[sheet], years)
    for sheet, row in headers.items():
        for index, header in enumerate(row):
            if (found := pattern.match(header)) and int(found["survey_year"]) < FIRST_SURVEY:
                message = f"no figure is defined for surveys before {FIRST_SURVEY}"
                problems.append(_header_problem(sheet, index, header, message))
    if problems:
        raise FileRejected(*problems)
    batch = CellRows(layout=layout, period=years[-1], warnings=warnings)
    batch.rows = _rows(layout, read_sheets, years[-1], batch.organisations)
    return batch


def _rows(
    layout: BenchmarkWorkbook, sheets: dict[str, list[list[object]]], vintage: str, organisations: set[str]
) -> Iterator[Row]:
    pattern = re.compile(layout.column_pattern)
    malformed: dict[str, Problem] = {}
    for sheet, cells in sheets.items():
        headers = [str(cell).strip() for cell in cells[0]]
        parsed = [pattern.match(header) for header in headers]
        for number, row in enumerate(cells[1:], start=2):
            if all(cell == "" or cell is None for cell in row):
                continue
            code = (cell_text(row[0]) or "").strip() or None
            if code:
                organisations.add(code)
                if problem := malformed_code(code):
                    malformed.setdefault(code, replace(problem, sheet=sheet, row=number, column="A"))
            for index in range(1, len(headers)):
                found = parsed[index]
                known = found is not None and found["measure"] in layout.measures
                yield (
                    sheet,
                    number,
                    column_letters(index),
                    vintage,
                    code,
                    headers[index],
                    found["measure"] if known and found else None,
                    found["ethnicity_group"] if known and found else None,
                    found["survey_year"] if known and found else None,
                    cell_text(row[index]),
                )
    if malformed:
        raise FileRejected(*malformed.values())


def _examine_sheets(layout: BenchmarkWorkbook, content: Workbook) -> tuple[list[Problem], list[Problem]]:
    problems: list[Problem] = []
    warnings: list[Problem] = []
    unknown = [sheet for sheet in content.sheets if not _group(layout, sheet) and sheet not in layout.ignored_sheets]
    for wanted in layout.sheets:
        if any(re.match(wanted.pattern, sheet) for sheet in content.sheets):
            continue
        like = nearest(wanted.group, unknown)
        renamed = f"; the nearest sheet in the file is '{like}'" if like else ""
        problem = Problem(
            rule="V11",
            scope="file",
            sheet=wanted.group,
            message=f"the sheet of this benchmarking group is missing or renamed{renamed}",
            action=_ACTION,
            severity="error" if wanted.required else "warning",
        )
        (problems if wanted.required else warnings).append(problem)
    pattern = re.compile(layout.column_pattern)
    for sheet in unknown:
        holds_data = any(pattern.match(str(cell)) for cell in (content.sheets[sheet] or [[]])[0])
        problem = Problem(
            rule="V11",
            scope="file",
            sheet=sheet,
            message="the sheet holds results but belongs to no registered benchmarking group"
            if holds_data
            else "the sheet is not registered; it was not read",
            action=_ACTION,
            severity="error" if holds_data else "warning",
        )
        (problems if holds_data else warnings).append(problem)
    return problems, warnings


def _examine_headers(layout: BenchmarkWorkbook, sheet: str, headers: list[str], years: list[str]) -> list[Problem]:
    problems = []
    seen: set[str] = set()
    for index, header in enumerate(headers):
        if header and header in seen:
            problems.append(_header_problem(sheet, index, header, "the column appears twice"))
        seen.add(header)
    wanted = [
        f"{measure}_eth_summary_{group}_{year}"
        for measure in layout.measures
        for group in layout.ethnicity_groups
        for year in years
    ]
    spare = [header for header in headers[1:] if header not in wanted]
    for header in wanted:
        if header in seen:
            continue
        like = nearest(header, spare)
        message = f"column '{header}' is missing or renamed"
        if like:
            problems.append(_header_problem(sheet, headers.index(like), like, f"{message}; this is the nearest header"))
        else:
            problems.append(_header_problem(sheet, None, None, message))
    return problems


def _sheet_problem(sheet: str, row: int | None, message: str) -> Problem:
    return Problem(rule="V11", scope="file", sheet=sheet, row=row, message=message, action=_ACTION)


def _header_problem(sheet: str, index: int | None, value: str | None, message: str) -> Problem:
    return Problem(
        rule="V11",
        scope="file",
        sheet=sheet,
        row=1,
        column=None if index is None else column_letters(index),
        value=value,
        message=message,
        action=_ACTION,
    )


def _group(layout: BenchmarkWorkbook, sheet: str) -> BenchmarkSheet | None:
    return next((wanted for wanted in layout.sheets if re.match(wanted.pattern, sheet)), None)
