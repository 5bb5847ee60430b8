"""The detailed survey workbooks: question text over merged cells, answer labels below, a row per organisation or group."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

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
    normalise,
    period_from_text,
    period_missing,
)
from wres.registry import MapRow, Scale, Source, SurveyWorkbook, survey_map, survey_scales
from wres.settings import Settings

Cells = list[list[Any]]
_UNREGISTERED = ""
_MOST_COLUMNS = 1000


@dataclass(frozen=True)
class _Column:
    """One data column: its 0-based index, and what question and answer it holds."""

    index: int
    question: str
    label: str
    item: str | None
    answer: str | None


def fit(settings: Settings, source: Source, layout: SurveyWorkbook, content: Content, name: str) -> float:
    """How well a file fits: key headers found on the label row of its best sheet; the title and name break ties."""
    if not isinstance(content, Workbook):
        return 0
    wanted = {normalise(header) for header in layout.keys.values()}
    found = max(
        (len(wanted & {normalise(cell) for cell in _key_row(layout, cells)}) for cells in content.sheets.values()),
        default=0,
    )
    year = _year(layout, content, name, None)
    if year is not None and not layout.first_year <= int(year) <= layout.last_year:
        found = min(found, 1)
    return found / len(wanted) + 0.1 * name_fits(layout, name) if found else 0


def read(
    settings: Settings, source: Source, layout: SurveyWorkbook, content: Workbook, name: str, period: str | None
) -> Batch:
    """Rows: one per data cell: sheet, row, column letters, survey year, keys, question, label, item, answer, value.

    Raises:
        FileRejected: sheets, keys, questions or answers that the map of the year requires are missing, renamed or moved.
    """
    year_text = _year(layout, content, name, period)
    if year_text is None or not layout.period.holds(year_text):
        raise FileRejected(period_missing(layout, "2024"))
    year = int(year_text)
    if not layout.first_year <= year <= layout.last_year:
        raise FileRejected(
            Problem(
                rule="V32",
                scope="file",
                message=f"question numbers of survey {year} are not mapped for layout {layout.name}",
                action=f"Add the year's questions to sources/maps/{source.name}.csv and widen the layout's years.",
            )
        )
    reading = _Reading(
        layout=layout,
        year=year,
        map_rows=[
            row
            for row in survey_map(settings.sources, source.name)
            if row.layout == layout.map and row.first_year <= year <= row.last_year
        ],
        scales=survey_scales(settings.sources, source.name),
        map_name=f"sources/maps/{source.name}.csv",
    )
    sheets = reading.examine(content)
    if reading.problems:
        raise FileRejected(*reading.problems)
    batch = CellRows(layout=layout, period=year_text, warnings=reading.warnings)
    batch.rows = _rows(layout, year_text, sheets, batch.organisations)
    return batch


def _rows(
    layout: SurveyWorkbook,
    year: str,
    sheets: list[tuple[str, Cells, dict[str, int], list[_Column]]],
    organisations: set[str],
) -> Iterator[Row]:
    if layout.one_content:
        organisations.add("*")
    malformed: dict[str, Problem] = {}
    for sheet, cells, keys, columns in sheets:
        lettered = [(column_letters(column.index), column) for column in columns]
        for number, row in enumerate(cells[layout.first_data_row - 1 :], start=layout.first_data_row):
            if all(cell == "" or cell is None for cell in row):
                continue
            key_values = tuple(_stripped(row[index]) for index in keys.values())
            if layout.organisation_column:
                code = key_values[list(keys).index(layout.organisation_column)]
                if code:
                    organisations.add(code)
                    if problem := malformed_code(code):
                        place = column_letters(keys[layout.organisation_column])
                        malformed.setdefault(code, replace(problem, sheet=sheet, row=number, column=place))
            for letters, column in lettered:
                yield (
                    sheet,
                    number,
                    letters,
                    year,
                    *key_values,
                    column.question,
                    column.label,
                    column.item,
                    column.answer,
                    cell_text(row[column.index]),
                )
    if malformed:
        raise FileRejected(*malformed.values())


class _Reading:
    """Examination of one workbook's headers against the map; collects every problem before anything is said."""

    def __init__(
        self, layout: SurveyWorkbook, year: int, map_rows: list[MapRow], scales: dict[str, Scale], map_name: str
    ) -> None:
        self.layout, self.year, self.map_rows, self.scales, self.map_name = layout, year, map_rows, scales, map_name
        self.strict = year in layout.strict_years
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.found: set[str] = set()

    def examine(self, content: Workbook) -> list[tuple[str, Cells, dict[str, int], list[_Column]]]:
        expected = list(dict.fromkeys(row.sheet for row in self.map_rows if row.sheet)) if self.strict else []
        self._missing_sheets(content, expected)
        examined = []
        for sheet, cells in content.sheets.items():
            if sheet in self.layout.ignored_sheets:
                continue
            if self.strict and sheet not in expected:
                self.warnings.append(
                    self._problem("V11", "the sheet is not registered; it was not read", sheet=sheet, warning=True)
                )
                continue
            keys = self._keys(sheet, cells)
            if not keys:
                continue
            if len(_row(cells, self.layout.label_row)) > _MOST_COLUMNS:
                message = f"the sheet has more than {_MOST_COLUMNS:,} columns, where the widest official one has 81"
                self.problems.append(self._problem("F02", message, sheet=sheet))
                continue
            # A renamed key is said together with all else that is wrong with the sheet.
            columns = self._columns(sheet, cells, first=max(*keys.values(), len(self.layout.keys) - 1) + 1)
            if len(cells) < self.layout.first_data_row:
                self.problems.append(
                    self._problem(
                        "V11", "the sheet has headers but no data", sheet=sheet, row=self.layout.first_data_row
                    )
                )
            examined.append((sheet, cells, keys, columns))
        if not self.strict:
            self._missing_items()
        return examined

    def _missing_sheets(self, content: Workbook, expected: list[str]) -> None:
        required = [*expected, *(self.layout.ignored_sheets if self.strict else ())]
        unknown = [sheet for sheet in content.sheets if sheet not in required]
        for sheet in required:
            if sheet not in content.sheets:
                like = nearest(sheet, unknown)
                renamed = f"; the nearest sheet in the file is '{like}'" if like else ""
                self.problems.append(self._problem("V11", f"the sheet is missing or renamed{renamed}", sheet=sheet))

    def _keys(self, sheet: str, cells: Cells) -> dict[str, int]:
        """0-based column index of each key whose header is there; a problem for each whose is not."""
        printed = _key_row(self.layout, cells)
        headers = [normalise(cell) for cell in printed]
        keys: dict[str, int] = {}
        for position, (key, header) in enumerate(self.layout.keys.items()):
            if normalise(header) in headers:
                keys[key] = headers.index(normalise(header))
                continue
            there = str(printed[position]) if position < len(printed) else ""
            self.problems.append(
                self._problem(
                    "V11",
                    f"header '{header}' is missing or renamed",
                    sheet=sheet,
                    row=self.layout.label_row,
                    column=column_letters(position),
                    value=there,
                )
            )
        return keys

    def _columns(self, sheet: str, cells: Cells, first: int) -> list[_Column]:
        labels = _row(cells, self.layout.label_row)
        width = len(labels)
        texts = [_filled(_row(cells, row), first, width) for row in self.layout.question_rows]
        here = [row for row in self.map_rows if not row.sheet or row.sheet == sheet]
        columns: list[_Column] = []
        seen: dict[str, set[str]] = {}
        for index in range(first, width):
            label = re.sub(r"\s+", " ", str(labels[index])).strip()
            text = " ".join(part[index - first] for part in texts if part[index - first])
            if not label and not text:
                continue
            row = self._map_row(sheet, here, text, index)
            question = row.question if row else (_question(self.layout, text)[0] or text[:60])
            answer = self._answer(sheet, row, label, index) if row else None
            if row:
                if answer in seen.setdefault(row.question, set()) and answer:
                    self.problems.append(
                        self._problem("V11", "the column appears twice", sheet, self.layout.label_row, index, label)
                    )
                seen[row.question].add(answer or _UNREGISTERED)
            columns.append(_Column(index, question, label, row.item if row else None, answer))
        self.found |= set(seen)
        self._missing_columns(sheet, here, seen)
        return columns

    def _missing_columns(self, sheet: str, here: list[MapRow], seen: dict[str, set[str]]) -> None:
        """Questions and answers of the map that the sheet lacks, unless an unregistered header there explains it already."""
        strange_question = any(p.sheet == sheet and p.row in self.layout.question_rows for p in self.problems)
        for row in here:
            if row.question not in seen:
                if self.strict and not strange_question:
                    message = f"question {row.question} is missing or renamed"
                    self.problems.append(self._problem("V11", message, sheet, self.layout.question_rows[0]))
                continue
            strange_answer = _UNREGISTERED in seen[row.question]
            for label, answer in self.scales[row.scale].printed(row.question).items():
                if answer not in seen[row.question] and not strange_answer:
                    message = f"{row.question} has no column '{label}'"
                    self.problems.append(self._problem("V11", message, sheet, self.layout.label_row))

    def _map_row(self, sheet: str, here: list[MapRow], text: str, index: int) -> MapRow | None:
        """The map's row for a column's question; problems where number and text disagree or the question is unknown."""
        question, wording = _question(self.layout, text)
        same_number = [row for row in here if row.question == question]
        for row in same_number:
            if row.text_contains is None or normalise(row.text_contains) in normalise(wording):
                return row
        if same_number:
            self._once(
                "V32",
                f"question {question} does not ask about '{same_number[0].text_contains}': was it renumbered?",
                sheet,
                index,
                wording,
            )
        elif self.strict:
            like = nearest(text, [row.question for row in here]) or nearest(
                question or text, [r.question for r in here]
            )
            hint = f"; the nearest registered question is {like}" if like else ""
            self._once("V11", f"question is not registered for survey {self.year}{hint}", sheet, index, text)
        return None

    def _answer(self, sheet: str, row: MapRow, label: str, index: int) -> str | None:
        answers = self.scales[row.scale].printed(row.question)
        for printed, answer in answers.items():
            if normalise(printed) == normalise(label):
                return answer
        like = nearest(label, answers)
        hint = f"; the nearest registered header is '{like}'" if like else ""
        self.problems.append(
            self._problem(
                "V11",
                f"header of {row.question} is not registered for survey {self.year}{hint}",
                sheet,
                self.layout.label_row,
                index,
                label,
            )
        )
        return None

    def _missing_items(self) -> None:
        wanted = {row.question: row for row in self.map_rows if row.item}
        missing = sorted(set(wanted) - self.found)
        if wanted and len(missing) == len(wanted):
            self.problems.append(
                self._problem("V11", f"none of the WRES questions of survey {self.year} is in the file: {missing}")
            )
        elif missing:
            # Workbooks of these years may hold one theme each, so that a missing question is for a person to judge.
            self.warnings.append(
                self._problem("V11", f"questions not in this file: {', '.join(missing)}", warning=True)
            )

    def _once(self, rule: str, message: str, sheet: str, index: int, value: str) -> None:
        if not any(p.sheet == sheet and p.value == value[:200] and p.rule == rule for p in self.problems):
            self.problems.append(self._problem(rule, message, sheet, self.layout.question_rows[0], index, value))

    def _problem(
        self,
        rule: str,
        message: str,
        sheet: str | None = None,
        row: int | None = None,
        column: int | str | None = None,
        value: str | None = None,
        *,
        warning: bool = False,
    ) -> Problem:
        return Problem(
            rule=rule,
            scope="file",
            message=message,
            action=f"Send the workbook as published; if the publisher changed it, add the new header to {self.map_name}.",
            sheet=sheet,
            row=row,
            column=column_letters(column) if isinstance(column, int) else column,
            value=value[:200] if value else value,
            severity="warning" if warning else "error",
        )


def _year(layout: SurveyWorkbook, content: Workbook, name: str, period: str | None) -> str | None:
    if layout.period.origin == "title":
        for sheet, cells in content.sheets.items():
            title = str(cells[0][0]) if cells and cells[0] and sheet not in layout.ignored_sheets else ""
            if found := period_from_text(layout, title):
                return found
    return period_from_text(layout, name) or period


def _question(layout: SurveyWorkbook, text: str) -> tuple[str | None, str]:
    """Question code and wording of a header text; (None, text) where it does not have the layout's form."""
    found = re.match(layout.question_pattern, text.strip(), re.DOTALL)
    return (found["question"].strip(), found["text"]) if found else (None, text)


def _row(cells: Cells, number: int) -> list[Any]:
    """A row by its 1-based number; empty where the sheet is shorter."""
    return cells[number - 1] if 0 < number <= len(cells) else []


def _key_row(layout: SurveyWorkbook, cells: Cells) -> list[Any]:
    """The row with the headers of the key columns: that of the labels, or of the units where a note takes their place."""
    labels, units = _row(cells, layout.label_row), _row(cells, layout.unit_row or 0)
    wanted = {normalise(header) for header in layout.keys.values()}
    in_labels, in_units = (len(wanted & {normalise(cell) for cell in row}) for row in (labels, units))
    return units if in_units > in_labels and "%" in units else labels


def _filled(row: list[Any], first: int, width: int) -> list[str]:
    """Texts from column ``first`` on, each standing also over the empty cells to its right (merged cells)."""
    filled, current = [], ""
    for index in range(first, width):
        cell = str(row[index]).strip() if index < len(row) else ""
        current = cell or current
        filled.append(current)
    return filled


def _stripped(value: Any) -> str | None:
    text = cell_text(value)
    return text.strip() or None if text is not None else None
