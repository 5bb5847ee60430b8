"""The synthetic feeds about people: careers that go on, levels near the published ones, and parts that a reader meets."""

from __future__ import annotations

import csv
import io
import tracemalloc
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wres.registry import registry
from wres.sample import ethnicity, events, jobs, organisations, recruitment, workforce, write_sample
from wres.sample.board import VIEWS, Boards
from wres.sample.careers import Careers, counts
from wres.sample.employers import Employers, plan

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds" / "people"
QUARTERLY = ("workforce", "workforce_counts", "board", "recruitment", "employee_relations", "training")
SPAN = ["2022-06", "2022-09", "2022-12", "2023-03", "2023-06", "2023-09", "2023-12", "2024-03"]


@cache
def seed(name: str, key: str, value: str) -> dict[str, str]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row[key]: row[value] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, trusts=12, first_year=2022, last_year=2023, seed=5, staff=400)
    return folder


@pytest.fixture(scope="module")
def parts() -> Employers:
    """The same sample's employers, drawn again."""
    return employers(12, 2022, 2023, 400, 5)


def employers(trusts: int, first_year: int, last_year: int, staff: int, number: int = 1) -> Employers:
    register = organisations.draw(np.random.default_rng([number, 1]), trusts, first_year, last_year)
    return plan(register, first_year, last_year, staff)


def read(folder: Path, source: str) -> pd.DataFrame:
    """All files of a source, text as it stands, with the quarter of the file."""
    frames = [
        pd.read_csv(path, dtype=str, keep_default_na=False).assign(quarter=path.stem[-7:])
        for path in sorted((folder / source).glob("*.csv"))
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def staff(sample: Path) -> pd.DataFrame:
    return read(sample, "workforce")


def groups(categories: pd.Series) -> pd.Series:
    """White, bme or unknown by the seed, from the first character; blank is not recorded."""
    known = seed("ethnic_category", "ethnic_key", "wres_group")
    return categories.map(lambda code: known[code.lower()[:1] if code[:1].isalpha() else code or "99"])


def rate_ratio(counts: pd.DataFrame) -> float:
    """White ÷ BME of a frame with the columns part and whole, and the groups as rows."""
    rates = counts["part"] / counts["whole"]
    return float(rates["white"] / rates["bme"])


def test_every_label_and_code_stands_in_the_seeds() -> None:
    bands = seed("pay_band", "label_key", "pay_row")
    for labels in jobs.BAND_LABELS:
        assert [bands[label.lower()] for label in labels] == jobs.BANDS
    grades = seed("medical_grade", "label_key", "pay_row")
    assert {grade: grades[grade.lower()] for grade in jobs.GRADES} == {k: v[0] for k, v in jobs.GRADES.items()}
    assert all(grades[row] == row for row in jobs.MEDICAL_ROWS)
    blocks = seed("staff_group", "label_key", "staff_block")
    prefixes = seed("occupation_code", "prefix", "staff_block")
    for job in jobs.JOBS:
        assert blocks[job.staff_group.lower()] == blocks[job.block] == job.block
        found = [prefixes[prefix] for prefix in prefixes if job.occupation.lower().startswith(prefix)]
        assert found == [job.block]
    detail = seed("ethnic_detail", "code_key", "label")
    for code, group in zip(ethnicity.CODES, ethnicity.GROUP_OF, strict=True):
        assert groups(pd.Series([code]))[0] == ethnicity.GROUP_LABELS[group].lower()
        assert len(code) < 2 or code == "99" or code.lower() in detail


def test_a_file_a_quarter_with_columns_of_the_layout(sample: Path) -> None:
    for source in QUARTERLY:
        assert sorted(path.stem.removeprefix(f"{source}_") for path in (sample / source).iterdir()) == SPAN
    for source in {*QUARTERLY, "survey_responses", "reference_results", "wres_return", "peer_groups"}:
        layout = registry()[source].layouts[0]
        columns = [name for name in read(sample, source).columns if name != "quarter"]
        required = [name for name in layout.columns if name not in layout.optional]
        assert set(required) <= set(columns) <= set(layout.columns), source


def test_who_reports_and_from_when_to_when(sample: Path, parts: Employers, staff: pd.DataFrame) -> None:
    expected = {(str(quarter), one.code) for quarter in parts.quarters for one in parts.reporting(quarter)}
    for source in ("board", "recruitment", "employee_relations", "training"):
        assert set(read(sample, source).groupby(["quarter", "org_code"]).groups) == expected
    counted = {one.code for one in parts.employers if not one.sends_people}
    assert len(counted) == 2
    assert set(read(sample, "workforce_counts").groupby(["quarter", "org_code"]).groups) == {
        pair for pair in expected if pair[1] in counted
    }
    assert set(staff.groupby(["quarter", "org_code"]).groups) == {pair for pair in expected if pair[1] not in counted}
    # Predecessors of the merged trust until it opens, the divided trust until its end, boards since they exist.
    [made] = [one for one in parts.employers if one.organisation.opened == "20230401"]
    by_code = {code: set(own.quarter) for code, own in staff.groupby("org_code")}
    assert by_code[made.code] == set(SPAN[4:])
    assert [by_code[old] for old in made.inherits] == [set(SPAN[:4])] * 2
    [divided] = [one.code for one in parts.employers if one.organisation.closed == "20220930"]
    assert by_code[divided] == set(SPAN[:2])
    boards = [one.code for one in parts.employers if not one.organisation.is_trust]
    assert len(boards) == 2
    assert all(by_code[code] == set(SPAN[1:]) for code in boards)


def test_one_trust_is_silent_in_every_feed_about_people(sample: Path, parts: Employers) -> None:
    for source in (*QUARTERLY, "wres_return", "survey_responses"):
        assert parts.silent not in set(read(sample, source)["org_code"]), source
    assert not list((sample / "wres_return").glob(f"*{parts.silent}*"))
    assert f'"{parts.silent}"' in (sample / "organisations" / "etr_2024-06_synthetic.csv").read_text()


def test_a_person_stays_the_same_person(staff: pd.DataFrame) -> None:
    assert staff.person_id.str.contains("SYNTHETIC").all()
    assert not staff.duplicated(["quarter", "person_id"]).any()
    lasting = ["ethnic_category", "gender", "joined_on", "overseas_joined_on", "is_bank_only", "fte"]
    assert (staff.groupby("person_id")[lasting].nunique() == 1).all(axis=None)
    # Nobody comes back: the quarters of a person follow one another.
    places = staff.quarter.map(SPAN.index).groupby(staff.person_id)
    assert (places.max() - places.min() + 1 == places.size()).all()


def test_people_move_up_one_job_at_a_time_and_never_down(staff: pd.DataFrame) -> None:
    rows = seed("pay_band", "label_key", "pay_row")
    own = staff.assign(
        band=staff.pay_band.str.lower().map(rows).map(lambda row: jobs.BANDS.index(row) if row in jobs.BANDS else -1),
        grade=staff.medical_grade.map(lambda grade: list(jobs.GRADES).index(grade) if grade else -1),
    ).sort_values(["person_id", "quarter"])
    before = own.groupby("person_id").shift()
    known = before.band.notna()
    assert (own.staff_group == before.staff_group)[known].all()
    up = own[known].band - before.band[known]
    assert set(up) <= {0, 1, 2}
    # Two at once only over the band that is closed to entrants.
    assert set(before.band[known][up == 2]) <= {0}
    doctors = own.grade[known] - before.grade[known]
    assert (doctors >= 0).all()
    moved = (up > 0) | (doctors > 0)
    assert 0.002 < moved.mean() < 0.03
    started = own.band_start_date[known]
    assert (started[~moved] == before.band_start_date[known][~moved]).all()
    month = pd.PeriodIndex(own.quarter[known][moved], freq="M")
    first_days = pd.Series((month - 2).strftime("%Y-%m-01"), index=started[moved].index)
    assert (started[moved] >= first_days).all()
    assert (started[moved] <= month.strftime("%Y-%m-31")).all()
    assert (own.band_start_date >= own.joined_on).all()
    assert (own.joined_on <= own.snapshot_date).all()


def test_people_join_leave_and_follow_their_trust_into_a_merger(staff: pd.DataFrame, parts: Employers) -> None:
    own = staff[staff.is_bank_only == "N"]
    steady = [
        one.code
        for one in parts.employers
        if one.sends_people and all(one.exists(quarter) for quarter in parts.quarters) and not one.inherits
    ]
    joined, left = [], []
    for code in set(steady) & set(own.org_code):
        people = {quarter: set(part.person_id) for quarter, part in own[own.org_code == code].groupby("quarter")}
        for earlier, later in pairwise(SPAN):
            new = own[(own.org_code == code) & (own.quarter == later) & ~own.person_id.isin(people[earlier])]
            assert (new.joined_on > f"{earlier}-31").all()
            joined.append(len(new) / len(people[later]))
            left.append(len(people[earlier] - people[later]) / len(people[earlier]))
    assert np.mean(joined) == pytest.approx(0.035, abs=0.01)
    assert np.mean(left) == pytest.approx(0.029, abs=0.008)
    [made] = [one for one in parts.employers if one.organisation.opened == "20230401"]
    before, after = (staff[staff.quarter == quarter] for quarter in ("2023-03", "2023-06"))
    brought = set(before[before.org_code.isin(list(made.inherits))].person_id)
    there = after[after.person_id.isin(brought)]
    assert set(there.org_code) == {made.code}
    assert len(there) > 0.9 * len(brought)
    [divided] = [one for one in parts.employers if one.organisation.closed == "20220930"]
    people = set(staff[(staff.org_code == divided.code) & (staff.quarter == "2022-09")].person_id)
    heirs = [one.code for one in parts.employers if divided.code in one.inherits]
    taken = staff[(staff.quarter == "2022-12") & staff.person_id.isin(people)].org_code
    assert set(taken) <= set(heirs)
    assert len(heirs) == 2


def test_people_have_every_attribute_in_plausible_shares(staff: pd.DataFrame) -> None:
    last = staff[staff.quarter == SPAN[-1]]
    assert (last.is_bank_only == "Y").mean() == pytest.approx(0.06, abs=0.015)
    assert (groups(last.ethnic_category) == "unknown").mean() == pytest.approx(0.04, abs=0.015)
    assert {"", "Z", "99"} <= set(staff.ethnic_category)
    assert last.ethnic_category.str.fullmatch("[A-Z][A-Z0-9]").mean() == pytest.approx(0.06, abs=0.03)
    assert (last.gender == "Female").mean() == pytest.approx(0.76, abs=0.05)
    assert last.fte.astype(float).between(0.2, 1).all()
    pay = last.hourly_rate_gbp.astype(float)
    assert pay.between(8, 110).all()
    nurses = last[last.staff_group.str.startswith("Nursing")]
    by_band = pay[nurses.index].groupby(nurses.pay_band.str[-1]).mean()
    assert by_band["5"] < by_band["6"] < by_band["7"]
    managers = last[last.is_medical_manager == "Y"]
    assert set(managers.medical_grade) == {"Consultant (including Directors of Public Health)"}
    overseas = last[last.overseas_joined_on != ""]
    assert (overseas.overseas_joined_on == overseas.joined_on).all()
    assert set(groups(overseas.ethnic_category)) == {"bme"}
    assert (overseas.staff_group.str.startswith("Nursing") & overseas.pay_band.str.endswith("5")).mean() > 0.6


def heads(trusts: int, first_year: int, last_year: int, size: int) -> dict[int, pd.DataFrame]:
    """Trusts' head count by row and group, for each 31 March."""
    of = employers(trusts, first_year, last_year, size)
    found = {}
    for quarter, people in Careers(1, of).quarters():
        if quarter.closes_year:
            codes = [one.code for one in of.reporting(quarter) if one.organisation.is_trust]
            own = pd.concat(
                pd.DataFrame({"job": people[code].job, "group": people[code].group})[~people[code].bank]
                for code in codes
            )
            own["block"] = own.job.map(lambda job: jobs.JOBS[job].block)
            own["row"] = own.job.map(lambda job: jobs.JOBS[job].row)
            found[quarter.wres_year] = own
    return found


def test_levels_lie_near_the_published_ones() -> None:
    def bme(people: pd.DataFrame) -> float:
        return 100 * float((people.group == ethnicity.BME).mean())

    by_year = heads(60, 2021, 2023, 1500)
    published = {2022: 24.2, 2023: 26.4, 2024: 28.6}
    for year, people in by_year.items():
        assert bme(people) == pytest.approx(published[year], abs=1.2)
        senior = people[people.row.str.match("band_8|band_9|vsm")]
        assert 11.5 < bme(senior) < 16.5
        assert bme(people[people.row == "vsm"]) == pytest.approx(11.5, abs=4)
        # A pyramid: the share falls from band 5 on, in both blocks together.
        ladder = [bme(people[people.row == f"band_{band}"]) for band in ("5", "6", "7", "8a", "8b")]
        assert ladder == sorted(ladder, reverse=True)
    assert bme(by_year[2024][by_year[2024].row == "band_5"]) == pytest.approx(42.3, abs=1.5)
    assert bme(by_year[2023][by_year[2023].block == jobs.MEDICAL]) == pytest.approx(46.5, abs=2.5)
    people = by_year[2024]
    shares = people[people.block != jobs.MEDICAL].row.value_counts(normalize=True)
    for band, percent in {"band_2": 16.1, "band_3": 13.3, "band_5": 20.9, "band_6": 19.1, "band_8a": 3.8}.items():
        assert 100 * shares[band] == pytest.approx(percent, abs=2.5), band


def test_sizes_are_skewed_about_the_mean_that_was_asked_for() -> None:
    of = employers(100, 2023, 2023, 2000)
    [*_, (_, people)] = Careers(1, of).quarters()
    trusts = [one for one in of.employers if one.organisation.is_trust and one.code in people]
    sizes = pd.Series([int((~people[one.code].bank).sum()) for one in trusts])
    assert sizes.mean() == pytest.approx(2000, rel=0.03)
    assert sizes.median() < 1900
    assert sizes.max() > 4000
    by_group = sizes.groupby([one.organisation.group.org_type for one in trusts]).mean()
    assert by_group["Ambulance"] < by_group["Acute"]
    assert by_group["Community Provider Trust"] < by_group["Acute"]


def test_boards_are_about_a_dozen_people_who_mostly_stay() -> None:
    of = employers(150, 2022, 2023, 100)
    boards = Boards(1, of)
    members: dict[str, set[str]] = {}
    for quarter in of.quarters:
        text, counts = boards.feed(quarter)
        total, voting, non_voting, executive, non_executive = np.array(list(counts.values())).sum(axis=2).T
        assert list(VIEWS)[1:] == ["board.voting", "board.non_voting", "board.executive", "board.non_executive"]
        assert (voting + non_voting == total).all()
        assert (executive + non_executive == total).all()
        assert 10 <= total.min() <= total.max() <= 14
        members[str(quarter)] = {line.split(",")[2] for line in text.decode().splitlines()[1:]}
        if quarter.closes_year:
            white, bme, unknown = np.array([one[0] for one in counts.values()]).sum(axis=0)
            share = 100 * bme / (white + bme + unknown)
            assert share == pytest.approx({2023: 15.6, 2024: 16.5}[quarter.wres_year], abs=2.5)
            assert 100 * unknown / (white + bme + unknown) == pytest.approx(5, abs=2)
    stayed = len(members["2023-12"] & members["2024-03"]) / len(members["2023-12"])
    assert 0.9 < stayed < 0.99


def test_recruitment_funnels() -> None:
    of = employers(30, 2023, 2023, 4000)
    text = [recruitment.HEADER.encode()]
    for quarter, people in Careers(1, of).quarters():
        text += [recruitment.block(1, of, one, quarter, counts(people[one.code]))[0] for one in of.reporting(quarter)]
    rows = pd.read_csv(io.BytesIO(b"".join(text)), dtype=str, keep_default_na=False)
    steps = ["applied", "shortlisted", "appointed"]
    rows[steps] = rows[steps].astype(int)
    assert (rows.shortlisted > 0).all()
    assert (rows.appointed <= rows.shortlisted).all()
    assert (rows.shortlisted <= rows.applied).all()
    assert not rows.duplicated(["vacancy_id", "ethnic_category"]).any()
    rows["group"] = groups(rows.ethnic_category)

    def ratio(part: pd.DataFrame) -> float:
        sums = part.groupby("group")[["appointed", "shortlisted"]].sum()
        return rate_ratio(sums.rename(columns={"appointed": "part", "shortlisted": "whole"}))

    abroad = rows[rows.is_international == "yes"]
    assert ratio(rows) == pytest.approx(1.5, abs=0.15)
    assert ratio(rows[rows.is_international == "no"]) > ratio(rows) + 0.1
    assert abroad[abroad.group == "bme"].shortlisted.sum() > 0.9 * abroad.shortlisted.sum()
    assert abroad.appointed.sum() > 0.6 * abroad.shortlisted.sum()
    assert len(rows) < 0.05 * 4 * 30 * 4000

    none = rows[(rows.org_code == of.no_bme_appointed) & (rows.group == "bme")]
    assert none.appointed.sum() == 0 < none.shortlisted.sum()
    appointed = rows[(rows.group == "bme") & (rows.org_code != of.no_bme_appointed)].groupby("org_code").appointed
    trusts = {one.code for one in of.employers if one.organisation.is_trust}
    assert (appointed.sum()[lambda sums: sums.index.isin(trusts)] > 0).all()


def test_cases_and_courses_are_those_of_the_staff(sample: Path, staff: pd.DataFrame, parts: Employers) -> None:
    cases, courses = read(sample, "employee_relations"), read(sample, "training")
    nil = cases[cases.case_id == "nil_return"]
    assert len(nil)
    assert nil.ethnic_category.eq("").all()
    assert (nil.entered_on.str[:7] == nil.quarter).all()
    assert not nil.merge(cases[cases.case_id != "nil_return"], on=["quarter", "org_code"]).size
    cases = cases[cases.case_id != "nil_return"]
    assert set(cases.process) == {"disciplinary", "grievance", "capability"}
    assert not cases.case_id.duplicated().any()
    # A few are written down a quarter late, never a year late.
    quarter = pd.PeriodIndex(cases.quarter, freq="M").asfreq("Q")
    entered = pd.PeriodIndex(cases.entered_on, freq="Q")
    late = np.array([(one - other).n for one, other in zip(quarter, entered, strict=True)])
    assert set(late) == {0, 1}
    assert late.mean() < 0.1
    assert (quarter[late == 1].month != 6).all()

    counted = {one.code for one in parts.employers if not one.sends_people}
    own = staff[staff.is_bank_only == "N"][["quarter", "org_code", "person_id", "ethnic_category"]]
    for happened in (cases, courses):
        told = happened[~happened.org_code.isin(counted)]
        assert len(told.merge(own, on=list(own.columns))) == len(told)
    assert set(courses.is_mandatory) == {"true", "false"}
    assert (courses.completed_on.str[:7] <= courses.quarter).all()
    per_quarter = courses[~courses.org_code.isin(counted)].groupby("quarter").size() / own.groupby("quarter").size()
    assert (per_quarter < 1 / 3).all()
    chosen = courses[courses.is_mandatory == "false"]
    assert not chosen.duplicated(["quarter", "person_id"]).any()


def test_disciplinary_and_training_ratios() -> None:
    of = employers(60, 2023, 2023, 4000)
    entered, trained, base = np.zeros((3, 3))
    for quarter, people in Careers(1, of).quarters():
        for one in of.reporting(quarter):
            own = people[one.code]
            entered += np.bincount(events.cases(1, of, one, quarter, own)[1].group, minlength=3)
            trained += np.bincount(events.courses(1, of, one, quarter, own)[1].group, minlength=3)
            base += np.bincount(own.group[~own.bank], minlength=3) / 4
    disciplinary, training = entered / base, trained / base
    assert disciplinary[1] / disciplinary[0] == pytest.approx(1.2, abs=0.15)
    assert training[0] / training[1] == pytest.approx(1.08, abs=0.05)
    assert entered.sum() / base.sum() == pytest.approx(0.0095, abs=0.002)
    assert trained.sum() / base.sum() / 4 == pytest.approx(0.15, abs=0.02)


def test_a_quarter_is_never_held_in_memory_as_text() -> None:
    of = employers(40, 2023, 2023, 1000)
    tracemalloc.start()
    try:
        sizes = []
        for quarter, people in Careers(1, of).quarters():
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            sizes.append(sum(len(block) for block in workforce.feed(of, quarter, people)))
            _, peak = tracemalloc.get_traced_memory()
            # Some copies of the largest organisation's lines, and less than the file.
            assert peak - before < sizes[-1] / 2
        current, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What is carried on is a few bytes a person.
    assert current < 60 * sum(len(own) for own in people.values())
    assert min(sizes) > 4_000_000


def test_the_official_feeds_do_not_depend_on_the_feeds_about_people(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, trusts=12, first_year=2022, last_year=2023, seed=5, staff=40, dirt=True)
    for source in ("organisations", "staff_survey"):
        files = sorted((sample / source).iterdir())
        assert files
        assert all(path.read_bytes() == (tmp_path / source / path.name).read_bytes() for path in files)
