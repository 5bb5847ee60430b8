"""Organisations from files in the official layouts to tables: on hand-made files, and on the public ones where they are."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import jinja2
import pytest

from wres import build, load, warehouse
from wres.settings import Settings

PROJECT = Path(__file__).parents[2]
Query = Callable[..., list[tuple]]

WORKFORCE_HEADER = (
    "DATE,NHSE_REGION_CODE,NHSE_REGION_NAME,ICS_CODE,ICS_NAME,ORG_CODE,ORG_NAME,ORG_TYPE,"
    "FTE_DAYS_LOST,FTE_DAYS_AVAILABLE,SICKNESS_ABSENCE_RATE_PERCENT"
).split(",")


def trust(code: str, name: str, region: str, icb: str, opened: str, closed: str = "", gor: str = "H") -> list[str]:
    """A row of the ODS trust file: 27 columns."""
    row = [code, name, region, icb, "HEAD OFFICE", "", "", "TOWN", "", "AA1 1AA", opened, closed]
    return row + [""] * 9 + ["1", "", gor, "", "", ""]


def write(path: Path, rows: Sequence[Sequence[str]], line_end: str = "\n", quoting: int = csv.QUOTE_ALL) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator=line_end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return path


def hand_made(folder: Path) -> list[Path]:
    """Two vintages of trusts, a month of workforce between them, and successors: one case of each kind."""
    early = [
        trust("RAA", "FIRST AND FOREMOST NHS TRUST", "Y56", "QMJ", "20010401"),
        trust("RBB", "ST MARY'S OF THE HILL NHS TRUST", "Y62", "QOP", "20010401"),
        trust("RCC", "CLOSING NHS TRUST", "Y62", "QOP", "20010401"),
        trust("RDD", "SPLITTING NHS TRUST", "Y62", "QOP", "20010401", "20210930"),
        trust("RW1", "WELSH NHS TRUST", "W00", "Q99", "19980401", gor="W"),
    ]
    late = [
        trust("RAA", "FIRST AND FOREMOST NHS TRUST", "Y59", "QKS", "20010401"),
        trust("RBB", "ST MARY'S UNIVERSITY NHS TRUST", "Y62", "QOP", "20010401"),
        trust("RCC", "CLOSING NHS TRUST", "Y62", "QOP", "20010401", "20250331"),
        trust("RDD", "SPLITTING NHS TRUST", "Y62", "QOP", "20010401", "20210930"),
        trust("N3W5X", "NEW NHS FOUNDATION TRUST", "Y62", "QOP", "20250401"),
        trust("RW1", "WELSH NHS TRUST", "", "", "19980401", gor="W"),
    ]
    month = "31/03/2025"
    workforce = [
        WORKFORCE_HEADER,
        [
            month,
            "Y56",
            "London",
            "QMJ",
            "North Central London",
            "RAA",
            "First & Foremost NHS Trust",
            "Acute",
            "1",
            "2",
            "3",
        ],
        [
            month,
            "Y62",
            "North West",
            "QOP",
            "Greater Manchester",
            "QOP",
            "NHS GM ICB",
            "Integrated Care Board",
            "1",
            "2",
            "3",
        ],
        [
            month,
            "QZZ",
            "Statutory bodies",
            "QZZ",
            "Statutory bodies",
            "0AR",
            "A CSU",
            "Commissioning Support Unit",
            "1",
            "2",
            "3",
        ],
    ]
    successors = [
        ["ROLD", "RCC", "R", "20100401", ""],
        ["RCC", "N3W5X", "R", "20250331", ""],
        ["RDD", "RAA", "R", "20211001", ""],
        ["RDD", "RBB", "R", "20211001", ""],
        ["RBB", "RBB", "R", "20010401", ""],
        ["P81001", "P81002", "R", "20010401", ""],
    ]
    return [
        write(folder / "etr_2024-02.csv", early),
        write(folder / "etr_2026-07.csv", late, "\r\n"),
        write(folder / "nhs_sickness_absence_2025-03.csv", workforce, quoting=csv.QUOTE_MINIMAL),
        write(folder / "succarc.csv", successors),
    ]


def build_organisations(home: Settings, *arguments: str) -> None:
    """Run dbt on the organisation models alone."""
    done = build.dbt(home, "build", "--select", "+organisation", "+organisation_successor", *arguments)
    nodes = done.result.results if done.result is not None else []
    failed = [f"{node.node.name}: {node.message}" for node in nodes if node.status in ("error", "fail")]
    assert done.success, failed or done.exception


def loaded(home: Settings, files: Sequence[Path]) -> None:
    """Load the files and take them as accepted: what the gate thinks of them is tested elsewhere."""
    with warehouse.connect(home, "wres_loader", autocommit=True) as connection:
        for file in files:
            result = load.load_file(home, "organisations", file)
            assert result.state == "loaded" and result.load_id is not None
            load.accept(connection, result.load_id, [])


def reader(home: Settings) -> Iterator[Query]:
    with warehouse.connect(home, "wres_transformer", autocommit=True) as connection:
        yield lambda statement, *parameters: connection.execute(statement, parameters or None).fetchall()


@pytest.fixture(scope="module")
def small_home(new_warehouse: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse built from the hand-made files, with every dbt test and unit test of the models."""
    home = new_warehouse()
    loaded(home, hand_made(tmp_path_factory.mktemp("organisations")))
    build_organisations(home)
    return home


@pytest.fixture(scope="module")
def small(small_home: Settings) -> Iterator[Query]:
    yield from reader(small_home)


def test_a_change_is_dated_by_the_vintage_that_shows_it(small: Query) -> None:
    assert small(
        "select version, valid_from, valid_to, region_code, region_name, icb_code, display_name, org_type"
        " from intermediate.dim_organisation where org_code = 'RAA' order by version"
    ) == [
        (1, date(2001, 4, 1), date(2026, 6, 30), "Y56", "London", "QMJ", "First & Foremost NHS Trust", "Acute"),
        (2, date(2026, 7, 1), None, "Y59", "South East", "QKS", "First & Foremost NHS Trust", "Acute"),
    ]
    names = small(
        "select org_name, display_name from intermediate.dim_organisation where org_code = 'RBB' order by version"
    )
    assert names == [
        ("ST MARY'S OF THE HILL NHS TRUST", "St Mary's of the Hill NHS Trust"),
        ("ST MARY'S UNIVERSITY NHS TRUST", "St Mary's University NHS Trust"),
    ]


def test_a_closing_day_stands_on_every_version(small: Query) -> None:
    assert small("select distinct closed_on from intermediate.dim_organisation where org_code = 'RCC'") == [
        (date(2025, 3, 31),)
    ]


def test_each_day_has_exactly_one_version(small: Query) -> None:
    gaps = """
        select org_code
        from (
            select *, lead(valid_from) over (partition by org_code order by version) as next_from
            from intermediate.dim_organisation
        ) as version
        where valid_to is distinct from (next_from - 1)::date
    """
    assert small(gaps) == []


def test_what_became_of_each(small: Query) -> None:
    rows = small(
        "select org_code, country, is_open, successor_status, current_org_codes, known_from from marts.organisation"
    )
    by_code = {row[0]: row[1:] for row in rows}
    assert by_code["RAA"] == ("England", True, "not_closed", "RAA", "ods")
    assert by_code["RCC"] == ("England", False, "succeeded", "N3W5X", "ods")
    assert by_code["RDD"] == ("England", False, "split", "RAA, RBB", "ods")
    assert by_code["RW1"] == ("Wales", True, "not_closed", "RW1", "ods")
    assert by_code["0AR"] == ("England", True, "not_closed", "0AR", "workforce")
    assert by_code["TAF"][-1] == "seed"


def test_successors_end_where_nothing_follows(small: Query) -> None:
    rows = small(
        "select org_code, path, effective_on, kind, is_split from marts.organisation_successor"
        " where source = 'ods' order by org_code, path"
    )
    assert rows == [
        ("RCC", "RCC > N3W5X", date(2025, 4, 1), "into_new_code", False),
        ("RDD", "RDD > RAA", date(2021, 10, 1), "split", True),
        ("RDD", "RDD > RBB", date(2021, 10, 1), "split", True),
        ("ROLD", "ROLD > RCC > N3W5X", date(2025, 4, 1), "into_new_code", False),
    ]


def test_a_rejected_or_superseded_file_is_not_read(small: Query, small_home: Settings, tmp_path: Path) -> None:
    corrected = tmp_path / "etr_2026-07.csv"
    write(corrected, [trust("RAA", "CORRECTED NHS TRUST", "Y59", "QKS", "20010401")])
    result = load.load_file(small_home, "organisations", corrected)
    assert result.load_id is not None
    statement = "select org_name from staging.stg_organisations__trust where org_code = 'RAA' order by vintage_on"
    before = [("FIRST AND FOREMOST NHS TRUST",)] * 2
    assert small(statement) == before, "a load that nobody has accepted yet is not read"
    with warehouse.connect(small_home, "wres_loader", autocommit=True) as connection:
        load.accept(connection, result.load_id, [])
        assert small(statement) == before, "a build reads what was accepted when it began"
        read_again(small_home)
        assert small(statement) == [("FIRST AND FOREMOST NHS TRUST",), ("CORRECTED NHS TRUST",)]
        connection.execute("update ops.load set state = 'rejected' where load_id = %s", [result.load_id])
    read_again(small_home)
    assert small(statement) == before


def read_again(settings: Settings) -> None:
    """What a new build does first: note what is accepted, and read it."""
    assert build.dbt(settings, "run", "--select", "stg_ops__current_content", "stg_organisations__trust").success


# On the public files ---------------------------------------------------------------------------------------------------
NEW_CODE = {
    ("RRD", "R1L", "2017-04-01"),
    ("RWN", "R1L", "2017-04-01"),
    ("RM2", "R0A", "2017-10-01"),
    ("RW3", "R0A", "2017-10-01"),
    ("RE9", "R0B", "2019-04-01"),
    ("RLN", "R0B", "2019-04-01"),
    ("RD3", "R0D", "2020-10-01"),
    ("RDZ", "R0D", "2020-10-01"),
    ("TAF", "G6V2S", "2024-11-01"),
}
# The day is the one after the event where that was the last of a month.
SURVIVOR = {
    ("RFW", "RQM", "2015-09-01"),
    ("R1G", "RA9", "2015-10-01"),
    ("RJX", "RW4", "2016-07-01"),
    ("RLU", "RQ3", "2017-02-01"),
    ("RQQ", "RGN", "2017-04-01"),
    ("RY1", "RW4", "2018-04-01"),
    ("RR1", "RRK", "2018-04-01"),
    ("R1E", "RRE", "2018-06-01"),
    ("RGQ", "RDE", "2018-07-01"),
    ("RJF", "RTG", "2018-07-01"),
    ("R1J", "RTQ", "2019-10-01"),
    ("RNL", "RNN", "2019-10-01"),
    ("RQ6", "REM", "2019-10-01"),
    ("RC1", "RC9", "2020-04-01"),
    ("RDD", "RAJ", "2020-04-01"),
    ("RQ8", "RAJ", "2020-04-01"),
    ("RT3", "RJ1", "2021-02-01"),
    ("RXH", "RYR", "2021-04-01"),
    ("RTV", "RW4", "2021-06-01"),
    ("RBZ", "RH8", "2022-04-01"),
    ("RBA", "RH5", "2020-04-01"),
    ("RA3", "RA7", "2020-04-01"),
}


@pytest.fixture(scope="module")
def public(new_warehouse: Callable[..., Settings], real_data: Path) -> Iterator[Query]:
    home = new_warehouse()
    loaded(home, sorted((real_data / "organisations").glob("*.csv")))
    build_organisations(home, "--exclude-resource-type", "unit_test")
    yield from reader(home)


@pytest.mark.real_data
def test_names_and_areas_changed_between_the_vintages(public: Query) -> None:
    changes = """
        select
            count(*) filter (where old.org_name <> new.org_name) as names,
            count(*) filter (where old.icb_code is distinct from new.icb_code) as icbs,
            string_agg(concat_ws(' ', old.org_code, old.region_code, new.region_code), ', ')
                filter (where old.region_code is distinct from new.region_code) as regions
        from intermediate.dim_organisation as old
        inner join intermediate.dim_organisation as new on old.org_code = new.org_code and new.valid_to is null
        where date '2022-02-01' between old.valid_from and coalesce(old.valid_to, 'infinity')
            and old.known_from = 'ods'
            and old.first_vintage_on <= '2022-02-01'
    """
    # Of the 63 codes of the file that changed their board, three are Welsh, whose board is none in either vintage.
    assert public(changes) == [(17, 60, "RPG Y56 Y59")]
    welsh = public(
        "select count(*) from staging.stg_organisations__trust as old"
        " inner join staging.stg_organisations__trust as new using (org_code)"
        " where old.vintage_on = '2022-02-01' and new.vintage_on = '2026-07-01'"
        " and old.icb_code is distinct from new.icb_code"
    )
    assert welsh == [(63,)]


@pytest.mark.real_data
def test_closed_trusts_stay_and_codes_keep_their_length(public: Query) -> None:
    assert public(
        "select vintage_on, count(*), count(closed_on) from staging.stg_organisations__trust group by 1 order by 1"
    ) == [(date(2022, 2, 1), 218, 6), (date(2026, 7, 1), 274, 72)]
    assert public("select count(*), count(closed_on) from marts.organisation where known_from = 'ods'") == [(274, 72)]
    assert public(
        "select org_code from marts.organisation where known_from = 'ods' and length(org_code) = 5 order by 1"
    ) == [
        ("G6V2S",),
        ("K0N6A",),
    ]


@pytest.mark.real_data
def test_welsh_trusts_are_not_of_england_and_national_bodies_have_no_region(public: Query) -> None:
    assert public("select org_code from marts.organisation where country = 'Wales' order by 1") == [
        ("RQF",),
        ("RT4",),
        ("RYT",),
    ]
    regionless = public(
        "select distinct org_type from marts.organisation where region_code is null and country = 'England' order by 1"
    )
    assert regionless == [("Commissioning Support Unit",), ("Others",)]


@pytest.mark.real_data
def test_types_come_from_the_workforce_file(public: Query) -> None:
    rows = public(
        "select org_type, count(*) from marts.organisation where known_from <> 'seed' and org_type is not null group by 1"
    )
    assert dict(rows) == {
        "Acute": 134,
        "Mental Health": 47,
        "Integrated Care Board": 42,
        "Community Provider Trust": 33,
        "Ambulance": 10,
        "Others": 10,
        "Commissioning Support Unit": 4,
    }
    assert public(
        "select count(*) from marts.organisation where org_type is null and is_open and country = 'England'"
    ) == [(1,)], "only K0N6A, which opened after the month of the file"


@pytest.mark.real_data
def test_codes_that_ods_lacks_are_known(public: Query) -> None:
    codes = [
        "TAD",
        "TAF",
        "TAH",
        "TAJ",
        "R1F1",
        "R1F2",
        "NAX",
        "NDJ",
        "NLX",
        "NQL",
        "NR3",
        "NR5",
        "NTV",
        "NXP",
        "0AR",
        "QKK",
    ]
    rows = public("select org_code, parent_code from marts.organisation where org_code = any(%s)", codes)
    assert dict(rows) == dict.fromkeys(codes) | {"R1F1": "R1F", "R1F2": "R1F"}


@pytest.mark.real_data
def test_every_trust_event_is_resolved(public: Query) -> None:
    rows = public("select org_code, current_org_code, effective_on::text, kind from marts.organisation_successor")
    assert {row[:3] for row in rows if row[3] == "into_new_code"} >= NEW_CODE
    assert {row[:3] for row in rows if row[3] == "into_survivor"} >= SURVIVOR
    manual = public(
        "select org_code from marts.organisation_successor where source = 'manual' and steps = 1 order by 1"
    )
    assert manual == [("RA3",), ("RBA",), ("TAF",)]


@pytest.mark.real_data
def test_the_split_stays_a_split(public: Query) -> None:
    assert public(
        "select current_org_code, effective_on::text, kind from marts.organisation_successor"
        " where org_code = 'RW6' order by 1"
    ) == [("R0A", "2021-10-01", "split"), ("RM3", "2021-10-01", "split")]
    assert public("select org_code from marts.organisation where successor_status = 'split'") == [("RW6",)]


@pytest.mark.real_data
def test_chains_are_followed_to_their_end(public: Query) -> None:
    paths = {
        row[0]
        for row in public(
            "select path from marts.organisation_successor where org_code = any(%s)", ["RP3", "RV7", "RQ7", "REX"]
        )
    }
    assert paths >= {"RP3 > RRD > R1L", "RV7 > RWN > R1L", "RQ7 > RW3 > R0A", "REX > RW6 > RM3", "REX > RW6 > R0A"}


@pytest.mark.real_data
def test_closed_trusts_without_a_successor_are_listed(public: Query) -> None:
    missing = public(
        "select org_code from marts.organisation where successor_status = 'missing' and closed_on >= '2015-02-01' order by 1"
    )
    assert [row[0] for row in missing] == [
        *("R0C", "R1C", "RA4", "RAP", "RJD", "RNK", "RRP", "RVJ", "RVY", "RY2", "RY9", "RYK", "RYV"),
    ]


@pytest.mark.real_data
def test_the_version_of_a_day_is_one(public: Query) -> None:
    """For days before, between and after the vintages."""
    macro = (PROJECT / "dbt_project" / "macros" / "organisation_as_at.sql").read_text()
    call = "{{ organisation_as_at('organisation', 'given.day') }}"
    predicate = jinja2.Environment(autoescape=False).from_string(macro + call).render()
    rows = public(
        "select day::date::text, count(*), count(distinct org_code) from intermediate.dim_organisation as organisation"
        " inner join unnest(array['1990-01-01', '2019-03-31', '2025-03-31', '2026-07-01', '2030-03-31']::date[]) as given(day)"
        f" on {predicate} group by 1 order by 1"
    )
    assert len(rows) == 5
    assert {row[1] for row in rows} == {row[2] for row in rows} == {356}
