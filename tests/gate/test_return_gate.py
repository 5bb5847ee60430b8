"""The raw gate on annual returns: every rule on a return that breaks it and nothing else.

Returns of many organisations stand in one file, each breaking one rule; the rules that cost the file in one file, those that
only warn in another.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import judged
import pytest
import xlsxwriter
from judged import Judged

from wres import rules
from wres.settings import Settings, settings

COLUMNS = "org_code,wres_year,indicator,slice,data_item,white,bme,unknown,total,supplied_value,note".split(",")
Row = dict[str, str]
Item = tuple[str, str, str]
Key = tuple[str, str]
BANDS = ["under_1", *(f"band_{band}" for band in "1 2 3 4 5 6 7 8a 8b 8c 8d 9".split()), "vsm"]
MEDICAL = ["consultants", "senior_medical_manager", "non_consultant_career_grade", "trainee_grades", "other"]
DISCIPLINARY: Item = ("3", "", "entered_disciplinary")
TRAINING: Item = ("4", "", "accessed_training")
SHORTLISTED: Item = ("2", "", "shortlisted")
APPOINTED: Item = ("2", "", "appointed")
CONSULTANTS: Item = ("1", "medical_dental.consultants", "headcount")
MANAGERS: Item = ("1", "medical_dental.senior_medical_manager", "headcount")
BAND_5: Item = ("1", "clinical_non_medical.band_5", "headcount")
SURVEY_8: Item = ("8", "", "pct")
BOARD: Item = ("9", "board.total", "members")
VOTING: Item = ("9", "board.voting", "members")


def rounded(value: Decimal, places: str = "0.01") -> str:
    return str(value.quantize(Decimal(places), ROUND_HALF_UP))


def sound(org_code: str, year: int = 2024) -> dict[Item, Row]:
    """A return that breaks no rule, by indicator, slice and data item."""
    rows: dict[Item, Row] = {}

    def add(item: Item, cells: tuple[int, ...] | tuple[str, ...] = (), supplied: str = "") -> None:
        white, bme, unknown = (str(cell) for cell in (*cells, "", "", "")[:3])
        total = str(sum(int(cell) for cell in cells)) if len(cells) == 3 and item[2] != "pct" else ""
        values = (org_code, str(year), *item, white, bme, unknown, total, supplied, "")
        rows[item] = dict(zip(COLUMNS, values, strict=True))

    heads = {f"{block}.{band}": (60, 20, 2) for block in ("non_clinical", "clinical_non_medical") for band in BANDS}
    heads |= {f"medical_dental.{row}": (50, 40, 3) for row in MEDICAL}
    heads |= {"medical_dental.senior_medical_manager": (5, 2, 0), "non_clinical.under_1": (0, 0, 0)}
    for slice_, (white, bme, unknown) in heads.items():
        everybody = white + bme + unknown
        share = rounded(Decimal(100 * bme) / everybody, "0.1") if everybody else ""
        add(("1", slice_, "headcount"), (white, bme, unknown), share)
    counted = [cells for slice_, cells in heads.items() if slice_ != "medical_dental.senior_medical_manager"]
    workforce = tuple(sum(cells[group] for cells in counted) for group in range(3))
    add(("1", "medical_dental", "headcount"), (200, 160, 12))
    for slice_ in ("", "non_clinical", "clinical_non_medical.band_5", "excluding_international"):
        add(("2", slice_, "shortlisted"), (1200, 900, 50))
        add(("2", slice_, "appointed"), (240, 120, 5), "1.5")
    add(("3", "", "workforce"), workforce)
    likelihood = (Decimal(16) / workforce[1]) / (Decimal(30) / workforce[0])
    add(DISCIPLINARY, (30, 16, 0), rounded(likelihood))
    add(("4", "", "workforce"), workforce)
    add(TRAINING, (900, 300, 10), rounded((Decimal(900) / workforce[0]) / (Decimal(300) / workforce[1]), "0.0001"))
    for indicator, (white_pct, bme_pct) in zip(
        "5678", (("23.51", "28.63"), ("20", "25"), ("58.85", "49.51"), ("", "")), strict=True
    ):
        add((indicator, "", "pct"), (white_pct, bme_pct))
    gap = Decimal(100) / 13 - Decimal(100 * workforce[1]) / sum(workforce)
    views = {
        "total": (11, 1, 1),
        "voting": (8, 1, 1),
        "non_voting": (3, 0, 0),
        "executive": (5, 0, 1),
        "non_executive": (6, 1, 0),
    }
    for view, cells in views.items():
        add(("9", f"board.{view}", "members"), cells, rounded(gap, "0.1") if view == "total" else "")
    add(("9", "", "workforce"), workforce)
    return rows


@dataclass(frozen=True)
class Case:
    """How a return differs from a sound one, and what must be named: the item's row, a column, a value.

    ``more`` are rows besides, which follow the place's row and differ from it; ``place`` is the item whose row is named, or
    the first of two, or with ``count`` 1 the row besides.
    """

    changes: dict[Item, Row]
    place: Item
    column: str
    value: str
    count: int = 1
    more: tuple[Row, ...] = ()


def change(item: Item, column: str, value: str, **others: str) -> Case:
    return Case({item: {column: value, **others}}, item, column, value)


# By rule and message. What a changed count would break besides (totals, sums, supplied figures) is changed with it.
CASES: dict[Key, Case] = {
    ("V12", "a row has no organisation code"): change(SURVEY_8, "org_code", ""),
    ("V12", "the item is given more than once"): Case(
        {}, SURVEY_8, "data_item", "pct", count=2, more=({"slice": " ALL ", "data_item": "PCT"},)
    ),
    ("V12", "the return says nil_return and gives counts for the same item"): Case(
        {},
        DISCIPLINARY,
        "data_item",
        "nil_return",
        more=({"data_item": "nil_return", "white": "", "bme": "", "unknown": "", "total": "", "supplied_value": ""},),
    ),
    ("V24", "the WRES year is no year, or its 31 March is still to come"): change(
        ("8", "", "pct"), "wres_year", "2099"
    ),
    ("V14", "the indicator is none of the nine"): change(SURVEY_8, "indicator", "DR"),
    ("V14", "the data item is none of its indicator"): change(
        SHORTLISTED, "data_item", "interviewed", slice="non_clinical.vsm"
    ),
    ("V14", "the slice is none of its indicator"): change(("6", "", "pct"), "slice", "managers"),
    ("V24", "nil_return stands beside counts in its row"): Case(
        {DISCIPLINARY: {"data_item": "nil_return", "white": "", "bme": "", "unknown": "", "supplied_value": ""}},
        DISCIPLINARY,
        "data_item",
        "nil_return",
    ),
    ("V24", "a marker or text stands where a number belongs"): change(TRAINING, "unknown", "<5", supplied_value=""),
    ("V02", "a count is not a non-negative whole number: a rate or ratio in a count field?"): change(
        DISCIPLINARY, "bme", "1.6", total="", supplied_value=""
    ),
    ("V10", "a percentage lies outside 0 to 100"): change(("5", "", "pct"), "bme", "286.3"),
    ("V10", "both percentages are 1 or less: percent and fraction mixed"): change(
        ("5", "", "pct"), "white", "0.2351", bme="0.2863"
    ),
    ("V01", "White, BME and Unknown do not add up to the total"): change(SHORTLISTED, "total", "2151"),
    ("V35", "a total among the rows of indicator 1 is not the sum of its rows"): change(
        # Senior medical managers counted twice.
        ("1", "medical_dental", "headcount"),
        "white",
        "205",
        total="",
    ),
    ("V03", "senior medical managers, of whom all are consultants, exceed the consultants"): change(
        MANAGERS, "bme", "41", total="46", supplied_value=""
    ),
    ("V04", "the workforce is not the sum of the rows of indicator 1, or differs between indicators"): change(
        ("4", "", "workforce"), "unknown", "99", total=""
    ),
    ("V05", "more people were appointed than shortlisted"): change(
        APPOINTED, "bme", "901", total="1146", supplied_value=""
    ),
    ("V06", "more people entered the process, or were trained, than there are staff"): change(
        DISCIPLINARY, "unknown", "67", total="113"
    ),
    ("V07", "voting and non-voting, or executive and non-executive members, do not add up to the board"): Case(
        {VOTING: {"bme": "0", "total": ""}}, BOARD, "bme", "1"
    ),
    ("V08", "the supplied figure does not follow from the counts"): change(APPOINTED, "supplied_value", "1.49"),
    ("V09", "the supplied ratio is the inverse of what the counts give: wrong direction for this indicator"): change(
        APPOINTED, "supplied_value", "0.67"
    ),
    ("V15", "a ratio lies outside 0.1 to 10: a percentage?"): Case(
        {APPOINTED: {"bme": "15", "total": "260", "supplied_value": "12.00"}}, APPOINTED, "supplied_value", "12.00"
    ),
    ("V16", "the ratio is written as a percentage or in words that can be read two ways; it was not checked"): change(
        APPOINTED, "supplied_value", "0.5 more likely"
    ),
    ("V19", "indicator 9 is not the board's BME percentage less the workforce's, or lies beyond 60 points"): change(
        BOARD, "supplied_value", "7.7"
    ),
    ("V24", "the supplied figure is no number and was not checked"): change(APPOINTED, "supplied_value", "see note"),
}
RULES = {(rule.id, rule.message): rule for rule in rules.raw_suites(settings())["wres_return__item"].rules}


def costs_the_file(key: Key) -> bool:
    return RULES[key].severity == "critical"


def rows_of(keys: list[Key]) -> Iterator[tuple[Key | None, Row]]:
    """All rows of the returns that break these rules, each with the rule of which it is the row that is named."""
    for number, key in enumerate(keys):
        case = CASES[key]
        besides = case.count == 1 and bool(case.more)
        for item, row in sound(f"R{number:02d}").items():
            here = item == case.place
            yield key if here and not besides else None, row | case.changes.get(item, {})
            for more in case.more if here else ():
                yield key if besides else None, row | more


def write(path: Path, rows: list[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def changed(org_code: str, changes: dict[Item, Row], year: int = 2024, without: tuple[Item, ...] = ()) -> list[Row]:
    return [row | changes.get(item, {}) for item, row in sound(org_code, year).items() if item not in without]


NIL: Row = {"data_item": "nil_return", "white": "", "bme": "", "unknown": "", "total": "", "supplied_value": ""}
NOTHING: Row = {"white": "", "bme": "", "unknown": "", "total": "", "supplied_value": ""}
# Files that pass, or that are refused for one reason, by name.
OTHERS: dict[str, list[Row]] = {
    "sound": changed("RAA", {}) + changed("RBB", {}, 2023) + changed("RCC", {}),
    "nil return": changed("RAA", {DISCIPLINARY: NIL, TRAINING: NIL | {"note": "none offered"}}),
    "nothing supplied": changed("RAA", dict.fromkeys((DISCIPLINARY, APPOINTED, MANAGERS, BAND_5), NOTHING)),
    "halves of 2021": changed("RAA", {DISCIPLINARY: {"white": "30.5", "total": "", "supplied_value": ""}}, 2021),
    "halves of 2022": changed("RAA", {DISCIPLINARY: {"white": "30.5", "total": "", "supplied_value": ""}}, 2022),
    "quarters of 2021": changed("RAA", {DISCIPLINARY: {"white": "30.25", "total": "", "supplied_value": ""}}, 2021),
    "rounded": changed("RAA", {APPOINTED: {"supplied_value": "2"}, DISCIPLINARY: {"supplied_value": "1.387"}}),
    "printed in full": changed("RAA", {TRAINING: {"supplied_value": "1.1538461538461537"}}),
    "nobody appointed": changed("RAA", {APPOINTED: {"bme": "0", "total": "245", "supplied_value": "0"}}),
    "nobody shortlisted": changed(
        "RAA",
        {SHORTLISTED: {"bme": "0", "total": "1250"}, APPOINTED: {"bme": "0", "total": "245", "supplied_value": ""}},
    ),
    "share in percent": changed("RAA", {BAND_5: {"supplied_value": "24.4%"}, BOARD: {"supplied_value": "-"}}),
    "rate for a count": changed("RAA", {APPOINTED: {"bme": "14.65%", "total": "", "supplied_value": ""}}),
    "part without its whole": changed("RAA", {}, without=(CONSULTANTS,)),
    "lone total": changed("RAA", {}, without=tuple(("1", f"medical_dental.{row}", "headcount") for row in MEDICAL)),
    "board without its total": changed("RAA", {}, without=(BOARD,)),
    "views of two boards": changed("RAA", {VOTING: {"white": "9", "total": ""}}, without=(BOARD,)),
    "no rows of indicator 1": [
        row
        for row in changed("RAA", {("4", "", "workforce"): {"white": "1", "total": ""}, TRAINING: NOTHING})
        if row["indicator"] != "1"
    ],
    "swapped groups": changed(
        "RAA",
        {
            ("5", "", "pct"): {"white": "28.63", "bme": "23.51"},
            ("6", "", "pct"): {"white": "25", "bme": "20"},
            ("7", "", "pct"): {"white": "49.51", "bme": "58.85"},
        },
    ),
}


@pytest.fixture(scope="module")
def of(new_warehouse: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Judged:
    folder = tmp_path_factory.mktemp("returns")
    files = {}
    for name, whole_file in {"errors": True, "warnings": False}.items():
        rows = [row for _, row in rows_of([key for key in CASES if costs_the_file(key) == whole_file])]
        files[name] = ("wres_return", write(folder / name / "wres_return_2024.csv", rows))
    for name, rows in OTHERS.items():
        files[name] = ("wres_return", write(folder / name / "wres_return_2024.csv", rows))
    book = folder / "wres_return_2024_RAA.xlsx"
    rows = changed("RAA", {APPOINTED: {"bme": "901", "total": "1146", "supplied_value": ""}})
    with xlsxwriter.Workbook(str(book), {"strings_to_numbers": True}) as workbook:
        sheet = workbook.add_worksheet("Return")
        for place, values in enumerate([COLUMNS, *(list(row.values()) for row in rows)]):
            sheet.write_row(place, 0, values)
    files["workbook"] = ("wres_return", book)
    return judged.judge(new_warehouse(), files)


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(RULES), "a rule comes with a return that it stops; a case without a rule tests nothing"


@pytest.mark.parametrize("whole_file", [True, False], ids=["errors", "warnings"])
def test_nothing_else_is_found(of: Judged, whole_file: bool) -> None:
    name = "errors" if whole_file else "warnings"
    expected = {key for key in CASES if costs_the_file(key) == whole_file}
    assert {(problem.rule, problem.message) for problem in of.verdicts[name].problems} == expected
    assert {result[:2] for result in of.results(name) if not result[4]} == expected


@pytest.mark.parametrize("key", CASES, ids=lambda key: "-".join(key)[:80])
def test_rule_stops_what_it_is_for(of: Judged, key: Key) -> None:
    rule, case, whole_file = RULES[key], CASES[key], costs_the_file(key)
    name = "errors" if whole_file else "warnings"
    lines = [named for named, _ in rows_of([other for other in CASES if costs_the_file(other) == whole_file])]
    [problem] = [problem for problem in of.verdicts[name].problems if (problem.rule, problem.message) == key]
    assert (problem.row, problem.column, problem.value or "") == (lines.index(key) + 2, case.column, case.value)
    assert problem.count == case.count
    assert (problem.scope, problem.severity, problem.action) == (
        "file",
        "error" if whole_file else "warning",
        rule.action,
    )
    assert [result[2:4] for result in of.results(name) if result[:2] == key] == [(rule.severity, "file")]


def test_file_with_errors_is_rejected_with_all_of_them(of: Judged) -> None:
    verdict = of.verdicts["errors"]
    assert verdict.state == "rejected"
    assert verdict.report is not None
    assert all(message in verdict.report.read_text() for _, message in filter(costs_the_file, CASES))
    assert of.rows("select 1 from raw.wres_return__item where _load_id = %s", verdict.load_id) == []


def test_file_with_warnings_is_accepted(of: Judged) -> None:
    verdict = of.verdicts["warnings"]
    assert (verdict.state, verdict.rows_rejected, verdict.report) == ("accepted", 0, None)


@pytest.mark.parametrize(
    "name",
    [
        "sound",
        "nil return",
        "nothing supplied",
        "halves of 2021",
        "rounded",
        "printed in full",
        "nobody appointed",
        "nobody shortlisted",
        "share in percent",
        "board without its total",
        # Which of two labels is right, only other years can tell: the gate on results looks at them.
        "swapped groups",
    ],
)
def test_return_passes_without_a_word(of: Judged, name: str) -> None:
    verdict = of.verdicts[name]
    assert (verdict.state, verdict.problems, verdict.rows_rejected) == ("accepted", (), 0)


@pytest.mark.parametrize(
    ("name", "rule", "value"),
    [
        ("halves of 2022", "V02", "30.5"),
        ("quarters of 2021", "V02", "30.25"),
        ("rate for a count", "V02", "14.65%"),
        ("part without its whole", "V03", "2"),
        ("lone total", "V35", "160"),
        ("no rows of indicator 1", "V04", "1"),
        ("views of two boards", "V07", "9"),
        ("workbook", "V05", "901"),
    ],
)
def test_return_is_rejected_for_one_reason(of: Judged, name: str, rule: str, value: str) -> None:
    verdict = of.verdicts[name]
    assert verdict.state == "rejected"
    assert (rule, value) in [(problem.rule, problem.value) for problem in verdict.problems]


def test_place_in_a_workbook_names_the_sheet(of: Judged) -> None:
    [problem] = of.verdicts["workbook"].problems
    row = list(sound("RAA")).index(APPOINTED) + 2
    assert problem.place() == f"sheet 'Return', row {row}, column bme"
