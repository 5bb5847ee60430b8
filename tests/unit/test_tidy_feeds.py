"""The tidy feeds: what small hand-made files of each source become, and what is said of files that are wrong."""

from __future__ import annotations

import csv
import gzip
import hashlib
import tracemalloc
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from batches import read, refused, said
from hypothesis import given
from hypothesis import strategies as st

from wres import readers, registry
from wres.readers import content, delimited, packed
from wres.settings import Settings, settings

DATA = Path(__file__).parents[1] / "data"
STAFF = ("snapshot_date", "org_code", "person_id", "ethnic_category", "staff_group", "pay_band")
RETURN = ("org_code", "wres_year", "indicator", "slice", "data_item", "white", "bme", "unknown", "supplied_value")
SHORTLISTED = ("RAA", 2024, "2", "", "shortlisted", 100, 40, 5)
TRAINING = ("org_code", "person_id", "completed_on", "is_mandatory", "ethnic_category")


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """Settings for reading alone: no server is touched."""
    return replace(settings(), home=tmp_path / "home")


def write(path: Path, *rows: Sequence[Any], **style: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **{"lineterminator": "\n", **style}).writerows(rows)
    return path


def person(
    on: str = "2024-03-31", org: str = "RAA", number: int = 1, group: str = "Medical and Dental"
) -> Sequence[str]:
    return (on, org, f"P{number}", "A", group, "Band 5")


def workbook(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


# -- What the files say: golden rows ------------------------------------------------------------------------------------


def test_workforce_extract(project: Settings) -> None:
    batch, rows = read(project, DATA / "workforce/workforce_2024-03.csv", "workforce")
    dates = ("2015-09-01", "2020-04-01", None, None)
    nurse = (
        "SYNTHETIC-1",
        "A",
        "Nursing and Midwifery Registered",
        "N6A",
        "Band 6",
        None,
        "n",
        "n",
        "f",
        "0.8",
        "19.50",
    )
    doctor = ("SYNTHETIC-2", "CA", "Medical and Dental", "001", None, "Consultant", "y", "n", "m", "1", "55.00")
    porter = ("SYNTHETIC-3", "Z", "Estates and Ancillary", None, "Band 2", *[None] * 8, "2022-05-30", None)
    assert batch.layout.raw_columns[:4] == ("_period", "snapshot_date", "org_code", "person_id")
    assert rows == [
        (None, 2, "2024-03", "2024-03-31", "RAA", *nurse, *dates),
        (None, 3, "2024-03", "2024-03-31", "RAA", *doctor, "2010-01-15", "2018-02-01", None, None),
        (None, 4, "2023-12", "2023-12-31", "RBB", *porter),
    ]
    assert (batch.period, batch.contents) == ("2024-03", {("2024-03", "RAA"), ("2023-12", "RBB")})


@pytest.mark.parametrize("name", ["workforce_2024-03.csv.gz", "workforce_2024-03.zip"])
def test_packed_file_gives_the_rows_of_the_file_that_is_in_it(project: Settings, tmp_path: Path, name: str) -> None:
    plain, path = DATA / "workforce/workforce_2024-03.csv", tmp_path / name
    packed.write(_empty(path), path, [plain.read_bytes()])
    assert not path.read_bytes().startswith(plain.read_bytes()[:100]), "it is packed"
    batch, rows = read(project, path, "workforce")
    expected, expected_rows = read(project, plain, "workforce")
    assert (rows, batch.contents) == (expected_rows, expected.contents)


def test_packed_file_named_after_its_period(project: Settings, tmp_path: Path) -> None:
    path = tmp_path / "training_2024-12.csv.gz"
    path.write_bytes(gzip.compress((DATA / "training/training_2024-03.csv").read_bytes()))
    batch, _ = read(project, path, "training")
    assert batch.period == "2024-12"


def test_packed_file_is_read_in_the_memory_of_a_block(project: Settings, tmp_path: Path) -> None:
    header, row, *_ = (DATA / "workforce/workforce_2024-03.csv").read_text().splitlines()
    path = tmp_path / "workforce_2024-03.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write(header + "\n")
        # Different enough not to shrink as a bomb does.
        file.writelines(
            row.replace("SYNTHETIC-1", hashlib.md5(b"%d" % number).hexdigest()) + "\n" for number in range(200_000)
        )
    batch = readers.read(project, registry.registry(project)["workforce"], path, path.name)
    tracemalloc.start()
    try:
        total = sum(len(block) for block in batch.blocks("1"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (batch.count, total > 20_000_000, peak < 12_000_000) == (200_000, True, True)


def _empty(path: Path) -> Path:
    """A packed file of the kind that its name says, with nothing in it."""
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(b""))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("staff.csv", "")
    return path


def test_workforce_extract_as_a_local_system_writes_it(project: Settings) -> None:
    """Other headers, another order, dates as DD/MM/YYYY, a byte order mark, Windows' line ends, a blank line."""
    batch, rows = read(project, DATA / "workforce/esr_extract.csv", "workforce")
    filled = [{key: cell for key, cell in zip(batch.layout.raw_columns, row[2:], strict=True) if cell} for row in rows]
    common = {"_period": "2024-03", "snapshot_date": "31/03/2024", "org_code": "RAA"}
    assert filled == [
        {
            **common,
            "person_id": "SYNTHETIC-1",
            "ethnic_category": "A",
            "staff_group": "Nursing and Midwifery Registered",
            "pay_band": "Band 6",
            "is_bank_only": "No",
        },
        {
            **common,
            "person_id": "SYNTHETIC-2",
            "ethnic_category": "M",
            "staff_group": "Medical and Dental",
            "is_bank_only": "Yes",
        },
    ]
    assert [row[1] for row in rows] == [2, 4], "rows are counted as an editor counts them"


@pytest.mark.parametrize(
    ("source", "name", "rows", "contents"),
    [
        (
            "workforce_counts",
            "workforce_counts_2024-03.csv",
            [
                ("2024-03", "2024-03-31", "RAA", "non_clinical", "band_2", "White", "120", None, "SYNTHETIC"),
                ("2024-03", "2024-03-31", "RAA", "medical_dental", None, "BME", "14", None, None),
            ],
            {("2024-03", "RAA")},
        ),
        (
            "wres_return",
            "wres_return_2024.csv",
            [
                (
                    "2024",
                    "RAA",
                    "2024",
                    "1",
                    "non_clinical.band_2",
                    "headcount",
                    *"120 31 4 155 20.0 SYNTHETIC".split(),
                ),
                ("2024", "RAA", "2024", "3", None, "nil_return", *[None] * 6),
                ("2023", "RBB", "2023", "5", None, "pct", "27.5", "31.2", *[None] * 4),
            ],
            {("2024", "RAA"), ("2023", "RBB")},
        ),
        (
            "board",
            "board_2024-03.csv",
            [
                ("2024-03", "31/03/2024", "RAA", "SYNTHETIC-1", "Chair", "y", "n", "A", None),
                ("2024-06", "30/06/2024", "RAA", "SYNTHETIC-1", "Chair, interim", "TRUE", "0", "A", None),
            ],
            {("2024-03", "RAA"), ("2024-06", "RAA")},
        ),
        (
            "recruitment",
            "recruitment_2024-03.csv",
            [
                (
                    *("2024-03", "2024-01-01", "2024-03-31", "RAA", "SYNTHETIC-1"),
                    *("non_clinical", "Band 2", "A", "n", "30", "6", "1", None),
                ),
                ("2024-02", "2024-02-01", "2024-02-29", "RBB", "nil_return", *[None] * 8),
            ],
            {("2024-03", "RAA"), ("2024-02", "RBB")},
        ),
        (
            "employee_relations",
            "employee_relations_2024-03.csv",
            [
                ("2024-03", "RAA", "SYNTHETIC-1", "P1", "disciplinary", "2024-02-14", "K", None),
                ("2024-03", "RAA", "SYNTHETIC-2", "P2", "capability", "2023-11-30", "A", None),
                ("2024-03", "RBB", "nil_return", None, None, "2024-03-31", None, None),
            ],
            {("2024-03", "RAA"), ("2024-03", "RBB")},
        ),
        (
            "training",
            "training_2024-03.csv",
            [
                ("2024-03", "RAA", "SYNTHETIC-1", "15/01/2024", "No", "A", "leadership course", None),
                ("2024-03", "RBB", "nil_return", "31/03/2024", *[None] * 4),
            ],
            {("2024-03", "RAA"), ("2024-03", "RBB")},
        ),
        (
            "survey_responses",
            "survey_responses_2024.csv",
            [
                (
                    *("2024", "2024", "RAA", "SYNTHETIC-1", "white_british", "1.02"),
                    *("Never", "Never", "1-2", "Yes", "No", None, None),
                ),
                (
                    *("2023", "2023", "RAA", "SYNTHETIC-2", "indian", None),
                    *("3-5", "Never", "Never", "No", "Yes", None, None),
                ),
            ],
            {("2024", "RAA"), ("2023", "RAA")},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and not value.endswith(".csv") else "",
)
def test_each_row_has_its_period(
    project: Settings, source: str, name: str, rows: list[tuple[str | None, ...]], contents: set[tuple[str, str]]
) -> None:
    """Snapshots, returns and vacancies count under their own period, events under the quarter of their file."""
    batch, found = read(project, DATA / source / name, source)
    assert [row[2:] for row in found] == rows
    assert (batch.period, batch.contents) == (max(period for period, _ in contents), contents)


def test_published_figures_are_replaced_as_a_whole(project: Settings) -> None:
    batch, rows = read(project, DATA / "reference_results/reference_results_2023.csv", "reference_results")
    assert (batch.period, batch.contents, batch.unstamped) == ("2023", {("2023", "*")}, True)
    assert [row[-1] for row in rows] == ["1.59", "1.54"]


def test_peer_sets_are_replaced_as_a_whole(project: Settings) -> None:
    batch, rows = read(project, DATA / "peer_groups/peer_groups_2025-03.csv", "peer_groups")
    assert (batch.period, batch.contents) == ("2025-03", {("2025-03", "*")})
    assert [row[2:] for row in rows] == [
        ("SYNTHETIC coast", "RAA"),
        ("SYNTHETIC coast", "RBB"),
        ("SYNTHETIC cities", "RAA"),
    ]


def test_peer_sets_without_a_month(project: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "peer_groups.csv", ("peer_set", "org_code"), ("coast", "RAA"))
    [problem] = refused(project, path, "peer_groups")
    assert problem.rule == "F05" and "--period" in problem.action
    batch, _ = read(project, path, "peer_groups", period="2025-04")
    assert batch.contents == {("2025-04", "*")}


# -- The return as a workbook -------------------------------------------------------------------------------------------


def test_return_in_a_workbook_is_the_return_in_a_text_file(project: Settings, tmp_path: Path) -> None:
    """Numbers as text at full precision, and the place as the spreadsheet counts it; the sheet of checks is passed over."""
    header = [name.upper().replace("_", " ") for name in RETURN]
    path = workbook(tmp_path / "r.xlsx", Checks=[["ok"]], Return=[header, SHORTLISTED, [], ["RBB", *SHORTLISTED[1:]]])
    batch, rows = read(project, path, "wres_return")
    values = ("2024", "2", None, "shortlisted", "100", "40", "5", None, None, None)
    assert rows == [("Return", 2, "2024", "RAA", *values), ("Return", 4, "2024", "RBB", *values)]
    assert (batch.contents, batch.warnings) == ({("2024", "RAA"), ("2024", "RBB")}, [])


def test_other_sheets_are_named_and_not_read(project: Settings, tmp_path: Path) -> None:
    path = workbook(tmp_path / "r.xlsx", Notes=[RETURN, SHORTLISTED], Return=[RETURN, SHORTLISTED], CHECKS=[["ok"]])
    batch, rows = read(project, path, "wres_return")
    assert {row[0] for row in rows} == {"Return"}
    assert said(batch.warnings) == [("V11", "sheet 'Notes'", "the sheet is not registered; it was not read")]
    assert batch.warnings[0].severity == "warning"


def test_renamed_sheet_is_named(project: Settings, tmp_path: Path) -> None:
    path = workbook(tmp_path / "r.xlsx", Returns=[RETURN, SHORTLISTED], Checks=[["ok"]])
    assert said(refused(project, path, "wres_return")) == [
        ("V11", "sheet 'Return'", "the sheet is missing or renamed; the nearest sheet in the file is 'Returns'")
    ]


@pytest.mark.parametrize("rows", [[], [RETURN]], ids=["empty", "header only"])
def test_return_without_rows(project: Settings, tmp_path: Path, rows: Sequence[Sequence[Any]]) -> None:
    path = workbook(tmp_path / "r.xlsx", Return=rows)
    assert said(refused(project, path, "wres_return")) == [("F01", "sheet 'Return'", "the sheet has no data rows")]


def test_wrong_header_and_stray_cell_of_a_workbook_are_named_by_their_cells(project: Settings, tmp_path: Path) -> None:
    wrong = ["whites" if name == "white" else name for name in RETURN]
    assert said(refused(project, workbook(tmp_path / "r.xlsx", Return=[wrong, SHORTLISTED]), "wres_return")) == [
        ("V11", "sheet 'Return', cell F1", "header is not registered; the nearest registered header is 'white'"),
        (
            "V11",
            "sheet 'Return', row 1",
            "column white is missing or renamed; the nearest header in the file is 'whites'",
        ),
    ]
    stray = workbook(tmp_path / "s.xlsx", Return=[RETURN, [*SHORTLISTED, "", "", "see note"]])
    assert said(refused(project, stray, "wres_return")) == [
        ("V11", "sheet 'Return', row 2", "the row has 11 fields where layout item has 9")
    ]


def test_formulas_without_a_value_do_not_look_like_empty_cells(project: Settings, tmp_path: Path) -> None:
    """The parser gives '' for what Excel could not work out; the gate has to see that something stands there."""
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Return")
        sheet.write_row(0, 0, RETURN)
        for row, value in ((1, 1.75), (2, "#DIV/0!")):
            sheet.write_row(row, 0, SHORTLISTED)
            sheet.write_formula(row, RETURN.index("supplied_value"), "=F2/G2", None, value)
    copied = openpyxl.load_workbook(path)
    copied["Return"]["H3"] = "=SUM(F3:G3)"  # written by a program that calculates nothing
    for name, found in (("r.xlsx", ["1.75", "#DIV/0!"]), ("c.xlsx", ["=F2/G2", "=F2/G2"])):
        if name == "c.xlsx":
            copied.save(tmp_path / name)
        batch, rows = read(project, tmp_path / name, "wres_return")
        at = 2 + batch.layout.raw_columns.index("supplied_value")
        assert [row[at] for row in rows] == found
    assert rows[1][at - 2] == "=SUM(F3:G3)"


def test_workbook_where_text_is_expected(project: Settings, tmp_path: Path) -> None:
    [problem] = refused(project, workbook(tmp_path / "w.xlsx", Sheet1=[STAFF, person()]), "workforce")
    assert (
        problem.message
        == "no layout registered for workforce fits this file: it is a workbook, and only text files are read"
    )


# -- Which period -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "period"),
    [
        ("training_2024-03.csv", None, "2024-03"),
        ("training_2024-03.csv", "2023-12", "2024-03"),
        ("training 2024_03 final.csv", None, "2024-03"),
        ("training.csv", "2024-06", "2024-06"),
        ("training_2024-02.csv", "2024-03", "2024-03"),
        ("training.csv", None, "2023-12"),
    ],
    ids=["name", "name before sender", "name with words", "sender", "name that is no quarter", "newest date"],
)
def test_quarter_of_an_event_file(project: Settings, tmp_path: Path, name: str, given: str | None, period: str) -> None:
    """What was reported late stays in the quarter of its file, so that it restates no earlier one."""
    rows = [
        ("RAA", "P1", "2023-10-02", "n", "A"),
        ("RAA", "P2", "17/08/2023", "n", "B"),
        ("RBB", "P3", "soon", "n", "C"),
    ]
    batch, found = read(project, write(tmp_path / name, TRAINING, *rows), "training", period=given)
    assert (batch.period, batch.contents) == (period, {(period, "RAA"), (period, "RBB")})
    # Known only at the end, the period of the newest date is put into the rows by the load.
    assert batch.unstamped == (name == "training.csv" and given is None)
    assert {row[2] for row in found} == ({None} if batch.unstamped else {period})


def test_month_that_is_no_quarter(project: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "training_2024-02.csv", TRAINING, ("RAA", "P1", "2024-02-02", "n", "A"))
    [problem] = refused(project, path, "training")
    assert (problem.rule, problem.message) == (
        "F05",
        "the period 2024-02 is not the last month of a quarter (03, 06, 09 or 12)",
    )
    assert "--period (such as 2024-03)" in problem.action


def test_events_of_which_nobody_can_tell_the_quarter(project: Settings, tmp_path: Path) -> None:
    path = write(
        tmp_path / "training.csv", TRAINING, ("RAA", "P1", "soon", "n", "A"), ("RAA", "P1", "2203-02-01", "n", "A")
    )
    [problem] = refused(project, path, "training")
    assert (problem.rule, problem.message) == (
        "F05",
        "neither the file's content nor its name says which period it is from",
    )


def test_snapshot_that_is_no_quarter_end_is_said_once_a_value(project: Settings, tmp_path: Path) -> None:
    dates = ["2024-03-31", "2024-03-30", "01/04/2024", "2024-03-30", "1924-03-31", "2024-06-30"]
    path = write(tmp_path / "w.csv", STAFF, *(person(on) for on in dates))
    wrong = "the date is not the last day of March, June, September or December"
    problems = refused(project, path, "workforce")
    assert [
        (*of[:2], problem.value, problem.count, of[2]) for of, problem in zip(said(problems), problems, strict=True)
    ] == [
        ("F05", "row 3, column snapshot_date", "2024-03-30", 2, wrong),
        ("F05", "row 4, column snapshot_date", "01/04/2024", 1, wrong),
        ("F05", "row 6, column snapshot_date", "1924-03-31", 1, "the year is not between 2000 and 2099"),
    ]


@pytest.mark.parametrize("source", ["workforce", "workforce_counts", "board"])
def test_snapshots_of_every_kind_are_of_quarter_ends(project: Settings, tmp_path: Path, source: str) -> None:
    text = next((DATA / source).glob(f"{source}_*.csv")).read_text()
    path = tmp_path / "shifted.csv"
    path.write_text(text.replace("2024-03-31", "2024-03-29").replace("31/03/2024", "29/03/2024"))
    assert refused(project, path, source)[0].rule == "F05"


def test_row_that_cannot_be_dated_is_loaded_and_states_nothing(project: Settings, tmp_path: Path) -> None:
    """The gate names it. Its organisation keeps what an earlier file said of it."""
    rows = [person(), person("31st March", "RBB"), person("", "RCC"), person("2023-12-31", "RAA")]
    batch, found = read(project, write(tmp_path / "w.csv", STAFF, *rows), "workforce")
    assert [row[2] for row in found] == ["2024-03", None, None, "2023-12"]
    assert (batch.unstamped, batch.period) == (True, "2024-03")
    assert batch.contents == {("2024-03", "RAA"), ("2023-12", "RAA")}


def test_row_without_organisation_is_loaded_and_states_nothing(project: Settings, tmp_path: Path) -> None:
    batch, found = read(project, write(tmp_path / "w.csv", STAFF, person(), person(org=" ")), "workforce")
    assert [row[2:5] for row in found] == [("2024-03", "2024-03-31", "RAA"), ("2024-03", "2024-03-31", " ")]
    assert batch.contents == {("2024-03", "RAA")}


def test_file_in_which_no_row_can_be_dated(project: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "workforce_2024-03.csv", STAFF, person("31st March"), person("March"))
    [problem] = refused(project, path, "workforce")
    assert (problem.rule, problem.place(), problem.value) == ("F05", "row 2, column snapshot_date", "31st March")
    returned = write(tmp_path / "r.csv", RETURN[:8], ["RAA", "2023/24", *SHORTLISTED[2:]])
    [problem] = refused(project, returned, "wres_return")
    assert (problem.column, problem.value, problem.message) == (
        "wres_year",
        "2023/24",
        "no row says which year it is of (2024)",
    )


# -- Files of the wrong shape -------------------------------------------------------------------------------------------


def test_everything_wrong_is_said_at_once(project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the end cannot be read, what was found before it is said."""
    monkeypatch.setattr(content, "BLOCK", 50)
    path = write(tmp_path / "w.csv", STAFF, person()[:4], person("2024-03-30"), person()[:5], *[person()] * 3)
    path.write_bytes(path.read_bytes() + b"2024-03-31,RAA,Zo\xeb,A,Medical and Dental,\n")
    problems = refused(project, path, "workforce")
    assert [(problem.rule, problem.row, problem.count) for problem in problems] == [
        ("V11", 2, 2),
        ("F05", 3, 1),
        ("F03", 8, 1),
    ]


@pytest.mark.parametrize(("mark", "name"), [(";", "';'"), ("\t", "tabs"), ("|", "'|'")])
@pytest.mark.parametrize("file", ["workforce.csv", "export.csv"])
def test_other_separators_are_named(project: Settings, tmp_path: Path, mark: str, name: str, file: str) -> None:
    path = write(tmp_path / file, STAFF, person(), delimiter=mark)
    [problem] = refused(project, path, "workforce")
    assert (problem.rule, problem.message) == ("V11", f"the fields seem to be separated by {name}")


def test_every_header_that_is_wrong_is_named(project: Settings, tmp_path: Path) -> None:
    header = [
        "Snapshot-Date",
        "ODS  code",
        "Assignment Number",
        "Employee Number",
        "ethnic_kategory",
        "Staff Group",
        "",
    ]
    assert said(refused(project, write(tmp_path / "w.csv", header, [*person(), ""]), "workforce")) == [
        ("V11", "row 1, column 4", "a second column for person_id"),
        ("V11", "row 1, column 5", "header is not registered; the nearest registered header is 'ethnic_category'"),
        ("V11", "row 1, column 7", "the column has no header"),
        (
            "V11",
            "row 1",
            "column ethnic_category is missing or renamed; the nearest header in the file is 'ethnic_kategory'",
        ),
        ("V11", "row 1", "column pay_band is missing or renamed"),
    ]


def test_organisations_that_are_none(project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Swapped headers would otherwise make an organisation of each person, in memory and in the books."""
    monkeypatch.setattr(delimited, "_MOST_CONTENTS", 10)
    path = write(tmp_path / "w.csv", STAFF, *(person(org=f"P{number}") for number in range(12)))
    [problem] = refused(project, path, "workforce")
    assert (problem.rule, problem.place(), problem.value) == ("V11", "row 12, column org_code", "P10")


# -- Blocks: where a file is cut must not show ----------------------------------------------------------------------------

CELLS = st.text(st.sampled_from('ab ,"\r\n;é\\.'), max_size=6)


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=12), block=st.integers(1, 40), quoted=st.booleans()
)
def test_blocks_do_not_show(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], block: int, quoted: bool
) -> None:
    """Whatever stands in the cells and wherever a block ends: the rows are those that were written."""
    path = tmp_path_factory.mktemp("blocks") / "w.csv"
    people = [["2024-03-31", "RAA", "P", "A", *row[:2]] for row in rows] + [["2024-03-31", "RAA", "P", "A", "x", "y"]]
    style = {"quoting": csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, "lineterminator": "\r\n"}
    write(path, STAFF, *people, **style)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "BLOCK", block)
        batch, found = read(settings(), path, "workforce")
    at = [2 + batch.layout.raw_columns.index(column) for column in STAFF]
    assert [[row[index] or "" for index in at] for row in found] == people
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        assert [row[1] for row in found] == [reader.line_num for _ in reader][1:]


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block", [7, 100, 1 << 19])
def test_line_ends_are_counted_across_blocks(
    project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quote: str, line_end: str, block: int
) -> None:
    monkeypatch.setattr(content, "BLOCK", block)
    lines = [",".join(f"{quote}{cell}{quote}" for cell in row) for row in (STAFF, person(), person(number=2))]
    (tmp_path / "w.csv").write_bytes(line_end.join([lines[0], "", *lines[1:], ",,,,,"]).encode())
    _, rows = read(project, tmp_path / "w.csv", "workforce")
    assert [(row[1], row[5]) for row in rows] == [(3, "P1"), (4, "P2")]


@pytest.mark.parametrize("length", [999_999, 1_000_001])
@pytest.mark.parametrize("mark", ["x", "x,"], ids=["plain", "quoted"])
def test_longest_cell(project: Settings, tmp_path: Path, length: int, mark: str) -> None:
    cell = (mark * length)[:length]
    path = write(tmp_path / "w.csv", STAFF, person(), person(group=cell), person())
    if length < 1_000_000:
        assert [row[7] for row in read(project, path, "workforce")[1]] == [
            "Medical and Dental",
            cell,
            "Medical and Dental",
        ]
        return
    [problem] = refused(project, path, "workforce")
    assert (problem.rule, problem.row) == ("F02", 3)
    assert "field larger than field limit" in problem.message


def test_text_without_lines_is_not_read_to_its_end(
    project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "_LONGEST_LINE", 2_000)
    monkeypatch.setattr(content, "BLOCK", 500)
    path = write(tmp_path / "w.csv", STAFF, person(), person(group="x" * 4_000))
    assert said(refused(project, path, "workforce")) == [
        ("F02", "row 3", "the line has more than 2,000 characters: this is no table")
    ]


def test_open_quote_is_named_where_it_opens(project: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", STAFF, person(), person())
    text = path.read_text().splitlines()
    path.write_text("\n".join([*text[:2], text[2].replace("P1", '"P1'), *text[1:] * 30_000]))
    [problem] = refused(project, path, "workforce")
    assert (problem.rule, problem.row) == ("F02", 3)
