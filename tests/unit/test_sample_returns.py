"""The synthetic returns, counted again from the synthetic records by other means; respondents and reference results."""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from wres.registry import registry, survey_map, survey_scales
from wres.sample import organisations, write_sample
from wres.sample.employers import Employers, plan
from wres.sample.survey import LAYOUT_YEAR
from wres.settings import settings

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds" / "people"
TRUSTS, FIRST_YEAR, LAST_YEAR, STAFF, SEED = 12, 2022, 2023, 300, 4
GROUPS = ["white", "bme", "unknown"]
Key = tuple[str, str, str, str, str]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, trusts=TRUSTS, first_year=FIRST_YEAR, last_year=LAST_YEAR, seed=SEED, staff=STAFF)
    return folder


@pytest.fixture(scope="module")
def parts() -> Employers:
    register = organisations.draw(np.random.default_rng([SEED, 1]), TRUSTS, FIRST_YEAR, LAST_YEAR)
    return plan(register, FIRST_YEAR, LAST_YEAR, STAFF)


@pytest.fixture(scope="module")
def returned(sample: Path) -> pd.DataFrame:
    """Every row of every return, text as it stands, by organisation, year, indicator, slice and item."""
    frames = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in (sample / "wres_return").glob("*.csv")]
    for path in (sample / "wres_return").glob("*.xlsx"):
        header, *rows = CalamineWorkbook.from_path(path).get_sheet_by_name("Return").to_python()
        frames.append(pd.DataFrame([[_text(cell) for cell in row] for row in rows], columns=header))
    together = pd.concat(frames)
    keys = ["org_code", "wres_year", "indicator", "slice", "data_item"]
    assert not together.duplicated(keys).any()
    return together.set_index(keys).sort_index()


def _text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


@cache
def lookup(name: str, key: str, value: str) -> dict[str, str]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row[key]: row[value] for row in csv.DictReader(file)}


def read(folder: Path, source: str) -> pd.DataFrame:
    frame = pd.concat(
        pd.read_csv(path, dtype=str, keep_default_na=False).assign(quarter=path.stem[-7:])
        for path in (folder / source).glob("*.csv")
    )
    known = lookup("ethnic_category", "ethnic_key", "wres_group")
    if "ethnic_category" in frame:
        frame["group"] = frame.ethnic_category.str.lower().map(lambda code: known.get(code or "99") or known[code[0]])
    year = frame.quarter.str[:4].astype(int) + (frame.quarter.str[5:] > "03")
    return frame.assign(wres_year=year.astype(str))


def table(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """People by organisation, year and the keys, with a column for each group."""
    return (
        frame.groupby(["org_code", "wres_year", *keys, "group"])
        .size()
        .unstack(fill_value=0)
        .reindex(columns=GROUPS, fill_value=0)
    )


@pytest.fixture(scope="module")
def recounted(sample: Path) -> dict[Key, list[int]]:
    """What the records of 31 March and of the year before it give, under the keys of the return."""
    found: dict[Key, list[int]] = {}

    def add(indicator: str, item: str, counts: pd.DataFrame) -> None:
        for (code, year, *slice_), row in counts.iterrows():
            found[code, year, indicator, slice_[0] if slice_ else "", item] = [int(count) for count in row]

    staff = read(sample, "workforce")
    own = staff[staff.snapshot_date.str.endswith("-03-31") & (staff.is_bank_only == "N")]
    block = own.staff_group.str.lower().map(lookup("staff_group", "label_key", "staff_block"))
    band = own.pay_band.str.lower().map(lookup("pay_band", "label_key", "pay_row"))
    grade = own.medical_grade.str.lower().map(lookup("medical_grade", "label_key", "pay_row"))
    own = own.assign(slice=block + "." + grade.where(block == "medical_dental", band))
    add("1", "headcount", table(own, "slice"))
    managers = own[own.is_medical_manager == "Y"].assign(slice="medical_dental.senior_medical_manager")
    add("1", "headcount", table(managers, "slice"))
    counts = read(sample, "workforce_counts")
    counts = counts[counts.snapshot_date.str.endswith("-03-31")]
    is_medical = counts.staff_block == "medical_dental"
    row = counts.pay_band.where(is_medical, counts.pay_band.str.lower().map(lookup("pay_band", "label_key", "pay_row")))
    counts = counts.assign(slice=counts.staff_block + "." + row, headcount=counts.headcount.astype(int))
    counted = counts.pivot_table("headcount", ["org_code", "wres_year", "slice"], "group", "sum", fill_value=0)
    add("1", "headcount", counted.reindex(columns=GROUPS, fill_value=0))
    for (code, year, indicator, slice_, item), heads in list(found.items()):
        if (indicator, item) == ("1", "headcount") and not slice_.endswith("senior_medical_manager"):
            for other in "349":
                total = found.setdefault((code, year, other, "", "workforce"), [0, 0, 0])
                total[:] = [one + more for one, more in zip(total, heads, strict=True)]

    vacancies = read(sample, "recruitment")
    for item in ("shortlisted", "appointed"):
        vacancies[item] = vacancies[item].astype(int)
        for slice_ in (vacancies.staff_block, ""):
            by = vacancies.assign(slice=slice_).groupby(["org_code", "wres_year", "slice", "group"])[item].sum()
            add("2", item, by.unstack(fill_value=0).reindex(columns=GROUPS, fill_value=0))
    cases = read(sample, "employee_relations")
    # The year in which a case was entered, not the one in whose file it stands.
    ended = cases.entered_on.str[:4].astype(int) + (cases.entered_on.str[5:7] > "03")
    cases = cases.assign(wres_year=ended.astype(str))
    entered = cases[cases.process == "disciplinary"].drop_duplicates(["org_code", "wres_year", "person_id"])
    add("3", "entered_disciplinary", table(entered))
    courses = read(sample, "training")
    chosen = courses[courses.is_mandatory == "false"].drop_duplicates(["org_code", "wres_year", "person_id"])
    add("4", "accessed_training", table(chosen))

    seats = read(sample, "board")
    seats = seats[seats.as_at.str.endswith("-03-31")]
    for slice_, members in {
        "board.total": seats,
        "board.voting": seats[seats.is_voting == "yes"],
        "board.non_voting": seats[seats.is_voting == "no"],
        "board.executive": seats[seats.is_executive == "yes"],
        "board.non_executive": seats[seats.is_executive == "no"],
    }.items():
        add("9", "members", table(members.assign(slice=slice_), "slice"))
    return found


def test_a_return_is_what_the_records_give(
    returned: pd.DataFrame, recounted: dict[Key, list[int]], parts: Employers
) -> None:
    different: set[tuple[str, str]] = set()
    seen = set()
    for key, row in returned.iterrows():
        code, _, indicator, slice_, item = key
        if item in ("pct", "nil_return"):
            continue
        counts = [int(row[group]) for group in GROUPS]
        seen.add(key)
        assert int(row["total"]) == sum(counts)
        if counts != recounted.get(key, [0, 0, 0]):
            assert code == parts.differs, key
            # A few heads, in a few rows and in the totals.
            assert sum(abs(a - b) for a, b in zip(counts, recounted[key], strict=True)) <= 6
            different.add((indicator, slice_))
    # Who closed within the year has records of it and no return.
    submitted = {key[:2] for key in seen}
    assert {key for key, counts in recounted.items() if any(counts) and key[:2] in submitted} <= seen
    assert different == {
        ("1", "clinical_non_medical.band_5"),
        ("1", "non_clinical.band_3"),
        ("1", "medical_dental.trainee_grades"),
        ("3", ""),
        ("4", ""),
        ("9", ""),
    }


def test_every_organisation_of_31_march_returns_the_whole_form(returned: pd.DataFrame, parts: Employers) -> None:
    march = [quarter for quarter in parts.quarters if quarter.closes_year]
    expected = {(one.code, str(quarter.wres_year)) for quarter in march for one in parts.reporting(quarter)}
    forms = dict(list(returned.groupby(["org_code", "wres_year"])))
    assert forms.keys() == expected
    for own in forms.values():
        items = own.reset_index().groupby(["indicator", "data_item"]).size()
        assert items["1", "headcount"] == 33
        assert items["2", "shortlisted"] == items["2", "appointed"] == 4
        assert items["9", "members"] == 5
        assert len(own) == 55
    rows = returned.reset_index()
    parents = rows[rows.slice == "medical_dental.consultants"].set_index(["org_code", "wres_year"])[GROUPS].astype(int)
    subsets = rows[rows.slice == "medical_dental.senior_medical_manager"].set_index(["org_code", "wres_year"])[GROUPS]
    assert (subsets.astype(int) <= parents.reindex(subsets.index)).all(axis=None)
    assert subsets.astype(int).sum().sum() > 0


def test_three_trusts_send_workbooks(sample: Path, parts: Employers) -> None:
    for year in (2023, 2024):
        names = {path.stem for path in (sample / "wres_return").glob(f"*{year}*.xlsx")}
        assert names == {f"wres_return_{year}_{code}" for code in parts.workbooks}
        national = pd.read_csv(sample / "wres_return" / f"wres_return_{year}.csv")
        assert not set(national.org_code) & set(parts.workbooks)
    book = CalamineWorkbook.from_path(next((sample / "wres_return").glob("*.xlsx")))
    assert book.sheet_names == ["Return", "Checks"]
    assert len(parts.workbooks) == 3


def half_up(value: Decimal, places: str) -> Decimal:
    return value.quantize(Decimal(places), ROUND_HALF_UP)


def test_supplied_values_follow_from_the_counts(returned: pd.DataFrame) -> None:
    checked = set()
    for (code, year, indicator, slice_, item), row in returned.iterrows():
        if not row["supplied_value"]:
            continue
        white, bme, unknown = (Decimal(row[group]) for group in GROUPS)
        supplied = Decimal(row["supplied_value"])
        checked.add((indicator, item))
        if item in ("headcount", "members"):
            share = 100 * bme / (white + bme + unknown)
            if item == "members":
                staff = [Decimal(returned.loc[code, year, "9", "", "workforce"][group]) for group in GROUPS]
                share -= 100 * staff[1] / sum(staff)
            assert supplied == half_up(share, "0.1")
            continue
        base = "shortlisted" if item == "appointed" else "workforce"
        whole = [Decimal(returned.loc[code, year, indicator, slice_, base][group]) for group in GROUPS]
        ratio = white / whole[0] / (bme / whole[1]) if indicator != "3" else bme / whole[1] / (white / whole[0])
        assert supplied == half_up(ratio, "0.01")
    assert checked == {
        ("1", "headcount"),
        ("2", "appointed"),
        ("3", "entered_disciplinary"),
        ("4", "accessed_training"),
        ("9", "members"),
    }


def test_what_cannot_be_calculated_is_left_empty(returned: pd.DataFrame, parts: Employers) -> None:
    first = str(parts.quarters[0].wres_year)
    row = returned.loc[parts.no_bme_appointed, first, "2", "", "appointed"]
    assert (row["bme"], row["supplied_value"]) == ("0", "")
    assert int(row["white"]) > 0
    assert int(returned.loc[parts.no_bme_appointed, first, "2", "", "shortlisted"]["bme"]) > 0
    other = returned.xs(("2", "", "appointed"), level=["indicator", "slice", "data_item"])["bme"].astype(int)
    assert (other > 0).sum() > 20


def test_one_trust_says_that_it_had_no_disciplinary_cases(returned: pd.DataFrame, parts: Employers) -> None:
    items = returned.reset_index()
    nil = items[items.data_item == "nil_return"]
    last = str(parts.quarters[-1].wres_year)
    assert set(nil.org_code) == {parts.no_disciplinary}
    assert set(nil.indicator) == {"3"}
    assert last in set(nil.wres_year)
    assert (nil[[*GROUPS, "total", "supplied_value"]] == "").all(axis=None)
    assert (parts.no_disciplinary, last, "3", "", "entered_disciplinary") not in returned.index


def test_survey_percentages_are_those_of_the_benchmark_workbook(
    sample: Path, returned: pd.DataFrame, parts: Employers
) -> None:
    printed: dict[tuple[str, str], Any] = {}
    [path] = (sample / "staff_survey").glob("*Benchmark*")
    book = CalamineWorkbook.from_path(path)
    for name in book.sheet_names[:-1]:
        header, *rows = book.get_sheet_by_name(name).to_python()
        printed |= {(str(row[0]), str(h)): cell for row in rows for h, cell in zip(header, row, strict=True)}
    measures = {"5": "har_from_pat", "6": "har_from_staff", "7": "equal", "8": "q16b"}
    shown = hidden = 0
    for (code, year, indicator, _, item), row in returned.iterrows():
        if item != "pct":
            continue
        cells = [printed.get((code, f"{measures[indicator]}_eth_summary_{group}_{int(year) - 1}")) for group in (1, 2)]
        if all(isinstance(cell, float) for cell in cells):
            shown += 1
            assert [float(row["white"]), float(row["bme"])] == pytest.approx([100 * cell for cell in cells], abs=0.0051)
        else:
            hidden += 1
            assert (row["white"], row["bme"]) == ("", "")
        assert (row["unknown"], row["total"]) == ("", "")
    # Boards, a trust with few BME respondents, and predecessors that closed.
    assert shown > 50
    assert hidden > 10


def test_respondents_add_up_to_what_the_workbook_prints(sample: Path, parts: Employers) -> None:
    rows = pd.read_csv(
        sample / "survey_responses" / f"survey_responses_{LAST_YEAR}.csv", dtype=str, keep_default_na=False
    )
    assert tuple(rows.org_code.unique()) == parts.surveyed
    assert len(parts.surveyed) == 4
    assert not rows.respondent_id.duplicated().any()
    columns = {"Q14a": "q14a", "Q14b": "q14b", "Q14c": "q14c", "Q15": "q15", "Q16b": "q16b", "Q16a": "q16a"}
    columns["Q28"] = "ethnic_background"
    scales = survey_scales(settings().sources, "staff_survey")
    asked = {
        row.question: row
        for row in survey_map(settings().sources, "staff_survey")
        if row.first_year <= LAYOUT_YEAR <= row.last_year
    }
    [path] = (sample / "staff_survey").glob("*organisational*")
    book = CalamineWorkbook.from_path(path)
    known = lookup("ethnic_category", "ethnic_key", "wres_group")
    for question, column in columns.items():
        sheet = book.get_sheet_by_name(asked[question].sheet).to_python()
        at = next(place for place, text in enumerate(sheet[0]) if str(text).startswith(f"{question} - "))
        labels = [label.removeprefix("% ") for label in [*scales[asked[question].scale].printed(question)][:-1]]
        for line in sheet[5:]:
            own = rows[(rows.org_code == line[0]) & (rows[column] != "")][column]
            if line[0] in parts.surveyed and line[at] != "-":
                *percentages, base = line[at : at + len(labels) + 1]
                assert len(own) == base
                assert own.value_counts().reindex(labels, fill_value=0).tolist() == pytest.approx(
                    [share * base / 100 for share in percentages]
                )
    assert set(rows.ethnic_background.str.lower()) - {""} <= known.keys()


def test_harassment_by_either_is_the_combined_figure_of_the_benchmark_workbook(sample: Path, parts: Employers) -> None:
    rows = pd.read_csv(
        sample / "survey_responses" / f"survey_responses_{LAST_YEAR}.csv", dtype=str, keep_default_na=False
    )
    known = lookup("ethnic_category", "ethnic_key", "wres_group")
    rows["group"] = rows.ethnic_background.str.lower().map(lambda label: known.get(label, "unknown"))
    answered = rows[(rows.q14b != "") & (rows.q14c != "")]
    harassed = (answered.q14b != "Never") | (answered.q14c != "Never")
    [path] = (sample / "staff_survey").glob("*Benchmark*")
    book = CalamineWorkbook.from_path(path)
    checked = 0
    for name in book.sheet_names[:-1]:
        header, *lines = book.get_sheet_by_name(name).to_python()
        for line in lines:
            for group, number in (("white", 1), ("bme", 2)):
                cell = line[header.index(f"har_from_staff_eth_summary_{number}_{LAST_YEAR}")]
                if line[0] in parts.surveyed and isinstance(cell, float):
                    own = harassed[(answered.org_code == line[0]) & (answered.group == group)]
                    assert own.mean() == pytest.approx(cell, abs=1e-12)
                    checked += 1
    assert checked == 4


def test_reference_results_are_those_of_the_trusts_pooled(
    sample: Path, returned: pd.DataFrame, parts: Employers
) -> None:
    printed = pd.read_csv(sample / "reference_results" / "reference_results_2024.csv")
    assert set(printed.publisher) == {"SYNTHETIC publisher"}
    assert set(printed.vintage) == {2024}
    assert not printed.duplicated(["wres_year", "indicator_code", "slice", "measure"]).any()
    trusts = [one.code for one in parts.employers if one.organisation.is_trust]
    rows = returned.reset_index()
    rows = rows[rows.org_code.isin(trusts)]
    values = printed.set_index(["wres_year", "indicator_code", "slice"]).value
    for year in (2023, 2024):
        own = rows[rows.wres_year == str(year)]

        def pooled(indicator: str, item: str, slices: str, own: pd.DataFrame = own) -> pd.Series:
            chosen = own[(own.indicator == indicator) & (own.data_item == item) & own.slice.str.fullmatch(slices)]
            return chosen[GROUPS].astype(int).sum()

        staff = pooled("3", "workforce", "")
        senior = pooled("1", "headcount", r".*\.(band_8.|band_9|vsm)")
        board = pooled("9", "members", r"board\.total")
        for key, counts in {
            ("1", "all"): staff,
            ("1", "all.band_8a_to_vsm"): senior,
            ("9", "board.total"): board,
        }.items():
            assert values[year, int(key[0]), key[1]] == pytest.approx(100 * counts.bme / counts.sum(), abs=0.0501)
        rates = pooled("2", "appointed", "") / pooled("2", "shortlisted", "")
        assert values[year, 2, "all"] == pytest.approx(rates.white / rates.bme, abs=0.00501)
        rates = pooled("3", "entered_disciplinary", "") / staff
        assert values[year, 3, "all"] == pytest.approx(rates.bme / rates.white, abs=0.00501)
        rates = pooled("4", "accessed_training", "") / staff
        assert values[year, 4, "all"] == pytest.approx(rates.white / rates.bme, abs=0.00501)


def test_returns_use_the_vocabulary_of_the_layout(sample: Path) -> None:
    columns = list(registry()["wres_return"].layouts[0].columns)
    for path in (sample / "wres_return").glob("*.csv"):
        assert path.read_text().splitlines()[0].split(",") == columns
    for path in (sample / "wres_return").glob("*.xlsx"):
        assert CalamineWorkbook.from_path(path).get_sheet_by_name("Return").to_python()[0] == columns


def test_the_smallest_trusts_return_nobody_beyond_their_staff(tmp_path: Path) -> None:
    # Of this sample one trust has trained somebody of unknown ethnicity, and has none at the end of the year.
    write_sample(tmp_path, trusts=6, first_year=2023, last_year=2024, seed=1, staff=30)
    returned = pd.concat(pd.read_csv(path) for path in (tmp_path / "wres_return").glob("wres_return_????.csv"))
    items = returned[returned["indicator"] == 4].set_index(["data_item", "org_code", "wres_year"])[GROUPS]
    trained, staff = items.loc["accessed_training"], items.loc["workforce"]
    assert (trained > 0).any(axis=None)
    assert (trained <= staff).all(axis=None)
