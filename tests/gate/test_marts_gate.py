"""Every rule of ``expectations/marts``: a candidate that breaks it, and what the gate then does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import cases_of_benchmarks
import cases_of_groups
import cases_of_growth
import cases_of_indicators
import cases_of_movement
import cases_of_quality
import psycopg
import pytest
from candidates import administrator, stage_candidate
from cases_of_indicators import COUNT, FIGURE, SURVEY
from cases_of_movement import SOUND
from cases_of_quality import QUALITY
from gate_case import Case, P, R

from wres import gate, publish
from wres.rules import marts_suites
from wres.settings import Settings, settings

PLANTED = 98.765432
CASES = (
    *cases_of_indicators.CASES,
    *cases_of_benchmarks.CASES,
    *cases_of_growth.CASES,
    *cases_of_movement.CASES,
    *cases_of_groups.CASES,
    *cases_of_quality.CASES,
)
RULES = [(suite.table, rule) for suite in marts_suites(settings()) for rule in suite.rules]


@pytest.fixture(scope="module")
def warehouse_copy(published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]) -> Settings:
    return copy_warehouse(published_sample)


@pytest.fixture
def candidate(warehouse_copy: Settings) -> Iterator[Callable[..., Settings]]:
    """candidate(*changes): the sample as a candidate that breaks no rule, then changed; the fact table is put back after."""

    def make(*changes: str) -> Settings:
        # The sample has a trust without results on purpose; here nobody is told, so that nothing fails beside the case.
        stage_candidate(warehouse_copy, "candidate of a test", f"delete from {QUALITY}", *changes)
        return warehouse_copy

    with administrator(warehouse_copy) as connection:
        for kept, table in (("kept", COUNT), ("kept_survey", SURVEY)):
            connection.execute(f"create temporary table {kept} as select * from {table}")
        # What the audit does not read is rounded here, so that its rules have rows to judge; cases of `hidden` say so.
        connection.execute("update ops.source set unaudited_policy = disclosure_policy")
        yield make
        connection.execute("delete from ops.acceptance")
        connection.execute("delete from ops.gate_result where gate = 'marts' and release_id is null")
        connection.execute("update ops.source set unaudited_policy = disclosure_policy")
        for kept, table in (("kept", COUNT), ("kept_survey", SURVEY)):
            connection.execute(f"truncate {table}")
            connection.execute(f"insert into {table} select * from {kept}")


def failing(of: Settings) -> list[tuple[str, str, str, int, list[dict]]]:
    """Table, rule, message, number and places of what the last judgement found wrong."""
    with administrator(of) as connection:
        return connection.execute(
            "select table_name, rule_id, message, unexpected_count, places from ops.gate_result"
            " where gate = 'marts' and release_id is null and not success order by gate_result_id"
        ).fetchall()


def test_every_rule_has_a_case_that_breaks_it() -> None:
    without = [
        f"{table} {rule.id}: {rule.message}" for table, rule in RULES if not any(c.meets(table, rule) for c in CASES)
    ]
    assert not without
    assert all(sum(case.meets(table, rule) for table, rule in RULES) == 1 for case in CASES)


def test_a_sound_candidate_passes_without_a_note(candidate: Callable[..., Settings]) -> None:
    of = candidate(*SOUND)
    verdict = gate.judge_candidate(of)
    assert (verdict.passed, verdict.failures, verdict.warnings, failing(of)) == (True, (), (), [])
    with administrator(of) as connection:
        judged = connection.execute("select count(*) from ops.gate_result where gate = 'marts' and release_id is null")
        assert judged.fetchone() == (len(RULES),)
        assert connection.execute("select gate_passed from ops.candidate").fetchone() == (True,)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_broken_rule_does_what_its_severity_says(
    case: Case, candidate: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Data Docs have a test of their own and cost as much as the judgement.
    docs = "great_expectations.data_context.EphemeralDataContext.build_data_docs"
    monkeypatch.setattr(docs, lambda *arguments, **named: {})
    table, rule = next((table, rule) for table, rule in RULES if case.meets(table, rule))
    of = candidate(*case.changes)
    # Nobody else makes their folder then.
    (of.data_docs / "candidate of").mkdir(parents=True, exist_ok=True)
    verdict = gate.judge_candidate(of)
    found = failing(of)
    assert (table, rule.id, rule.message) in [row[:3] for row in found], "the rule did not notice"

    sentence = f"{rule.id} {table}: {rule.message}"
    blocked = [text for text in verdict.failures if text.startswith(sentence)]
    noted = [text for text in verdict.warnings if text.startswith(sentence)]
    if rule.severity == "critical":
        assert blocked and not verdict.passed
        assert rule.action in blocked[0]
        with pytest.raises(publish.PublishError, match="has not passed its gate"):
            publish.publish(of)
        with pytest.raises(gate.UnknownRuleError, match="does not wait for a signature"):
            gate.accept(of, rule.id, "This must not open the gate.")
    elif rule.sign_off:
        assert blocked and not verdict.passed
        assert f"wres accept {rule.id}" in blocked[0]
        with pytest.raises(publish.PublishError):
            publish.publish(of)
        gate.accept(of, rule.id, "Checked with the trust.")
        again = gate.judge_candidate(of)
        assert (again.passed, again.failures) == (True, ())
        assert any(text.startswith(sentence) for text in again.warnings)
        with administrator(of) as connection:
            signed = connection.execute("select rule_id, fingerprint, comment from ops.acceptance").fetchall()
        assert signed == [(rule.id, "candidate of a test", "Checked with the trust.")]
    else:
        assert verdict.passed and not verdict.failures
        assert bool(noted) == (rule.severity == "warning")


def test_a_signature_holds_for_one_candidate_only(candidate: Callable[..., Settings]) -> None:
    lost = next(case for case in CASES if case.rule == "G04")
    of = candidate(*lost.changes)
    gate.accept(of, "G04", "The workbook was withdrawn.")
    assert gate.judge_candidate(of).passed
    stage_candidate(of, "another candidate", *lost.changes)
    assert not gate.judge_candidate(of).passed


def test_a_signature_needs_a_candidate_a_comment_and_a_rule_that_waits(candidate: Callable[..., Settings]) -> None:
    of = candidate()
    with pytest.raises(
        gate.UnknownRuleError, match=r"V99 does not wait for a signature\. Rules that do: G04, V17, V39\."
    ):
        gate.accept(of, "V99", "No such rule.")
    with pytest.raises(psycopg.errors.CheckViolation):
        gate.accept(of, "G04", "   ")
    with administrator(of) as connection:
        connection.execute("delete from ops.candidate")
    with pytest.raises(gate.GateError, match="no candidate to sign for"):
        gate.accept(of, "G04", "There is nothing here.")
    with pytest.raises(gate.GateError, match="no candidate to judge"):
        gate.judge_candidate(of)


def test_results_and_data_docs_hold_places_and_no_values(candidate: Callable[..., Settings]) -> None:
    of = candidate(
        f"update {R} set white_pct = 1{PLANTED}, bme_pct = -{PLANTED}, ratio = {PLANTED} where {FIGURE}",
        f"update {P} set white_pct = {PLANTED} where {FIGURE}",
    )
    verdict = gate.judge_candidate(of)
    assert not verdict.passed
    assert verdict.data_docs is not None and verdict.data_docs.is_file()
    pages = [path for path in verdict.data_docs.parent.rglob("*") if path.is_file()]
    assert len([page for page in pages if page.suffix == ".html"]) > len({table for table, _ in RULES})
    front = verdict.data_docs.read_text()
    assert "Blocked" in front and "V10" in front
    assert not re.search(r"<script|https?:", front), "it opens where there is no network"
    linked = [verdict.data_docs.parent / unquote(path) for path in re.findall(r'href="([^"]+)"', front)]
    assert len(linked) > len({table for table, _ in RULES})
    assert all(page.is_file() for page in linked)
    leaking = [str(page) for page in pages if str(PLANTED).encode() in page.read_bytes()]
    assert not leaking

    found = failing(of)
    assert {row[1] for row in found} >= {"V10", "V40", "G06"}
    keys = {suite.table: set(suite.places) for suite in marts_suites(of)}
    for table, rule, _, number, places in found:
        assert number >= 1 and places, rule
        for place in places:
            assert set(place) <= keys[table]
    assert str(PLANTED) not in repr(found) + repr(verdict)
    with administrator(of) as connection:
        told = connection.execute("select message from ops.outcome where step = 'gate'").fetchall()
    assert str(PLANTED) not in repr(told)


def test_the_gate_leaves_no_batches_behind(candidate: Callable[..., Settings]) -> None:
    of = candidate()
    gate.judge_candidate(of)
    with administrator(of) as connection:
        left = connection.execute(
            "select relname from pg_class where relnamespace = 'gate'::regnamespace and relkind in ('r', 'v')"
        ).fetchall()
    assert left == [("previous_indicator_result",)]
