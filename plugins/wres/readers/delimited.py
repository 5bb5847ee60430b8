"""Delimited text: a header matched through the source's map, or columns by position. Streamed, never held whole.

One pass does it all. The text goes to ``COPY`` nearly as it came: what stands in front of each line (row number, load,
period) is the same for all lines of an organisation and date and is worked out once. What is wrong is collected on the
way and raised at the end, inside the transaction of the load, which it undoes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import itemgetter

from wres.problems import FileRejected, Problem, column_letters
from wres.readers.content import (
    BLOCK,
    Batch,
    Content,
    Text,
    Workbook,
    cell_text,
    csv_text,
    malformed_code,
    name_fits,
    nearest,
    normalise,
    period_from_text,
    period_missing,
)
from wres.registry import FIRST_DAY, FIRST_SURVEY, PERIOD, Delimited, Source, header_key, header_map, last_quarter
from wres.settings import Settings

# One cell never needs more; a stray quote would otherwise swallow the rest of the file into it.
_LONGEST_CELL = 1_000_000
csv.field_size_limit(_LONGEST_CELL)
assert BLOCK < _LONGEST_CELL, "a text longer than a block is read by the csv module, which minds the limit"
_LISTED = 20
# A spreadsheet that was formatted to its last column has 16,384 of them; the widest table here has 27.
_MOST_COLUMNS = 1000
_LONGEST_RECORD = 20_000_000
# What is longer is no date, and is not kept to be looked up again.
_LONGEST_DATE = 100
# All quarters of ten years for ten times the organisations there are: more is another column under this header.
_MOST_CONTENTS = 100_000
# A workbook's dates come with their time.
_DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%dT00:00:00")

# No line begins with it: a text with NUL characters is refused.
_NO_LINE = "\0"

_NO_YEAR = "the year is not between 2000 and 2099"
_TOO_EARLY = f"the WRES has no figures before {FIRST_DAY:%B %Y}"
_UNREADABLE = {
    "year": "no row says which year it is of (2024)",
    "month": "no row holds a date that can be read (2024-03-31 or 31/03/2024)",
    "quarter": "no row holds a date that can be read (2024-03-31 or 31/03/2024)",
}

_Record = tuple[int, list[str]]


def fit(settings: Settings, source: Source, layout: Delimited, content: Content, name: str) -> float:
    """Share of the layout's columns found (by header or by count), the file's name breaking ties."""
    by_name = 0.4 * name_fits(layout, name)
    if isinstance(content, Workbook):
        if layout.sheet is None:
            return 0
        # A workbook without the sheet is for this layout to complain about, where no other takes workbooks.
        sheet = _sheet(layout, content)
        headers = _sheet_head(content.sheets[sheet]) if sheet else []
        return max(_share(settings, source, layout, headers), 0.01) + by_name
    head = _text_head(content)
    if head is None:
        return 0
    if layout.header:
        return _share(settings, source, layout, head[1]) + by_name
    return (1.0 if len(head[1]) == len(layout.columns) else 0) + by_name


def read(
    settings: Settings, source: Source, layout: Delimited, content: Content, name: str, period: str | None
) -> Batch:
    """Rows: the layout's columns in the order of the file, with ``_period`` before them where the layout has it.

    Raises:
        FileRejected: the header does not fit, or the workbook lacks the sheet; what is wrong with rows is for ``blocks``.
    """
    if isinstance(content, Workbook):
        sheet, warnings = _choose_sheet(source, layout, content)
        cells = content.sheets[sheet]
        order = _order(settings, source, layout, _sheet_head(cells), sheet)
        batch = DelimitedRows(layout, order, _cell_parts(cells, len(order)), name, period, sheet)
        batch.warnings += warnings
        return batch
    head = _text_head(content)
    if head is None:
        raise FileRejected(_no_rows(None))
    number, fields = head
    if not layout.header:
        return DelimitedRows(layout, layout.columns, _text_parts(content, 0), name, period)
    if problem := wrong_separator(content):
        raise FileRejected(problem)
    order = _order(settings, source, layout, fields, None)
    return DelimitedRows(layout, order, _text_parts(content, number), name, period)


def wrong_separator(content: Text) -> Problem | None:
    """The problem of a header whose fields are separated by something else than commas; None when it is not so."""
    head = _text_head(content)
    names = {";": "';'", "\t": "tabs", "|": "'|'"}
    counts = {mark: sum(field.count(mark) for field in head[1]) if head else 0 for mark in names}
    mark = max(counts, key=lambda mark: counts[mark])
    if head is None or counts[mark] < len(head[1]):
        return None
    return Problem(
        rule="V11",
        scope="file",
        row=head[0],
        message=f"the fields seem to be separated by {names[mark]}",
        action="Save the file as 'CSV UTF-8' with commas between the fields, and send it again.",
    )


# Header and sheet ----------------------------------------------------------------------------------------------------


def _text_head(content: Text) -> _Record | None:
    """Line number and fields of the first record that is not blank."""
    reader = csv.reader(io.StringIO(next(content.blocks(), ""), newline=""), strict=True)
    try:
        return next(((reader.line_num, fields) for fields in reader if not _is_blank(fields)), None)
    except csv.Error as error:
        raise FileRejected(_unreadable_line(reader.line_num, error)) from error


def _sheet(layout: Delimited, content: Workbook) -> str | None:
    return next((sheet for sheet in content.sheets if normalise(sheet) == normalise(layout.sheet)), None)


def _sheet_head(cells: Sequence[Sequence[object]]) -> list[str]:
    """The texts of row 1, without the empty cells that a wider row below it adds."""
    head = [cell_text(cell) or "" for cell in cells[0]] if cells else []
    while head and not head[-1].strip():
        head.pop()
    return head


def _choose_sheet(source: Source, layout: Delimited, content: Workbook) -> tuple[str, list[Problem]]:
    """The sheet that is read, and a warning for each that nobody has registered."""
    sheet = _sheet(layout, content)
    ignored = {normalise(name) for name in (layout.sheet, *layout.ignored_sheets)}
    others = [name for name in content.sheets if normalise(name) not in ignored]
    if sheet is None:
        like = nearest(str(layout.sheet), others)
        hint = f"; the nearest sheet in the file is '{like}'" if like else ""
        raise FileRejected(
            Problem(
                rule="V11",
                scope="file",
                sheet=layout.sheet,
                message=f"the sheet is missing or renamed{hint}",
                action=f"Name the sheet with the table '{layout.sheet}', and send the workbook again.",
            )
        )
    if not _sheet_head(content.sheets[sheet]):
        raise FileRejected(_no_rows(sheet))
    return sheet, [
        Problem(
            rule="V11",
            scope="file",
            sheet=name,
            message="the sheet is not registered; it was not read",
            action=f"Nothing, if it holds no figures; of {source.name} only the sheet '{layout.sheet}' is read.",
            severity="warning",
        )
        for name in others
    ]


def _columns(settings: Settings, source: Source, layout: Delimited) -> dict[str, str]:
    """Column by header: each column's own name, and the headers of the source's map."""
    mapped = header_map(settings.sources, source.name)
    known = {header: column for (of, header), column in mapped.items() if of == layout.name}
    return {header_key(column): column for column in layout.columns} | known


def _share(settings: Settings, source: Source, layout: Delimited, head: Sequence[str]) -> float:
    columns = _columns(settings, source, layout)
    return len({columns.get(header_key(field)) for field in head} - {None}) / len(layout.columns)


def _order(
    settings: Settings, source: Source, layout: Delimited, head: Sequence[str], sheet: str | None
) -> tuple[str, ...]:
    """The layout's columns in the order of the header.

    Raises:
        FileRejected: with every header that is unknown, doubled or missing.
    """
    if len(head) > _MOST_COLUMNS:
        raise FileRejected(_too_wide(len(head), sheet))
    columns = _columns(settings, source, layout)
    order = [columns.get(header_key(field)) for field in head]
    unread = [field for field, column in zip(head, order, strict=True) if column is None]
    known = {header for header, column in columns.items() if column not in order}
    rename = f"Rename the header, or add a line for it to sources/maps/{source.name}.csv; delete a column that is not asked for."
    problems = []

    def problem(index: int | None, message: str, action: str = rename) -> None:
        place = None if index is None else column_letters(index) if sheet else str(index + 1)
        value = None if index is None else head[index]
        problems.append(Problem("V11", "file", message, action, sheet, 1, place, value))

    for index, (field, column) in enumerate(zip(head, order, strict=True)):
        if not field.strip():
            problem(index, "the column has no header", "Name the column, or delete it.")
        elif column is None:
            like = nearest(header_key(field), known)
            problem(
                index, "header is not registered" + (f"; the nearest registered header is '{like}'" if like else "")
            )
        elif column in order[:index]:
            problem(index, f"a second column for {column}", f"Delete the one that does not hold {column}.")
    for column in layout.columns:
        if column not in order and column not in layout.optional:
            like = nearest(column, unread)
            hint = f"; the nearest header in the file is '{like}'" if like else ""
            problem(None, f"column {column} is missing or renamed{hint}")
    if problems:
        raise FileRejected(*problems)
    return tuple(column for column in order if column)


# Rows ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """Consecutive lines of a file: from line ``first`` on as they stand where nothing is quoted, else as records."""

    first: int = 0
    lines: Sequence[str] = ()
    records: Sequence[_Record] = ()


class DelimitedRows(Batch):
    """Rows of a text file, or of a workbook's sheet with the same table."""

    def __init__(
        self,
        layout: Delimited,
        order: tuple[str, ...],
        parts: Iterator[_Part],
        name: str,
        given: str | None,
        sheet: str | None = None,
    ) -> None:
        """Take note of where the rows say when and of whom they are, and of what the name or the sender says.

        Args:
            layout: the layout that fits.
            order: its columns in the order of the file.
            parts: the lines below the header, lazily.
            name: the file's name, which may hold the period.
            given: the period that the sender gave, or the folder.
            sheet: name of the workbook's sheet.
        """
        super().__init__(layout=layout, period="")
        self._order, self._parts, self._sheet = order, parts, sheet
        self._declared = layout.period
        self._owned = layout.period.row_period == "own"
        said = [period for period in (period_from_text(layout, name), given) if period]
        self._said = next((period for period in said if self._declared.holds(period)), None)
        self._missaid = said[0] if said and self._said is None else None
        is_dated = layout.period.column is not None and (layout.period.origin == "column" or not said)
        self._date_at = order.index(str(layout.period.column)) if is_dated else None
        self._code_at = order.index(layout.organisation_column) if layout.organisation_column else None
        self._newest = ""
        self._pairs: set[tuple[str, str]] = set() if layout.organisation_column else {("", "*")}
        self._periods: dict[str, tuple[str, str]] = {}
        self._misfit: Problem | None = None
        self._refused: dict[str, Problem] = {}
        self._undated: Problem | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return ("_period", *self._order) if self._declared.row_period else self._order

    @property
    def contents(self) -> set[tuple[str, str]]:
        return {(period or self.period, code) for period, code in self._pairs}

    def blocks(self, stamp: str) -> Iterator[str]:
        stamps: dict[object, str] = {}
        commas = len(self._order) - 1
        places = [place for place in (self._date_at, self._code_at) if place is not None]
        # Lines with the same date and code are stamped alike; where a layout has neither, all are that are not blank.
        key_of = itemgetter(*places) if places else lambda fields: not fields[0].strip()
        upto = max(places, default=0) + 1
        # Extracts are sorted by organisation: most lines begin as the line before does.
        alike, same = _NO_LINE, None
        try:
            for part in self._parts:
                ready = []
                for number, line in enumerate(part.lines, start=part.first):
                    if line.count(",") != commas:
                        self._refuse_width(number, line.split(","))
                        continue
                    if not line.startswith(alike):
                        fields = line.split(",", upto)
                        key = key_of(fields)
                        same = stamps.get(key) or self._stamp(stamps, key, number, line.split(","), stamp)
                        # A row that is not stamped like others is looked at by itself.
                        alike = ",".join(fields[:upto]) + "," if key in stamps and len(fields) > upto else _NO_LINE
                    if same:
                        ready.append(f"{number},{same}{line}\r\n")
                for number, fields in part.records:
                    if len(fields) - 1 != commas:
                        self._refuse_width(number, fields)
                        continue
                    key = key_of(fields)
                    before = stamps.get(key) or self._stamp(stamps, key, number, fields, stamp)
                    if before:
                        ready.append(f"{number},{before}{_line(fields, commas)}")
                self.count += len(ready)
                # After the first problem there is nothing to load any more, but more problems to find.
                if ready and not self._problems():
                    yield "".join(ready)
        except FileRejected as end:
            raise FileRejected(*self._problems(), *end.problems) from end
        self._finish()

    def _stamp(self, stamps: dict[object, str], key: object, number: int, fields: list[str], stamp: str) -> str | None:
        """What stands between a row's number and its fields; None for a row that is not loaded."""
        cell = fields[self._date_at].strip() if self._date_at is not None else ""
        code = fields[self._code_at].strip() if self._code_at is not None else ""
        if not cell and not code and _is_blank(fields):
            return None
        if problem := malformed_code(code):
            self._refuse(
                number, code, replace(problem, sheet=self._sheet, row=number, column=self.layout.organisation_column)
            )
            return None
        period, wrong = self._period_of(cell[:_LONGEST_DATE])
        self._newest = max(self._newest, period)
        if not self._owned:
            period = self._said or "" if self._declared.row_period and self._declared.origin == "name" else ""
        elif wrong:
            self._refuse(number, cell, self._date_problem(number, cell, wrong))
            return None
        elif not period:
            # The row is loaded, for the gate to name it; where no row can be dated, this is what is said of the file.
            self._undated = self._undated or self._date_problem(number, cell, _UNREADABLE[self._declared.step])
        if code and (period or not self._owned):
            self._pairs.add((period, code))
        if self._declared.row_period and not period:
            self.unstamped = True
        if len(self._pairs) > _MOST_CONTENTS:
            raise FileRejected(self._too_many(number, code))
        if len(stamps) > _MOST_CONTENTS:
            stamps.clear()
        own = [period] if self._declared.row_period else []
        made = stamp + "," + csv_text([[self._sheet, *own, ""]]).removesuffix("\r\n")
        # A row that begins with blanks may be blank: each is looked at.
        if (cell or code or key is False) and len(cell) <= _LONGEST_DATE:
            stamps[key] = made
        return made

    def _period_of(self, cell: str) -> tuple[str, str]:
        """The period that a cell states, '' where it states none, and what is wrong with it where it is legible."""
        if cell not in self._periods:
            if len(self._periods) > _MOST_CONTENTS:
                self._periods.clear()
            self._periods[cell] = self._read_period(cell)
        return self._periods[cell]

    def _read_period(self, cell: str) -> tuple[str, str]:
        if self._declared.step == "year":
            found = re.search(self._declared.pattern or r"^(?P<year>\d{4})$", cell, re.ASCII)
            year = found["year"] if found else ""
            if self._owned and year and int(year) < FIRST_SURVEY:
                return "", _TOO_EARLY
            return (year, "") if not year or PERIOD.fullmatch(year) else ("", _NO_YEAR)
        moment = _date(cell, self._declared.date_format)
        if moment is None:
            return "", ""
        if not 2000 <= moment.year <= 2099:
            return "", _NO_YEAR
        if self._declared.step == "month":
            return f"{moment:%Y-%m}", _TOO_EARLY if self._owned and moment < FIRST_DAY else ""
        if self._owned and moment < FIRST_DAY:
            return "", _TOO_EARLY
        if self._owned and last_quarter(moment) != moment:
            return "", "the date is not the last day of March, June, September or December"
        return f"{moment.year}-{(moment.month + 2) // 3 * 3:02d}", ""

    def _finish(self) -> None:
        """Settle the file's period, or say all that is wrong."""
        problems = self._problems()
        if not problems and not self.count:
            problems = [_no_rows(self._sheet)]
        if problems:
            raise FileRejected(*problems)
        if self._owned:
            if not self._newest:
                assert self._undated, "rows without a period were noticed"
                raise FileRejected(self._undated)
            self.period = self._newest
            return
        by_date, by_word = self._newest, self._said or ""
        self.period = by_date or by_word if self._declared.origin == "column" else by_word or by_date
        if not self.period:
            example = {"year": "2024", "month": "2026-07", "quarter": "2024-03"}[self._declared.step]
            raise FileRejected(period_missing(self.layout, example, self._missaid))
        if self._declared.step == "quarter" and self.period < f"{FIRST_DAY:%Y-%m}":
            raise FileRejected(self._date_problem(None, self.period, _TOO_EARLY))

    def _problems(self) -> list[Problem]:
        return [*([self._misfit] if self._misfit else ()), *self._refused.values()]

    def _refuse_width(self, number: int, fields: list[str]) -> None:
        if _is_blank(fields):
            return
        self._misfit = _more(self._misfit) or Problem(
            rule="V11",
            scope="file",
            sheet=self._sheet,
            row=number,
            message=f"the row has {len(fields)} fields where layout {self.layout.name} has {len(self._order)}",
            action="Check for a missing or extra column, or a comma outside quotation marks.",
        )

    def _refuse(self, number: int, cell: str, problem: Problem) -> None:
        known = self._refused.get(cell)
        if known or len(self._refused) < _LISTED:
            self._refused[cell] = _more(known) or problem

    def _date_problem(self, number: int | None, cell: str, message: str) -> Problem:
        return Problem(
            rule="F05",
            scope="file",
            sheet=self._sheet,
            row=number,
            column=self._declared.column,
            value=cell,
            message=message,
            action="Correct the date, and send the file again."
            if self._declared.step != "quarter"
            else "Take the extract as at the last day of the quarter, or correct the date, and send the file again.",
        )

    def _too_many(self, number: int, code: str) -> Problem:
        return Problem(
            rule="V11",
            scope="file",
            sheet=self._sheet,
            row=number,
            column=self.layout.organisation_column,
            value=code,
            message=f"the column holds more than {_MOST_CONTENTS:,} different codes by period: are these organisations?",
            action="Check the headers: each column has to stand under its own.",
        )


def _text_parts(content: Text, head: int) -> Iterator[_Part]:
    """The lines below the line ``head``, block by block. Lines are counted as editors count them, blank ones included."""
    number, open_cell, error = 0, "", None
    for block in content.blocks():
        if not open_cell and '"' not in block and len(block) <= _LONGEST_CELL:
            if "\r" in block:
                block = block.replace("\r\n", "\n").replace("\r", "\n")
            lines = block.removesuffix("\n").split("\n")
            above = max(head - number, 0)
            yield _Part(first=number + above + 1, lines=lines[above:])
            number += len(lines)
            continue
        records, last, open_cell, error = _quoted(open_cell + block)
        yield _Part(records=[(number + line, fields) for line, fields in records if number + line > head])
        number += last
        # A cell that is open at the end of a block goes on in the next.
        if error and (not open_cell or len(open_cell) > _LONGEST_RECORD):
            raise FileRejected(_unreadable_line(number + 1, error))
    if error:
        raise FileRejected(_unreadable_line(number + 1, error))


def _quoted(text: str) -> tuple[list[_Record], int, str, csv.Error | None]:
    """Records of a text with the line on which each ends, and the line of the last; the record that is open at the end, if
    any; and what ended the reading early.
    """
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, strict=True)
    records: list[_Record] = []
    last = read = 0
    try:
        for fields in reader:
            records.append((reader.line_num, fields))
            last, read = reader.line_num, lines.tell()
        return records, reader.line_num, "", None
    except csv.Error as error:
        # The line on which the record begins is named: where it was found to be wrong may be far below.
        return records, last, "" if lines.read(1) else text[read:], error


def _cell_parts(cells: Sequence[Sequence[object]], width: int) -> Iterator[_Part]:
    """The rows below row 1; cells beyond the header's count only where they hold something."""
    records = []
    for number, row in enumerate(cells[1:], start=2):
        fields = [cell_text(cell) or "" for cell in row]
        while len(fields) > width and not fields[-1].strip():
            fields.pop()
        records.append((number, fields))
    yield _Part(records=records)


def _line(fields: list[str], commas: int) -> str:
    """Fields as a line of CSV, quoted only where they have to be."""
    line = ",".join(fields)
    if line.count(",") == commas and '"' not in line and "\n" not in line and "\r" not in line:
        return line + "\r\n"
    return csv_text([fields])


def _is_blank(fields: Sequence[str]) -> bool:
    return not any(field.strip() for field in fields)


def _date(text: str, date_format: str | None) -> date | None:
    for form in (date_format,) if date_format else _DATE_FORMATS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _more(problem: Problem | None) -> Problem | None:
    """The same problem once more; None where there was none yet."""
    return problem and replace(problem, count=problem.count + 1)


def _no_rows(sheet: str | None) -> Problem:
    return Problem(
        rule="F01",
        scope="file",
        sheet=sheet,
        message="the file has no data rows" if sheet is None else "the sheet has no data rows",
        action="Send the file again, with its rows.",
    )


def _too_wide(columns: int, sheet: str | None) -> Problem:
    return Problem(
        rule="F02",
        scope="file",
        sheet=sheet,
        row=1,
        message=f"the header has {columns:,} columns, and {_MOST_COLUMNS:,} are the most that is read",
        action="Export the table alone, without the columns beside it.",
    )


def _unreadable_line(number: int, error: csv.Error) -> Problem:
    return Problem(
        rule="F02",
        scope="file",
        row=number,
        message=f"the line cannot be read as CSV ({error}): is a quotation mark not closed?",
        action="Mend the line, or export the file again.",
    )
