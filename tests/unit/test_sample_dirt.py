"""What goes wrong in real feeds: each kind is in the synthetic ones when asked for, and nowhere else."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from wres.sample import dirt, organisations, write_sample
from wres.sample.employers import Employers, plan

SPAN = {"trusts": 8, "first_year": 2023, "last_year": 2024, "staff": 150}
Row = dict[str, str]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    write_sample(folder, **SPAN)
    return folder


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dirty")
    write_sample(folder, **SPAN, dirt=True)
    return folder


@pytest.fixture(scope="module")
def parts() -> Employers:
    register = organisations.draw(np.random.default_rng([1, 1]), 8, 2023, 2024)
    return plan(register, 2023, 2024, 150)


def rows(folder: Path, source: str, name: str, encoding: str = "ascii") -> list[Row]:
    text = (folder / source / f"{name}.csv").read_bytes().decode(encoding)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def spot(parts: Employers, kind: str) -> dirt.Spot:
    [found] = [one for one in dirt.spots(parts) if one.change.__name__ == f"_{kind}" and one.file[0] in ONE_FILE]
    return found


# The missing quarter lies in three feeds; the people stand for it here.
ONE_FILE = ("workforce", "wres_return", "board")


def owned(found: list[Row], code: str) -> list[Row]:
    return [row for row in found if row["org_code"] == code]


def test_dirt_lies_in_these_files_alone(clean: Path, dirty: Path, parts: Employers) -> None:
    names = {path.relative_to(clean) for path in clean.rglob("*.*")}
    added = {path.relative_to(dirty) for path in dirty.rglob("*.*")} - names
    changed = {name for name in names if (clean / name).read_bytes() != (dirty / name).read_bytes()}
    late = spot(parts, "correction")
    expected = {Path(*one.file) for one in dirt.spots(parts) if not one.comes_late}
    assert changed == expected | {Path("recruitment/recruitment_2023-09.csv")}
    assert added == {Path(one.file[0]) / one.moved_to for one in dirt.spots(parts) if one.moved_to}
    assert len(added) == 3
    assert Path(late.file[0]) / late.moved_to in added


def test_the_same_dirt_every_time(dirty: Path, tmp_path: Path) -> None:
    written = write_sample(tmp_path, **SPAN, dirt=True)
    assert all(path.read_bytes() == (dirty / path.relative_to(tmp_path)).read_bytes() for path in written)
    assert written[-1].name.endswith("_corrected.csv")


def test_old_codes_with_and_without_their_scheme(clean: Path, dirty: Path, parts: Employers) -> None:
    before, after = (rows(folder, "workforce", "workforce_2023-09") for folder in (clean, dirty))
    assert not any(
        row["code_system"] or (row["ethnic_category"].isdigit() and row["ethnic_category"] != "99") for row in before
    )
    marked = [row for row in after if row["code_system"] == "1995"]
    assert marked == owned(after, spot(parts, "legacy_codes").code)
    assert {row["ethnic_category"] for row in marked} <= set("0123456789")
    was = {row["person_id"]: row["ethnic_category"] for row in before}
    assert all(row["ethnic_category"] == "0" for row in marked if was[row["person_id"]][:1] in ("A", "B", "C"))
    assert all(row["ethnic_category"] == "4" for row in marked if was[row["person_id"]] == "H")
    assert all(row["ethnic_category"] == "9" for row in marked if was[row["person_id"]] in ("", "Z", "99"))
    unmarked = [
        row
        for row in after
        if len(row["ethnic_category"]) == 1 and row["ethnic_category"].isdigit() and not row["code_system"]
    ]
    assert 0 < len(unmarked) < 0.01 * len(after)
    assert {row["org_code"] for row in unmarked} == {spot(parts, "unmarked_legacy_codes").code}


def test_unknown_codes_and_bands_are_few(clean: Path, dirty: Path, parts: Employers) -> None:
    before, after = (rows(folder, "workforce", "workforce_2023-09") for folder in (clean, dirty))
    bands, categories = ({row[name] for row in before} for name in ("pay_band", "ethnic_category"))
    assert not bands & set(dirt.UNKNOWN_BANDS)
    assert not categories & set(dirt.UNKNOWN_CATEGORIES)
    unknown = [
        row
        for row in after
        if row["pay_band"] in dirt.UNKNOWN_BANDS or row["ethnic_category"] in dirt.UNKNOWN_CATEGORIES
    ]
    assert {row["org_code"] for row in unknown} == {spot(parts, "unknown_codes").code}
    assert len({row["pay_band"] in dirt.UNKNOWN_BANDS for row in unknown}) == 2
    assert len(unknown) < 0.01 * len(after)
    assert len(before) == len(after)


def test_duplicates_and_a_missing_quarter(clean: Path, dirty: Path, parts: Employers) -> None:
    before, after = (rows(folder, "workforce", "workforce_2023-12") for folder in (clean, dirty))
    assert max(Counter(tuple(row.values()) for row in before).values()) == 1
    twice = [line for line, times in Counter(tuple(row.values()) for row in after).items() if times == 2]
    assert twice
    assert {line[1] for line in twice} == {spot(parts, "duplicates").code}
    gone = next(one.code for one in dirt.spots(parts) if one.file == ("training", "training_2023-12.csv"))
    for source in ("workforce", "training", "employee_relations"):
        assert owned(rows(clean, source, f"{source}_2023-12"), gone)
        assert not owned(rows(dirty, source, f"{source}_2023-12"), gone)
        assert owned(rows(dirty, source, f"{source}_2024-03"), gone)


def test_a_late_correction_restates_an_earlier_quarter(clean: Path, dirty: Path, parts: Employers) -> None:
    late = spot(parts, "correction")
    first, again = rows(dirty, "workforce", "workforce_2023-06"), rows(dirty, "workforce", late.moved_to[:-4])
    assert first == rows(clean, "workforce", "workforce_2023-06")
    assert {(row["org_code"], row["snapshot_date"]) for row in again} == {(late.code, "2023-06-30")}
    people, left = ({row["person_id"] for row in found} for found in (owned(first, late.code), again))
    assert left < people


def test_swapped_columns_and_a_missing_return(clean: Path, dirty: Path, parts: Employers) -> None:
    before, after = (rows(folder, "wres_return", "wres_return_2025") for folder in (clean, dirty))
    lost = {row["org_code"] for row in before} - {row["org_code"] for row in after}
    assert len(lost) == 1
    changed = [
        (row, other)
        for row, other in zip([row for row in before if row["org_code"] not in lost], after, strict=True)
        if row != other
    ]
    assert {row["org_code"] for row, _ in changed} == {spot(parts, "swapped").code}
    assert [row["indicator"] for row, _ in changed] == ["5", "6", "7", "8"]
    assert all(row["white"] == other["bme"] and row["bme"] == other["white"] for row, other in changed)


def test_an_impossible_return_is_a_file_of_its_own(clean: Path, dirty: Path, parts: Employers) -> None:
    own = spot(parts, "more_appointed_than_shortlisted")
    wrong = rows(dirty, "wres_return", own.moved_to[:-4])
    right = owned(rows(clean, "wres_return", "wres_return_2024"), own.code)
    assert not owned(rows(dirty, "wres_return", "wres_return_2024"), own.code)
    counts = {row["data_item"]: int(row["bme"]) for row in wrong if row["indicator"] == "2" and not row["slice"]}
    assert counts["appointed"] > counts["shortlisted"]
    assert [row for row in wrong if row not in right] == [
        row for row in wrong if row["data_item"] == "appointed" and not row["slice"]
    ]


def test_a_file_in_an_old_code_page(dirty: Path, parts: Employers) -> None:
    page = spot(parts, "windows_1252")
    path = dirty / "board" / page.moved_to
    with pytest.raises(UnicodeDecodeError):
        path.read_text(encoding="utf-8")
    members = rows(dirty, "board", page.moved_to[:-4], "cp1252")
    assert dirt.TITLE in {row["role_title"] for row in members}
    assert {row["org_code"] for row in members} == {page.code}
    assert not owned(rows(dirty, "board", "board_2023-09"), page.code)


def test_british_dates_behind_a_byte_order_mark(clean: Path, dirty: Path) -> None:
    name = "recruitment_2023-09"
    assert (dirty / "recruitment" / f"{name}.csv").read_bytes().startswith(b"\xef\xbb\xbfperiod_start,")
    before, after = rows(clean, "recruitment", name), rows(dirty, "recruitment", name, "utf-8-sig")
    assert {(row["period_start"], row["period_end"]) for row in after} == {("01/07/2023", "30/09/2023")}
    rest = [name for name in before[0] if not name.startswith("period")]
    assert [[row[name] for name in rest] for row in after] == [[row[name] for name in rest] for row in before]


def test_dirt_leaves_31_march_as_it_was(clean: Path, dirty: Path) -> None:
    for year in (2024, 2025):
        for source in ("workforce", "board", "training", "employee_relations", "recruitment"):
            name = Path(source) / f"{source}_{year}-03.csv"
            assert (clean / name).read_bytes() == (dirty / name).read_bytes()


@pytest.mark.parametrize(("trusts", "year"), [(5, 2021), (5, 2024), (9, 2022)])
def test_small_samples_have_room_for_every_kind(tmp_path: Path, trusts: int, year: int) -> None:
    write_sample(tmp_path, trusts=trusts, first_year=year, last_year=year, staff=40, dirt=True)
    register = organisations.draw(np.random.default_rng([1, 1]), trusts, year, year)
    for one in dirt.spots(plan(register, year, year, 40)):
        assert (tmp_path / one.file[0] / (one.moved_to or one.file[1])).is_file()
