"""The raw gate on the tidy feeds: every rule on a row that breaks it and nothing else, and what that costs.

A table's rows that cost a row stand in one file, each in a line of its own; those that cost the file in another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import feeds
import judged
import pytest
from feeds import Feed
from judged import Judged

from wres import gate, load, rules
from wres.settings import Settings, settings

# One row in a hundred may be set aside: enough lines for all the rows of a table that cost a row.
MANY = 2400
# The first line that is broken; two apart, so that a row may repeat the one before it.
FIRST, STEP = 20, 2
_in_future = date.today() + timedelta(days=2)  # noqa: DTZ011 - the server's calendar; a run may pass midnight
IN_FUTURE = _in_future.isoformat()
NEXT_QUARTER = date(_in_future.year + 1, 3, 31).isoformat()
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Case:
    """What differs in the row that breaks a rule, and the column and value that must be named.

    ``repeats`` are the columns in which the row equals the one before it; no value is that of the first place named.
    """

    changes: Feed
    column: str
    value: str | None
    repeats: tuple[str, ...] = ()
    count: int = 1


def blank(column: str) -> Case:
    return Case({column: " "}, column, " ")


def cell(column: str, value: str, **others: str) -> Case:
    return Case({column: value, **others}, column, value)


NO_DATE = "31/02/2024"
MEDICAL = {"staff_group": "Medical and Dental", "occupation_code": "", "pay_band": ""}
MEDICAL_BLOCK = {"staff_block": "medical_dental"}
CLINICAL = {"staff_group": "Students", "occupation_code": "", "medical_grade": ""}
CLINICAL_BLOCK = {"staff_block": "clinical_non_medical"}
NO_ORGANISATION = ("V12", "a row has no organisation code")
UNKNOWN_CATEGORY = ("V13", "the ethnic category is in no list of codes or labels")
UNKNOWN_SYSTEM = ("V13", "the code system is none that the warehouse knows")
NO_ROW = ("V14", "the pay band maps to no row")
NO_GRADE = ("V14", "the medical grade maps to no row")
NO_BLOCK = ("V14", "the staff block is none of the three")


def ethnicity(table: str) -> dict[Key, Case]:
    return {
        (table, *UNKNOWN_CATEGORY): cell("ethnic_category", "NK", code_system=""),
        (table, *UNKNOWN_SYSTEM): cell("code_system", "1991", ethnic_category="A"),
        (
            table,
            "V13",
            "the two letters of the ethnic category are not in the national list: its first letter alone decides the group",
        ): cell("ethnic_category", "AS", code_system=""),
    }


def counts(table: str, column: str, words: str, wrong: str) -> dict[Key, Case]:
    return {
        (table, "V24", f"the number of {words} is no number"): cell(column, "<5"),
        (table, "V02", f"the number of {words} is no count of people: a rate or ratio in a count field?"): cell(
            column, wrong
        ),
    }


def answer(question: str, wrong: str) -> dict[Key, Case]:
    return {
        ("survey_responses__respondent", "V24", f"the answer to {question} is none of its scale"): cell(question, wrong)
    }


# By table, rule and message.
CASES: dict[Key, Case] = {
    ("workforce__staff", *NO_ORGANISATION): blank("org_code"),
    ("workforce__staff", "V12", "a row has no person"): blank("person_id"),
    ("workforce__staff", "V12", "the person stands in the organisation's snapshot more than once"): Case(
        {"snapshot_date": "31/03/2024"}, "person_id", None, repeats=("org_code", "person_id")
    ),
    ("workforce__staff", "V24", "the snapshot date is no date"): cell("snapshot_date", NO_DATE),
    ("workforce__staff", "V24", "the snapshot date lies in the future"): cell("snapshot_date", NEXT_QUARTER),
    **ethnicity("workforce__staff"),
    ("workforce__staff", "V14", "the staff group belongs to no block"): cell("staff_group", "Clerks"),
    ("workforce__staff", "V14", "there is no staff group, and the occupation code belongs to no block"): cell(
        "occupation_code", "X1A", staff_group=""
    ),
    ("workforce__staff", *NO_ROW): cell("pay_band", "Band 10", **{**CLINICAL, "pay_band": "Band 10"}),
    ("workforce__staff", *NO_GRADE): cell("medical_grade", "Surgeon", **{**MEDICAL, "medical_grade": "Surgeon"}),
    ("workforce__staff", "V24", "the mark of medical managers is neither yes nor no"): cell("is_medical_manager", "x"),
    ("workforce__staff", "V24", "the mark of bank-only staff is neither yes nor no"): cell("is_bank_only", "2"),
    ("workforce__staff", "V24", "the full-time equivalent is no number from 0 on"): cell("fte", "37,5"),
    ("workforce__staff", "V24", "the hourly rate is no number from 0 on"): cell("hourly_rate_gbp", "-17.35"),
    ("workforce__staff", "V24", "the date of joining is no date, or lies in the future"): cell("joined_on", "2014"),
    ("workforce__staff", "V24", "the date in band is no date, or lies in the future"): cell(
        "band_start_date", IN_FUTURE
    ),
    ("workforce__staff", "V24", "the date of joining from overseas is no date, or lies in the future"): cell(
        "overseas_joined_on", "29/02/2023"
    ),
    ("workforce_counts__headcount", *NO_ORGANISATION): blank("org_code"),
    ("workforce_counts__headcount", "V12", "the count is given more than once"): Case(
        {"headcount": "4"},
        "headcount",
        None,
        repeats=("org_code", "staff_block", "pay_band", "ethnic_category", "code_system"),
        count=2,
    ),
    ("workforce_counts__headcount", "V24", "the snapshot date is no date"): cell("snapshot_date", NO_DATE),
    ("workforce_counts__headcount", "V24", "the snapshot date lies in the future"): cell("snapshot_date", NEXT_QUARTER),
    **ethnicity("workforce_counts__headcount"),
    ("workforce_counts__headcount", *NO_BLOCK): cell("staff_block", "clinical"),
    ("workforce_counts__headcount", *NO_ROW): cell(
        "pay_band", "Consultant", **{**CLINICAL_BLOCK, "pay_band": "Consultant"}
    ),
    ("workforce_counts__headcount", *NO_GRADE): cell("pay_band", "Band 5", **{**MEDICAL_BLOCK, "pay_band": "Band 5"}),
    **counts("workforce_counts__headcount", "headcount", "people", "0.35"),
    ("board__member", *NO_ORGANISATION): blank("org_code"),
    ("board__member", "V12", "a row has no member"): blank("member_id"),
    ("board__member", "V12", "the member stands on the board more than once"): Case(
        {}, "member_id", None, repeats=("org_code", "member_id")
    ),
    ("board__member", "V24", "the date of the board is no date"): cell("as_at", NO_DATE),
    ("board__member", "V24", "the date of the board lies in the future"): cell("as_at", NEXT_QUARTER),
    **ethnicity("board__member"),
    ("board__member", "V24", "the mark of voting members is neither yes nor no"): cell("is_voting", "chair"),
    ("board__member", "V24", "the mark of executive members is neither yes nor no"): cell("is_executive", "NED"),
    ("recruitment__vacancy", *NO_ORGANISATION): blank("org_code"),
    ("recruitment__vacancy", "V12", "a row has no vacancy"): blank("vacancy_id"),
    ("recruitment__vacancy", "V12", "the ethnic category of the vacancy stands in more than one row"): Case(
        {},
        "vacancy_id",
        None,
        repeats=(
            "period_start",
            "period_end",
            "org_code",
            "vacancy_id",
            "staff_block",
            "pay_band",
            "ethnic_category",
            "code_system",
            "is_international",
        ),
    ),
    ("recruitment__vacancy", "V24", "the first day of the period is no date"): cell("period_start", "1 January"),
    ("recruitment__vacancy", "V24", "the last day of the period is no date"): cell("period_end", NO_DATE),
    ("recruitment__vacancy", "V24", "the last day of the period lies in the future"): cell(
        "period_end", IN_FUTURE, period_start=(_in_future - timedelta(days=90)).isoformat()
    ),
    ("recruitment__vacancy", "V24", "the period ends before it begins, or is longer than twelve months"): cell(
        "period_end", "2024-03-31", period_start="2023-03-31"
    ),
    **ethnicity("recruitment__vacancy"),
    ("recruitment__vacancy", *NO_BLOCK): cell("staff_block", "clinical"),
    ("recruitment__vacancy", *NO_ROW): cell("pay_band", "", **{**CLINICAL_BLOCK, "pay_band": ""}),
    ("recruitment__vacancy", *NO_GRADE): cell("pay_band", "Band 5", **{**MEDICAL_BLOCK, "pay_band": "Band 5"}),
    ("recruitment__vacancy", "V24", "the mark of international recruitment is neither yes nor no"): cell(
        "is_international", "India"
    ),
    **counts("recruitment__vacancy", "applied", "people who applied", "30.5"),
    **counts("recruitment__vacancy", "shortlisted", "people shortlisted", "46.99"),
    **counts("recruitment__vacancy", "appointed", "people appointed", "14%"),
    ("recruitment__vacancy", "V05", "more people were appointed than shortlisted"): cell(
        "appointed", "4", shortlisted="3", applied=""
    ),
    ("recruitment__vacancy", "V05", "more people were shortlisted than applied"): cell("shortlisted", "9", applied="8"),
    ("employee_relations__case", *NO_ORGANISATION): blank("org_code"),
    ("employee_relations__case", "V12", "a row has no case"): blank("case_id"),
    ("employee_relations__case", "V12", "a case has no person"): blank("person_id"),
    ("employee_relations__case", "V12", "the case stands in the file more than once"): Case(
        {}, "case_id", None, repeats=("org_code", "case_id")
    ),
    ("employee_relations__case", "V14", "the process is not given, or is 'disciplinary' in other words"): cell(
        "process", "Disciplinary (formal)"
    ),
    ("employee_relations__case", "V14", "the process is none of the usual ones; it counts in no indicator"): cell(
        "process", "diciplinary"
    ),
    ("employee_relations__case", "V24", "the day of entry is no date"): cell("entered_on", ""),
    ("employee_relations__case", "V24", "the day of entry lies in the future"): cell("entered_on", IN_FUTURE),
    **ethnicity("employee_relations__case"),
    ("training__completion", *NO_ORGANISATION): blank("org_code"),
    ("training__completion", "V12", "a row has no person"): blank("person_id"),
    ("training__completion", "V24", "the day of completion is no date"): cell("completed_on", "March 2024"),
    ("training__completion", "V24", "the day of completion lies in the future"): cell("completed_on", IN_FUTURE),
    ("training__completion", "V24", "the mark of mandatory training is neither yes nor no"): cell(
        "is_mandatory", "partly"
    ),
    **ethnicity("training__completion"),
    ("survey_responses__respondent", *NO_ORGANISATION): blank("org_code"),
    ("survey_responses__respondent", "V12", "a row has no respondent"): blank("respondent_id"),
    ("survey_responses__respondent", "V12", "the respondent stands in the organisation's survey more than once"): Case(
        {}, "respondent_id", None, repeats=("org_code", "respondent_id")
    ),
    ("survey_responses__respondent", "V24", "the survey year is no year"): cell("survey_year", "23"),
    ("survey_responses__respondent", "V24", "the survey year lies in the future"): cell("survey_year", "2098"),
    ("survey_responses__respondent", *UNKNOWN_CATEGORY): cell("ethnic_background", "Martian"),
    ("survey_responses__respondent", "V24", "the weight is no number from 0 on"): cell("weight", "1e0"),
    **answer("q14a", "sometimes"),
    **answer("q14b", "Jan-02"),
    **answer("q14c", "yes"),
    **answer("q15", "maybe"),
    **answer("q16b", "don't know"),
    **answer("q14d", "yes"),
    **answer("q16a", "1"),
    ("peer_groups__member", *NO_ORGANISATION): blank("org_code"),
    ("peer_groups__member", "V12", "a row does not say of which peer set it is"): blank("peer_set"),
    ("peer_groups__member", "V12", "the organisation code holds a sign that no code has"): cell(
        "org_code", "R\u041000001"
    ),
    ("peer_groups__member", "V12", "the organisation is in the peer set more than once"): Case(
        {}, "org_code", None, repeats=("peer_set", "org_code")
    ),
    ("peer_groups__member", "V34", "the name of a peer set has more than 100 characters"): cell("peer_set", "x" * 101),
    ("peer_groups__member", "V34", "the name of a peer set is written in two ways"): cell("peer_set", "Inner Cities"),
    ("reference_results__figure", "V12", "the figure is given more than once"): Case(
        {"value": "2"},
        "value",
        None,
        repeats=("publisher", "vintage", "scope", "wres_year", "indicator_code", "slice", "measure"),
        count=2,
    ),
    ("reference_results__figure", "V38", "the figure has no publisher or no measure"): blank("publisher"),
    ("reference_results__figure", "V38", "the scope is none that figures have"): cell("scope", "England"),
    ("reference_results__figure", "V24", "the WRES year is no year"): cell("wres_year", "2022/23"),
    ("reference_results__figure", "V14", "the indicator is none of the standard"): cell("indicator_code", "10"),
    ("reference_results__figure", "V24", "the figure is no number"): cell("value", "-", measure="ratio"),
    ("reference_results__figure", "V10", "a percentage lies outside 0 to 100"): cell("value", "264", measure="bme_pct"),
}
RULES = {
    (table, rule.id, rule.message): rule for table in feeds.TABLES for rule in rules.raw_suites(settings())[table].rules
}


def costs_the_file(key: Key) -> bool:
    return (RULES[key].severity, RULES[key].scope) == ("critical", "file")


def broken(table: str, whole_file: bool) -> dict[Key, int]:
    """The cases of a table's file, by the line of the file that breaks the rule."""
    keys = [key for key in CASES if key[0] == table and costs_the_file(key) == whole_file]
    return {key: FIRST + STEP * place + 2 for place, key in enumerate(keys)}


def file_of(table: str, whole_file: bool) -> list[Feed]:
    """A table's rows with those of one kind broken. Lines count from 1, and the first is the header."""
    rows = feeds.sound(table, MANY)
    for key, line in broken(table, whole_file).items():
        case = CASES[key]
        same = {column: rows[line - 3][column] for column in case.repeats if column in rows[line - 3]}
        rows[line - 2] |= same | case.changes
    return rows


@pytest.fixture(scope="module")
def of(new_warehouse: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Judged:
    folder = tmp_path_factory.mktemp("people")
    files = {}
    for table in feeds.TABLES:
        source = feeds.source_of(table)
        for name, rows in {
            "sound": feeds.sound(table, 120),
            "rows": file_of(table, whole_file=False),
            "file": file_of(table, whole_file=True),
        }.items():
            files[table, name] = (source, feeds.write(table, rows, folder / table / name))
    return judged.judge(new_warehouse(), files)


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(RULES), "a rule comes with a row that it stops; a case without a rule tests nothing"
    assert all(len(broken(table, whole_file=False)) <= MANY / 100 for table in feeds.TABLES)


@pytest.mark.parametrize("table", feeds.TABLES)
def test_sound_file_passes_without_a_word(of: Judged, table: str) -> None:
    verdict = of.verdicts[table, "sound"]
    assert (verdict.state, verdict.problems, verdict.rows, verdict.rows_rejected) == ("accepted", (), 120, 0)
    assert all(success for _, _, _, _, success, _ in of.results((table, "sound")))


@pytest.mark.parametrize("table", feeds.TABLES)
@pytest.mark.parametrize("whole_file", [False, True], ids=["rows", "file"])
def test_nothing_else_is_found(of: Judged, table: str, whole_file: bool) -> None:
    name = (table, "file" if whole_file else "rows")
    found = {(problem.rule, problem.message) for problem in of.verdicts[name].problems}
    assert found == {key[1:] for key in broken(table, whole_file)}
    failing = {(rule, message) for rule, message, _, _, success, _ in of.results(name) if not success}
    assert failing == found


@pytest.mark.parametrize("key", CASES, ids=lambda key: "-".join(key)[:90])
def test_rule_stops_what_it_is_for(of: Judged, key: Key) -> None:
    rule, case, whole_file = RULES[key], CASES[key], costs_the_file(key)
    table, line = key[0], broken(key[0], whole_file)[key]
    name = (table, "file" if whole_file else "rows")
    rows = file_of(table, whole_file)
    verdict = of.verdicts[name]
    [problem] = [problem for problem in verdict.problems if (problem.rule, problem.message) == key[1:]]
    first = line - case.count + 1
    value = rows[first - 2][case.column] if case.value is None else case.value
    assert (problem.row, problem.column, problem.value or "", problem.count) == (first, case.column, value, case.count)
    assert (problem.scope, problem.action, problem.sheet) == (rule.scope, rule.action, None)
    assert problem.severity == ("error" if whole_file else "warning")
    results = [result[2:4] for result in of.results(name) if result[:2] == key[1:]]
    assert results == [(rule.severity, rule.scope)]
    set_aside = [row for row in of.rejected_rows(name) if row[1] == line]
    if rule.scope == "file":
        assert set_aside == []
        assert verdict.state == ("rejected" if whole_file else "accepted")
        return
    [(rule_id, _, column, shown, reason, content)] = set_aside
    assert (rule_id, column, shown or "", reason) == (key[1], case.column, value, key[2])
    assert {column: content[column] or "" for column in rows[line - 2]} == rows[line - 2], "the row is kept whole"
    assert (content["_load_id"], content["_row_number"]) == (verdict.load_id, line)
    left = of.rows(f"select 1 from raw.{table} where _load_id = %s and _row_number = %s", verdict.load_id, line)
    assert left == []


@pytest.mark.parametrize("table", feeds.TABLES)
def test_file_without_its_bad_rows_is_accepted(of: Judged, table: str) -> None:
    verdict = of.verdicts[table, "rows"]
    bad = [key for key in broken(table, whole_file=False) if RULES[key].scope == "row"]
    assert (verdict.state, verdict.rows, verdict.rows_rejected) == ("accepted", MANY, len(bad))
    kept = of.rows(f"select count(*) from raw.{table} where _load_id = %s", verdict.load_id)
    assert kept == [(MANY - len(bad),)]


@pytest.mark.parametrize("table", feeds.TABLES)
def test_rejected_file_leaves_a_report_and_no_rows(of: Judged, table: str) -> None:
    verdict = of.verdicts[table, "file"]
    assert verdict.state == "rejected"
    assert verdict.report is not None
    assert all(message in verdict.report.read_text() for _, _, message in broken(table, whole_file=True))
    assert of.rows(f"select 1 from raw.{table} where _load_id = %s", verdict.load_id) == []
    assert of.rows("select 1 from ops.load_content where load_id = %s", verdict.load_id) == []


def test_results_hold_places_and_never_values(of: Judged) -> None:
    text = str(of.rows("select places, message from ops.gate_result"))
    assert "_row_number" in text
    for value in ("NK", "Surgeon", "diciplinary", "Martian", "Clerks"):
        assert value not in text


def test_nothing_of_a_judgement_is_left(of: Judged) -> None:
    assert of.rows("select relname from pg_class where relnamespace = 'gate'::regnamespace") == []


# -- What the rows of a file cost together ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cost(new_warehouse: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """A warehouse of its own: these files are about the same organisations."""
    folder = tmp_path_factory.mktemp("cost")

    def made(name: str, rows: list[Feed], table: str = "workforce__staff") -> tuple[str, Path]:
        return feeds.source_of(table), feeds.write(table, rows, folder / name)

    unknown = {"ethnic_category": "QQ", "code_system": ""}
    many = feeds.sound("workforce__staff", 4000)
    for row in many[100:4000:100]:
        row |= unknown
    twice_wrong = feeds.sound("workforce__staff", 100)
    twice_wrong[50] |= unknown | {"is_bank_only": "perhaps"}
    too_many = feeds.sound("workforce__staff", 199)
    too_many[50] |= unknown
    too_many[51] |= {"is_bank_only": "perhaps"}
    first = feeds.sound("employee_relations__case", 300)
    first[7] |= {"org_code": "RZZ"}
    second = [dict(row) for row in first]
    second[7] |= unknown
    return judged.judge(
        new_warehouse(),
        {
            "many": made("many", many),
            "twice wrong": made("twice wrong", twice_wrong),
            "too many": made("too many", too_many),
            "first": made("first", first, "employee_relations__case"),
            "second": made("second", second, "employee_relations__case"),
        },
    )


def test_every_bad_row_is_set_aside(cost: Judged) -> None:
    """However many they are: Great Expectations lists twenty places unless it is told otherwise."""
    verdict = cost.verdicts["many"]
    assert (verdict.state, verdict.rows_rejected) == ("accepted", 39)
    assert [row[1] for row in cost.rejected_rows("many")] == list(range(102, 4000, 100))
    assert (
        cost.rows("select 1 from raw.workforce__staff where _load_id = %s and ethnic_category = 'QQ'", verdict.load_id)
        == []
    )


def test_row_that_breaks_two_rules_is_one_row(cost: Judged) -> None:
    """One row in a hundred may be rejected, whatever is wrong with it."""
    verdict = cost.verdicts["twice wrong"]
    assert (verdict.state, verdict.rows_rejected) == ("accepted", 1)
    assert len(verdict.problems) == 2
    assert [row[1] for row in cost.rejected_rows("twice wrong")] == [52]


def test_more_than_one_row_in_a_hundred_rejects_the_file(cost: Judged) -> None:
    verdict = cost.verdicts["too many"]
    assert verdict.state == "rejected"
    assert verdict.problems[0].message == "2 of 199 rows would have to be rejected, more than 1%"
    assert cost.rejected_rows("too many") == []


def test_organisation_that_loses_every_row_is_not_restated(cost: Judged) -> None:
    """Nothing must not take the place of what an earlier file has said."""
    first, second = (cost.verdicts[name].load_id for name in ("first", "second"))
    current = cost.rows(
        "select org_code, load_id from ops.current_content where source_table = 'employee_relations__case' order by 1"
    )
    assert current == [("RAA", second), ("RBB", second), ("RCC", second), ("RNL", second), ("RZZ", first)]


def test_row_of_the_future_states_nothing_about_it(of: Judged) -> None:
    periods = of.rows("select distinct period from ops.load_content where source_table = 'workforce__staff'")
    assert periods == [("2024-03",)]


def test_seed_that_is_missing_stops_the_gate(
    warehouse_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label that cannot be looked up is no verdict."""
    path = feeds.write("board__member", feeds.sound("board__member", 10), tmp_path)
    loaded = load.load_file(warehouse_home, "board", path)
    suite = rules.raw_suites(warehouse_home)["board__member"]
    suites = {"board__member": suite.model_copy(update={"seeds": ("no_such_seed",)})}
    monkeypatch.setattr(gate.loads, "raw_suites", lambda settings: suites)
    with pytest.raises(rules.RulesError, match="no_such_seed"):
        gate.judge_loads(warehouse_home, [loaded.load_id or 0])
    assert gate.waiting_loads(warehouse_home) == [loaded.load_id]
