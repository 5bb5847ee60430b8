"""Every rule of ``expectations/marts``: a candidate that breaks it, and what the gate then does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from candidates import administrator, stage_candidate

from wres import gate, publish
from wres.rules import Rule, marts_suites
from wres.settings import Settings, settings

R, P, COUNT = "restricted_indicator_result", "indicator_result", "intermediate.int_indicators__count"
SURVEY = "intermediate.int_survey__count"
QUALITY = "restricted_data_quality"
RETENTION, PROMOTION, BAND = "restricted_retention", "restricted_promotion", "restricted_time_in_band"
GOAL, WAY = "restricted_leadership_goal", "restricted_leadership_goal_trajectory"
PLANTED = 98.765432


def one(table: str, condition: str = "true", rows: int = 1) -> str:
    """Condition that picks the first rows of a table that meet a condition."""
    return f"ctid in (select ctid from {table} where {condition} order by level, org_code, wres_year limit {rows})"


def both(change: str, condition: str) -> tuple[str, str]:
    """A change of the restricted and of the published figure alike, so that they still correspond."""
    return f"update {R} set {change} where {condition}", f"update {P} set {change} where {condition}"


TRUST = f"(select min(org_code) from {R} where level = 'organisation' and indicator_code = '6' and wres_year = 2024"
TRUST += " and status = 'ok')"
FIGURE = f"org_code = {TRUST} and wres_year = 2025 and indicator_code = '5' and slice = 'all'"
REPORTED = one(R, "base_source = 'reported'")
APPROXIMATE = one(P, "base_source = 'q28_respondents'")
TODAY = one(R, "organisation_basis = 'current'")


def finding(rule: str, indicator: str | None = "4", org_code: str = TRUST) -> tuple[str, ...]:
    """Statements that plant a finding of data_quality; what leads to one is for the tests of its models."""
    about = f"'{indicator}'" if indicator else "null"
    return (
        f"insert into {QUALITY} (org_code, wres_year, as_at, rule_id, severity, basis, indicator_code, slice, message,"
        f" is_synthetic) values ({org_code}, 2025, '2025-03-31', '{rule}', 'warning', 'return',"
        f" {about}, 'all', 'odd', true)",
    )


def planted_rows(table: str, number: int) -> tuple[str, ...]:
    """Statements that plant a finding about a number of rows of a file of people."""
    return (
        f"insert into {table} (org_code, wres_year, as_at, rule_id, severity, message, observed, is_synthetic, source, period)"
        f" values ({TRUST}, 2025, '2025-03-31', 'V13', 'error', 'odd', {number}, true, 'workforce', '2025-03')",
    )


SENT, DECLARED = "submission", "declaration_rate"
SUBMISSION = f"(org_code, source, period) = (select min(org_code), 'staff_survey', '2024' from {SENT})"


def submitted(status: str) -> tuple[str, ...]:
    """Statements that give a submission another status, published and restricted alike."""
    change = f"set status = '{status}', first_received_on = null where {SUBMISSION}"
    return f"update {SENT} {change}", f"update restricted_{SENT} {change}"


def rate(change: str) -> tuple[str, ...]:
    """Statements that plant a declaration rate, published and restricted, and change the published one."""
    row = (
        "(level, org_code, wres_year, as_at, population, basis, scope, is_headline, unknown_count, total_count, status,"
        f" is_synthetic) values ('organisation', {TRUST}, 2025, '2025-03-31', 'staff', 'records', 'trusts', true, 10, 85,"
        " 'ok', true)"
    )
    return (
        f"insert into {DECLARED} {row}",
        f"insert into restricted_{DECLARED} {row}",
        f"update {DECLARED} set {change}",
    )


RECONCILED, GROWTH = "reconciliation", "yearly_change"


def reference(vintage: str, value: float, status: str, newest: str = "true") -> str:
    """Statement that plants a published figure."""
    return (
        f"insert into {RECONCILED} (publisher, vintage, is_default_vintage, scope, wres_year, indicator_code, slice,"
        " measure, method, published_value, is_approximate, status, source, is_synthetic) values"
        f" ('NHS England', {vintage}, {newest}, 'trusts', 2021, '1', 'all',"
        f" 'bme_pct', 'pooled', {value}, false, '{status}', 'a report', true)"
    )


def unfitted(table: str) -> str:
    """Statement that plants a row as the build leaves it."""
    return (
        f"insert into {table} (indicator_code, slice, definition_version, basis, scale, grouping_kind, group_name, is_headline,"
        " organisations, observations, first_year, last_year, status, model_status, is_synthetic) values"
        " ('2', 'all', '2.1', 'return', 'ratio', 'overall', 'all', true, 9, 27, 2023, 2025, 'ok', 'not_fitted', true)"
    )


def planted(table: str, **values: object) -> str:
    """A statement that plants a row: the sample has no records of people. Lists are counts of White, BME, Unknown and all."""
    row: dict[str, object] = {"level": "organisation", "org_code": "ZZZ", "wres_year": 2025, "slice": "all.band_8a"}
    row |= {"slice_label": "band 8a", "is_synthetic": True}
    if table != WAY:
        row |= {"as_at": "2025-03-31", "status": "ok"}
    if table in (RETENTION, PROMOTION):
        row |= {"period_kind": "annual", "scope": "trusts", "is_headline": True}
    if table in (GOAL, WAY):
        row |= {"pay_row": "band_8a", "horizon_year": 2028, "target_basis": "workforce_all", "scenario": "12"}
    for name, value in values.items():
        if isinstance(value, list):
            groups = ("white", "bme", "unknown", "all")
            row |= {f"{group}_{name}_count": each for group, each in zip(groups, value, strict=False)}
        else:
            row[name] = value
    return f"insert into {table} ({', '.join(row)}) values ({', '.join(map(repr, row.values()))})"


# A row of retention that balances, a promotion, and a goal with its way: each case breaks one of them.
BALANCED = {"opening": [60, 30, 10, 100], "stayed": [54, 25, 9, 88], "leavers": [6, 5, 1, 12], "moved_out": [2, 1, 0, 3],
            "joiners": [7, 6, 1, 14], "transferred": [0, 0, 0, 0], "moved_in": [3, 1, 0, 4],
            "closing": [62, 31, 10, 103]}  # fmt: skip
RISE = {
    "staff_block": "all",
    "from_row": "band_8a",
    "to_row": "any",
    "opening": [60, 30, 10, 100],
    "promoted": [6, 2, 1, 9],
}
STEP = RISE | {"slice": "all.band_8a.to_vsm", "to_row": "vsm"}
HELD = {"staff_block": "all", "pay_row": "band_8a", "people": [60, 30, 10], "promoted": [6, 2, 1], "white_median_months": 50,
        "white_median_low": 40, "white_median_high": 60}  # fmt: skip
MEANT = {"years": 3, "basis": "records", "scope": "trusts", "bme_share_pct": 10.0, "target_share_pct": 20.0,
         "bme_share_of_recruits_pct": 42.0, "recruits_needed_per_year": 5.0}  # fmt: skip
SOUND = (
    planted(RETENTION, **BALANCED, all_leaver_pct=11.8),
    planted(PROMOTION, **RISE),
    planted(PROMOTION, **STEP),
    planted(BAND, **HELD),
    planted(GOAL, **MEANT),
    planted(WAY, year=2028, bme_share_pct=20.0, target_share_pct=20.0),
)


@dataclass(frozen=True)
class Case:
    """A rule (of which table, and which words of its message tell it from others of its id) and statements that break it."""

    rule: str
    table: str
    says: str
    changes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule} {self.table} {self.says}"

    def meets(self, table: str, rule: Rule) -> bool:
        return (table, rule.id) == (self.table, self.rule) and self.says in rule.message


CASES = (
    Case("G01", R, "no figure", (f"delete from {R}",)),
    Case(
        "V12",
        R,
        "more than one row",
        (
            f"create temporary table twin as select * from {R} where {one(R)}",
            "update twin set is_headline = false",
            f"insert into {R} select * from twin",
        ),
    ),
    Case("G02", R, "headline", (f"update {R} set is_headline = false where {one(R, 'is_headline')}",)),
    Case(
        "G02",
        R,
        "headline",
        (f"update {R} set is_headline = true where {TODAY}",),
    ),
    Case("V10", R, "White percentage", (f"update {R} set white_pct = 100.01 where {one(R)}",)),
    Case("V10", R, "BME percentage", (f"update {R} set bme_pct = -0.01 where {one(R)}",)),
    Case(
        "V38",
        R,
        "no definition",
        (
            f"alter table {R} alter column definition_version drop not null",
            f"update {R} set definition_version = null where {one(R)}",
        ),
    ),
    Case("V41", R, "no interval", (f"update {R} set ratio_high = null where {REPORTED}",)),
    Case("V23", R, "fewer than 10", (f"update {R} set bme_base = 9 where {REPORTED}",)),
    Case("V40", R, "disclosure policy", (f"update {COUNT} set disclosure_policy = null",)),
    Case("V40", R, "disclosure policy", (f"update {COUNT} set disclosure_policy = 'suppress_below_k'",)),
    Case("G03", R, "mixed", (f"update {COUNT} set is_synthetic = false where {one(COUNT)}",)),
    Case("G04", R, "gone", both("white_pct = null", FIGURE)),
    Case(
        "V39",
        R,
        "national base",
        (f"update {SURVEY} set base_count = 1.002 * base_count where level = 'england' and indicator_code = '5'",),
    ),
    Case("G05", R, "ten points", both("bme_pct = bme_pct + 10.1", FIGURE)),
    Case("V39", RECONCILED, "does not reconcile", (reference("'2024'", 28.6, "differs"),)),
    Case(
        "V30",
        RECONCILED,
        "restated",
        (reference("'2022'", 22.4, "not_computed", "false"), reference("'2023'", 23.5, "not_computed")),
    ),
    Case("G11", f"restricted_{GROWTH}", "not fitted", (unfitted(f"restricted_{GROWTH}"),)),
    Case("G11", GROWTH, "not fitted", (unfitted(GROWTH),)),
    Case("V40", P, "more digits", (f"update {P} set white_pct = white_pct + 0.01 where {FIGURE}",)),
    Case("V40", P, "more digits", (f"update {P} set ratio = 1.005 where {FIGURE}",)),
    Case(
        "V41",
        P,
        "approximate base",
        (f"update {P} set white_base = 706 where {APPROXIMATE}",),
    ),
    Case("G06", P, "correspond", (f"delete from {P} where {FIGURE}",)),
    Case("G06", P, "correspond", (f"update {P} set white_pct = white_pct + 0.2 where {FIGURE}",)),
    Case(
        "V12",
        "organisation",
        "more than one",
        (f"insert into organisation select * from organisation where org_code = {TRUST}",),
    ),
    Case("D01", QUALITY, "differs from the records", finding("D01")),
    Case("V06", QUALITY, "than there are staff", finding("V06")),
    Case("V20", QUALITY, "not known", finding("V20")),
    Case("V21", QUALITY, "head count", finding("V21")),
    Case("V22", QUALITY, "ten points", finding("V22")),
    Case("V43", QUALITY, "three times", finding("V43")),
    Case("V17", QUALITY, "all of 5, 6, 7 and 8", finding("V17", None)),
    Case("V17", QUALITY, "values of the year before", finding("V17")),
    Case("V15", QUALITY, "implausible", finding("V15")),
    Case("V18", QUALITY, "do not add up", finding("V18")),
    Case("V27", QUALITY, "outside", finding("V27")),
    Case("V30", QUALITY, "another vintage", finding("V30")),
    Case("V31", QUALITY, "series breaks", finding("V31")),
    Case("V33", QUALITY, "closed on the day", finding("V33", None)),
    Case("V36", QUALITY, "successor", finding("V36", None)),
    Case("V42", QUALITY, "fewer than 98 %", finding("V42", "5", "'ENGLAND'")),
    Case("V40", "data_quality", "number of rows", planted_rows("data_quality", 7)),
    Case("L01", RETENTION, "is not closing", (planted(RETENTION, **BALANCED | {"closing": [62, 31, 10, 104]}),)),
    Case("L01", RETENTION, "is not closing", (planted(RETENTION, **BALANCED | {"stayed": [54, 26, 9, 88]}),)),
    Case("L02", RETENTION, "fewer than no people", (planted(RETENTION, **BALANCED | {"joiners": [7, -1, 1, 14]}),)),
    Case("L03", RETENTION, "outside 0 to 200", (planted(RETENTION, **BALANCED, bme_leaver_pct=200.1),)),
    Case("L03", RETENTION, "outside 0 to 200", (planted(RETENTION, **BALANCED, white_stability_pct=100.1),)),
    Case("L04", RETENTION, "have left in a year", (planted(RETENTION, **BALANCED, slice="all", all_leaver_pct=40.1),)),
    Case("L05", PROMOTION, "more people were promoted", (planted(PROMOTION, **RISE | {"promoted": [6, 31, 1, 38]}),)),
    Case("L05", PROMOTION, "more people were promoted", (planted(PROMOTION, **RISE | {"promoted": [6, 2, 1, 10]}),)),
    Case("L06", PROMOTION, "steps out of a band", (planted(PROMOTION, **RISE),)),
    Case(
        "L06",
        PROMOTION,
        "steps out of a band",
        (planted(PROMOTION, **RISE), planted(PROMOTION, **STEP | {"promoted": [5, 2, 1, 8]})),
    ),
    Case("L07", BAND, "median time in band", (planted(BAND, **HELD | {"white_median_high": 49}),)),
    Case(
        "L07",
        BAND,
        "median time in band",
        (planted(BAND, **HELD | {"white_median_months": 1400, "white_median_high": 1500}),),
    ),
    Case("L08", GOAL, "contradicts its status", (planted(GOAL, **MEANT | {"bme_share_of_recruits_pct": 100.1}),)),
    Case("L08", GOAL, "contradicts its status", (planted(GOAL, **MEANT | {"status": "at_or_above_target"}),)),
    Case(
        "L09",
        GOAL,
        "does not end at it",
        (planted(GOAL, **MEANT), planted(WAY, year=2028, bme_share_pct=19.9, target_share_pct=20.0)),
    ),
    Case(
        "V40",
        SENT,
        "number of rows",
        (f"update {SENT} set source = 'workforce', file_row_count = 7 where {SUBMISSION}",),
    ),
    Case(
        "V40",
        SENT,
        "number of rows",
        (f"update {SENT} set source = 'workforce', rows_set_aside = 3 where {SUBMISSION}",),
    ),
    Case("G06", SENT, "correspond", (f"delete from {SENT} where {SUBMISSION}",)),
    Case("G06", SENT, "correspond", (f"update {SENT} set status = 'overdue' where {SUBMISSION}",)),
    Case("V42", f"restricted_{SENT}", "overdue", submitted("overdue")),
    Case("V42", f"restricted_{SENT}", "was rejected", submitted("rejected")),
    Case("V40", DECLARED, "more digits", rate("declared_pct = 88.25, change_1y_points = null")),
    Case("V40", DECLARED, "more digits", rate("declared_pct = 88.2, change_1y_points = 0.15")),
    Case("V41", DECLARED, "without the counts", rate("declared_pct = 88.2, unknown_count = null")),
    Case("G06", DECLARED, "correspond", rate("declared_pct = 88.2")[:1]),
)
BENCHMARK = "restricted_benchmark"


def peer(change: str, condition: str = "true", table: str = BENCHMARK) -> tuple[str, ...]:
    """A change of one comparison."""
    place = f"select ctid from {table} where {condition} order by org_code, wres_year, slice, peer_set_kind limit 1"
    return (f"update {table} set {change} where ctid in ({place})",)


COMPARED = "peer_percentile is not null and z_score is not null"
CASES += (
    Case("B01", BENCHMARK, "percentile", peer("peer_percentile = 100", COMPARED)),
    Case("B02", BENCHMARK, "out of order", peer("funnel_low_95 = funnel_high_95 + 0.1", COMPARED)),
    Case("B02", BENCHMARK, "out of order", peer("peer_q1 = peer_median + 0.1", COMPARED)),
    Case("B03", BENCHMARK, "contradict", peer("peers_count = members_count + 1", COMPARED)),
    Case("B03", BENCHMARK, "contradict", peer("peer_median = 1", "peers_count < 5")),
    Case("B04", BENCHMARK, "does not follow", peer("differs_from_peers = true", "peer_p_adjusted > 0.05")),
    Case("B04", BENCHMARK, "does not follow", peer("differs_from_parity = true", "parity_p_adjusted is null")),
    Case(
        "B05",
        BENCHMARK,
        "others than in",
        peer("peer_median = peer_median + 0.001", f"{COMPARED} and peer_set_kind = 'org_type'"),
    ),
    Case(
        "V33",
        BENCHMARK,
        "custom peer set",
        (
            f"delete from organisation where org_code in (select org_code from {BENCHMARK} where peer_set_kind = 'custom')",
        ),
    ),
    Case("V40", "benchmark", "more digits", peer("peer_mean = peer_mean + 0.001", COMPARED, "benchmark")),
    Case("V40", "benchmark", "hidden has a place", peer("status = 'suppressed'", COMPARED, "benchmark")),
    Case("G06", "benchmark", "another figure", peer("ratio = ratio + 0.01", COMPARED, "benchmark")),
    Case("G06", "benchmark", "another figure", peer("status = 'unreliable'", COMPARED, "benchmark")),
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
        yield make
        connection.execute("delete from ops.acceptance")
        connection.execute("delete from ops.gate_result where gate = 'marts' and release_id is null")
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
