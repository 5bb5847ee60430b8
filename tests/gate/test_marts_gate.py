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
SIX, QUALITY = "restricted_indicator_6_harassment_staff", "restricted_data_quality"
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
COMBINED = one(SIX, "white_base is not null and managers_pct is not null")


def finding(rule: str) -> tuple[str, ...]:
    """Statements that plant a finding of data_quality."""
    return (
        f"insert into {QUALITY} (org_code, wres_year, as_at, rule_id, severity, basis, indicator_code, slice, message,"
        f" is_synthetic) values ({TRUST}, 2025, '2025-03-31', '{rule}', 'warning', 'return', '4', 'all', 'odd', true)",
    )


# Tables of records, of which the sample has none: the rows that break a rule are made up.
GROUPS, FUNNEL, PAY = "restricted_indicator_group_result", "restricted_recruitment_funnel", "restricted_pay_gap"
AREA = {"level": "'organisation'", "org_code": TRUST, "wres_year": "2025", "as_at": "'2025-03-31'", "scope": "'trusts'"}
AREA |= {"is_synthetic": "true", "status": "'ok'", "ethnic_group": "'White'"}
SCHEME = {"group_scheme": "'wres'", "reference_group": "'White'", "is_reference": "true", "slice": "'all'"}
OF_GROUP = SCHEME | {
    "period_kind": "'annual'",
    "indicator_code": "'1'",
    "stratum": "'all'",
    "basis": "'records'",
    "definition_version": "'1.1'",
}
STAGES = {
    "shortlisting_status": "'ok'",
    "appointment_status": "'ok'",
    "employer_count": "1",
    "recording_employer_count": "1",
}
OF_PAY = {
    "population": "'all'",
    "base_group": "'white'",
    "ethnic_group": "'BME'",
    "rated_count": "20",
    "base_rated_count": "20",
}


def planted(table: str, values: dict[str, str], **changes: object) -> str:
    """Statement that plants a row of organisation figures; values are SQL."""
    row = AREA | values | {name: str(value) for name, value in changes.items()}
    return f"insert into {table} ({', '.join(row)}) values ({', '.join(row.values())})"


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
        "V17",
        R,
        "all of 5, 6, 7 and 8",
        both(
            "white_pct = case indicator_code when '7' then 44 else 27.5 end,"
            " bme_pct = case indicator_code when '7' then 55 else 20.1 end, gap_points = 1",
            f"org_code = {TRUST} and wres_year = 2024",
        ),
    ),
    Case(
        "V17",
        R,
        "values of the year before",
        (
            *both("white_pct = 24.1, bme_pct = 31.3", FIGURE.replace("2025", "2024")),
            *both("white_pct = 31.5, bme_pct = 24.2", FIGURE),
        ),
    ),
    Case(
        "V39",
        R,
        "national base",
        (f"update {SURVEY} set base_count = 1.002 * base_count where level = 'england' and indicator_code = '5'",),
    ),
    Case("V15", R, "implausible", both("ratio = 10.01, ratio_low = 9, ratio_high = 11", FIGURE)),
    Case("V15", R, "implausible", both("ratio = 0.09, ratio_low = 0.05, ratio_high = 0.13", FIGURE)),
    Case("V42", R, "fewer than 98 %", both("status = 'not_submitted'", FIGURE)),
    Case("V33", R, "closed", (f"delete from organisation where org_code = {TRUST}",)),
    Case("V33", R, "closed", (f"update organisation set closed_on = '2020-03-31' where org_code = {TRUST}",)),
    Case("V33", R, "closed", (f"update organisation set country = 'Wales' where org_code = {TRUST}",)),
    Case("G05", R, "ten points", both("bme_pct = bme_pct + 10.1", FIGURE)),
    Case(
        "V30",
        R,
        "another vintage",
        (
            f"insert into restricted_indicator_result_vintage select * from {R} where {FIGURE}",
            "update restricted_indicator_result_vintage set white_pct = white_pct - 1.1",
        ),
    ),
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
    Case(
        "V36",
        "organisation",
        "successor",
        (f"update organisation set successor_status = 'missing' where org_code = {TRUST}",),
    ),
    Case(
        "G20",
        GROUPS,
        "counts of indicator_result",
        (
            planted(GROUPS, OF_GROUP, group_count=11, group_base=20),
            f"create temporary table twin as select * from {R} where {one(R)}",
            f"update twin set level = 'organisation', org_code = {TRUST}, as_at = '2025-03-31', scope = 'trusts',"
            " indicator_code = '1', slice = 'all', basis = 'records', period_kind = 'annual',"
            " organisation_basis = 'as_reported', denominator = 'all_staff',"
            " white_count = 10, white_base = 20, bme_count = 0, bme_base = 20",
            f"insert into {R} select * from twin",
        ),
    ),
    Case(
        "G20",
        GROUPS,
        "share out the same people",
        (
            planted(GROUPS, OF_GROUP, group_count=11, group_base=20),
            planted(GROUPS, OF_GROUP, group_count=12, group_base=20, group_scheme="'six_group'"),
        ),
    ),
    Case("V41", GROUPS, "no interval", (planted(GROUPS, OF_GROUP, ratio=1.5, ratio_low=1.2),)),
    Case("V40", "indicator_group_result", "not rounded", (planted("indicator_group_result", OF_GROUP, ratio=1.005),)),
    Case(
        "V40", "indicator_group_result", "not rounded", (planted("indicator_group_result", OF_GROUP, group_count=12),)
    ),
    Case(
        "V05",
        FUNNEL,
        "more people were appointed",
        (
            planted(
                FUNNEL, SCHEME | STAGES, employers="'all'", applied_count=30, shortlisted_count=31, appointed_count=2
            ),
        ),
    ),
    Case(
        "V05",
        FUNNEL,
        "more people were appointed",
        (planted(FUNNEL, SCHEME | STAGES, employers="'all'", shortlisted_count=31, appointed_count=32),),
    ),
    Case(
        "G21",
        FUNNEL,
        "product",
        (
            planted(
                FUNNEL,
                SCHEME | STAGES,
                employers="'all'",
                shortlisting_ratio=1.5,
                appointment_ratio=2,
                overall_ratio=3.001,
            ),
        ),
    ),
    Case("G22", PAY, "5 or above 200", (planted(PAY, OF_PAY, mean_hourly_gbp=38000, base_mean_hourly_gbp=20),)),
    Case("G22", PAY, "5 or above 200", (planted(PAY, OF_PAY, mean_hourly_gbp=18, base_mean_hourly_gbp=0.2),)),
    Case("G23", PAY, "no hourly rate", (planted(PAY, OF_PAY, population_count=100, population_rated_count=89),)),
    Case(
        "V40",
        "pay_gap",
        "1 to 7",
        (planted(PAY, OF_PAY, rated_count=7), planted("pay_gap", OF_PAY, rated_count="null", mean_hourly_gbp=18.25)),
    ),
    Case(
        "V40",
        "pay_gap",
        "1 to 7",
        (planted(PAY, OF_PAY, base_rated_count=3), planted("pay_gap", OF_PAY, mean_gap_pct=10)),
    ),
    Case("V40", "pay_gap", "not rounded", (planted("pay_gap", OF_PAY, median_hourly_gbp=18.255),)),
    Case("V40", "pay_gap", "not rounded", (planted("pay_gap", OF_PAY, people_count=21),)),
    Case("D01", QUALITY, "differs from the records", finding("D01")),
    Case("V06", QUALITY, "than there are staff", finding("V06")),
    Case("V20", QUALITY, "not known", finding("V20")),
    Case("V21", QUALITY, "head count", finding("V21")),
    Case("V22", QUALITY, "ten points", finding("V22")),
    Case("V43", QUALITY, "three times", finding("V43")),
    Case(
        "V27",
        SIX,
        "lower",
        (f"update {SIX} set managers_pct = 95 where {COMBINED}",),
    ),
    Case(
        "V27",
        SIX,
        "higher",
        (f"update {SIX} set managers_pct = 1, colleagues_pct = 1 where {COMBINED}",),
    ),
)
RULES = [(suite.table, rule) for suite in marts_suites(settings()) for rule in suite.rules]


@pytest.fixture(scope="module")
def warehouse_copy(published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]) -> Settings:
    return copy_warehouse(published_sample)


@pytest.fixture
def candidate(warehouse_copy: Settings) -> Iterator[Callable[..., Settings]]:
    """candidate(*changes): the sample as a candidate that breaks no rule, then changed; the fact table is put back after."""

    def make(*changes: str) -> Settings:
        # The sample has a trust without results on purpose; here it takes no part, so that nothing fails beside the case.
        whole = both("status = 'not_applicable'", "status = 'not_submitted'")
        stage_candidate(warehouse_copy, "candidate of a test", *whole, *changes)
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
    of = candidate()
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
    assert {row[1] for row in found} >= {"V10", "V15", "V40", "G06"}
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
