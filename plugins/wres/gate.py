"""The gate: Great Expectations decides whether a loaded batch is accepted and whether a candidate is published.

There is no second verdict. This module puts the rules of ``expectations/`` to Great Expectations, turns each result into
places (never values), and acts on it: file, rows, measure or release. Values for a report are looked up where they lie.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from wres import load, outcome, report, warehouse
from wres.problems import Problem
from wres.rules import WHOLE, Rule, Suite, marts_suites, raw_suites
from wres.settings import Settings

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext

_KEPT_PLACES = 50
_LOAD_LOCK = 0x5752
# Above this share of rejected rows the file as a whole is not to be trusted.
_ROWS_REJECT_FILE = 0.01


class GateError(RuntimeError):
    """A rule could not be put to its batch: nothing passes on a rule that was not judged."""


@dataclass(frozen=True)
class Finding:
    """Result of one rule: whether it holds, in how many places it does not, and the first of these places."""

    rule: Rule
    table: str
    success: bool
    unexpected: int = 0
    places: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What the raw gate decided about one load, and why."""

    load_id: int
    source: str
    file_name: str
    state: str
    problems: tuple[Problem, ...] = ()
    rows: int = 0
    rows_rejected: int = 0
    report: Path | None = None


@dataclass(frozen=True)
class CandidateVerdict:
    """What the marts gate decided about the candidate: ``failures`` block, ``warnings`` are published with it."""

    passed: bool
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    data_docs: Path | None = None


@dataclass
class _Judge:
    """One Great Expectations context over the warehouse, for all batches of a run: importing it costs seconds."""

    context: EphemeralDataContext
    datasource: Any
    results: list[Any] = field(default_factory=list)

    def put(self, connection: psycopg.Connection, table: str, suite: Suite, batches: dict[str, str]) -> list[Finding]:
        """Put every rule of a suite to the relation of its batch."""
        import great_expectations as gx
        from great_expectations.expectations.metadata_types import FailureSeverity
        from great_expectations.expectations.registry import get_expectation_impl

        findings: list[Finding] = []
        for batch_name in dict.fromkeys(rule.batch for rule in suite.rules):
            rules = [rule for rule in suite.rules if rule.batch == batch_name]
            relation = batches[batch_name]
            places = _place_columns(connection, relation, suite)
            asset = self.datasource.add_table_asset(relation, table_name=relation, schema_name="gate")
            definition = asset.add_batch_definition_whole_table("whole")
            expectations = gx.ExpectationSuite(name=f"{table}: {batch_name} ({relation})")
            for number, rule in enumerate(rules):
                expectations.add_expectation(
                    get_expectation_impl(rule.expectation)(
                        **rule.arguments,
                        severity=FailureSeverity(rule.severity),
                        meta={"rule": rule.id, "number": number, "reason": rule.reason},
                        notes=f"**{rule.id}** {rule.message}. {rule.action}",
                    )
                )
            self.context.suites.add(expectations)
            validation = self.context.validation_definitions.add(
                gx.ValidationDefinition(name=expectations.name, data=definition, suite=expectations)
            )
            result = validation.run(
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": list(places),
                    "exclude_unexpected_values": True,
                }
            )
            self.results.append(result)
            findings += [_finding(table, rules, single, places) for single in result.results]
        return findings


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
            judge = _judge(settings)
            for load_id in waiting:
                with _alone_with(connection, load_id):
                    if _state(connection, load_id) == "loaded":
                        _judge_load(settings, connection, judge, load_id)
        return [_verdict(settings, connection, load_id) for load_id, state in states.items() if state]


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


def waiting_loads(settings: Settings) -> list[int]:
    """Loads whose rows are in raw and that no gate has judged yet (their run was killed)."""
    with warehouse.connect(settings, "wres_gate", autocommit=True) as connection:
        rows = connection.execute("select load_id from ops.load where state = 'loaded' order by load_id").fetchall()
    return [row[0] for row in rows]


def judge_candidate(settings: Settings) -> CandidateVerdict:
    """Judge the candidate in schema ``marts`` and write its Data Docs.

    Raises:
        GateError: there is no candidate, or a rule could not be evaluated.
    """
    with warehouse.connect(settings, "wres_gate", autocommit=True) as connection:
        candidate = connection.execute("select fingerprint from ops.candidate").fetchone()
        if candidate is None:
            raise GateError("There is no candidate to judge: run `wres build` first.")
        fingerprint = candidate[0]
        with outcome.step(connection, "gate") as recorded:
            judge = _judge(settings)
            _previous_release(connection)
            findings: list[Finding] = []
            for suite in marts_suites(settings):
                with _batches(
                    connection, f"candidate_{suite.table}", sql.Identifier("marts", suite.table), suite
                ) as batches:
                    findings += judge.put(connection, suite.table, suite, batches)
            accepted = {
                row[0]
                for row in connection.execute(
                    "select rule_id from ops.acceptance where fingerprint = %s", [fingerprint]
                ).fetchall()
            }
            failures, notes = _decide(findings, accepted)
            docs = _data_docs(settings, judge, fingerprint)
            _record(connection, "marts", findings, fingerprint=fingerprint)
            connection.execute(
                "update ops.candidate set gate_passed = %s, data_docs = %s where fingerprint = %s",
                [not failures, str(docs.relative_to(settings.home)), fingerprint],
            )
            recorded.status = "failed" if failures else "warning" if notes else "ok"
            recorded.message = "; ".join((*failures, *notes))[:500]
    return CandidateVerdict(not failures, tuple(failures), tuple(notes), docs / "index.html")


def accept(settings: Settings, rule_id: str, comment: str) -> None:
    """Sign off a rule for the candidate at hand; another candidate needs another signature.

    Raises:
        GateError: there is no candidate, or the rule is not one that waits for a person.
    """
    waiting = {rule.id for suite in marts_suites(settings) for rule in suite.rules if rule.sign_off}
    if rule_id not in waiting:
        raise GateError(f"{rule_id} does not wait for a signature. Rules that do: {', '.join(sorted(waiting))}.")
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        signed = connection.execute(
            "insert into ops.acceptance (rule_id, fingerprint, comment) select %s, fingerprint, %s from ops.candidate"
            " on conflict (rule_id, fingerprint) do update set comment = excluded.comment, accepted_at = now()",
            [rule_id, comment],
        )
    if signed.rowcount == 0:
        raise GateError("There is no candidate to sign for: run `wres build` and `wres gate` first.")


def _decide(findings: Sequence[Finding], accepted: set[str]) -> tuple[list[str], list[str]]:
    """Sentences of what blocks and of what is only noted."""
    failures, notes = [], []
    for finding in findings:
        if finding.success:
            continue
        rule = finding.rule
        places = f" ({finding.unexpected} rows)" if finding.unexpected else ""
        sentence = f"{rule.id} {finding.table}: {rule.message}{places}"
        if rule.severity == "critical" and not rule.sign_off:
            failures.append(f"{sentence}. {rule.action}")
        elif rule.sign_off and rule.id not in accepted:
            failures.append(f"{sentence}. {rule.action} To publish all the same: wres accept {rule.id} --comment '…'")
        elif rule.severity != "info":
            notes.append(sentence)
    return failures, notes


def _judge_load(settings: Settings, connection: psycopg.Connection, judge: _Judge, load_id: int) -> None:
    source, table, period, rows, warned = connection.execute(
        "select source, source_table, period, rows_loaded, problems from ops.load where load_id = %s", [load_id]
    ).fetchone()  # type: ignore[misc]
    suite = raw_suites(settings).get(table)
    if suite is None:
        raise GateError(f"No rules for raw table {table}: add them to expectations/raw/{source}.yml.")
    with outcome.step(connection, "gate", source=source, period=period) as recorded:
        recorded.rows_in = rows
        with warehouse.connect(settings, "wres_gate", autocommit=True) as gate:
            batch = sql.SQL("(select * from raw.{} where _load_id = {})").format(
                sql.Identifier(table), sql.Literal(load_id)
            )
            with _batches(gate, f"load_{load_id}", batch, suite) as batches:
                findings = judge.put(gate, table, suite, batches)
                problems = [Problem(**known) for known in warned]
                problems += [_problem(gate, finding, batches) for finding in findings if not finding.success]
                blocked = [row for finding in findings for row in _blocked(gate, finding, batches)]
        failing = [f for f in findings if not f.success and f.rule.severity == "critical"]
        bad_rows = [f for f in failing if f.rule.scope == "row"]
        unexpected = sum(f.unexpected for f in bad_rows)
        with connection.transaction():
            _record(connection, "raw", findings, load_id=load_id)
            if any(f.rule.scope == "file" for f in failing):
                load.reject(settings, connection, load_id, problems)
                recorded.status = "failed"
            elif unexpected > _ROWS_REJECT_FILE * rows:
                load.reject(settings, connection, load_id, [_too_many(unexpected, rows), *problems])
                recorded.status = "failed"
            else:
                rejected = sum(_set_rows_aside(connection, table, load_id, f) for f in bad_rows)
                connection.cursor().executemany(
                    "insert into ops.blocked_measure (load_id, rule_id, measure, reason) values (%s, %s, %s, %s)"
                    " on conflict do nothing",
                    [(load_id, *row) for row in blocked],
                )
                softened = [
                    problem
                    if problem.scope == "file" and problem.severity == "error"
                    else Problem(**{**problem.as_dict(), "severity": "warning"})
                    for problem in problems
                ]
                load.accept(connection, load_id, softened, rejected)
                recorded.rows_out = rows - rejected
                recorded.status = "warning" if problems else "ok"
        # Rules only: outcomes are read by more people than may see a cell's value.
        recorded.message = "; ".join(f"{problem.rule} {problem.message}" for problem in problems)[:500] or None


def _verdict(settings: Settings, connection: psycopg.Connection, load_id: int) -> Verdict:
    source, name, state, problems, rows, rejected, path = connection.execute(
        "select l.source, f.name, l.state, l.problems, l.rows_loaded, l.rows_rejected, l.report from ops.load as l"
        " inner join ops.file as f on l.file_sha256 = f.sha256 where l.load_id = %s",
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
    )


@contextmanager
def _batches(
    connection: psycopg.Connection, prefix: str, table: sql.Composable, suite: Suite
) -> Iterator[dict[str, str]]:
    """Relations in schema ``gate`` of the table being judged and of the suite's selects over it, by batch name.

    Great Expectations is given table assets because its row locations are malformed for query assets. The table itself is
    a view; a select is computed once, since each expectation reads its batch several times.

    Args:
        connection: as wres_gate, in autocommit.
        prefix: of the relations' names.
        table: relation, or subselect in brackets, that is judged.
        suite: whose batches are made.
    """
    names = {WHOLE: f"{prefix}__{WHOLE}"}
    try:
        _drop_batches(connection, prefix)
        connection.execute(
            sql.SQL("create view gate.{} as select * from {} as batch").format(sql.Identifier(names[WHOLE]), table)
        )
        for batch_name, select in suite.batches.items():
            names[batch_name] = f"{prefix}__{batch_name}"
            for known, relation in names.items():
                select = select.replace("{" + known + "}", f'gate."{relation}"')
            connection.execute(
                sql.SQL("create unlogged table gate.{} as {}").format(
                    sql.Identifier(names[batch_name]), sql.SQL(select)
                )
            )
        yield names
    finally:
        if not connection.closed:
            _drop_batches(connection, prefix)


def _drop_batches(connection: psycopg.Connection, prefix: str) -> None:
    """Drop the batches of a judgement, this one's or what a killed one left."""
    left = connection.execute(
        "select c.relname, c.relkind from pg_class as c where c.relnamespace = 'gate'::regnamespace"
        " and c.relkind in ('r', 'v') and starts_with(c.relname, %s) order by c.relkind",
        [f"{prefix}__"],
    ).fetchall()
    for name, kind in left:
        connection.execute(
            sql.SQL("drop {} if exists gate.{} cascade").format(
                sql.SQL("view" if kind == "v" else "table"), sql.Identifier(name)
            )
        )


def _place_columns(connection: psycopg.Connection, relation: str, suite: Suite) -> list[str]:
    present = {
        row[0]
        for row in connection.execute(
            "select column_name from information_schema.columns where table_schema = 'gate' and table_name = %s",
            [relation],
        ).fetchall()
    }
    return [column for column in suite.places if column in present]


def _judge(settings: Settings) -> _Judge:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    # Before the import for what it logs while it is imported, after it since it sets its own level.
    logging.getLogger("great_expectations._docs_decorators").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    url = warehouse.dsn(settings, "wres_gate").replace("postgresql://", "postgresql+psycopg2://", 1)
    return _Judge(context, context.data_sources.add_postgres("warehouse", connection_string=url))


def _finding(table: str, rules: Sequence[Rule], result: Any, places: Sequence[str]) -> Finding:
    rule = rules[result.expectation_config.meta["number"]]
    raised = [info for info in _exceptions(result.exception_info) if info.get("raised_exception")]
    if raised:
        raise GateError(
            f"{rule.id} on {table} ({rule.batch}) could not be judged: {raised[0].get('exception_message')}"
        )
    found = result.result or {}
    listed = [place for group in found.get("unexpected_index_list") or [] for place in _rows_of(group)]
    return Finding(
        rule=rule,
        table=table,
        success=bool(result.success),
        unexpected=int(found.get("unexpected_count") or len(listed) or 0),
        places=tuple({key: place[key] for key in places if key in place} for place in listed),
    )


def _rows_of(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Places as rows: without values, Great Expectations gives one list a column in place of one record a row."""
    if not any(isinstance(value, list) for value in group.values()):
        yield group
        return
    for values in zip(*group.values(), strict=True):
        yield dict(zip(group, values, strict=True))


def _exceptions(info: Any) -> list[dict[str, Any]]:
    """Exception records of a result: one, or one a metric."""
    if not info:
        return []
    return [info] if "raised_exception" in info else [value for value in info.values() if isinstance(value, dict)]


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


def _set_rows_aside(connection: psycopg.Connection, table: str, load_id: int, finding: Finding) -> int:
    """Move offending rows from raw to ``ops.rejected_row``, whole, with rule, place, value and reason."""
    keys = [key for key in ("_sheet", "_row_number", "_column") if finding.places and key in finding.places[0]]
    matches = sql.SQL(" and ").join(
        sql.SQL("r.{0} is not distinct from p.{0}").format(sql.Identifier(key)) for key in keys
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
                using jsonb_to_recordset(%(places)s) as p({types})
                where r._load_id = %(load_id)s and {matches}
                returning to_jsonb(r) as content
            )
            insert into ops.rejected_row (load_id, rule_id, sheet, row_number, column_name, value, reason, content)
            select
                %(load_id)s, %(rule)s, content ->> '_sheet', (content ->> '_row_number')::integer,
                coalesce(content ->> '_column', %(shows)s), content ->> %(shows)s, %(reason)s, content
            from gone
            """
        ).format(table=sql.Identifier(table), types=types, matches=matches),
        {
            "places": json.dumps([{key: place.get(key) for key in keys} for place in finding.places]),
            "load_id": load_id,
            "rule": finding.rule.id,
            "shows": finding.rule.shows or "value",
            "reason": finding.rule.message,
        },
    )
    return rejected.rowcount


def _too_many(unexpected: int, rows: int) -> Problem:
    return Problem(
        rule="V24",
        scope="file",
        message=f"{unexpected} of {rows} rows would have to be rejected, more than {_ROWS_REJECT_FILE:.0%}",
        action="Correct the rows below and send the file again.",
    )


def _record(
    connection: psycopg.Connection,
    gate: str,
    findings: Sequence[Finding],
    *,
    load_id: int | None = None,
    fingerprint: str | None = None,
) -> None:
    connection.cursor().executemany(
        "insert into ops.gate_result (gate, load_id, fingerprint, table_name, rule_id, severity, scope, success,"
        " unexpected_count, places, message) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (
                gate,
                load_id,
                fingerprint,
                finding.table,
                finding.rule.id,
                finding.rule.severity,
                finding.rule.scope,
                finding.success,
                finding.unexpected,
                json.dumps(finding.places[:_KEPT_PLACES]),
                finding.rule.message,
            )
            for finding in findings
        ],
    )


def _previous_release(connection: psycopg.Connection) -> None:
    """``gate.previous_indicator_result``: what is published now, or nothing of the candidate's shape before the first."""
    current = connection.execute("select schema_name from ops.release where is_current").fetchone()
    connection.execute("drop view if exists gate.previous_indicator_result cascade")
    connection.execute(
        sql.SQL("create view gate.previous_indicator_result as select * from {} where {}").format(
            sql.Identifier(current[0] if current else "marts", "restricted_indicator_result"),
            sql.Literal(current is not None),
        )
    )


def _data_docs(settings: Settings, judge: _Judge, fingerprint: str) -> Path:
    """A fresh site of the run's results: rules, verdicts and places, no values."""
    folder = settings.data_docs / fingerprint[:12]
    judge.context.add_data_docs_site(
        site_name="gate",
        site_config={
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        },
    )
    judge.context.build_data_docs(site_names=["gate"])
    return folder


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
