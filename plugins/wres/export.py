"""A published table as a file: CSV, Parquet or Excel, with what its columns mean and which files it was made of.

Everything is read as ``bi_reader`` from ``published``; of an earlier release, whose tables no reader may touch, the publisher
reads those that were published, and no other. Rows are streamed, however many they are.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from wres import publish, reference, warehouse
from wres.settings import Settings
from wres.spreadsheet_safety import neutralised

# Rows of a sheet, less the header.
EXCEL_ROWS = 1_048_575
# Few enough to be written within a second or two: a reader that is idle for longer is ended by a publish.
_BLOCK = 1_000
_HEADER = ("item", "name", "type", "meaning")
# What a spreadsheet or Parquet calls Postgres's types; unconstrained numerics have no fixed scale, so they become doubles.
_PARQUET_TYPES = {
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "numeric": "DOUBLE",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp with time zone": "TIMESTAMPTZ",
}


class ExportError(ValueError):
    """The table cannot be written as it was asked for; the message says how it can."""


@dataclass(frozen=True)
class Column:
    """A column: name, type as Postgres names it, meaning."""

    name: str
    kind: str
    meaning: str


@dataclass(frozen=True)
class Exported:
    """What was written: to which files, how many rows, of which release."""

    paths: tuple[Path, ...]
    rows: int
    release_id: int
    is_synthetic: bool


@dataclass(frozen=True)
class _Table:
    relation: sql.Identifier
    name: str
    purpose: str
    columns: tuple[Column, ...]
    definitions: tuple[tuple[str, ...], ...]


def export(
    settings: Settings,
    table: str,
    path: Path,
    *,
    release: int | None = None,
    force: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Exported:
    """Write a published table; the suffix of ``path`` (.csv, .parquet, .xlsx) says how.

    Excel has the definitions on a second sheet, Parquet in the file's metadata, CSV in ``<path>.definitions.csv``. Text that a
    spreadsheet would take for a formula gets an apostrophe before it, in CSV and Excel.

    Args:
        settings: the warehouse.
        table: name of a table of schema ``published``, with or without the schema.
        path: the file.
        release: number of the release; by default the current one.
        force: overwrite what is there.
        say: is told each step.

    Raises:
        ExportError: no such table, another suffix, a file that exists, more rows than a sheet holds, or a full disk.
        publish.PublishError: nothing is published, or not that release.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise ExportError(f"{path.name}: the suffix says the format, and may be {', '.join(_WRITERS)}.")
    if not path.parent.is_dir():
        raise ExportError(f"{path.parent} is no folder.")
    beside = (path.with_name(f"{path.name}.definitions.csv"),) if write is _write_csv else ()
    if (there := [each for each in (path, *beside) if each.exists()]) and not force:
        raise ExportError(f"{there[0]} exists; --force overwrites it.")
    of = publish.queryable(settings, release)
    role = "bi_reader" if of.is_current else "wres_publisher"
    with warehouse.connect(settings, role) as connection, _parts(path, *beside) as parts:
        # The order of the table, each time; a transaction that has read the view keeps its release until the end.
        connection.execute("set synchronize_seqscans = off")
        connection.execute("set max_parallel_workers_per_gather = 0")
        found = _describe(connection, of, table)
        say(f"counting the rows of {found.name}")
        counted = connection.execute(sql.SQL("select count(*) from {}").format(found.relation)).fetchone()
        rows = int(counted[0]) if counted else 0
        if write is _write_excel and rows > EXCEL_ROWS:
            raise ExportError(
                f"{found.name} has {rows:,} rows, and a sheet of Excel holds {EXCEL_ROWS:,}. Write .csv or .parquet,"
                " or take the part that you need by SQL (wres dsn --role bi_reader)."
            )
        say(f"writing {rows:,} rows")
        write(connection, found, parts)
    return Exported((path, *beside), rows, of.release_id, of.is_synthetic)


@contextmanager
def _parts(*paths: Path) -> Iterator[list[Path]]:
    """Files to write to, which get their names when all are complete: what fails leaves nothing behind."""
    try:
        with tempfile.TemporaryDirectory(dir=paths[0].parent, prefix=".incoming-") as folder:
            parts = [Path(folder) / path.name for path in paths]
            yield parts
            for part, path in zip(parts, paths, strict=True):
                part.replace(path)
    except OSError as error:
        raise ExportError(f"{paths[0]} cannot be written: {error.strerror or error}.") from error


# What it is ----------------------------------------------------------------------------------------------------------


def _describe(connection: psycopg.Connection, of: publish.Release, asked: str) -> _Table:
    schema = "published" if of.is_current else of.schema_name
    name = asked.strip().lower().removeprefix("published.")
    rows = connection.execute(
        "select relname, coalesce(obj_description(oid), '') from pg_class where relnamespace = %s::regnamespace"
        " and relkind in ('r', 'v') and relname not like 'restricted\\_%%' order by relname",
        [schema],
    ).fetchall()
    known: dict[str, str] = dict(rows)
    if name not in known:
        raise ExportError(f"There is no published table {asked!r}. Tables: {', '.join(known)}.")
    relation = sql.Identifier(schema, name)
    # Held until the transaction ends, so that no publish comes between the definitions and the rows.
    connection.execute(sql.SQL("select from {} limit 0").format(relation))
    columns = tuple(
        Column(*row)
        for row in connection.execute(
            "select a.attname, format_type(a.atttypid, null), coalesce(col_description(a.attrelid, a.attnum), '')"
            " from pg_attribute as a inner join pg_class as c on a.attrelid = c.oid"
            " where c.relnamespace = %s::regnamespace and c.relname = %s and a.attnum > 0 and not a.attisdropped"
            " order by a.attnum",
            [schema, name],
        ).fetchall()
    )
    purpose = " ".join(known[name].split())
    if described := reference.BOOKKEEPING.get(f"published.{name}"):
        purpose = f"{described[0]} {described[1]}"
        columns = tuple(Column(each.name, each.kind, described[2][each.name][1]) for each in columns)
    return _Table(
        relation,
        f"published.{name}",
        purpose,
        columns,
        _definitions(connection, of, f"published.{name}", purpose, columns),
    )


def _definitions(
    connection: psycopg.Connection, of: publish.Release, name: str, purpose: str, columns: Sequence[Column]
) -> tuple[tuple[str, ...], ...]:
    source = "published" if of.is_current else "ops"
    files = connection.execute(
        sql.SQL(
            "select source, period, file_name, coalesce(revision, 1), file_sha256 from {} where release_id = %s"
            " order by source, period, file_name"
        ).format(sql.Identifier(source, "release_input")),
        [of.release_id],
    ).fetchall()
    synthetic = "; SYNTHETIC: the figures are made up" if of.is_synthetic else ""
    return (
        ("table", name, "", purpose),
        ("release", str(of.release_id), "", f"published {of.published_at:%Y-%m-%d %H:%M} UTC{synthetic}"),
        *(("column", column.name, column.kind, column.meaning) for column in columns),
        *(
            ("source file", file, source, f"period {period}, revision {revision}, sha256 {sha256}")
            for source, period, file, revision, sha256 in files
        ),
    )


# Formats -------------------------------------------------------------------------------------------------------------


def _rows(connection: psycopg.Connection, table: _Table) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name="export") as cursor:
        cursor.itersize = _BLOCK
        cursor.execute(sql.SQL("select * from {}").format(table.relation))
        for row in cursor:
            yield tuple(neutralised(cell) if isinstance(cell, str) else cell for cell in row)


def _write_csv(connection: psycopg.Connection, table: _Table, parts: Sequence[Path]) -> None:
    for part, header, rows in (
        (parts[0], [column.name for column in table.columns], _rows(connection, table)),
        (parts[1], _HEADER, (tuple(map(neutralised, line)) for line in table.definitions)),
    ):
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(
                tuple(str(cell).lower() if isinstance(cell, bool) else cell for cell in row) for row in rows
            )


def _write_excel(connection: psycopg.Connection, table: _Table, parts: Sequence[Path]) -> None:
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "remove_timezone": True,
        "nan_inf_to_errors": True,
        "tmpdir": str(parts[0].parent),
    }
    with xlsxwriter.Workbook(str(parts[0]), options) as book:
        bold = book.add_format({"bold": True})
        forms = {
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "timestamp with time zone": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        }
        sheet = book.add_worksheet(table.name.removeprefix("published.")[:31])
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, max(12, min(len(column.name) + 2, 40)), forms.get(column.kind))
        sheet.write_row(0, 0, [column.name for column in table.columns], bold)
        for number, row in enumerate(_rows(connection, table), start=1):
            for place, cell in enumerate(row):
                if cell is not None:
                    sheet.write(number, place, cell, forms.get(table.columns[place].kind))
        sheet.autofilter(0, 0, max(sheet.dim_rowmax or 0, 1), len(table.columns) - 1)
        meanings = book.add_worksheet("Definitions")
        meanings.set_column(0, 0, 12)
        meanings.set_column(1, 2, 34)
        meanings.set_column(3, 3, 120)
        meanings.write_row(0, 0, _HEADER, bold)
        for number, line in enumerate(table.definitions, start=1):
            meanings.write_row(number, 0, [neutralised(cell) for cell in line])


def _write_parquet(connection: psycopg.Connection, table: _Table, parts: Sequence[Path]) -> None:
    import duckdb

    text = parts[0].with_suffix(".csv")
    statement = sql.SQL("copy (select * from {}) to stdout (format csv)").format(table.relation)
    with text.open("wb") as file, connection.cursor().copy(statement) as copy:
        for block in copy:
            file.write(block)
    kinds = {column.name: _PARQUET_TYPES.get(column.kind, "VARCHAR") for column in table.columns}
    definitions = json.dumps([dict(zip(_HEADER, line, strict=True)) for line in table.definitions], ensure_ascii=False)
    with duckdb.connect(
        config={"memory_limit": "512MB", "temp_directory": str(text.parent), "autoinstall_known_extensions": False}
    ) as engine:
        engine.execute("set timezone = 'UTC'")
        engine.execute(
            f"copy (select * from read_csv({_quoted(text)}, header = false, columns = {kinds}, delim = ',',"  # noqa: S608 - ours
            " quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, max_line_size = 33554432))"
            f" to {_quoted(parts[0])} (format parquet, compression zstd,"
            f" kv_metadata {{wres_definitions: {_quoted(definitions)}}})"
        )


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


_WRITERS: dict[str, Callable[[psycopg.Connection, _Table, Sequence[Path]], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".xlsx": _write_excel,
}
