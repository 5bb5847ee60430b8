"""The figures that a return is filled in from: one organisation, one year, one basis of one release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from wres import publish, warehouse
from wres.settings import Settings

SURVEY_INDICATORS = ("5", "6", "7", "8")


class ReturnError(ValueError):
    """The return cannot be filled in or written; the message says what there is instead."""


@dataclass(frozen=True)
class Figures:
    """True figures of one organisation and WRES year.

    Attributes:
        org_code, org_name, wres_year: whose, and of which year.
        release_id: release that they are read from.
        basis: ``return`` or ``records``: where indicators 1 to 4 and 9 come from.
        bases: every basis that the release has of these.
        is_synthetic: whether they are made up.
        by_slice: row of ``restricted.indicator_result`` by (indicator, slice).
        findings: rows of ``restricted.data_quality`` of the organisation and year.
    """

    org_code: str
    org_name: str
    wres_year: int
    release_id: int
    basis: str
    bases: tuple[str, ...]
    is_synthetic: bool
    by_slice: dict[tuple[str, str], dict[str, Any]]
    findings: tuple[dict[str, Any], ...]


def read_figures(
    settings: Settings, release: publish.Release, org_code: str, wres_year: int, basis: str | None
) -> Figures:
    """Read what a release knows about an organisation and year.

    The basis is one for the whole return, since its parts have to agree with each other (V04). Indicators 5 to 8 are the
    survey's: the return's own percentages stand only where the survey has none, or the return is what is asked for.

    Raises:
        ReturnError: no such organisation, year or basis in the release.
    """
    code = org_code.strip().upper()
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        rows: list[dict[str, Any]] = cursor.execute(
            _select(
                release,
                """
                select figure.*, definition.definition_version as first_version
                from {schema}.restricted_indicator_result as figure
                left join {schema}.indicator_definition as definition
                    on figure.indicator_code = definition.indicator_code and figure.denominator = definition.denominator
                    and figure.wres_year between definition.valid_from_year and coalesce(definition.valid_to_year, 9999)
                where figure.level = 'organisation' and figure.org_code = %(code)s and figure.wres_year = %(year)s
                    and figure.period_kind = 'annual' and figure.organisation_basis = 'as_reported'
                    and figure.denominator <> 'known_only'
                order by definition.definition_version
                """,
            ),
            {"code": code, "year": wres_year},
        ).fetchall()
        bases = tuple(b for b in ("return", "records") if any(_is_counted(row, b) for row in rows))
        if not bases or (basis is not None and basis not in bases):
            raise ReturnError(_what_there_is(cursor, release, code, wres_year, basis, bases))
        name = cursor.execute(
            _select(release, "select display_name from {schema}.organisation where org_code = %(code)s"), {"code": code}
        ).fetchone()
        findings = cursor.execute(
            _select(
                release,
                "select * from {schema}.restricted_data_quality where org_code = %(code)s and wres_year = %(year)s"
                " order by rule_id, indicator_code, slice, ethnicity_group, message",
            ),
            {"code": code, "year": wres_year},
        ).fetchall()
    chosen = basis or bases[0]
    survey = ("return", "survey") if basis == "return" else ("survey", "return")
    by_slice: dict[tuple[str, str], dict[str, Any]] = {}
    for wanted in survey:
        for row in rows:
            key = (row["indicator_code"], row["slice"])
            is_survey = row["indicator_code"] in SURVEY_INDICATORS
            is_given = row["white_pct"] is not None or row["bme_pct"] is not None
            # The first of a year's definitions is the one that a return stands on.
            if row["basis"] == (wanted if is_survey else chosen) and (is_given or not is_survey):
                by_slice.setdefault(key, row)
    return Figures(
        org_code=code,
        org_name=str(name["display_name"]) if name and name["display_name"] else code,
        wres_year=wres_year,
        release_id=release.release_id,
        basis=chosen,
        bases=bases,
        is_synthetic=any(row["is_synthetic"] for row in rows),
        by_slice=by_slice,
        findings=tuple(findings),
    )


def _is_counted(row: dict[str, Any], basis: str) -> bool:
    return bool(row["basis"] == basis and row["status"] != "not_submitted" and row["indicator_code"] in set("12349"))


def _select(release: publish.Release, query: str) -> sql.Composed:
    return sql.SQL(query).format(schema=sql.Identifier(release.schema_name))


def _what_there_is(
    cursor: Any, release: publish.Release, code: str, year: int, basis: str | None, bases: tuple[str, ...]
) -> str:
    """A sentence: the bases, years or organisations that there are in place of what was asked for."""
    begin = f"Release {release.release_id} has no {basis or 'return or records'} of {code} for WRES {year}"
    if bases:
        return f"{begin}, only {' and '.join(bases)}."
    rows = cursor.execute(
        _select(
            release,
            "select distinct wres_year from {schema}.restricted_indicator_result where level = 'organisation'"
            " and org_code = %(code)s and period_kind = 'annual' and organisation_basis = 'as_reported'"
            " and basis in ('return', 'records') and status <> 'not_submitted' order by 1",
        ),
        {"code": code},
    ).fetchall()
    if rows:
        return f"{begin}; it has those of {', '.join(str(row['wres_year']) for row in rows)}."
    known = cursor.execute(
        _select(release, "select 1 from {schema}.organisation where org_code = %(code)s"), {"code": code}
    ).fetchone()
    if known:
        return f"{begin}, nor of any other year."
    return f"{begin}: it knows no organisation of that code. published.organisation lists them."
