"""The marts gate: the candidate is published, published with notes, held for a signature, or blocked."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from wres import outcome, warehouse
from wres.disclosure.audit import disclosed_counts
from wres.gate import data_docs
from wres.gate.batches import batches_of
from wres.gate.judge import Finding, GateError, UnknownRuleError, open_judge, record
from wres.rules import marts_suites
from wres.settings import Settings

_NAMED = 8


@dataclass(frozen=True)
class CandidateVerdict:
    """What the marts gate decided about the candidate: ``failures`` block, ``warnings`` are published with it."""

    passed: bool
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    data_docs: Path | None = None


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
            judge = open_judge(settings)
            _previous_release(connection)
            findings: list[Finding] = []
            with disclosed_counts(settings, connection, fingerprint):
                for suite in marts_suites(settings):
                    with batches_of(
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
            docs = data_docs.write(settings, judge, fingerprint, failures, notes)
            record(connection, "marts", findings, fingerprint=fingerprint)
            connection.execute(
                "update ops.candidate set gate_passed = %s, data_docs = %s where fingerprint = %s",
                [not failures, str(docs.parent.relative_to(settings.home)), fingerprint],
            )
            recorded.status = "failed" if failures else "warning" if notes else "ok"
            recorded.message = "; ".join((*failures, *notes))[:500]
    return CandidateVerdict(not failures, tuple(failures), tuple(notes), docs)


def accept(settings: Settings, rule_id: str, comment: str) -> None:
    """Sign off a rule for the candidate at hand, in the name of who runs this; another candidate needs another signature.

    Raises:
        UnknownRuleError: the rule is not one that waits for a person.
        GateError: there is no candidate.
    """
    waiting = {rule.id for suite in marts_suites(settings) for rule in suite.rules if rule.sign_off}
    if rule_id not in waiting:
        raise UnknownRuleError(f"{rule_id} does not wait for a signature. Rules that do: {', '.join(sorted(waiting))}.")
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        signed = connection.execute(
            "insert into ops.acceptance (rule_id, fingerprint, comment, accepted_by)"
            " select %s, fingerprint, %s, %s from ops.candidate"
            " on conflict (rule_id, fingerprint) do update"
            " set comment = excluded.comment, accepted_by = excluded.accepted_by, accepted_at = now()",
            [rule_id, comment, getpass.getuser()],
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
        places = f" ({_named(finding)})" if finding.unexpected else ""
        sentence = f"{rule.id} {finding.table}: {rule.message}{places}"
        if rule.severity == "critical" and not rule.sign_off:
            failures.append(f"{sentence}. {rule.action}")
        elif rule.sign_off and rule.id not in accepted:
            failures.append(f"{sentence}. {rule.action} To publish all the same: wres accept {rule.id} --comment '…'")
        elif rule.severity != "info":
            notes.append(sentence)
    return failures, notes


def _named(finding: Finding) -> str:
    """Which figures or organisations a finding is about, the first few by name: codes and years identify nobody."""
    names = dict.fromkeys(
        " ".join(str(place[key]) for key in ("org_code", "wres_year") if place.get(key))
        or str(place.get("indicator_code"))
        for place in finding.places
    )
    shown = ", ".join(list(names)[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    rows = f"{finding.unexpected} {'row' if finding.unexpected == 1 else 'rows'}"
    return f"{rows}: {shown}{more}" if shown else rows


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
