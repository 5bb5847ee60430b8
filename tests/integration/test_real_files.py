"""The public files as published, where they are at hand: read whole, judged, and found to be what is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wres import gate, load, warehouse
from wres.problems import column_letters
from wres.settings import Settings

pytestmark = pytest.mark.real_data

Q13 = "HEALTH WELLBEING SAFETY Q13-14"
Q15 = "HEALTH WELLBEING SAFETY Q15-17"
Q28 = "BACKGROUND INFORMATION Q27-30"


@dataclass
class Real:
    settings: Settings
    verdicts: dict[str, gate.Verdict]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with warehouse.connect(self.settings, "wres_loader") as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def real(new_warehouse: Callable[..., Settings], real_data: Path) -> Real:
    of = new_warehouse()
    loads = [load.load_file(of, source, path) for source, path in load.feed_files(of, [real_data])]
    verdicts = gate.judge_loads(of, [loaded.load_id for loaded in loads if loaded.load_id])
    return Real(of, {verdict.file_name: verdict for verdict in verdicts})


def test_every_file_is_accepted(real: Real) -> None:
    assert {name: (verdict.state, verdict.rows, verdict.rows_rejected) for name, verdict in real.verdicts.items()} == {
        "Benchmark-report-Excel-data-for-2024-40-trusts.xlsx": ("accepted", 320, 0),
        "NSS24 detailed spreadsheets national results.xlsx": ("accepted", 134_748, 0),
        "NSS24 detailed spreadsheets organisational results.xlsx": ("accepted", 207_244, 0),
        "etr_2022-02.csv": ("accepted", 218, 0),
        "etr_2026-07.csv": ("accepted", 274, 0),
        "nhs_sickness_absence_2025-03.csv": ("accepted", 280, 0),
        "succarc.csv": ("accepted", 25_480, 0),
    }


def test_all_that_is_said_of_them(real: Real) -> None:
    """The missing group of this extract, and the defect of the published workbook: nothing else."""
    said = {
        name: [(problem.rule, problem.severity, problem.place(), problem.count) for problem in verdict.problems]
        for name, verdict in real.verdicts.items()
        if verdict.problems
    }
    mental_health = "Mental Health & Learning Disability and Mental Health, Learning Disability & Community Trusts"
    assert said == {
        "Benchmark-report-Excel-data-for-2024-40-trusts.xlsx": [("V11", "warning", f"sheet '{mental_health}'", 1)],
        "NSS24 detailed spreadsheets organisational results.xlsx": [("V29", "warning", f"sheet '{Q15}', cell Q6", 7)],
    }


def test_degenerate_columns_block_their_measures(real: Real) -> None:
    assert real.rows("select rule_id, measure from ops.blocked_measure order by measure") == [
        ("V29", f"Q16c_{number}") for number in range(1, 8)
    ]
    shown = real.rows(
        "select value, count(*) from raw.staff_survey__organisational"
        " where question = 'Q16c_1' and answer = 'yes' group by value order by value"
    )
    assert shown == [("-", 28), ("100", 235)]


def test_organisational_workbook_is_read_whole(real: Real) -> None:
    table = "raw.staff_survey__organisational"
    [(organisations, sheets, questions)] = real.rows(
        f"select count(distinct ods_code), count(distinct _sheet), count(distinct question) from {table}"
    )
    assert (organisations, sheets, questions) == (263, 16, 154)
    assert real.rows(f"select min(_row_number), max(_row_number) from {table}") == [(6, 268)]
    assert real.rows(f"select count(*) from {table} where question is null or label is null or answer is null") == [
        (0,)
    ]
    groups = dict(
        real.rows(f"select benchmarking_group, count(distinct ods_code) from {table} group by benchmarking_group")
    )
    assert groups["Acute and Acute & Community Trusts"] == 122
    assert (groups["ICBs"], groups["CSUs"], groups["Community Trusts"]) == (41, 4, 14)
    assert real.rows(
        f"select count(distinct ods_code) filter (where region = '-'), count(distinct ods_code) filter (where ics = '-')"
        f" from {table}"
    ) == [(53, 64)]


@pytest.mark.parametrize(
    ("question", "sheet", "organisational", "national"),
    [
        ("Q14a", Q13, ("AF", "AK"), ("AD", "AI")),
        ("Q14b", Q13, ("AL", "AQ"), ("AJ", "AO")),
        ("Q14c", Q13, ("AR", "AW"), ("AP", "AU")),
        ("Q15", Q15, ("G", "J"), ("E", "H")),
        ("Q16a", Q15, ("K", "M"), ("I", "K")),
        ("Q16b", Q15, ("N", "P"), ("L", "N")),
        ("Q28", Q28, ("X", "AP"), ("V", "AN")),
    ],
)
def test_questions_stand_where_the_publisher_put_them(
    real: Real, question: str, sheet: str, organisational: tuple[str, str], national: tuple[str, str]
) -> None:
    letters = [column_letters(index) for index in range(60)]
    for table, (first, last) in (("organisational", organisational), ("national", national)):
        found = real.rows(
            f"select distinct _column from raw.staff_survey__{table} where question = %s and _sheet = %s",
            question,
            sheet,
        )
        wanted = letters[letters.index(first) : letters.index(last) + 1]
        assert {column for (column,) in found} == set(wanted)


def test_known_figures_arrive_unrounded(real: Real) -> None:
    """England's White and BME answers of survey 2024, as the methodology states them to three decimals."""
    rows = real.rows(
        "select breakdown_subgroup, item, answer, round(value::numeric, 3)::text, length(value)"
        " from raw.staff_survey__national where breakdown = 'Ethnic background (summary)'"
        " and (item, answer) in (('equal_opportunity', 'yes'), ('discrimination_staff', 'yes'), ('harassment_public', 'never'))"
    )
    found = {(group, item): float(value) for group, item, _, value, _ in rows}
    white, other = "White staff", "Staff from all other ethnic groups combined"
    assert (found[white, "equal_opportunity"], found[other, "equal_opportunity"]) == (58.850, 49.505)
    assert (found[white, "discrimination_staff"], found[other, "discrimination_staff"]) == (6.766, 15.198)
    assert round(100 - found[white, "harassment_public"], 3) == 23.509
    assert round(100 - found[other, "harassment_public"], 3) == 28.627
    assert all(length > 12 for *_, length in rows), "as published, at full precision"


def test_ethnicity_heads_are_whole(real: Real) -> None:
    """The ethnicity question is never weighted: percentage times base is a head count to the last digits."""
    [(worst, cells)] = real.rows(
        """
        with cell as (
            select _row_number, answer, value::double precision as value from raw.staff_survey__organisational
            where item = 'ethnic_group' and value ~ '^[0-9]'
        )
        select max(abs(c.value * b.value / 100 - round(c.value * b.value / 100))), count(*)
        from cell as c inner join cell as b on c._row_number = b._row_number and b.answer = 'base'
        where c.answer <> 'base'
        """
    )
    assert worst < 1e-11
    assert cells > 4500


def test_benchmark_workbook_is_read_whole(real: Real) -> None:
    table = "raw.staff_survey__benchmark"
    assert real.rows(f"select count(*), count(distinct organisation_code), count(distinct header) from {table}") == [
        (320, 40, 8)
    ]
    assert real.rows(f"select distinct vintage, survey_year from {table}") == [("2024", "2024")]
    assert real.rows(
        f"select value from {table} where organisation_code = 'RL1' and header = 'har_from_pat_eth_summary_1_2024'"
    ) == [("0.1773778920308483",)]


def test_organisation_files_are_read_whole(real: Real) -> None:
    assert real.rows(
        "select c.period, count(*), count(t.closed_on) from raw.organisations__trust as t"
        " inner join ops.load_content as c on t._load_id = c.load_id group by c.period order by c.period"
    ) == [("2022-02", 218, 6), ("2026-07", 274, 72)]
    assert real.rows("select min(succeeded_on), max(succeeded_on) from raw.organisations__successor") == [
        ("19920401", "20220401")
    ]
    assert real.rows(
        "select org_type, count(*) from raw.organisations__workforce group by org_type order by count(*) desc limit 2"
    ) == [("Acute", 134), ("Mental Health", 47)]
    assert real.rows("select count(*) from ops.current_content where source_table like 'organisations%%'") == [(4,)]


def test_the_same_files_again_are_known(real: Real, real_data: Path) -> None:
    feeds = load.feed_files(real.settings, [real_data])
    assert {load.load_file(real.settings, source, path).state for source, path in feeds} == {"known"}
