"""The synthetic feeds: official layouts, figures that agree with one another, and nothing taken from a real file."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from batches import read
from python_calamine import CalamineWorkbook

from wres.registry import SurveyWorkbook, registry, survey_map, survey_scales
from wres.sample import TRUSTS_ALLOWED, organisations, write_sample
from wres.settings import settings

TRUSTS = 24
STAFF = 60
FIRST_YEAR, LAST_YEAR = 2021, 2024
# By question: the key cells, the answers and the base of each data row.
Found = dict[str, list[tuple[list[str], list[Any], Any]]]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, trusts=TRUSTS, first_year=FIRST_YEAR, last_year=LAST_YEAR, seed=7, staff=STAFF)
    return folder


def csv_rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="ascii"), newline="")))


def survey_file(folder: Path, kind: str) -> Path:
    return next((folder / "staff_survey").glob(f"*{kind}*.xlsx"))


def sheets(path: Path, rows: int | None = None) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(path)
    names = book.sheet_names
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=rows) for name in names}


def mapped_headers() -> dict[str, list[tuple[str, str]]]:
    """Question and label of every column after the key columns, by sheet, as the map says."""
    folder = settings().sources
    scales = survey_scales(folder, "staff_survey")
    expected = defaultdict(list)
    for row in survey_map(folder, "staff_survey"):
        if row.first_year <= LAST_YEAR <= row.last_year:
            expected[row.sheet] += [(row.question, label) for label in scales[row.scale].printed(row.question)]
    return dict(expected)


def printed_headers(path: Path, keys: int) -> tuple[dict[str, list[tuple[str, str]]], dict[str, str]]:
    """The same as a workbook prints it, and the text of each question."""
    found, texts = {}, {}
    for name, rows in sheets(path, rows=5).items():
        if name == "Notes":
            continue
        question, columns = "", []
        for text, label in zip(rows[0][keys:], rows[4][keys:], strict=True):
            if text:
                question, _, wording = str(text).partition(" - ")
                texts[question] = wording
            columns.append((question, str(label)))
        found[name] = columns
    return found, texts


def key_columns(kind: str) -> list[str]:
    layout = registry()["staff_survey"].layout(f"detailed_{kind}")
    assert isinstance(layout, SurveyWorkbook)
    return list(layout.keys.values())


def questions(path: Path, keys: int) -> Found:
    columns = mapped_headers()
    found = defaultdict(list)
    for name, rows in sheets(path).items():
        for row in rows[5:] if name != "Notes" else []:
            blocks = defaultdict(list)
            for (question, _), cell in zip(columns[name], row[keys:], strict=True):
                blocks[question].append(cell)
            for question, cells in blocks.items():
                found[question].append((row[:keys], cells[:-1], cells[-1]))
    return dict(found)


@pytest.fixture(scope="module")
def organisational(sample: Path) -> Found:
    return questions(survey_file(sample, "organisational"), 6)


@pytest.fixture(scope="module")
def national(sample: Path) -> Found:
    return questions(survey_file(sample, "national"), 4)


@pytest.fixture(scope="module")
def benchmark(sample: Path) -> dict[tuple[str, str], Any]:
    """Cells of the benchmark workbook by organisation code and column."""
    cells = {}
    for name, rows in sheets(survey_file(sample, "Benchmark")).items():
        for row in rows[1:] if name != "Notes" else []:
            cells |= {(str(row[0]), str(header)): cell for header, cell in zip(rows[0][1:], row[1:], strict=True)}
    return cells


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(sample: Path, tmp_path: Path) -> None:
    told: list[str] = []
    span = {"trusts": TRUSTS, "first_year": FIRST_YEAR, "last_year": LAST_YEAR, "staff": STAFF}
    again = write_sample(tmp_path, **span, seed=7, progress=told.append)
    assert told == [path.relative_to(tmp_path).as_posix() for path in again]
    assert all(path.read_bytes() == (sample / path.relative_to(tmp_path)).read_bytes() for path in again)
    assert {path.relative_to(sample) for path in sample.rglob("*") if path.is_file()} == {
        path.relative_to(tmp_path) for path in again
    }
    other = write_sample(tmp_path, **span, seed=8)
    # Successors and peer sets hold codes and no drawn figure, and need not differ.
    changed = {path.name for path in other if path.read_bytes() != (sample / path.relative_to(tmp_path)).read_bytes()}
    assert {path.name for path in other} - changed <= {"succarc_synthetic.csv", "peer_groups_2025-03.csv"}


def test_every_file_says_in_its_content_that_it_is_synthetic(sample: Path) -> None:
    for path in sample.rglob("*.csv"):
        assert "SYNTHETIC" in path.read_text(), path.name
    for path in (sample / "staff_survey").glob("*.xlsx"):
        with ZipFile(path) as archive:
            assert b"SYNTHETIC" in archive.read("xl/sharedStrings.xml"), path.name
        assert any("SYNTHETIC" in str(cell) for row in sheets(path)["Notes"] for cell in row), path.name
    for kind in ("organisational", "national"):
        title = {str(rows[0][0]) for name, rows in sheets(survey_file(sample, kind), 1).items() if name != "Notes"}
        assert title == {"NHS Staff Survey 2024 - WEIGHTED Results (SYNTHETIC)"}


def test_every_organisation_is_named_synthetic(sample: Path) -> None:
    for path in (sample / "organisations").glob("etr*.csv"):
        assert all("SYNTHETIC" in row[1] for row in csv_rows(path))
    workforce = csv_rows(next((sample / "organisations").glob("*sickness*")))
    assert all("SYNTHETIC" in row[6] for row in workforce[1:])


@pytest.mark.parametrize("kind", ["organisational", "national"])
def test_detailed_workbooks_have_the_layout_of_the_map(sample: Path, kind: str) -> None:
    path, keys = survey_file(sample, kind), key_columns(kind)
    found, texts = printed_headers(path, len(keys))
    assert found == mapped_headers()
    assert list(sheets(path, 1)) == ["Notes", *mapped_headers()]
    for name, rows in sheets(path, 5).items():
        if name != "Notes":
            assert rows[4][: len(keys)] == keys
            assert str(rows[1][0]).startswith(name)
            assert str(rows[2][0]).startswith("\nNote: ")
    for row in survey_map(settings().sources, "staff_survey"):
        if row.first_year == LAST_YEAR and row.text_contains:
            assert row.text_contains in texts[row.question]


def test_the_project_s_own_readers_take_every_file_without_a_word(sample: Path) -> None:
    for path in sorted(sample.rglob("*.*")):
        batch, rows = read(settings(), path, path.parent.name)
        assert rows, path.name
        assert batch.warnings == [], path.name
        assert batch.is_synthetic or any("SYNTHETIC" in str(cell).upper() for row in rows for cell in row), path.name


def test_organisation_files_have_the_official_shape(sample: Path) -> None:
    folder = sample / "organisations"
    for name, newline in (("etr_2022-02_synthetic.csv", b"\n"), ("etr_2025-06_synthetic.csv", b"\r\n")):
        content = (folder / name).read_bytes()
        lines = content.split(newline)
        assert lines.pop() == b""
        assert all(line.startswith(b'"') and line.endswith(b'"') and b"\r" not in line for line in lines)
        assert content == content.upper()
        assert {len(row) for row in csv_rows(folder / name)} == {27}
    assert all(
        len(row) == 5 and row[2] == "R" and row[4] == "" and len(row[3]) == 8
        for row in csv_rows(folder / "succarc_synthetic.csv")
    )
    workforce = csv_rows(folder / "nhs_sickness_absence_2025-03_synthetic.csv")
    assert workforce[0][5:8] == ["ORG_CODE", "ORG_NAME", "ORG_TYPE"]
    assert {row[0] for row in workforce[1:]} == {"31/03/2025"}
    assert {row[7] for row in workforce[1:]} == {
        "Acute",
        "Mental Health",
        "Community Provider Trust",
        "Ambulance",
        "Integrated Care Board",
        "Others",
    }


def test_two_vintages_of_organisations_tell_a_history(sample: Path) -> None:
    folder = sample / "organisations"
    before, after = (
        {row[0]: row for row in csv_rows(folder / f"etr_{vintage}_synthetic.csv")} for vintage in ("2022-02", "2025-06")
    )
    both = before.keys() & after.keys()
    assert any(before[code][1] != after[code][1] for code in both)
    assert any(before[code][3] != after[code][3] for code in both)
    assert sum(before[code][2] != after[code][2] for code in both if after[code][2]) == 1
    assert (before["ZW0"][2], after["ZW0"][2]) == ("W00", "")
    closed = [{code for code, row in rows.items() if row[11]} for rows in (before, after)]
    assert closed[0] < closed[1]
    assert {len(code) for code in after} == {3, 5}
    # Every open trust of the last vintage takes part in the survey, but for the Welsh one.
    surveyed = {str(row[0]) for row in sheets(survey_file(sample, "organisational"))["THEMES"][5:] if row[2] != "ICBs"}
    assert surveyed == after.keys() - closed[1] - {"ZW0"}
    assert len(surveyed) == TRUSTS


def test_successors_hold_every_kind_of_event(sample: Path) -> None:
    rows = csv_rows(sample / "organisations" / "succarc_synthetic.csv")
    after = {row[0]: row for row in csv_rows(sample / "organisations" / "etr_2025-06_synthetic.csv")}
    pairs = Counter((row[0], row[1]) for row in rows)
    assert 2 in pairs.values()
    successors = defaultdict(set)
    for old, new in pairs:
        successors[old].add(new)
    assert sum(old == new for old, new in pairs) == 1
    real = {old: new for old, new in successors.items() if old not in new}
    assert any(len(new) > 1 for new in real.values())
    assert any(new & real.keys() for new in real.values())
    assert {code for code, row in after.items() if row[11]} == real.keys()
    opened = {after[code][10] for new in real.values() for code in new}
    assert any(row[3] in opened for row in rows)


def test_percentages_of_a_question_add_up_and_small_bases_are_hidden(
    organisational: Found,
    national: Found,
) -> None:
    hidden = 0
    for found in (organisational, national):
        for rows in found.values():
            for _, answers, base in rows:
                if "-" in answers:
                    hidden += 1
                    assert set(answers) == {"-"}
                    assert base == "-" or float(base) < 10
                    continue
                assert float(base) >= 10
                if len(answers) > 1:
                    assert sum(answers) == pytest.approx(100, abs=1e-9)
    assert hidden


def test_ethnic_groups_are_exact_head_counts(
    organisational: Found,
) -> None:
    for _, answers, base in organisational["Q28"]:
        for percentage in answers:
            count = float(percentage) * float(base) / 100
            assert abs(count - round(count)) < 1e-9


def test_national_figures_are_the_sums_of_trusts(
    organisational: Found,
    national: Found,
) -> None:
    for question, rows in national.items():
        trusts = [row for row in organisational[question] if row[0][2] != "ICBs"]
        if any(base == "-" for _, _, base in trusts):
            continue
        (_, _, everyone), *breakdowns = rows
        assert everyone == sum(base for _, _, base in trusts)
        regions = sum(base for key, _, base in breakdowns if key[1] == "Region")
        assert regions == everyone
    for question in ("Q14a", "Q15", "Q16b"):
        detailed = [row for row in national[question] if row[0][1] == "Ethnic background (detailed)"]
        white, bme = (row for row in national[question] if row[0][1] == "Ethnic background (summary)")
        assert sum(base for _, _, base in detailed[:4]) == white[2]
        assert sum(base for _, _, base in detailed[4:]) == bme[2]


def test_national_levels_lie_near_the_published_ones(tmp_path: Path) -> None:
    write_sample(tmp_path, trusts=60, first_year=2024, staff=20)
    found = questions(survey_file(tmp_path, "national"), 4)
    summary = {
        question: [answers for key, answers, _ in found[question] if key[1] == "Ethnic background (summary)"]
        for question in ("Q14a", "Q15", "Q16b")
    }
    harassed = [100 - answers[0] for answers in summary["Q14a"]]
    assert harassed == pytest.approx([23.5, 28.6], abs=0.8)
    assert [answers[0] for answers in summary["Q15"]] == pytest.approx([58.9, 49.5], abs=0.8)
    assert [answers[0] for answers in summary["Q16b"]] == pytest.approx([6.8, 15.2], abs=0.8)


def test_benchmark_rates_are_exact_fractions_of_white_and_bme_respondents(
    benchmark: dict[tuple[str, str], Any],
    organisational: Found,
) -> None:
    groups = {
        str(key[0]): [float(p) * float(base) / 100 for p in answers] for key, answers, base in organisational["Q28"]
    }
    missing = Counter()
    for (code, header), cell in benchmark.items():
        if not isinstance(cell, float):
            missing[cell] += 1
            continue
        assert 0 <= cell <= 1
        if header.endswith(f"_{LAST_YEAR}"):
            people = round(sum(groups[code][:4] if "_summary_1_" in header else groups[code][4:]))
            nearest = Fraction(cell).limit_denominator(people)
            assert nearest.denominator <= people
            assert abs(float(nearest) - cell) < 1e-14
    # A group too small for a rate, and years before a trust existed.
    assert missing["-"] and missing[""]
    assert len(missing) == 2


def test_white_and_bme_answers_add_up_to_what_is_printed_for_all(
    benchmark: dict[tuple[str, str], Any],
    organisational: Found,
) -> None:
    """The rate of all staff lies between those of the two groups, and the combined figure between its bounds."""
    columns = {"Q14a": "har_from_pat", "Q15": "equal", "Q16b": "q16b"}
    managers, colleagues = (
        {str(key[0]): 100 - answers[0] for key, answers, _ in organisational[question]} for question in ("Q14b", "Q14c")
    )
    for question, measure in columns.items():
        for key, answers, _ in organisational[question]:
            pair = [benchmark.get((str(key[0]), f"{measure}_eth_summary_{group}_{LAST_YEAR}")) for group in (1, 2)]
            if all(isinstance(rate, float) for rate in pair):
                everyone = (100 - answers[0] if question == "Q14a" else answers[0]) / 100
                # People without an ethnic group, 1.4% of all, are in neither.
                assert min(pair) - 0.02 <= everyone <= max(pair) + 0.02
    combined = defaultdict(list)
    for (code, header), cell in benchmark.items():
        if header.startswith("har_from_staff") and header.endswith(f"_{LAST_YEAR}") and isinstance(cell, float):
            combined[code].append(100 * cell)
    for code, pair in combined.items():
        if len(pair) == 2:
            assert max(pair) >= max(managers[code], colleagues[code]) - 1
            assert min(pair) <= managers[code] + colleagues[code] + 1


def test_white_staff_are_nowhere_worse_off_in_all_four(benchmark: dict[tuple[str, str], Any]) -> None:
    rates = {place: cell for place, cell in benchmark.items() if isinstance(cell, float)}
    codes = {code for code, _ in rates}
    for code in codes:
        for year in range(FIRST_YEAR, LAST_YEAR + 1):
            worse = []
            for measure, direction in (("har_from_pat", 1), ("har_from_staff", 1), ("equal", -1), ("q16b", 1)):
                white, bme = (rates.get((code, f"{measure}_eth_summary_{group}_{year}")) for group in (1, 2))
                worse.append(white is not None and bme is not None and direction * white > direction * bme)
            assert not all(worse), (code, year)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"trusts": 4}, "trusts must be from 5"),
        ({"last_year": 2031}, "last survey year"),
        ({"first_year": 2025}, "survey years 2025-2024"),
        ({"first_year": 2001}, "survey years 2001-2024"),
        ({"staff": 5}, "mean staff must be from 20"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path: Path, wrong: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        write_sample(tmp_path / "sample", **wrong)
    assert not (tmp_path / "sample").exists()


@pytest.mark.parametrize(("trusts", "first_year", "last_year"), [(5, 2024, 2024), (8, 2022, 2023)])
def test_small_samples_and_other_years_work(tmp_path: Path, trusts: int, first_year: int, last_year: int) -> None:
    written = write_sample(tmp_path, trusts=trusts, first_year=first_year, last_year=last_year, staff=40)
    assert {path.parent.name for path in written} == set(registry())
    for path in written:
        _, rows = read(settings(), path, path.parent.name)
        assert rows, path.name


def test_no_code_is_a_real_one(tmp_path: Path, real_data: Path) -> None:
    """Trusts, boards and successors of the largest sample against every code in the real reference files."""
    (tmp_path / "organisations").mkdir()
    register = organisations.draw(np.random.default_rng(1), TRUSTS_ALLOWED[-1], FIRST_YEAR, LAST_YEAR)
    for name, content in organisations.feeds(np.random.default_rng(2), register, FIRST_YEAR, LAST_YEAR):
        (tmp_path / "organisations" / name).write_bytes(content())

    def codes(folder: Path) -> set[str]:
        found: set[str] = set()
        for path in (folder / "organisations").glob("*.csv"):
            columns = (0, 1) if path.name.startswith("succ") else (0, 3) if path.name.startswith("etr") else (3, 5)
            found |= {row[column] for row in csv_rows(path) for column in columns}
        return found

    shared = codes(tmp_path) & codes(real_data)
    # Not organisations, but how the official files say "none": a header, a blank, the Welsh and the national placeholder.
    assert shared == {"", "ICS_CODE", "ORG_CODE", "Q99", "QZZ"}


@pytest.mark.parametrize("kind", ["organisational", "national"])
def test_the_map_is_the_layout_of_the_official_workbook(kind: str, real_data: Path) -> None:
    path = next((real_data / "staff_survey").glob(f"*{kind}*.xlsx"))
    keys = key_columns(kind)
    found, texts = printed_headers(path, len(keys))
    assert found == mapped_headers()
    assert list(found) == list(mapped_headers())
    for row in survey_map(settings().sources, "staff_survey"):
        if row.first_year == LAST_YEAR and row.text_contains:
            assert row.text_contains in texts[row.question]
