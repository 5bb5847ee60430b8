"""Readers: tiny files of the official layouts and the rows they must give; broken files and what must be said of them."""

from __future__ import annotations

import csv
import gzip
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import msoffcrypto.format.ooxml
import openpyxl.utils
import pytest
import workbooks
import xlsxwriter
from batches import organisations, read, refused, said
from hypothesis import given
from hypothesis import strategies as st

from wres.problems import column_letters
from wres.readers.content import cell_text, nearest
from wres.readers.opening import open_content
from wres.settings import Settings, settings

DATA = Path(__file__).parents[1] / "data"
ORGANISATIONAL = "NSS24 organisational results.xlsx"
NATIONAL = "NSS24 national results.xlsx"
BENCHMARK = "Benchmark 2024.xlsx"
Q13 = "HEALTH WELLBEING SAFETY Q13-14"
Q15 = "HEALTH WELLBEING SAFETY Q15-17"
ACUTE = "Acute&Acute Community Trusts"


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """Settings for reading alone: no server is touched."""
    return replace(settings(), home=tmp_path / "home")


# -- What the files say: golden rows -----------------------------------------------------------------------------------


def test_organisational_workbook_of_2024(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed(organisations=["RAA", "R1F1"])
    book.put(23.50912345678912, "Q14a", "% Never", "RAA")
    book.put("-", "Q16c_1", "% Ethnic background", "R1F1")
    book.put(9, "Q16c_1", "Base (number of responses)", "R1F1")
    batch, rows = read(project, book.write(tmp_path / ORGANISATIONAL))
    assert (batch.layout.name, batch.period, batch.warnings) == ("detailed_organisational", "2024", [])
    assert organisations(batch) == {"RAA", "R1F1"}
    assert batch.layout.raw_columns == (
        "_column",
        "survey_year",
        "ods_code",
        "organisation_name",
        "benchmarking_group",
        "region",
        "ics",
        "weighting",
        "question",
        "label",
        "item",
        "answer",
        "value",
    )
    keys = (
        "2024",
        "RAA",
        "RAA NHS Trust",
        "Acute and Acute & Community Trusts",
        "London",
        "North Central London",
        "Occupation Group",
    )
    # The places are those of the published workbook: Q14a stands in AF to AK, Q15 in G to J, Q28 in X to AP.
    by_place = {row[:3]: row for row in rows}
    assert by_place[Q13, 6, "AF"] == (
        *(Q13, 6, "AF"),
        *keys,
        *("Q14a", "% Never", "harassment_public", "never", "23.50912345678912"),
    )
    assert by_place[Q13, 6, "AK"][-5:] == ("Q14a", "Base (number of responses)", "harassment_public", "base", "200")
    assert [by_place[Q15, 6, column][-4:] for column in "GHIJ"] == [
        ("% Yes", "equal_opportunity", "yes", "33.5"),
        ("% No", "equal_opportunity", "no", "33.5"),
        ("% Don't know", "equal_opportunity", "dont_know", "33"),
        ("Base (number of responses)", "equal_opportunity", "base", "200"),
    ]
    assert [by_place[Q15, 7, column][-5:] for column in "QR"] == [
        ("Q16c_1", "% Ethnic background", "discrimination_ground_ethnicity", "yes", "-"),
        ("Q16c_1", "Base (number of responses)", "discrimination_ground_ethnicity", "base", "9"),
    ]
    ethnic = [row for row in rows if row[-3] == "ethnic_group" and row[1] == 6]
    assert [row[2] for row in ethnic] == [column_letters(index) for index in range(23, 42)]
    assert [row[-2] for row in ethnic][:2] + [row[-2] for row in ethnic][-2:] == [
        "white_british",
        "white_irish",
        "other_any",
        "base",
    ]
    scores = [row for row in rows if row[0] == "THEMES" and row[1] == 6]
    assert scores[0][-5:] == ("Staff Engagement", "Staff Engagement - score", None, "score", "6.5")
    assert {row[1] for row in rows} == {6, 7}
    assert len({row[0] for row in rows}) == 16


def test_national_workbook_of_2024(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed("national")
    batch, rows = read(project, book.write(tmp_path / NATIONAL))
    assert (batch.layout.name, batch.period, organisations(batch)) == ("detailed_national", "2024", {"*"})
    by_place = {row[:3]: row for row in rows}
    # The published places: Q14a in AD to AI, Q15 in E to H.
    assert by_place[Q13, 6, "AD"] == (
        *(Q13, 6, "AD"),
        *("2024", "National", None, None, "Organisation Size and Occupation Group"),
        *("Q14a", "% Never", "harassment_public", "never", "20"),
    )
    assert by_place[Q15, 7, "E"][3:8] == (
        "2024",
        "National",
        "Ethnic background (summary)",
        "White staff",
        "Organisation Size",
    )


def test_workbook_of_2018(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed_2018(["RAA", "RBB"])
    grid = book.sheets["Violence & harassment"]
    grid[6][9:15] = ["-"] * 6
    batch, rows = read(project, book.write(tmp_path / "Violence and harassment 2018.xlsx"))
    assert (batch.layout.name, batch.period) == ("detailed_organisational_2018", "2018")
    assert organisations(batch) == {"RAA", "RBB"}
    assert said(batch.warnings) == [("V11", "", "questions not in this file: Q12b, Q12c")]
    asked = dict.fromkeys((row[-5], row[-3]) for row in rows)
    # Numbers are those of the year: Q12 was violence and Q13 harassment, Q14 and Q15 what is Q15 and Q16 now.
    assert list(asked) == [
        ("Q12a", "violence_public"),
        ("Q13a", "harassment_public"),
        ("Q13b", "harassment_managers"),
        ("Q13c", "harassment_colleagues"),
        ("Q14", "equal_opportunity"),
        ("Q15a", "discrimination_public"),
        ("Q15b", "discrimination_staff"),
    ]
    assert rows[1] == (
        *("Violence & harassment", 6, "E", "2018", "RAA", "RAA NHS Trust", "Acute Trusts"),
        *("Q12a", "1 - 2", "violence_public", "1_to_2", "20"),
    )
    assert [row[-2:] for row in rows if row[1] == 7 and row[-5] == "Q13a"] == [
        ("never", "-"),
        ("1_to_2", "-"),
        ("3_to_5", "-"),
        ("6_to_10", "-"),
        ("more_than_10", "-"),
        ("base", "-"),
    ]


def test_workbook_of_2018_with_its_note_above_the_codes(project: Settings, tmp_path: Path) -> None:
    """Where A4 holds the note on suppression, the headers of the key columns stand on the row of units."""
    book = workbooks.detailed_2018(["RAA"])
    grid = book.sheets["Violence & harassment"]
    grid[4][:3], grid[3][:3] = grid[3][:3], ["\nNote: fewer than 11 responses are not displayed", "", ""]
    batch, rows = read(project, book.write(tmp_path / "Violence 2018.xlsx"))
    assert organisations(batch) == {"RAA"}
    assert rows[0][1:5] == (6, "D", "2018", "RAA")


def test_benchmark_workbook(project: Settings, tmp_path: Path) -> None:
    book = workbooks.benchmark(years=(2023, 2024))
    book.sheets[ACUTE][0] += ["har_from_pat_n_2024"]
    for cells in book.sheets[ACUTE][1:]:
        cells.append(1234)
    book.sheets[ACUTE][1][2] = 0.2214285714285714
    book.sheets[ACUTE][2][1:3] = ["-", ""]
    batch, rows = read(project, book.write(tmp_path / BENCHMARK))
    assert (batch.layout.name, batch.period, batch.warnings) == ("benchmark", "2024", [])
    assert organisations(batch) == {"RAA", "RBB", "RCC", "RDD", "REE", "RFF"}
    assert rows[:2] == [
        (
            *(ACUTE, 2, "B", "2024", "RAA"),
            *("har_from_pat_eth_summary_1_2023", "har_from_pat", "1", "2023", "0.2"),
        ),
        (
            *(ACUTE, 2, "C", "2024", "RAA"),
            *("har_from_pat_eth_summary_1_2024", "har_from_pat", "1", "2024", "0.2214285714285714"),
        ),
    ]
    # Other measures of the workbook are kept, without the meaning nobody gave them here.
    assert rows[16] == (ACUTE, 2, "R", "2024", "RAA", "har_from_pat_n_2024", None, None, None, "1234")
    assert [row[-1] for row in rows if row[4] == "RBB"][:2] == ["-", None]


@pytest.mark.parametrize(
    ("name", "layout", "period", "count"),
    [
        ("etr_2022-02.csv", "trust", "2022-02", 2),
        ("etr_2026-07.csv", "trust", "2026-07", 2),
        ("succarc.csv", "successor", "2021-10", 4),
        ("nhs_sickness_absence_2025-03.csv", "workforce", "2025-03", 2),
        ("nhs_sickness_absence_2022-09.csv", "workforce", "2022-09", 1),
    ],
)
def test_organisation_files(project: Settings, name: str, layout: str, period: str, count: int) -> None:
    batch, rows = read(project, DATA / "organisations" / name, "organisations")
    assert (batch.layout.name, batch.period, len(rows)) == (layout, period, count)
    assert organisations(batch) == {"*"}
    assert {len(row) - 2 for row in rows} == {len(batch.layout.raw_columns)}


def test_organisation_files_of_two_vintages_give_these_rows(project: Settings) -> None:
    _, early = read(project, DATA / "organisations/etr_2022-02.csv", "organisations")
    _, late = read(project, DATA / "organisations/etr_2026-07.csv", "organisations")
    assert early[1] == (
        *(None, 2, "RBB", "SECOND NHS TRUST, THE", "Y58", "QVV"),
        *(None,) * 6,
        *("20201001", "20220331"),
        *(None,) * 9,
        *("1", None, "K", None, None, None),
    )
    assert (late[0][:4], late[0][19], late[1][2]) == (
        (None, 1, "RAA", "FIRST NHS FOUNDATION TRUST"),
        "020 7946 0000",
        "G6V2S",
    )
    _, successors = read(project, DATA / "organisations/succarc.csv", "organisations")
    assert successors[1] == (None, 2, "RW6", "RM3", "R", "20211001", None)


def test_headers_of_a_month_are_mapped_not_counted(project: Settings) -> None:
    """Renamed and reordered headers of an older file land in the same columns."""
    _, [row] = read(project, DATA / "organisations/nhs_sickness_absence_2022-09.csv", "organisations")
    assert row == (
        *(None, 2, "30/09/2022", "Y56", "London", "QMJ", "North Central London"),
        *("RAA", "First NHS Foundation Trust", "Acute", "12.5", "400", "3.125"),
    )


# -- Values --------------------------------------------------------------------------------------------------------------


@given(st.floats(allow_nan=False))
def test_any_number_survives_as_text(number: float) -> None:
    assert float(cell_text(number) or "") == number


@given(st.integers(-(10**14), 10**14))
def test_whole_numbers_have_no_decimal_point(number: int) -> None:
    """Workbooks hold every number as a float; a base has to look like the head count it is."""
    assert cell_text(float(number)) == cell_text(number) == str(number)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("", None),
        (None, None),
        (" 5 ", " 5 "),
        ("-", "-"),
        ("NA", "NA"),
        (0, "0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-7, "1e-07"),
        (float("nan"), "nan"),
        (True, "TRUE"),
        (datetime(2024, 3, 1, 12, 30), "2024-03-01T12:30:00"),  # noqa: DTZ001 - a spreadsheet's clock has no zone
        (date(2024, 3, 1), "2024-03-01"),
        (time(12, 30), "12:30:00"),
        (timedelta(hours=30), "1 day, 6:00:00"),
        ("a\0b", "a�b"),
    ],
)
def test_cell_as_text(cell: object, text: str | None) -> None:
    assert cell_text(cell) == text


@given(st.integers(0, 16_383))
def test_column_letters_are_those_of_spreadsheets(index: int) -> None:
    assert column_letters(index) == openpyxl.utils.get_column_letter(index + 1)


@given(st.lists(st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"])), min_size=5, max_size=5))
def test_any_text_survives_a_csv_file(tmp_path_factory: pytest.TempPathFactory, fields: list[str]) -> None:
    of = replace(settings(), home=Path("unused"))
    path = tmp_path_factory.mktemp("text") / "succ.csv"
    rows = [workbooks.successor("03A", "X2C4Y"), [*fields[:3], "20210401", fields[4]]]
    _, read_rows = read(of, workbooks.write_csv(path, rows), "organisations")
    assert read_rows[1][2:] == tuple(field or None for field in rows[1])


def test_values_of_workbooks_are_not_interpreted(project: Settings, tmp_path: Path) -> None:
    """A marker, a formula's text and a long number arrive as they were typed."""
    book = workbooks.detailed()
    book.put("=1+1", "Q14a", "% Never", "RAA")
    book.put(" - ", "Q14a", "% 1 to 2", "RAA")
    book.put("NA", "Q14a", "% 3 to 5", "RAA")
    book.put(1 / 3, "Q14a", "% 6 to 10", "RAA")
    _, rows = read(project, book.write(tmp_path / ORGANISATIONAL))
    assert [row[-1] for row in rows if row[1] == 6 and row[-5] == "Q14a"][:4] == ["=1+1", " - ", "NA", repr(1 / 3)]


# -- Files that are not what they seem ------------------------------------------------------------------------------------


def _html(path: Path) -> None:
    path.write_text("\n  <!DOCTYPE html><html><title>Sign in</title></html>")


def _truncated(path: Path) -> None:
    whole = workbooks.benchmark().write(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _protected(path: Path) -> None:
    plain = workbooks.benchmark().write(path.with_name("plain.xlsx"))
    with plain.open("rb") as file, path.open("wb") as out:
        msoffcrypto.format.ooxml.OOXMLFile(file).encrypt("secret", out)


def _no_workbook(path: Path) -> None:
    path.write_text("ODS code,value\nRAA,1\n")


def _damaged_inside(path: Path) -> None:
    whole = bytearray(workbooks.benchmark().write(path).read_bytes())
    at = whole.index(b"xl/workbook.xml")
    whole[at + 40 : at + 400] = bytes(360)
    path.write_bytes(bytes(whole))


def _old_and_damaged(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def _zipped_twice(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("etr.csv", "RAA,A TRUST\n")
        archive.writestr("other.csv", "RBB,ANOTHER\n")


def _locked(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("etr.csv", "RAA,A TRUST\n")
    whole = bytearray(path.read_bytes())
    # The first of the flags, in the member's own header and in the directory: it is encrypted.
    for header, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        whole[whole.index(header) + flags] |= 1
    path.write_bytes(bytes(whole))


def _packed_workbook(path: Path) -> None:
    path.write_bytes(gzip.compress(workbooks.benchmark().write(path).read_bytes()))


def _cut_off(path: Path) -> None:
    path.write_bytes(gzip.compress(b"RAA,A TRUST\n" * 1000)[:-9])


@pytest.mark.parametrize(
    ("make", "name", "rule", "cause"),
    [
        (_html, "results.xlsx", "F01", "the file is a web page (HTML), whatever its name says"),
        (lambda path: path.write_bytes(b""), "results.xlsx", "F01", "the file is empty"),
        (lambda path: path.write_bytes(b" \r\n "), "succ.csv", "F01", "the file is empty"),
        (_no_workbook, "results.xlsx", "F01", "the file is named as a workbook but is none"),
        (_zipped_twice, "etr.zip", "F01", "the file is a ZIP archive of 2 files, and a table comes alone"),
        (_packed_workbook, "results.gz", "F01", "the packed file is no text"),
        (_locked, "etr.zip", "F04", "the ZIP archive is protected with a password"),
        (_cut_off, "etr.csv.gz", "F02", "the packed file is damaged or was cut off in transfer"),
        (_truncated, "Benchmark.xlsx", "F02", "the workbook is damaged or was cut off in transfer"),
        (_damaged_inside, "Benchmark.xlsx", "F02", "the workbook is damaged or was cut off in transfer"),
        (_old_and_damaged, "results.xls", "F02", "the workbook is damaged or was cut off in transfer"),
        (_protected, "Benchmark.xlsx", "F04", "the workbook is protected with a password"),
    ],
)
def test_file_that_cannot_be_opened(
    project: Settings, tmp_path: Path, make: Callable[[Path], None], name: str, rule: str, cause: str
) -> None:
    make(tmp_path / name)
    [problem] = refused(project, tmp_path / name)
    assert (problem.rule, problem.scope, problem.place()) == (rule, "file", "")
    assert problem.message.startswith(cause)


@pytest.mark.parametrize(
    ("content", "row", "value", "cause"),
    [
        ("03A,X2C4Y,R,20210401,\n".encode("utf-16"), None, None, "the file is UTF-16, not UTF-8"),
        ("03A,X2C4Y,R,20210401,\n".encode("utf-16-le"), 1, None, "the file holds NUL characters"),
        (b"03A,X2C4Y,R,20210401,\n03J,X2C4Y,R\0,20210401,\n", 2, None, "the file holds NUL characters"),
        (
            b"03A,X2C4Y,R,20210401,\n" * 4 + b"03J,CAF\xc9 TRUST,R,20210401,\n",
            5,
            "03J,CAFÉ TRUST,R,20210401,",
            "the line is not UTF-8",
        ),
        (
            b"03A,X2C4Y,R,20210401,\n" * 2000 + b"03J,ST MARY\x92S,R,20210401,\n",
            2001,
            "03J,ST MARY’S,R,20210401,",
            "the line is not UTF-8",
        ),
        (b'03A,X2C4Y,R,20210401,\n"03J,X2C4Y,R,20210401,\n', 2, None, "the line cannot be read as CSV"),
    ],
    ids=["utf-16", "utf-16 without mark", "nul", "latin-1", "windows-1252 far down", "open quote"],
)
def test_text_that_cannot_be_read(
    project: Settings, tmp_path: Path, content: bytes, row: int | None, value: str | None, cause: str
) -> None:
    path = tmp_path / "succ.csv"
    path.write_bytes(content)
    [problem] = refused(project, path, "organisations")
    assert (problem.rule, problem.row, problem.value) == ("F02" if "CSV" in cause else "F03", row, value)
    assert problem.message.startswith(cause)


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_line_ends_and_byte_order_marks_do_not_matter(
    project: Settings, tmp_path: Path, line_end: str, encoding: str
) -> None:
    rows = [workbooks.successor("03A", "X2C4Y"), workbooks.successor("é", "naïve\nname")]
    path = workbooks.write_csv(tmp_path / "succ.csv", rows, line_end, encoding)
    _, read_rows = read(project, path, "organisations")
    assert [row[2:4] for row in read_rows] == [("03A", "X2C4Y"), ("é", "naïve\nname")]


# -- Files of the wrong shape: every cause, in its place ---------------------------------------------------------------------


def test_renamed_header_names_cell_and_nearest_header(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    grid, row, column = book.place("Q15", "% Don't know")
    grid[row][column] = "% Do not know"
    [problem] = refused(project, book.write(tmp_path / ORGANISATIONAL))
    assert said([problem]) == [
        (
            "V11",
            f"sheet '{Q15}', cell I5",
            "header of Q15 is not registered for survey 2024; the nearest registered header is '% Don't know'",
        )
    ]
    assert problem.value == "% Do not know"


def test_all_problems_are_said_in_one_pass(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    grid, row, column = book.place("Q15", "% Yes")
    grid[row][column] = "% Yeah"
    grid[row][0] = "Organisation code"
    grid, row, column = book.place("Q14a", "% Never")
    grid[row][column] = "% Nevr"
    del book.sheets["THEMES"]
    assert said(refused(project, book.write(tmp_path / ORGANISATIONAL))) == [
        ("V11", "sheet 'THEMES'", "the sheet is missing or renamed"),
        (
            "V11",
            f"sheet '{Q13}', cell AF5",
            "header of Q14a is not registered for survey 2024; the nearest registered header is '% Never'",
        ),
        ("V11", f"sheet '{Q15}', cell A5", "header 'ODS code' is missing or renamed"),
        (
            "V11",
            f"sheet '{Q15}', cell G5",
            "header of Q15 is not registered for survey 2024; the nearest registered header is '% Yes'",
        ),
    ]


@pytest.mark.parametrize("kind", ["organisational", "national"])
def test_missing_and_renamed_sheets(project: Settings, tmp_path: Path, kind: str) -> None:
    book = workbooks.detailed(kind)
    book.sheets["HEALTH WELLBEING SAFETY Q15-Q17"] = book.sheets.pop(Q15)
    del book.sheets["Notes"]
    assert said(refused(project, book.write(tmp_path / f"{kind} results.xlsx"))) == [
        (
            "V11",
            f"sheet '{Q15}'",
            "the sheet is missing or renamed; the nearest sheet in the file is 'HEALTH WELLBEING SAFETY Q15-Q17'",
        ),
        ("V11", "sheet 'Notes'", "the sheet is missing or renamed"),
    ]


def test_extra_sheet_is_a_warning(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    book.sheets["Pivot"] = [["my own sums"]]
    batch, rows = read(project, book.write(tmp_path / ORGANISATIONAL))
    assert said(batch.warnings) == [("V11", "sheet 'Pivot'", "the sheet is not registered; it was not read")]
    assert "Pivot" not in {row[0] for row in rows}


def test_moved_question_is_noticed_by_its_text(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    (grid, _, first), (_, _, second) = book.place("Q13a", "% Never"), book.place("Q14a", "% Never")
    violence, harassment = grid[0][first].split(" - ")[1], grid[0][second].split(" - ")[1]
    grid[0][first], grid[0][second] = f"Q13a - {harassment}", f"Q14a - {violence}"
    problems = refused(project, book.write(tmp_path / ORGANISATIONAL))
    assert said(problems) == [
        (
            "V32",
            f"sheet '{Q13}', cell G1",
            "question Q13a does not ask about 'physical violence at work from patients': was it renumbered?",
        ),
        (
            "V32",
            f"sheet '{Q13}', cell AF1",
            "question Q14a does not ask about 'harassment, bullying or abuse at work from patients': was it renumbered?",
        ),
    ]
    assert problems[1].value == violence


def test_unknown_question_explains_the_missing_one(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    grid, _, column = book.place("Q16b")
    grid[0][column] = grid[0][column].replace("Q16b", "Q16d")
    assert said(refused(project, book.write(tmp_path / ORGANISATIONAL))) == [
        (
            "V11",
            f"sheet '{Q15}', cell N1",
            "question is not registered for survey 2024; the nearest registered question is Q16b",
        )
    ]


def test_missing_question_and_missing_answer(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    grid, _, column = book.place("Q15")
    for cells in grid:
        del cells[column + 2]  # don't know
    grid, _, column = book.place("Q14d")
    for cells in grid:
        del cells[column : column + 7]
    assert said(refused(project, book.write(tmp_path / ORGANISATIONAL))) == [
        ("V11", f"sheet '{Q13}', row 1", "question Q14d is missing or renamed"),
        ("V11", f"sheet '{Q15}', row 5", "Q15 has no column '% Don't know'"),
    ]


def test_column_that_appears_twice(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    grid, row, column = book.place("Q16b", "% No")
    grid[row][column] = "% Yes"
    assert said(refused(project, book.write(tmp_path / ORGANISATIONAL))) == [
        ("V11", f"sheet '{Q15}', cell O5", "the column appears twice"),
        ("V11", f"sheet '{Q15}', row 5", "Q16b has no column '% No'"),
    ]


def test_swapped_columns_are_read_by_their_headers(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    book.put(61.5, "Q16b", "% Yes", "RAA")
    book.put(38.5, "Q16b", "% No", "RAA")
    grid, _, column = book.place("Q16b", "% Yes")
    for cells in grid[4:]:
        cells[column], cells[column + 1] = cells[column + 1], cells[column]
    for cells in grid[4:]:  # key columns too are found by header
        cells[0], cells[1] = cells[1], cells[0]
    _, rows = read(project, book.write(tmp_path / ORGANISATIONAL))
    assert {
        row[-2]: (row[2], row[4], row[-1]) for row in rows if row[-3] == "discrimination_staff" and row[1] == 6
    } == {
        "yes": ("O", "RAA", "61.5"),
        "no": ("N", "RAA", "38.5"),
        "base": ("P", "RAA", "200"),
    }


def test_sheet_without_data(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    del book.sheets["THEMES"][5:]
    assert said(refused(project, book.write(tmp_path / ORGANISATIONAL))) == [
        ("V11", "sheet 'THEMES', row 6", "the sheet has headers but no data")
    ]


@pytest.mark.parametrize("kind", ["organisational", "national"])
def test_year_that_nobody_mapped(project: Settings, tmp_path: Path, kind: str) -> None:
    path = workbooks.detailed(kind, year=2031).write(tmp_path / f"{kind} results.xlsx")
    [problem] = refused(project, path)
    assert (problem.rule, problem.message) == (
        "V32",
        f"question numbers of survey 2031 are not mapped for layout detailed_{kind}",
    )
    assert "sources/maps/staff_survey.csv" in problem.action


def test_year_from_title_then_name_then_command(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed()
    for grid in book.sheets.values():
        grid[0][0] = "Results"
    path = book.write(tmp_path / "organisational results.xlsx")
    [problem] = refused(project, path)
    assert (problem.rule, problem.message) == (
        "F05",
        "neither the file's content nor its name says which period it is from",
    )
    assert "--period" in problem.action
    assert read(project, path, name="NHS Staff Survey 2024 organisational results.xlsx")[0].period == "2024"
    assert read(project, path, period="2024")[0].period == "2024"


def test_period_of_a_text_file(project: Settings, tmp_path: Path) -> None:
    path = workbooks.write_csv(tmp_path / "etr.csv", [workbooks.trust("RAA")])
    [problem] = refused(project, path, "organisations")
    assert (problem.rule, "etr_2026-07.csv" in problem.action) == ("F05", True)
    assert read(project, path, "organisations", period="2026-07")[0].period == "2026-07"


@pytest.mark.parametrize("group", [group for group in workbooks.BENCHMARK_SHEETS if not group.startswith("MH")])
def test_missing_benchmarking_group(project: Settings, tmp_path: Path, group: str) -> None:
    book = workbooks.benchmark()
    del book.sheets[group]
    [problem] = refused(project, book.write(tmp_path / BENCHMARK))
    assert problem.rule == "V11"
    assert problem.message == "the sheet of this benchmarking group is missing or renamed"
    assert (problem.sheet or "").split()[0] == group.replace("&", " ").split()[0]


def test_mental_health_group_may_be_missing_with_a_warning(project: Settings, tmp_path: Path) -> None:
    book = workbooks.benchmark()
    del book.sheets["MH&LD, MH, LD&Community Trusts"]
    batch, rows = read(project, book.write(tmp_path / BENCHMARK))
    assert [(problem.rule, problem.severity) for problem in batch.warnings] == [("V11", "warning")]
    assert len(rows) == 5 * 8


def test_renamed_benchmark_sheet_and_header(project: Settings, tmp_path: Path) -> None:
    book = workbooks.benchmark()
    book.sheets["Non-acute Specialist Trusts"] = book.sheets.pop("Acute Specialist Trusts")
    book.sheets["Ambulance Trusts"][0][3] = "har_from_stff_eth_summary_1_2024"
    book.sheets["Community Trusts"][0][2] = "har_from_pat_eth_summary_1_2024"
    book.sheets["Community Trusts"][0][8] = "anything else"
    assert said(refused(project, book.write(tmp_path / BENCHMARK))) == [
        (
            "V11",
            "sheet 'Acute Specialist Trusts'",
            "the sheet of this benchmarking group is missing or renamed; "
            "the nearest sheet in the file is 'Non-acute Specialist Trusts'",
        ),
        (
            "V11",
            "sheet 'Non-acute Specialist Trusts'",
            "the sheet holds results but belongs to no registered benchmarking group",
        ),
        ("V11", "sheet 'Community Trusts', cell C1", "the column appears twice"),
        ("V11", "sheet 'Community Trusts', row 1", "column 'har_from_pat_eth_summary_2_2024' is missing or renamed"),
        ("V11", "sheet 'Community Trusts', row 1", "column 'q16b_eth_summary_2_2024' is missing or renamed"),
        (
            "V11",
            "sheet 'Ambulance Trusts', cell D1",
            "column 'har_from_staff_eth_summary_1_2024' is missing or renamed; this is the nearest header",
        ),
    ]


def test_benchmark_workbook_without_any_result_column(project: Settings, tmp_path: Path) -> None:
    book = workbooks.benchmark()
    for grid in book.sheets.values():
        grid[0][1:] = [header.replace("_eth_summary_", "_ethnicity_") for header in grid[0][1:]]
    problems = refused(project, book.write(tmp_path / BENCHMARK))
    assert said(problems) == [
        (
            "V11",
            f"sheet '{ACUTE}', row 1",
            "no column has the form <measure>_eth_summary_<1 or 2>_<year>: header row moved or renamed?",
        )
    ] + [("V11", f"sheet '{sheet}', row 1", problems[0].message) for sheet in list(book.sheets)[1:]]


def test_empty_benchmark_sheet(project: Settings, tmp_path: Path) -> None:
    book = workbooks.benchmark()
    book.sheets["Community Trusts"] = []
    book.sheets["Ambulance Trusts"] = book.sheets["Ambulance Trusts"][:1]
    assert said(refused(project, book.write(tmp_path / BENCHMARK))) == [
        ("V11", "sheet 'Community Trusts'", "the sheet is empty"),
        ("V11", "sheet 'Ambulance Trusts', row 2", "the sheet has headers but no data"),
    ]


def test_workbook_of_another_kind(project: Settings, tmp_path: Path) -> None:
    path = tmp_path / "budget.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Budget").write(0, 0, "Department")
    [problem] = refused(project, path)
    assert (problem.rule, problem.message) == ("V11", "no layout registered for staff_survey fits this file")
    assert "detailed_national (*national results*.xlsx)" in problem.action


def test_workbook_without_sheets_of_cells(project: Settings, tmp_path: Path) -> None:
    path = tmp_path / "organisational results.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Empty")
    [problem] = refused(project, path)
    assert problem.message == "no layout registered for staff_survey fits this file"


@pytest.mark.parametrize("extra", [-1, 1])
def test_wrong_number_of_columns(project: Settings, tmp_path: Path, extra: int) -> None:
    """26 or 28 columns in place of 27: one missing comma would put every later field under another name."""
    whole = [workbooks.trust("RAA"), workbooks.trust("RBB")]
    wrong = [[*row, "x"][: 27 + extra] for row in whole]
    [problem] = refused(project, workbooks.write_csv(tmp_path / "etr_2026-07.csv", wrong), "organisations")
    assert said([problem]) == [
        ("V11", "row 1", f"the row has {27 + extra} fields where layout trust has 27"),
    ]
    assert problem.count == 2
    [problem] = refused(
        project, workbooks.write_csv(tmp_path / "etr_2026-08.csv", [whole[0], wrong[1]]), "organisations"
    )
    assert (problem.row, problem.count) == (2, 1)


def test_renamed_header_of_a_month(project: Settings, tmp_path: Path) -> None:
    header = [{"ORG_TYPE": "ORG_KIND", "ICS_NAME": "ICS_CODE"}.get(name, name) for name in workbooks.WORKFORCE_HEADER]
    path = workbooks.write_csv(tmp_path / "sickness absence.csv", [header, workbooks.workforce("RAA")])
    problems = refused(project, path, "organisations")
    assert said(problems) == [
        ("V11", "row 1, column 5", "a second column for ics_code"),
        ("V11", "row 1, column 8", "header is not registered; the nearest registered header is 'org_type'"),
        ("V11", "row 1", "column ics_name is missing or renamed"),
        ("V11", "row 1", "column org_type is missing or renamed; the nearest header in the file is 'ORG_KIND'"),
    ]
    assert problems[0].action == "Delete the one that does not hold ics_code."
    assert "sources/maps/organisations.csv" in problems[1].action


def test_header_without_rows(project: Settings, tmp_path: Path) -> None:
    path = workbooks.write_csv(tmp_path / "sickness absence 2025-03.csv", [workbooks.WORKFORCE_HEADER])
    [problem] = refused(project, path, "organisations")
    assert (problem.rule, problem.message) == ("F01", "the file has no data rows")


def test_new_header_is_a_line_in_the_map(project: Settings, tmp_path: Path) -> None:
    """Drift is data: what one registry refuses, a line in its map makes readable."""
    header = [{"ORG_TYPE": "Organisation type"}.get(name, name) for name in workbooks.WORKFORCE_HEADER]
    path = workbooks.write_csv(tmp_path / "sickness absence.csv", [header, workbooks.workforce("RAA")])
    refused(project, path, "organisations")
    shutil.copytree(project.sources, tmp_path / "project/sources")
    with (tmp_path / "project/sources/maps/organisations.csv").open("a", newline="") as file:
        csv.writer(file).writerow(["workforce", "Organisation type", "org_type"])
    batch, [row] = read(replace(project, project=tmp_path / "project"), path, "organisations")
    assert row[2 + batch.layout.raw_columns.index("org_type")] == "Acute"


def test_blank_rows_and_columns_are_no_data(project: Settings, tmp_path: Path) -> None:
    book = workbooks.detailed(organisations=["RAA"])
    for grid in book.sheets.values():
        for cells in grid:
            cells += ["", ""]
        grid.append([])
        grid.append(["", " "] if grid is book.sheets["THEMES"] else [])
    batch, rows = read(project, book.write(tmp_path / ORGANISATIONAL))
    assert organisations(batch) == {"RAA"}
    assert {row[1] for row in rows if row[0] != "THEMES"} == {6}


@pytest.mark.parametrize("place", ["notes", "title"])
def test_made_up_workbook_is_recognised(project: Settings, tmp_path: Path, place: str) -> None:
    book = workbooks.detailed()
    if place == "notes":
        book.sheets["Notes"].append(["", "SYNTHETIC data"])
    else:
        book.sheets["THEMES"][1][0] += " SYNTHETIC"
    assert read(project, book.write(tmp_path / ORGANISATIONAL))[0].is_synthetic
    assert not read(project, workbooks.detailed().write(tmp_path / ORGANISATIONAL))[0].is_synthetic


def test_opening_says_what_a_file_is_by_its_bytes(tmp_path: Path) -> None:
    """A workbook under a text's name is read as a workbook."""
    path = workbooks.benchmark().write(tmp_path / "benchmark.xlsx").rename(tmp_path / "benchmark.csv")
    assert set(open_content(settings(), path).sheets) == set(workbooks.BENCHMARK_SHEETS)  # type: ignore[union-attr]


def test_nearest_says_nothing_rather_than_nonsense() -> None:
    assert nearest("% Yes", ["% No", "% Yes, definitely", "% yes"]) == "% yes"
    assert nearest("ORG_TYPE", ["qqqq"]) is None
