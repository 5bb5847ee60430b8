"""The raw gate: every rule of ``expectations/raw`` on a file that breaks it, and what that costs.

A file breaks one rule and nothing else, or several that each reject it: then all are named in one pass, each in its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feeds
import openpyxl
import psycopg
import pytest
import workbooks
from judged import Judged, judge
from workbooks import Book

from wres import gate, load, rules, warehouse
from wres.settings import Settings, settings

Q15 = "HEALTH WELLBEING SAFETY Q15-17"
Q28 = "BACKGROUND INFORMATION Q27-30"
BASE = "Base (number of responses)"
ACUTE = "Acute&Acute Community Trusts"
# 20 organisations: the fewest that show a column without information.
MANY = [f"R{number:02d}" for number in range(20)]
Edit = Callable[[Any], None]


@dataclass(frozen=True)
class Case:
    """How a file that breaks a rule differs from a sound one, and the place and value that must be named.

    Cases ``together`` of one table stand in one file, which keeps the number of loads to judge small.
    """

    edit: Edit
    place: str
    value: str | None = None
    count: int = 1
    organisations: tuple[str, ...] = ("RAA", "RBB", "RCC")
    together: bool = False


def cell(value: Any, question: str, label: str, row: str = "RAA") -> Callable[[Book], object]:
    return lambda book: book.put(value, question, label, row)


def both(*edits: Callable[[Any], object]) -> Edit:
    def edit(of: Any) -> None:
        for each in edits:
            each(of)

    return edit


def key(sheet: str, row: int, column: int, value: str) -> Callable[[Book], object]:
    return lambda book: book.sheets[sheet][row].__setitem__(column, value)


def field(row: int, column: int, value: str) -> Edit:
    return lambda rows: rows[row].__setitem__(column, value)


def without_row(sheet: str, text: str) -> Edit:
    def edit(book: Book) -> None:
        del book.sheets[sheet][workbooks.row_of(book.sheets[sheet], text)]

    return edit


def repeated_row(sheet: str, row: int) -> Edit:
    return lambda book: book.sheets[sheet].append(list(book.sheets[sheet][row]))


def in_every_sheet(row: int, column: int, value: str) -> Edit:
    def edit(book: Book) -> None:
        for sheet, grid in book.sheets.items():
            if sheet != "Notes":
                grid[row][column] = value

    return edit


def column_of(header: str, value: Any) -> Edit:
    def edit(book: Book) -> None:
        for grid in book.sheets.values():
            for cells in grid[1:]:
                cells[grid[0].index(header)] = value

    return edit


def column_of_question(question: str, label: str, value: Any) -> Edit:
    def edit(book: Book) -> None:
        for organisation in MANY:
            book.put(value, question, label, organisation)

    return edit


# By table, rule and message: what the message says, the file shows.
CASES: dict[tuple[str, str, str], Case] = {
    ("staff_survey__organisational", "V12", "a row has figures but no organisation code"): Case(
        key(Q15, 6, 0, ""), f"sheet '{Q15}', cell A7", together=True
    ),
    ("staff_survey__organisational", "V12", "the organisation has more than one row on the sheet"): Case(
        key("THEMES", 6, 0, "RAA"), "sheet 'THEMES', cell A6", "RAA", count=2, together=True
    ),
    ("staff_survey__organisational", "V24", "the cell is neither a number nor a registered marker"): Case(
        cell("<5", "Q15", "% Yes", "RBB"), f"sheet '{Q15}', cell G7", "<5"
    ),
    ("staff_survey__organisational", "V10", "a percentage lies outside 0 to 100"): Case(
        both(cell(120, "Q16b", "% Yes"), cell(-20, "Q16b", "% No")), f"sheet '{Q15}', cell N6", "120", count=2
    ),
    (
        "staff_survey__organisational",
        "V02",
        "a base is not a non-negative whole number: a rate or ratio in a count field?",
    ): Case(cell(200.5, "Q16b", BASE), f"sheet '{Q15}', cell P6", "200.5", together=True),
    ("staff_survey__organisational", "V25", "the answers of a question do not add to 100"): Case(
        cell(0.335, "Q15", "% Yes"), f"sheet '{Q15}', cell G6", "66.835", together=True
    ),
    ("staff_survey__organisational", "V26", "ethnicity percentage times base is not a head count"): Case(
        both(cell(6.1, "Q28", "% White - Irish"), cell(5.4, "Q28", "% White - Gypsy or Irish Traveller")),
        f"sheet '{Q28}', cell Y6",
        "RAA",
        count=2,
        together=True,
    ),
    ("staff_survey__organisational", "V23", "results are shown for a question with fewer than 10 answers"): Case(
        cell(9, "Q15", BASE, "RCC"), f"sheet '{Q15}', cell G8", "9", together=True
    ),
    (
        "staff_survey__organisational",
        "V29",
        "the column holds nothing but 100 or missing over 20 or more organisations: the measure is blocked",
    ): Case(
        both(
            column_of_question("Q16c_1", "% Ethnic background", 100), cell("-", "Q16c_1", "% Ethnic background", "R07")
        ),
        f"sheet '{Q15}', cell Q6",
        "Q16c_1",
        organisations=tuple(MANY),
    ),
    (
        "staff_survey__organisational",
        "V34",
        "the region is none of the seven NHS England regions: geography in the wrong column?",
    ): Case(
        in_every_sheet(5, 3, "Greater Manchester"),
        "sheet 'BACKGROUND INFORMATION Q27-30', cell D6",
        "Greater Manchester",
    ),
    ("staff_survey__national", "V12", "the breakdown group has more than one row on the sheet"): Case(
        repeated_row("YOUR JOB Q1-3", 8), "sheet 'YOUR JOB Q1-3', cell C9", "London", count=2, together=True
    ),
    (
        "staff_survey__national",
        "V11",
        "the national row and the two rows of 'Ethnic background (summary)' are not all on the sheet",
    ): Case(without_row(Q28, "White staff"), f"sheet '{Q28}', cell B6", "2", together=True),
    ("staff_survey__national", "V24", "the cell is neither a number nor a registered marker"): Case(
        cell("n/a", "Q15", "% Yes", "White staff"), f"sheet '{Q15}', cell E7", "n/a"
    ),
    ("staff_survey__national", "V10", "a percentage lies outside 0 to 100"): Case(
        cell(100.5, "Q2a", "% Never", "London"), "sheet 'YOUR JOB Q1-3', cell I9", "100.5"
    ),
    (
        "staff_survey__national",
        "V02",
        "a base is not a non-negative whole number: a rate or ratio in a count field?",
    ): Case(cell(-1, "Q16b", BASE, "London"), f"sheet '{Q15}', cell N9", "-1", together=True),
    ("staff_survey__national", "V25", "the answers of a question do not add to 100"): Case(
        cell(40, "Q16b", "% No", "London"), f"sheet '{Q15}', cell L9", "91.5", together=True
    ),
    ("staff_survey__benchmark", "V12", "a row has figures but no organisation code"): Case(
        key(ACUTE, 3, 0, ""), f"sheet '{ACUTE}', cell A4", together=True
    ),
    ("staff_survey__benchmark", "V12", "the organisation has more than one row in the workbook"): Case(
        key("Community Trusts", 1, 0, "R00"), f"sheet '{ACUTE}', cell A2", "R00", count=2, together=True
    ),
    ("staff_survey__benchmark", "V24", "the cell is neither a number nor a registered marker"): Case(
        key(ACUTE, 1, 1, "<5"), f"sheet '{ACUTE}', cell B2", "<5"
    ),
    ("staff_survey__benchmark", "V10", "a proportion lies outside 0 to 1: percent and fraction mixed"): Case(
        key(ACUTE, 2, 2, 23.5), f"sheet '{ACUTE}', cell C3", "23.5"
    ),
    (
        "staff_survey__benchmark",
        "V29",
        "the column holds nothing but 1 or missing over 20 or more organisations: the measure is blocked",
    ): Case(
        both(column_of("q16b_eth_summary_2_2024", 1), key(ACUTE, 3, 8, "-")),
        "sheet 'Acute Specialist Trusts', cell I2",
        "q16b_eth_summary_2_2024",
    ),
    (
        "staff_survey__benchmark",
        "V28",
        "indicator 7 seems to leave out 'don't know' answers: the measure is blocked",
    ): Case(
        column_of("equal_eth_summary_1_2024", 0.85),
        "sheet 'Acute Specialist Trusts', cell F2",
        "85",
    ),
    ("organisations__trust", "V12", "a row has no organisation code"): Case(
        field(6, 0, ""), "row 7, column org_code", together=True
    ),
    ("organisations__trust", "V12", "the organisation code stands in more than one row"): Case(
        field(8, 0, "RAA"), "row 1, column org_code", "RAA", count=2, together=True
    ),
    ("organisations__trust", "V12", "the organisation code holds a sign that no code has"): Case(
        field(6, 0, "R\u041005"), "row 7, column org_code", "R\u041005"
    ),
    ("organisations__trust", "V33", "the organisation has no name"): Case(
        field(6, 1, ""), "row 7, column org_code", "R05"
    ),
    ("organisations__trust", "V24", "the opening date is not YYYYMMDD"): Case(
        field(6, 10, "20011301"), "row 7, column opened_on", "20011301"
    ),
    ("organisations__trust", "V24", "the closing date is not YYYYMMDD"): Case(
        field(6, 11, "31/03/2022"), "row 7, column closed_on", "31/03/2022"
    ),
    ("organisations__trust", "V33", "the organisation closed before it opened"): Case(
        field(6, 11, "20010331"), "row 7, column closed_on", "20010331"
    ),
    ("organisations__successor", "V12", "a row has no predecessor code"): Case(
        field(9, 0, ""), "row 10, column old_code"
    ),
    ("organisations__successor", "V12", "a row has no successor code"): Case(
        field(9, 1, ""), "row 10, column new_code"
    ),
    ("organisations__successor", "V12", "the predecessor's code holds a sign that no code has"): Case(
        field(9, 0, "R08\u200b"), "row 10, column old_code", "R08\u200b", together=True
    ),
    ("organisations__successor", "V12", "the successor's code holds a sign that no code has"): Case(
        field(8, 1, "X2C4Y;"), "row 9, column new_code", "X2C4Y;", together=True
    ),
    ("organisations__successor", "V24", "the date is not YYYYMMDD"): Case(
        field(9, 3, "2021-04-01"), "row 10, column succeeded_on", "2021-04-01"
    ),
    ("organisations__workforce", "V12", "a row has no organisation code"): Case(
        field(9, 5, ""), "row 10, column org_name", "R07 NHS Trust", together=True
    ),
    ("organisations__workforce", "V12", "the organisation stands in more than one row of the month"): Case(
        field(12, 5, "RAA"), "row 2, column org_code", "RAA", count=2, together=True
    ),
    ("organisations__workforce", "V12", "the organisation code holds a sign that no code has"): Case(
        field(10, 5, "R\uff1008"), "row 11, column org_code", "R\uff1008", together=True
    ),
    ("organisations__workforce", "V24", "the date is not DD/MM/YYYY"): Case(
        field(11, 0, "2025-03-31"), "row 12, column date", "2025-03-31", together=True
    ),
    ("organisations__workforce", "V34", "the region code is unknown: geography in the wrong column?"): Case(
        field(9, 1, "QMJ"), "row 10, column nhse_region_code", "QMJ"
    ),
    ("organisations__workforce", "V33", "the organisation type is new"): Case(
        field(9, 7, "Care Trust"), "row 10, column org_type", "Care Trust"
    ),
}
RULES = {
    (table, rule.id, rule.message): rule
    for table, suite in rules.raw_suites(settings()).items()
    for rule in suite.rules
    if table.startswith(("organisations__", "staff_survey__"))
}
TEXT_CODES = ["RAA", *[f"R{number:02d}" for number in range(199)]]


def sound(table: str, organisations: tuple[str, ...] = ("RAA", "RBB", "RCC")) -> Any:
    """A file of a table that breaks no rule, still open to change."""
    match table:
        case "staff_survey__organisational":
            return workbooks.detailed(organisations=organisations)
        case "staff_survey__national":
            return workbooks.detailed("national")
        case "staff_survey__benchmark":
            return workbooks.benchmark(sheets={**workbooks.BENCHMARK_SHEETS, ACUTE: MANY})
        case "organisations__trust":
            return [workbooks.trust(code) for code in TEXT_CODES]
        case "organisations__successor":
            return [workbooks.successor(code, "X2C4Y") for code in TEXT_CODES]
        case _:
            return [workbooks.WORKFORCE_HEADER, *[workbooks.workforce(code) for code in TEXT_CODES]]


NAMES = {
    "staff_survey__organisational": "organisational results.xlsx",
    "staff_survey__national": "national results.xlsx",
    "staff_survey__benchmark": "Benchmark.xlsx",
    "organisations__trust": "etr_2026-07.csv",
    "organisations__successor": "succ.csv",
    "organisations__workforce": "sickness absence.csv",
}


def write(table: str, edit: Edit, folder: Path, organisations: tuple[str, ...] = ("RAA", "RBB", "RCC")) -> Path:
    path = folder / NAMES[table]
    content = sound(table, organisations)
    edit(content)
    return content.write(path) if isinstance(content, Book) else workbooks.write_csv(path, content)


def too_many_bad_rows(book: Book) -> None:
    """Two of 48 cells, one of them such that a spreadsheet would run it."""
    book.sheets[ACUTE][1][1] = '=HYPERLINK("http://example.org","1")'
    book.sheets[ACUTE][2][3] = "?5"


def of_2018(*places: tuple[int, Any]) -> Book:
    """The older workbook with other values in the row of RBB (row 7)."""
    book = workbooks.detailed_2018(["RAA", "RBB", *MANY])
    for column, value in places:
        book.sheets["Violence & harassment"][6][column] = value
    return book


def other_labels(book: Book) -> None:
    in_every_sheet(6, 2, "White")(book)


def unchanged(of: Any) -> None:
    """A sound file."""


# Files beside the cases, by name: their table and how they differ from a sound one.
OTHERS: dict[str, tuple[str, Edit]] = {
    **{f"sound {table}": (table, unchanged) for table in NAMES},
    "renamed summary": ("staff_survey__national", other_labels),
}
OLDER = {
    "sound 2018": of_2018(),
    "broken 2018": of_2018((9, 0.205), (31, 150), (32, -50), (36, 9)),
}


@pytest.fixture(scope="module")
def judged(new_warehouse: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """All files loaded into one warehouse and judged in one call: starting Great Expectations costs seconds."""
    folder = tmp_path_factory.mktemp("cases")
    files: dict[Any, Path] = {}
    for case_key, case in CASES.items():
        if not case.together:
            files[case_key] = write(case_key[0], case.edit, folder / str(len(files)), case.organisations)
    for table in NAMES:
        if edits := [case.edit for case_key, case in CASES.items() if case.together and case_key[0] == table]:
            files[table] = write(table, both(*edits), folder / str(len(files)))
    for name, (table, edit) in OTHERS.items():
        files[name] = write(table, edit, folder / str(len(files)))
    for name, book in OLDER.items():
        files[name] = book.write(folder / name / "Violence 2018.xlsx")
    few = workbooks.benchmark()
    too_many_bad_rows(few)
    files["too many bad rows"] = few.write(folder / "few/Benchmark.xlsx")
    sources = {".csv": "organisations", ".xlsx": "staff_survey"}
    of = judge(new_warehouse(), {name: (sources[path.suffix], path) for name, path in files.items()})
    of.verdicts |= {key: of.verdicts[key[0]] for key, case in CASES.items() if case.together}
    return of


def test_every_table_has_its_cases() -> None:
    """Here, in the tests of the tidy feeds, or in those of returns."""
    tables = {*(table for table, _, _ in CASES), *feeds.TABLES, "wres_return__item"}
    assert tables == set(rules.raw_suites(settings()))


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(RULES), "a rule comes with a file that it stops; a case without a rule tests nothing"


@pytest.mark.parametrize("name", [name for name in OTHERS if name.startswith("sound")])
def test_sound_file_passes_without_a_word(judged: Judged, name: str) -> None:
    verdict = judged.verdicts[name]
    found = [problem for problem in verdict.problems if "questions not in this file" not in problem.message]
    assert (verdict.state, found, verdict.rows_rejected, verdict.report) == ("accepted", [], 0, None)


@pytest.mark.parametrize("case_key", CASES, ids=lambda case_key: f"{case_key[0]}-{case_key[1]}-{case_key[2][:30]}")
def test_rule_stops_what_it_is_for(judged: Judged, case_key: tuple[str, str, str]) -> None:
    verdict, case, rule = judged.verdicts[case_key], CASES[case_key], RULES[case_key]
    found = {(problem.rule, problem.message): problem for problem in verdict.problems}
    expected = {k[1:] for k in CASES if k == case_key or (case.together and k[0] == case_key[0] and CASES[k].together)}
    assert set(found) == expected
    assert len(verdict.problems) == len(found)
    problem = found[case_key[1:]]
    assert (problem.place(), problem.value, problem.count) == (case.place, case.value, case.count)
    assert problem.action == rule.action
    costs_the_file = rule.severity == "critical" and rule.scope == "file"
    assert verdict.state == ("rejected" if costs_the_file else "accepted")
    assert problem.severity == ("error" if costs_the_file else "warning")
    assert problem.scope == rule.scope
    assert verdict.rows_rejected == (1 if rule.scope == "row" else 0)
    blocked = judged.rows("select rule_id, measure from ops.blocked_measure where load_id = %s", verdict.load_id)
    assert blocked == ([(rule.id, _measure(case_key))] if rule.scope == "measure" else [])
    kept = judged.rows(f"select count(*) from raw.{case_key[0]} where _load_id = %s", verdict.load_id)
    assert kept == [(0 if costs_the_file else verdict.rows - verdict.rows_rejected,)]
    content = judged.rows("select count(*) from ops.load_content where load_id = %s", verdict.load_id)[0][0]
    assert (content == 0) == costs_the_file


def _measure(case_key: tuple[str, str, str]) -> str:
    """What is blocked: the question, or the column of the benchmark workbook."""
    table, rule, _ = case_key
    if table == "staff_survey__organisational":
        return "Q16c_1"
    return "q16b_eth_summary_2_2024" if rule == "V29" else "equal_eth_summary_1_2024"


def test_bad_row_is_set_aside_whole(judged: Judged) -> None:
    verdict = judged.verdicts["organisations__trust", "V33", "the organisation has no name"]
    [row] = judged.rows(
        "select rule_id, sheet, row_number, column_name, value, reason, content from ops.rejected_row"
        " where load_id = %s",
        verdict.load_id,
    )
    assert row[:6] == ("V33", None, 7, "org_code", "R05", "the organisation has no name")
    assert (row[6]["org_code"], row[6]["opened_on"], row[6]["org_name"]) == ("R05", "20010401", None)
    assert (verdict.state, verdict.rows, verdict.rows_rejected) == ("accepted", 200, 1)


def test_bad_cell_of_a_workbook_is_set_aside_alone(judged: Judged) -> None:
    verdict = judged.verdicts[
        "staff_survey__organisational", "V24", "the cell is neither a number nor a registered marker"
    ]
    [row] = judged.rows(
        "select rule_id, sheet, row_number, column_name, value, reason, content from ops.rejected_row"
        " where load_id = %s",
        verdict.load_id,
    )
    assert row[:6] == ("V24", Q15, 7, "G", "<5", "the cell is neither a number nor a registered marker")
    assert (row[6]["ods_code"], row[6]["question"]) == ("RBB", "Q15")
    left = judged.rows(
        "select _column from raw.staff_survey__organisational where _load_id = %s and _sheet = %s and _row_number = 7"
        " and question = 'Q15' order by _column",
        verdict.load_id,
        Q15,
    )
    assert [column for (column,) in left] == ["H", "I", "J"]


def test_too_many_bad_rows_reject_the_file(judged: Judged) -> None:
    verdict = judged.verdicts["too many bad rows"]
    assert verdict.state == "rejected"
    assert [(problem.rule, problem.message) for problem in verdict.problems] == [
        ("V24", "2 of 48 rows would have to be rejected, more than 1%"),
        ("V24", "the cell is neither a number nor a registered marker"),
    ]
    assert judged.rows("select 1 from ops.rejected_row where load_id = %s", verdict.load_id) == []


def test_report_goes_back_to_the_sender(judged: Judged) -> None:
    verdict = judged.verdicts["too many bad rows"]
    assert verdict.report is not None
    text = verdict.report.read_text()
    assert text.startswith("REJECTED  Benchmark.xlsx (staff_survey)\n")
    assert (
        f"V24  sheet '{ACUTE}', cell B2, value '=HYPERLINK(\"http://example.org\",\"1\")': "
        "the cell is neither a number nor a registered marker (and 1 more like it)\n"
        "      what to do: Correct the cell, or register the marker"
    ) in text
    sheet = openpyxl.load_workbook(verdict.report.with_suffix(".xlsx"))["Problems"]
    headers = [cell.value for cell in sheet[3]]
    assert headers == ["Rule", "Sheet", "Row", "Column", "Value", "Problem", "Places", "What to do"]
    row = dict(zip(headers, sheet[5], strict=True))
    assert (row["Sheet"].value, row["Row"].value, row["Column"].value) == (ACUTE, 2, "B")
    # A supplier's text that looks like a formula stays a text: nothing runs in the analyst's spreadsheet.
    assert row["Value"].data_type == "s"
    assert row["Value"].hyperlink is None


@pytest.mark.parametrize(
    "case_key", [k for k, rule in RULES.items() if (rule.severity, rule.scope) == ("critical", "file")], ids=str
)
def test_rejected_file_leaves_reports_and_no_rows(judged: Judged, case_key: tuple[str, str, str]) -> None:
    verdict = judged.verdicts[case_key]
    assert verdict.report is not None
    assert verdict.report.name == "report.txt"
    assert verdict.report.with_suffix(".xlsx").is_file()
    assert verdict.report.is_relative_to(judged.settings.rejected / verdict.source)
    assert case_key[2] in verdict.report.read_text()
    [(state, report, revision)] = judged.rows(
        "select state, report, revision from ops.load where load_id = %s", verdict.load_id
    )
    assert (state, judged.settings.home / report, revision) == ("rejected", verdict.report, None)


def test_summary_is_what_an_analyst_reads(judged: Judged) -> None:
    verdict = judged.verdicts[
        "staff_survey__benchmark", "V10", "a proportion lies outside 0 to 1: percent and fraction mixed"
    ]
    assert gate.summary([verdict]).splitlines() == [
        "REJECTED  Benchmark.xlsx (staff_survey)",
        f"  V10  sheet '{ACUTE}', cell C3, value '23.5': a proportion lies outside 0 to 1: percent and fraction mixed",
        "      what to do: The benchmark workbook holds proportions from 0 to 1; divide percentages by 100.",
        f"  report: {verdict.report}",
    ]
    assert gate.summary([judged.verdicts["sound organisations__trust"]]) == ""


def test_results_hold_places_and_never_values(judged: Judged) -> None:
    """Results are published with the release; what a cell holds is not."""
    results = judged.rows(
        "select load_id, rule_id, severity, scope, success, unexpected_count, places, message from ops.gate_result"
    )
    assert {tuple(sorted(place)) for result in results for place in result[6]} <= {
        ("_load_id", "_row_number", "_sheet"),
        ("_column", "_load_id", "_row_number", "_sheet"),
    }
    text = json.dumps([result[6:] for result in results])
    for case in CASES.values():
        if case.value and not case.value.isdigit() and case.value not in ("Q16c_1", "White"):
            assert f'"{case.value}"' not in text
    failing = [result for result in results if not result[4]]
    assert all(result[5] >= 1 and result[6] for result in failing), "a failure without a place helps nobody"
    for case_key, verdict in judged.verdicts.items():
        suite = rules.raw_suites(judged.settings)[case_key[0]] if isinstance(case_key, tuple) else None
        if suite:
            assert sum(result[0] == verdict.load_id for result in results) == len(suite.rules)


def test_no_view_of_a_judged_batch_is_left(judged: Judged) -> None:
    assert judged.rows("select table_name from information_schema.views where table_schema = 'gate'") == []


def test_judging_again_changes_nothing(judged: Judged) -> None:
    """A verdict stands: a second call reads it, and starts nothing."""
    before = judged.rows("select count(*) from ops.gate_result")
    loads = [verdict.load_id for verdict in judged.verdicts.values()]
    assert gate.judge_loads(judged.settings, loads) == list(dict.fromkeys(judged.verdicts.values()))
    assert judged.rows("select count(*) from ops.gate_result") == before


def test_health_is_a_query(judged: Judged) -> None:
    verdict = judged.verdicts["too many bad rows"]
    found = judged.rows("select step, status, count(*) from ops.outcome group by step, status order by 1, 2")
    by_state = {(step, status): count for step, status, count in found}
    assert by_state["load", "ok"] == len({each.load_id for each in judged.verdicts.values()})
    assert by_state["gate", "failed"] == len(
        {each.load_id for each in judged.verdicts.values() if each.state == "rejected"}
    )
    assert verdict.state == "rejected"


# -- The layout of 2018 has labels without a percent sign ---------------------------------------------------------------


def test_rules_hold_for_the_older_layout(judged: Judged) -> None:
    verdict = judged.verdicts["broken 2018"]
    found = [(problem.rule, problem.place()) for problem in verdict.problems if problem.severity == "error"]
    sheet = "sheet 'Violence & harassment'"
    assert found == [("V10", f"{sheet}, cell AF7"), ("V25", f"{sheet}, cell J7"), ("V23", f"{sheet}, cell AI7")]
    assert verdict.state == "rejected"


def test_renamed_ethnic_summary_is_a_missing_row(judged: Judged) -> None:
    """Counting rows is not enough: England's results are found by these labels."""
    verdict = judged.verdicts["renamed summary"]
    assert [(problem.rule, problem.value, problem.count) for problem in verdict.problems] == [("V11", "2", 3)]
    assert verdict.state == "rejected"


# -- When the gate itself cannot judge ------------------------------------------------------------------------------------


def test_batch_that_cannot_be_judged_waits(
    warehouse_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken rule is no verdict: nothing passes on it, and the next run judges the load."""
    path = workbooks.benchmark().write(tmp_path / "Benchmark.xlsx")
    loaded = load.load_file(warehouse_home, "staff_survey", path)
    suite = rules.raw_suites(warehouse_home)["staff_survey__benchmark"]
    broken = suite.rules[0].model_copy(update={"batch": rules.WHOLE, "arguments": {"column": "no_such_column"}})
    suites = {"staff_survey__benchmark": suite.model_copy(update={"rules": (broken,)})}
    with monkeypatch.context() as patch:
        patch.setattr(gate.loads, "raw_suites", lambda settings: suites)
        with pytest.raises(gate.GateError, match="V12 on staff_survey__benchmark"):
            gate.judge_loads(warehouse_home, [loaded.load_id or 0])
        patch.setattr(gate.loads, "raw_suites", lambda settings: {})
        with pytest.raises(gate.GateError, match=r"add them to expectations/raw/staff_survey\.yml"):
            gate.judge_loads(warehouse_home, [loaded.load_id or 0])
    assert gate.waiting_loads(warehouse_home) == [loaded.load_id]
    [verdict] = gate.judge_loads(warehouse_home, gate.waiting_loads(warehouse_home))
    assert verdict.state == "accepted"


def test_gate_decides_with_the_role_of_the_gate(judged: Judged) -> None:
    """Who judges cannot change what is judged."""
    with (
        warehouse.connect(judged.settings, "wres_gate") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("delete from raw.staff_survey__benchmark")
