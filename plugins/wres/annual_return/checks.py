"""What the rules say about a return that is being filled in, before anybody sends it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from wres import warehouse
from wres.annual_return.figures import Figures
from wres.annual_return.form import GROUPS, HEADER, SYNTHETIC, Line
from wres.gate.batches import batches_of, seed_relations
from wres.gate.judge import Finding, open_judge
from wres.readers.content import cell_text
from wres.rules import raw_suites
from wres.settings import Settings

FIRST_ROW = 2  # The header stands in row 1.
_TABLE = "wres_return__item"
_NAMED_ROWS = 10

Result = Literal["passed", "failed", "look at it", "incomplete", "not checked"]


@dataclass(frozen=True)
class Check:
    """One check: the rule's id, what it looks for, how it came out, and what to do about it."""

    rule: str
    looks_for: str
    result: Result
    says: str = ""


def checks(settings: Settings, figures: Figures, lines: Sequence[Line]) -> tuple[Check, ...]:
    """Completeness, then each rule of the raw gate, then what ``data_quality`` lists for the organisation and year.

    The rules are those that the loader puts to the file (``expectations/raw/wres_return.yml``): none is stated again here.
    """
    return (*_completeness(lines), *_outside_the_bands(figures), *_gate(settings, lines), *_quality(figures))


def _completeness(lines: Sequence[Line]) -> list[Check]:
    found = []
    for indicator in sorted({line.indicator for line in lines}):
        own = [line for line in lines if line.indicator == indicator]
        empty = sum(line.empty_cells for line in own)
        reasons = dict.fromkeys(line.note.removeprefix(SYNTHETIC).strip() for line in own if line.empty_cells)
        cells = "1 cell is" if empty == 1 else f"{empty} cells are"
        says = f"{cells} empty. {' '.join(filter(None, reasons))}".strip() if empty else ""
        found.append(
            Check("complete", f"empty cells of indicator {indicator}", "incomplete" if empty else "passed", says)
        )
    return found


def _outside_the_bands(figures: Figures) -> list[Check]:
    """The form has no row for local pay: those people are in the workforce and in no line of indicator 1."""
    people = sum(
        figure[f"{group}_count"] or 0
        for (indicator, slice_), figure in figures.by_slice.items()
        if indicator == "1" and slice_.endswith(".other_pay")
        for group in GROUPS
    )
    if not people:
        return []
    says = (
        f"{people} people are paid outside the bands: give each the band that mirrors the pay, in the records or here."
    )
    return [Check("V14", "people whose pay is in no row of the form", "failed", says)]


def _gate(settings: Settings, lines: Sequence[Line]) -> list[Check]:
    suite = raw_suites(settings)[_TABLE]
    records = [
        {
            "_load_id": 0,
            "_sheet": "Return",
            "_row_number": number,
            "_period": str(line.wres_year),
            **{name: cell_text(cell) for name, cell in zip(HEADER, line.cells(), strict=True)},
        }
        for number, line in enumerate(lines, start=FIRST_ROW)
    ]
    columns = {"_load_id": "bigint", "_row_number": "integer", **dict.fromkeys(("_sheet", "_period", *HEADER), "text")}
    batch = sql.SQL("(select * from jsonb_to_recordset({}::jsonb) as r({}))").format(
        sql.Literal(json.dumps(records)),
        sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns.items()
        ),
    )
    judge = open_judge(settings)
    with (
        warehouse.connect(settings, "wres_gate", autocommit=True) as connection,
        batches_of(
            connection, f"return_{os.getpid()}", batch, suite, seed_relations(connection, settings, suite)
        ) as batches,
    ):
        findings = judge.put(connection, _TABLE, suite, batches)
    return [_check(finding) for finding in sorted(findings, key=lambda finding: finding.rule.id)]


def _check(finding: Finding) -> Check:
    rule = finding.rule
    if finding.success:
        return Check(rule.id, rule.message, "passed")
    rows = sorted({place["_row_number"] for place in finding.places if place.get("_row_number")})
    where = ", ".join(map(str, rows[:_NAMED_ROWS])) + (" and more" if len(rows) > _NAMED_ROWS else "")
    result: Result = "failed" if rule.severity == "critical" else "look at it"
    return Check(rule.id, rule.message, result, (f"Row {where}: " if rows else "") + rule.action)


def _quality(figures: Figures) -> list[Check]:
    found = [
        Check(row["rule_id"], f"data quality, {row['severity']}", "look at it", row["message"])
        for row in figures.findings
    ]
    looks_for = "differences between the return and the records of the same day"
    if len(figures.bases) < 2:
        found.append(Check("D01", looks_for, "not checked", f"There are only {figures.bases[0]} of the year."))
    elif not any(check.rule == "D01" for check in found):
        found.append(Check("D01", looks_for, "passed"))
    return found
