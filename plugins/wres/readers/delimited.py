"""Delimited text: a header matched through the source's map, or columns by position. Streamed, never held whole."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime

from wres.problems import FileRejected, Problem
from wres.readers.content import (
    Batch,
    Content,
    Row,
    Text,
    name_fits,
    nearest,
    period_from_text,
    period_missing,
)
from wres.registry import Delimited, Source, header_map
from wres.settings import Settings

# One cell never needs more; a stray quote would otherwise swallow the rest of the file into it.
csv.field_size_limit(1_000_000)
_LISTED = 20


def fit(settings: Settings, source: Source, layout: Delimited, content: Content, name: str) -> float:
    """Share of the layout's columns found (by header or by count), the file's name breaking ties."""
    if not isinstance(content, Text):
        return 0
    first = next(_records(content), None)
    if first is None:
        return 0
    _, fields = first
    by_name = 0.4 * name_fits(layout, name)
    if layout.header:
        headers = header_map(settings.sources, source.name)
        found = {headers.get((layout.name, field.strip().lower())) for field in fields} - {None}
        return (len(found) / len(layout.columns) if found else 0) + by_name
    return (1.0 if len(fields) == len(layout.columns) else 0) + by_name


def read(settings: Settings, source: Source, layout: Delimited, content: Text, name: str, period: str | None) -> Batch:
    """Rows: sheet None, line number, the layout's columns in order (absent optional ones as None).

    Raises:
        FileRejected: header or field counts do not fit, quotes are not closed, the period cannot be told.
    """
    order = _order(settings, source, layout, content)
    batch = Batch(layout=layout, period="", rows=())
    _examine(layout, content, len(order))
    batch.period = _period(layout, content, order, name, period)
    batch.rows = _rows(layout, content, order, batch.organisations)
    return batch


def _records(content: Text) -> Iterator[tuple[int, list[str]]]:
    """Line number (of the record's last line) and fields of each record; blank lines are passed over."""
    reader = csv.reader(content.lines(), strict=True)
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield reader.line_num, fields
    except csv.Error as error:
        raise FileRejected(
            Problem(
                rule="F02",
                scope="file",
                row=reader.line_num,
                message=f"the line cannot be read as CSV ({error}): is a quotation mark not closed?",
                action="Mend the line, or export the file again.",
            )
        ) from error


def _order(settings: Settings, source: Source, layout: Delimited, content: Text) -> list[str | None]:
    """The layout's column for each field of the file, in the file's order; None for fields that are not read."""
    if not layout.header:
        return list(layout.columns)
    _, fields = next(_records(content))
    headers = header_map(settings.sources, source.name)
    order = [headers.get((layout.name, field.strip().lower())) for field in fields]
    problems = []
    unread = [field for field, column in zip(fields, order, strict=True) if column is None]
    known = {header for (of, header), column in headers.items() if of == layout.name and column not in order}
    for index, (field, column) in enumerate(zip(fields, order, strict=True), start=1):
        like = nearest(field.strip().lower(), known)
        if column is None:
            hint = f"; the nearest registered header is '{like}'" if like else ""
            problems.append(_header_problem(source, index, field, f"header is not registered{hint}"))
        elif column in order[: index - 1]:
            problems.append(_header_problem(source, index, field, f"a second column for {column}"))
    for column in layout.columns:
        if column not in order and column not in layout.optional:
            like = nearest(column, unread)
            hint = f"; the nearest header in the file is '{like}'" if like else ""
            problems.append(_header_problem(source, None, None, f"column {column} is missing or renamed{hint}"))
    if problems:
        raise FileRejected(*problems)
    return order


def _examine(layout: Delimited, content: Text, width: int) -> None:
    """One pass for the shape, so that a file is refused before anything of it is loaded."""
    wrong: list[tuple[int, int]] = []
    count = total = 0
    for number, fields in _records(content):
        total += 1
        if len(fields) != width:
            count += 1
            if len(wrong) < _LISTED:
                wrong.append((number, len(fields)))
    if total <= int(layout.header):
        raise FileRejected(
            Problem(
                rule="F01",
                scope="file",
                message="the file has no data rows",
                action="Send the file again, with its rows.",
            )
        )
    if wrong:
        first, fields_there = wrong[0]
        raise FileRejected(
            Problem(
                rule="V11",
                scope="file",
                row=first,
                count=count,
                message=f"the row has {fields_there} fields where layout {layout.name} has {width}",
                action="Check for a missing or extra column, or a comma outside quotation marks.",
            )
        )


def _rows(layout: Delimited, content: Text, order: list[str | None], organisations: set[str]) -> Iterator[Row]:
    positions = [order.index(column) if column in order else None for column in layout.columns]
    organisation = layout.columns.index(layout.organisation_column) if layout.organisation_column else None
    if organisation is None:
        organisations.add("*")
    records = _records(content)
    if layout.header:
        next(records)
    for number, fields in records:
        values = [None if at is None or fields[at] == "" else fields[at] for at in positions]
        if organisation is not None and values[organisation]:
            organisations.add(str(values[organisation]).strip())
        yield (None, number, *values)


def _period(layout: Delimited, content: Text, order: list[str | None], name: str, given: str | None) -> str:
    """``YYYY-MM``: from the newest date of the period column, else the file's name, else as given."""
    if layout.period.origin == "column" and layout.period.column and layout.period.date_format:
        at = order.index(layout.period.column)
        newest: datetime | None = None
        records = _records(content)
        if layout.header:
            next(records)
        for _, fields in records:
            try:
                moment = datetime.strptime(fields[at].strip(), layout.period.date_format)
            except (ValueError, IndexError):
                continue  # the gate names rows with impossible dates
            newest = moment if newest is None or moment > newest else newest
        if newest is not None:
            return f"{newest:%Y-%m}"
    found = period_from_text(layout, name) or given
    if found and layout.period.holds(found):
        return found
    raise FileRejected(period_missing(layout, "2026-07"))


def _header_problem(source: Source, index: int | None, value: str | None, message: str) -> Problem:
    return Problem(
        rule="V11",
        scope="file",
        row=1,
        column=None if index is None else str(index),
        value=value,
        message=message,
        action=f"Rename the header, or add a line for it to sources/maps/{source.name}.csv.",
    )
