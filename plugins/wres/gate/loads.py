"""The raw gate: each loaded batch is accepted, or loses rows or measures, or is rejected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from wres import load, outcome, registry, report, warehouse
from wres.gate.batches import batches_of, seed_relations
from wres.gate.judge import Finding, GateError, Judge, open_judge, record
from wres.problems import Problem
from wres.rules import Rule, raw_suites
from wres.settings import Settings

_LOAD_LOCK = 0x5752
# Above this share of rejected rows the file as a whole is not to be trusted.
_REJECTED_PCT = 1
# The first places of a failing rule are named, and every measure that a rule blocks has one.
_FEWEST_PLACES = 1000


@dataclass(frozen=True)
class Verdict:
    """What the raw gate decided about one load, and why. A file that could not be archived has no load."""

    load_id: int | None
    source: str
    file_name: str
    state: str
    problems: tuple[Problem, ...] = ()
    rows: int = 0
    rows_rejected: int = 0
    report: Path | None = None
    period: str | None = None


def judge_loads(settings: Settings, load_ids: Sequence[int]) -> list[Verdict]:
    """Judge loads one by one, in one process; each is accepted or rejected by itself and has one verdict.

    Loads that a reader rejected already keep their verdict; so do loads judged by another process meanwhile.

    Raises:
        GateError: a rule could not be evaluated; its load stays ``loaded`` and is judged again by the next run.
    """
    with warehouse.connect(settings, "wres_loader", autocommit=True) as connection:
        # Two files of the same bytes are one load.
        states = {load_id: _state(connection, load_id) for load_id in dict.fromkeys(load_ids)}
        waiting = [load_id for load_id, state in states.items() if state == "loaded"]
        if waiting:
            _analyse(connection, waiting)
            judge = open_judge(settings)
            with warehouse.connect(settings, "wres_gate", autocommit=True) as gate:
                for load_id in waiting:
                    with _alone_with(connection, load_id):
                        if _state(connection, load_id) == "loaded":
                            _judge_load(settings, connection, gate, judge, load_id)
        return [_verdict(settings, connection, load_id) for load_id, state in states.items() if state]


def waiting_loads(settings: Settings) -> list[int]:
    """Loads whose rows are in raw and that no gate has judged yet (their run was killed)."""
    with warehouse.connect(settings, "wres_gate", autocommit=True) as connection:
        rows = connection.execute("select load_id from ops.load where state = 'loaded' order by load_id").fetchall()
    return [row[0] for row in rows]


def summary(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as text for people: each file, its state, and every problem with what to do."""
    lines = []
    for verdict in verdicts:
        if verdict.problems:
            word = verdict.state if verdict.state == "rejected" else "accepted with warnings"
            lines.append(report.text(verdict.file_name, verdict.source, word, verdict.problems))
        if verdict.report:
            lines.append(f"  report: {verdict.report}")
    return "\n".join(lines)


@contextmanager
def _alone_with(connection: psycopg.Connection, load_id: int) -> Iterator[None]:
    """Keep other processes from judging a load meanwhile; freed by the server if this one dies."""
    connection.execute("select pg_advisory_lock(%s, %s)", [_LOAD_LOCK, load_id])
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("select pg_advisory_unlock(%s, %s)", [_LOAD_LOCK, load_id])


def _state(connection: psycopg.Connection, load_id: int) -> str | None:
    row = connection.execute("select state from ops.load where load_id = %s", [load_id]).fetchone()
    return row[0] if row else None


def _analyse(connection: psycopg.Connection, waiting: Sequence[int]) -> None:
    """Tell planner and index of the rows that were just loaded: once for each table, however many files went into it."""
    tables = connection.execute(
        "select distinct source_table from ops.load where load_id = any(%s) order by source_table", [list(waiting)]
    ).fetchall()
    for (table,) in tables:
        connection.execute("select brin_summarize_new_values(%s)", [f"raw.{load.ranges_index(table)}"])
        connection.execute(sql.SQL("analyze raw.{}").format(sql.Identifier(table)))


def _judge_load(
    settings: Settings, connection: psycopg.Connection, gate: psycopg.Connection, judge: Judge, load_id: int
) -> None:
    source, layout, table, period, rows, warned = connection.execute(
        "select source, layout, source_table, period, rows_loaded, problems from ops.load where load_id = %s", [load_id]
    ).fetchone()  # type: ignore[misc]
    suite = raw_suites(settings).get(table)
    if suite is None:
        raise GateError(f"No rules for raw table {table}: add them to expectations/raw/{source}.yml.")
    with outcome.step(connection, "gate", source=source, period=period) as recorded:
        recorded.rows_in = rows
        allowed = rows * _REJECTED_PCT // 100
        batch = sql.SQL("(select * from raw.{} where _load_id = {})").format(
            sql.Identifier(table), sql.Literal(load_id)
        )
        with batches_of(gate, f"load_{load_id}", batch, suite, seed_relations(gate, settings, suite)) as batches:
            # One place more than rows may be rejected: then either all are known, or they are too many.
            findings = judge.put(gate, table, suite, batches, max(_FEWEST_PLACES, allowed + 1))
            problems = [Problem(**known) for known in warned]
            problems += [_problem(gate, finding, batches) for finding in findings if not finding.success]
            blocked = [row for finding in findings for row in _blocked(gate, finding, batches)]
        failing = [f for f in findings if not f.success and f.rule.severity == "critical"]
        bad_rows = [f for f in failing if f.rule.scope == "row"]
        unexpected = _rows_of(bad_rows)
        with connection.transaction():
            record(connection, "raw", findings, load_id=load_id)
            if any(f.rule.scope == "file" for f in failing):
                load.reject(settings, connection, load_id, problems)
                recorded.status = "failed"
            elif unexpected > allowed:
                load.reject(settings, connection, load_id, [_too_many(unexpected, rows), *problems])
                recorded.status = "failed"
            else:
                rejected = _set_rows_aside(connection, table, load_id, bad_rows)
                if rejected:
                    of = registry.registry(settings)[source].layout(layout)
                    _forget_emptied(connection, table, load_id, of)
                connection.cursor().executemany(
                    "insert into ops.blocked_measure (load_id, rule_id, measure, reason) values (%s, %s, %s, %s)"
                    " on conflict do nothing",
                    [(load_id, *row) for row in blocked],
                )
                # No rule of scope file has failed here: what is left costs rows or a measure, and the file a warning.
                softened = [replace(problem, severity="warning") for problem in problems]
                load.accept(connection, load_id, softened, rejected)
                recorded.rows_out = rows - rejected
                recorded.status = "warning" if problems else "ok"
        # Rules only: outcomes are read by more people than may see a cell's value.
        recorded.message = "; ".join(f"{problem.rule} {problem.message}" for problem in problems)[:500] or None


def _verdict(settings: Settings, connection: psycopg.Connection, load_id: int) -> Verdict:
    source, name, state, problems, rows, rejected, path, period = connection.execute(
        "select source, file_name, state, problems, rows_loaded, rows_rejected, report, period"
        " from ops.load where load_id = %s",
        [load_id],
    ).fetchone()  # type: ignore[misc]
    return Verdict(
        load_id=load_id,
        source=source,
        file_name=name,
        state=state,
        problems=tuple(Problem(**problem) for problem in problems),
        rows=rows,
        rows_rejected=rejected,
        report=settings.home / path if path else None,
        period=period,
    )


def _problem(connection: psycopg.Connection, finding: Finding, batches: dict[str, str]) -> Problem:
    """A finding as a problem of the file; the first offending value is looked up in raw, where it may be seen."""
    rule = finding.rule
    place = min(finding.places, key=_place_order, default={})
    value = _value_at(connection, batches[rule.batch], rule.shows, place)
    return Problem(
        rule=rule.id,
        scope=rule.scope if rule.scope != "release" else "file",
        message=rule.message,
        action=rule.action,
        sheet=place.get("_sheet"),
        row=place.get("_row_number"),
        column=place.get("_column", rule.shows),
        value=None if value is None else (f"{value:.10g}" if isinstance(value, float) else str(value))[:200],
        count=max(finding.unexpected, 1),
        severity="error" if rule.severity == "critical" and rule.scope != "measure" else "warning",
    )


def _place_order(place: dict[str, Any]) -> tuple[Any, ...]:
    column = str(place.get("_column") or "")
    return (str(place.get("_sheet") or ""), place.get("_row_number") or 0, len(column), column)


def _value_at(connection: psycopg.Connection, relation: str, column: str | None, place: dict[str, Any]) -> Any:
    if column is None or not place:
        return None
    where = sql.SQL(" and ").join(
        sql.SQL("{} is not distinct from {}").format(sql.Identifier(key), sql.Placeholder(key)) for key in place
    )
    row = connection.execute(
        sql.SQL("select {} from gate.{} where {} limit 1").format(
            sql.Identifier(column), sql.Identifier(relation), where
        ),
        place,
    ).fetchone()
    return row[0] if row else None


def _blocked(connection: psycopg.Connection, finding: Finding, batches: dict[str, str]) -> list[tuple[str, str, str]]:
    """(rule, measure, reason) of each measure that a failing rule of scope ``measure`` blocks."""
    rule = finding.rule
    if finding.success or rule.scope != "measure":
        return []
    measures = {_value_at(connection, batches[rule.batch], rule.measure, place) for place in finding.places}
    return [(rule.id, str(measure), rule.message) for measure in sorted(measures - {None}, key=str)]


def _rows_of(findings: Sequence[Finding]) -> int:
    """How many rows the findings are about; a row that breaks several rules is one."""
    places = {tuple(place.items()) for finding in findings for place in finding.places}
    return max([len(places), *(finding.unexpected for finding in findings)])


def _set_rows_aside(connection: psycopg.Connection, table: str, load_id: int, findings: Sequence[Finding]) -> int:
    """Move offending rows from raw to ``ops.rejected_row``, whole: first rule broken, place, value and reason."""
    broken: dict[tuple[str, ...], dict[tuple[Any, ...], Rule]] = {}
    for finding in findings:
        if len(finding.places) < finding.unexpected:
            raise GateError(f"{finding.rule.id} on {finding.table} names no places: its rows cannot be set aside.")
        for place in finding.places:
            keys = tuple(key for key in ("_row_number", "_sheet", "_column") if key in place)
            broken.setdefault(keys, {}).setdefault(tuple(place[key] for key in keys), finding.rule)
    return sum(_move(connection, table, load_id, keys, rules) for keys, rules in broken.items())


def _move(
    connection: psycopg.Connection,
    table: str,
    load_id: int,
    keys: Sequence[str],
    rules: Mapping[tuple[Any, ...], Rule],
) -> int:
    """Move the rows of a load that are at the places, given as values of the keys, in one pass over raw."""
    # Equalities, unlike "is not distinct from", can be hashed: a file may have thousands of bad rows among millions.
    matches = sql.SQL(" and ").join(
        sql.SQL("r._row_number = p._row_number")
        if key == "_row_number"
        else sql.SQL("coalesce(r.{0}, '') = coalesce(p.{0}, '')").format(sql.Identifier(key))
        for key in keys
    )
    types = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(key), sql.SQL("integer" if key == "_row_number" else "text"))
        for key in keys
    )
    rejected = connection.execute(
        sql.SQL(
            """
            with gone as (
                delete from raw.{table} as r
                using jsonb_to_recordset(%(places)s) as p({types}, rule_id text, shows text, reason text)
                where r._load_id = %(load_id)s and {matches}
                returning p.rule_id, p.shows, p.reason, to_jsonb(r) as content
            )
            insert into ops.rejected_row (load_id, rule_id, sheet, row_number, column_name, value, reason, content)
            select
                %(load_id)s, rule_id, content ->> '_sheet', (content ->> '_row_number')::integer,
                coalesce(content ->> '_column', shows), content ->> shows, reason, content
            from gone
            """
        ).format(table=sql.Identifier(table), types=types, matches=matches),
        {
            "places": json.dumps(
                [
                    {
                        **dict(zip(keys, place, strict=True)),
                        "rule_id": rule.id,
                        "shows": rule.shows or "value",
                        "reason": rule.message,
                    }
                    for place, rule in rules.items()
                ]
            ),
            "load_id": load_id,
        },
    )
    return rejected.rowcount


def _forget_emptied(connection: psycopg.Connection, table: str, load_id: int, layout: registry.Layout) -> None:
    """Take back the contents of which every row was set aside: nothing must not restate what an earlier load holds."""
    if layout.organisation_column is None:
        return
    of_the_period = sql.SQL(" and r._period = c.period" if layout.period.row_period == "own" else "")
    connection.execute(
        sql.SQL(
            """
            delete from ops.load_content as c
            where c.load_id = {load_id} and not exists (
                select from raw.{table} as r
                where r._load_id = {load_id} and btrim(r.{organisation}) = c.org_code{of_the_period}
            )
            """
        ).format(
            load_id=sql.Literal(load_id),
            table=sql.Identifier(table),
            organisation=sql.Identifier(layout.organisation_column),
            of_the_period=of_the_period,
        )
    )


def _too_many(unexpected: int, rows: int) -> Problem:
    return Problem(
        rule="V24",
        scope="file",
        message=f"{unexpected} of {rows} rows would have to be rejected, more than {_REJECTED_PCT}%",
        action="Correct the rows below and send the file again.",
    )
