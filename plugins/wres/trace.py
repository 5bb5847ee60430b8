"""From a figure back to what it rests on: file, sheet, row, column; or to why there is none."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from wres import archive, publish, warehouse
from wres.rules import seed_file
from wres.settings import Settings

# The slice that stands for an indicator where it is not 'all'.
_WHOLE = {"9": "board.total", "DR": "all.lower_to_upper"}
_BLOCKS = ("non_clinical", "clinical_non_medical", "medical_dental")
_KEY = (
    "level", "org_code", "wres_year", "as_at", "period_kind", "indicator_code", "slice", "basis", "denominator", "scope",
    "aggregation", "organisation_basis",
)  # fmt: skip


class TraceError(ValueError):
    """There is no such figure; the message says what there is."""


@dataclass(frozen=True)
class Trace:
    """One figure of one release, and what is behind it.

    Attributes:
        release_id: the release.
        figure: row of ``restricted.indicator_result``.
        published: status and reason of the same figure in ``published``, where disclosure control may hide it.
        cells: cells and files; ``archived`` is where the file's bytes are kept. Where rows are counted, ``rows`` says how many of
            the file are the organisation's and between which rows of it they stand; None once they have left the warehouse.
        findings: what ``data_quality`` lists for the figure.
        missing: what ``submission`` says of files that were expected and are not there.
    """

    release_id: int
    figure: dict[str, Any]
    published: dict[str, Any]
    cells: tuple[dict[str, Any], ...]
    findings: tuple[dict[str, Any], ...]
    missing: tuple[dict[str, Any], ...]


def trace(
    settings: Settings,
    org_code: str,
    wres_year: int,
    indicator_code: str,
    *,
    slice_: str | None = None,
    basis: str | None = None,
    as_at: date | None = None,
    release: int | None = None,
) -> Trace:
    """Trace a figure; by default the headline annual one of the current release, of all staff, the board, or all tiers.

    Raises:
        TraceError: no such figure.
        publish.UnknownReleaseError: no such release.
    """
    of = publish.queryable(settings, release)
    indicator_code = indicator_code.upper()
    slice_ = slice_ or _WHOLE.get(indicator_code, "all")
    # Codes are capitals, but a type of organisation is words.
    codes = [org_code.upper(), org_code.title(), org_code]
    where = {
        "wres_year": wres_year,
        "indicator_code": indicator_code,
        "slice": slice_,
        **({"basis": basis} if basis else {"is_headline": True}),
        **({"as_at": as_at} if as_at else {"period_kind": "annual"}),
    }
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        conditions = sql.SQL(" and ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder(column)) for column in where
        )
        figure = cursor.execute(
            # Of several that fit, the one that is shown: as reported, on the usual denominator, of the narrowest scope.
            sql.SQL(
                "select * from {}.restricted_indicator_result where org_code = any(%(codes)s) and {}"
                " order by is_headline desc, organisation_basis, denominator in ('known_only', 'yes_no'),"
                " array_position(array['trusts', 'trusts_and_icbs', 'all'], scope), period_kind, aggregation limit 1"
            ).format(sql.Identifier(of.schema_name), conditions),
            {**where, "codes": codes},
        ).fetchone()
        if figure is None:
            raise TraceError(_nearby(cursor, of, codes, wres_year, indicator_code, slice_))
        cells = _cells(cursor, of, figure, indicator_code, [slice_, "all"] if indicator_code == "9" else [slice_])
        if not cells:
            # A sum over rows of the return stands in no row of its own: then the rows it is summed from.
            parts = summed_rows(settings, indicator_code, slice_)
            cells = _cells(cursor, of, figure, "1" if indicator_code == "DR" else indicator_code, parts)
        published = cursor.execute(
            sql.SQL("select status, status_reason from {}.indicator_result where {}").format(
                sql.Identifier(of.schema_name), _same(_KEY)
            ),
            figure,
        ).fetchone()
        findings = _findings(cursor, of, figure)
        missing = _missing(cursor, of, figure)
    with warehouse.connect(settings, "wres_gate", autocommit=True) as connection:
        for cell in cells:
            path: Path | None = archive.find(settings, cell["source"], cell["file_sha256"])
            cell["archived"] = str(path) if path else None
            cell["rows"] = _rows(connection, cell)
    return Trace(of.release_id, figure, published or {}, tuple(cells), tuple(findings), tuple(missing))


def summed_rows(settings: Settings, indicator_code: str, slice_: str) -> list[str]:
    """Slices of a return whose head counts a slice of indicator 1 or DR adds up; a part of consultants is not added.

    ``non_clinical`` is its 14 rows, ``all.band_8a`` that band in every block, ``all.lower_to_upper`` the bands of both tiers.
    """
    with seed_file(settings, "pay_row").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["parent_row"] and row["pay_row"] != "other_pay"]
    block, _, wanted = slice_.partition(".")
    steps = re.fullmatch(r"(.+?)_to_([^.]+)(?:[.].*)?", wanted) if indicator_code == "DR" else None

    def is_in(row: dict[str, str]) -> bool:
        if steps:
            return bool({row["tier"], row["pay_row"]} & {steps[1], steps[2]})
        if wanted == "band_8a_to_vsm":
            return row["is_senior"] == "true"
        return wanted in ("", row["pay_row"])

    return [
        f"{of}.{row['pay_row']}"
        for of in _BLOCKS
        for row in rows
        if (row["is_medical"] == "true") == (of == "medical_dental")
        if block in ("all", of) or (block == "clinical" and of != "non_clinical")
        if is_in(row)
    ]


def _same(columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("{} is not distinct from {}").format(sql.Identifier(column), sql.Placeholder(column))
        for column in columns
    )


def _cells(
    cursor: Any, of: publish.Release, figure: dict[str, Any], indicator_code: str, slices: list[str]
) -> list[dict[str, Any]]:
    """Places behind a figure, of the slices named."""
    found: list[dict[str, Any]] = cursor.execute(
        sql.SQL(
            "select * from {}.restricted_figure_source"
            " where (level, org_code, as_at, basis, scope, organisation_basis, source_vintage)"
            " = (%(level)s, %(org_code)s, %(as_at)s, %(basis)s, %(scope)s, %(organisation_basis)s, %(source_vintage)s)"
            " and indicator_code = %(cell_indicator)s and denominator in (%(denominator)s, '*')"
            " and slice = any(%(cell_slices)s)"
            " order by file_name, sheet_name, row_number, role desc,"
            " array_position(array['white', 'bme', 'unknown', 'all'], ethnicity_group)"
        ).format(sql.Identifier(of.schema_name)),
        {**figure, "cell_indicator": indicator_code, "cell_slices": [*slices, "*"]},
    ).fetchall()
    return found


def _rows(connection: psycopg.Connection, cell: dict[str, Any]) -> dict[str, int] | None:
    """How many rows of a file are the organisation's, and the first and last of them; never what stands in them."""
    if not cell.get("member_code"):
        return None
    if connection.execute("select to_regclass(%s)", [f"raw.{cell['source_table']}"]).fetchone() == (None,):
        return None
    counted = connection.execute(
        sql.SQL(
            "select count(*), min(_row_number), max(_row_number) from raw.{}"
            " where _load_id = %(load_id)s and btrim(org_code) = %(member_code)s and _period = %(period)s"
        ).format(sql.Identifier(cell["source_table"])),
        cell,
    ).fetchone()
    if counted is None or not counted[0]:
        return None
    return dict(zip(("count", "first", "last"), counted, strict=True))


def _findings(cursor: Any, of: publish.Release, figure: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cursor.execute(
        sql.SQL(
            "select rule_id, severity, message from {}.restricted_data_quality"
            " where org_code = %(org_code)s and as_at = %(as_at)s and coalesce(basis, %(basis)s) = %(basis)s"
            " and coalesce(indicator_code, %(indicator_code)s) = %(indicator_code)s and coalesce(slice, %(slice)s) = %(slice)s"
            " order by 1, 3"
        ).format(sql.Identifier(of.schema_name)),
        figure,
    ).fetchall()
    return found


def _missing(cursor: Any, of: publish.Release, figure: dict[str, Any]) -> list[dict[str, Any]]:
    """Files of an organisation that were expected for the figure's time and are not there; none in releases without the table."""
    known = cursor.execute("select to_regclass(%s) as known", [f"{of.schema_name}.restricted_submission"]).fetchone()
    if figure["level"] != "organisation" or figure["status"] != "not_submitted" or known["known"] is None:
        return []
    found: list[dict[str, Any]] = cursor.execute(
        sql.SQL(
            "select submission.source, submission.period, submission.due_on, submission.status, submission.status_reason"
            " from {}.restricted_submission as submission inner join ops.source as source using (source)"
            " where submission.org_code = %(org_code)s and submission.wres_year = %(wres_year)s"
            " and submission.first_received_on is null and %(indicator_code)s = any(source.indicators) order by 1, 2"
        ).format(sql.Identifier(of.schema_name)),
        figure,
    ).fetchall()
    return found


def _nearby(
    cursor: Any, of: publish.Release, codes: list[str], wres_year: int, indicator_code: str, slice_: str
) -> str:
    """What to ask for instead: years and slices that the organisation has, or that the code is unknown."""
    rows = cursor.execute(
        sql.SQL(
            "select distinct wres_year, indicator_code, slice from {}.restricted_indicator_result"
            " where org_code = any(%s) order by 1 desc, 2, 3"
        ).format(sql.Identifier(of.schema_name)),
        [codes],
    ).fetchall()
    org_code = codes[0]
    asked = f"{org_code} {wres_year} indicator {indicator_code} ({slice_})"
    if not rows:
        return f"Release {of.release_id} has no figure for {asked}: no organisation or area has the code {org_code}."
    years = sorted({row["wres_year"] for row in rows}, reverse=True)
    there = sorted({f"{row['indicator_code']} ({row['slice']})" for row in rows})
    return (
        f"Release {of.release_id} has no figure for {asked}. It has years {', '.join(map(str, years))}"
        f" and indicators {', '.join(there)} for {org_code}."
    )


def in_words(found: Trace) -> list[str]:
    """A trace as lines of text: the figure, then each file once with its places, then where the files are kept."""
    figure = found.figure
    day = f" as at {figure['as_at']}" if figure["period_kind"] == "quarterly" else ""
    lines = [
        f"{figure['org_code']} {figure['wres_year']} indicator {figure['indicator_code']} ({figure['slice']}){day},"
        f" from {figure['basis']}, release {found.release_id}: {_said(figure)}"
        + (" SYNTHETIC" if figure["is_synthetic"] else "")
    ]
    if found.published and found.published["status"] != figure["status"]:
        lines.append(f"  published as: {_said(found.published)}")
    for group, name in (("white", "White"), ("bme", "BME"), ("unknown", "Unknown")):
        count, base, pct = (figure[f"{group}_{what}"] for what in ("count", "base", "pct"))
        if count is not None or pct is not None:
            of = f" {count} of {base}" if count is not None else f" among {base}" if base is not None else ""
            lines.append(f"  {name}:{of}" + (f" ({_shown(pct)}%)" if pct is not None else ""))
    for column in ("ratio", "ratio_low", "ratio_high", "gap_points", "evidence", "base_source"):
        if figure[column] is not None:
            lines.append(f"  {column}: {_shown(figure[column])}")
    lines += [f"  {finding['severity']} {finding['rule_id']}: {finding['message']}" for finding in found.findings]
    if not found.cells:
        lines.append("  No cell of any file is behind it.")
    lines += [
        f"  {row['source']} {row['period']}: {row['status']}. {row['status_reason'] or ''}".rstrip()
        for row in found.missing
    ]
    places: dict[tuple[str, str], list[str]] = {}
    for cell in found.cells:
        places.setdefault(_place(cell), []).append(_holds(cell))
    for (where, header), holds in places.items():
        lines.append(f"  {header}: {', '.join(filter(None, holds))}".removesuffix(": "))
        lines.append(f"      {where}")
    for name, archived in dict.fromkeys((cell["file_name"], cell["archived"]) for cell in found.cells):
        lines.append(f"  {name} is kept as {archived}" if archived else f"  {name} is no longer kept")
    return lines


def _said(figure: dict[str, Any]) -> str:
    return str(figure["status"]) + (f". {figure['status_reason']}" if figure["status_reason"] else "")


def _place(cell: dict[str, Any]) -> tuple[str, str]:
    """Where a cell stands, and what it holds: cells of one row with one meaning are said together."""
    place = f", row {cell['row_number']}" if cell["row_number"] else ""
    if cell["column_name"]:
        place = f", cell {cell['column_name']}{cell['row_number']}"
    if rows := cell["rows"]:
        between = f"row {rows['first']}" if rows["count"] == 1 else f"rows {rows['first']} to {rows['last']}"
        place = (
            f", {between}, of which {rows['count']} {'is' if rows['count'] == 1 else 'are'} of {cell['member_code']}"
        )
    sheet = f", sheet '{cell['sheet_name']}'" if cell["sheet_name"] else ""
    header = cell["header"] if cell["header"] == cell["role"] else f"{cell['role']}, {cell['header']}"
    if cell["slice"] not in ("*", "all"):
        header += f" ({cell['slice']})"
    return f"{cell['file_name']} (revision {cell['revision']}){sheet}{place}", header


def _holds(cell: dict[str, Any]) -> str:
    return "" if cell["value"] is None else f"{cell['ethnicity_group']} {_shown(cell['value'])}"


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
