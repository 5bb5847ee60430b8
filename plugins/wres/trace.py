"""From a figure back to the cells it rests on: file, sheet, row, column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from wres import archive, publish, warehouse
from wres.settings import Settings

# The slice that stands for an indicator where it is not 'all'.
_WHOLE = {"9": "board.total", "DR": "all.lower_to_upper"}


class TraceError(ValueError):
    """There is no such figure; the message says what there is."""


@dataclass(frozen=True)
class Trace:
    """One figure of one release, and the cells behind it (``archived``: where the file's bytes are kept)."""

    release_id: int
    figure: dict[str, Any]
    cells: tuple[dict[str, Any], ...]


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
    org_code, indicator_code = org_code.upper(), indicator_code.upper()
    slice_ = slice_ or _WHOLE.get(indicator_code, "all")
    where = {
        "org_code": org_code,
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
            sql.SQL("select * from {}.restricted_indicator_result where {}").format(
                sql.Identifier(of.schema_name), conditions
            ),
            where,
        ).fetchone()
        if figure is None:
            raise TraceError(_nearby(cursor, of, org_code, wres_year, indicator_code, slice_))
        cells = _cells(cursor, of, figure, slice_, indicator_code)
        # A sum over rows of the return stands in no row of its own: then the rows it is summed from.
        cells = cells or _cells(cursor, of, figure, None, "1" if indicator_code == "DR" else indicator_code)
    for cell in cells:
        path: Path | None = archive.find(settings, cell["source"], cell["file_sha256"])
        cell["archived"] = str(path) if path else None
    return Trace(of.release_id, figure, tuple(cells))


def _cells(
    cursor: Any, of: publish.Release, figure: dict[str, Any], slice_: str | None, indicator_code: str
) -> list[dict[str, Any]]:
    """Places behind a figure, of one slice or (None) of all."""
    found: list[dict[str, Any]] = cursor.execute(
        sql.SQL(
            "select ethnicity_group, role, source, file_name, file_sha256, revision, sheet_name, row_number,"
            " column_name, header, value from {}.restricted_figure_source"
            " where (level, org_code, as_at, basis, scope, organisation_basis, source_vintage)"
            " = (%(level)s, %(org_code)s, %(as_at)s, %(basis)s, %(scope)s, %(organisation_basis)s, %(source_vintage)s)"
            " and indicator_code = %(cell_indicator)s and denominator in (%(denominator)s, '*')"
            " and (%(cell_slice)s::text is null or slice in (%(cell_slice)s, '*'))"
            " order by ethnicity_group desc, role desc, sheet_name, row_number, file_name"
        ).format(sql.Identifier(of.schema_name)),
        {**figure, "cell_indicator": indicator_code, "cell_slice": slice_},
    ).fetchall()
    return found


def _nearby(cursor: Any, of: publish.Release, org_code: str, wres_year: int, indicator_code: str, slice_: str) -> str:
    """What to ask for instead: years and slices that the organisation has, or that the code is unknown."""
    rows = cursor.execute(
        sql.SQL(
            "select distinct wres_year, indicator_code, slice from {}.restricted_indicator_result"
            " where org_code = %s order by 1 desc, 2, 3"
        ).format(sql.Identifier(of.schema_name)),
        [org_code],
    ).fetchall()
    asked = f"{org_code} {wres_year} indicator {indicator_code} ({slice_})"
    if not rows:
        return f"Release {of.release_id} has no figure for {asked}: no organisation or area has the code {org_code}."
    years = sorted({row["wres_year"] for row in rows}, reverse=True)
    there = sorted({f"{row['indicator_code']} ({row['slice']})" for row in rows})
    return (
        f"Release {of.release_id} has no figure for {asked}. It has years {', '.join(map(str, years))}"
        f" and indicators {', '.join(there)} for {org_code}."
    )
