"""`wres return`: what it fills in, what it checks, and that it loads back to the figures that it was filled in from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import psycopg
import pytest
from commands import wres
from psycopg.rows import DictRow

from wres import build, run, warehouse
from wres.annual_return.form import HEADER
from wres.disclosure import audit
from wres.load import feed_files
from wres.settings import Settings

YEAR = 2025
COUNTED = ("1", "2", "3", "4", "9", "DR")
KEY = ("indicator_code", "slice", "denominator")
# What a figure is computed from and to, on either basis.
FIGURE = (
    "white_count", "white_base", "bme_count", "bme_base", "unknown_count", "unknown_base", "workforce_white_count",
    "workforce_bme_count", "workforce_unknown_count", "white_pct", "bme_pct", "unknown_pct", "ratio", "ratio_low", "ratio_high",
    "gap_points", "gap_low", "gap_high", "p_value", "four_fifths", "evidence", "status",
)  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A return that was filled in from records, and what the command said."""

    org_code: str
    path: Path
    said: str

    def sheet(self, name: str) -> list[tuple[Any, ...]]:
        return list(openpyxl.load_workbook(self.path)[name].iter_rows(values_only=True))


def figures(connection: psycopg.Connection[DictRow], schema: str, org_code: str, basis: str) -> dict[tuple, dict]:
    rows = connection.execute(
        f"select * from {schema} where level = 'organisation' and org_code = %s and wres_year = %s and basis = %s"
        " and period_kind = 'annual' and organisation_basis = 'as_reported'",
        [org_code, YEAR, basis],
    ).fetchall()
    return {tuple(row[name] for name in KEY): {name: row[name] for name in FIGURE} for row in rows}


def organisations(connection: psycopg.Connection[DictRow], *, with_local_pay: bool) -> list[str]:
    """Trusts with a survey, a return and records of the year, the largest first: with people outside the bands, or without."""
    rows = connection.execute(
        """
        select org_code from restricted.indicator_result
        where level = 'organisation' and wres_year = %s and period_kind = 'annual' and organisation_basis = 'as_reported'
        group by org_code
        having bool_or(basis = 'return' and indicator_code = '1' and slice = 'all' and status = 'ok')
            and bool_or(basis = 'records' and indicator_code = '1' and slice = 'all' and status = 'ok')
            and bool_or(basis = 'records' and indicator_code = '2' and slice = 'all' and status = 'ok')
            and count(*) filter (where basis = 'survey' and slice = 'all' and white_pct is not null and bme_pct is not null) >= 4
            and bool_or(basis = 'records' and slice like '%%.other_pay' and coalesce(white_base, 0) > 0) = %s
        order by max(white_base) filter (where indicator_code = '1' and slice = 'all') desc
        """,
        [YEAR, with_local_pay],
    ).fetchall()
    return [row["org_code"] for row in rows]


@pytest.fixture(scope="module")
def written(
    whole_standard: Settings, analyst: psycopg.Connection[DictRow], tmp_path_factory: pytest.TempPathFactory
) -> Written:
    org_code = organisations(analyst, with_local_pay=False)[0]
    path = tmp_path_factory.mktemp("returns") / f"{org_code}.xlsx"
    done = wres(whole_standard, "return", org_code, YEAR, path, "--basis", "records")
    assert done.exit_code == 0, done.stderr
    return Written(org_code, path, done.stdout)


def test_the_form_has_the_feeds_header_and_every_row(written: Written) -> None:
    header, *lines = written.sheet("Return")
    assert header == HEADER
    table = pd.DataFrame(lines, columns=list(header))
    rows = table[table["indicator"] == "1"]
    assert rows["slice"].str.split(".").str[0].value_counts().to_dict() == {
        "non_clinical": 14,
        "clinical_non_medical": 14,
        "medical_dental": 5,
    }
    whole = table[table["slice"].isna()]
    assert set(zip(whole["indicator"], whole["data_item"], strict=True)) == {
        ("2", "shortlisted"), ("2", "appointed"), ("3", "workforce"), ("3", "entered_disciplinary"), ("4", "workforce"),
        ("4", "accessed_training"), ("5", "pct"), ("6", "pct"), ("7", "pct"), ("8", "pct"), ("9", "workforce"),
    }  # fmt: skip
    assert list(table.loc[table["data_item"] == "members", "slice"]) == [
        f"board.{view}" for view in ("total", "voting", "non_voting", "executive", "non_executive")
    ]
    counts = table[table["data_item"] != "pct"]
    assert (counts["white"] + counts["bme"] + counts["unknown"] == counts["total"]).all()


def test_the_workbook_says_that_it_is_synthetic_and_how_it_stands(written: Written) -> None:
    assert "SYNTHETIC: the figures are made up." in written.said
    assert all("SYNTHETIC" in line[-1] for line in written.sheet("Return")[1:])
    assert written.sheet("Read me")[0][0].startswith("SYNTHETIC: these figures are made up")
    header, *checks = written.sheet("Checks")
    assert header == ("Rule", "Looks for", "Result", "What to do")
    results = {rule: {row[2] for row in checks if row[0] == rule} for rule, *_ in checks}
    loader = {f"V{number:02}" for number in (1, 3, 4, 5, 6, 7, 8, 9)}
    assert loader <= set(results) and all(results[rule] == {"passed"} for rule in loader)
    assert results["complete"] == {"passed"} and len([row for row in checks if row[0] == "complete"]) == 9
    assert "D01" in results
    before = written.sheet("Previous year")
    assert before[0] == HEADER and {line[1] for line in before[1:]} == {YEAR - 1}


def test_from_the_return_it_gives_what_was_returned(
    whole_standard: Settings, whole_standard_feeds: Path, analyst: psycopg.Connection[DictRow], tmp_path: Path
) -> None:
    sent = pd.concat(
        [
            pd.read_csv(file, dtype=str, keep_default_na=False)
            for file in (whole_standard_feeds / "wres_return").glob("*.csv")
        ]
    )
    of_year = sent[sent["wres_year"] == str(YEAR)]
    org_code = next(code for code in organisations(analyst, with_local_pay=False) if code in set(of_year["org_code"]))
    done = wres(whole_standard, "return", org_code, YEAR, tmp_path / "again.xlsx")
    assert done.exit_code == 0 and "from return of release 1" in done.stdout
    _, *lines = openpyxl.load_workbook(tmp_path / "again.xlsx")["Return"].iter_rows(values_only=True)
    again = {(line[2], line[3] or "", line[4]): line[5:8] for line in lines}
    own = of_year[of_year["org_code"] == org_code].to_dict("records")
    counted = [row for row in own if row["data_item"] not in ("pct", "nil_return")]
    assert len(counted) > 40
    for row in counted:
        key = (row["indicator"], row["slice"], row["data_item"])
        assert again[key] == tuple(int(row[group]) for group in ("white", "bme", "unknown")), key
    for row in own:
        if row["data_item"] == "nil_return":
            assert again[(row["indicator"], "", "entered_disciplinary")] == (0, 0, 0)


def test_people_outside_the_bands_fail_the_checks(
    whole_standard: Settings, analyst: psycopg.Connection[DictRow], tmp_path: Path
) -> None:
    """The form has no row for them: its rows do not add up to the workforce, and the loader would refuse it."""
    org_code = organisations(analyst, with_local_pay=True)[0]
    done = wres(whole_standard, "return", org_code, YEAR, tmp_path / "local.xlsx", "--basis", "records")
    assert done.exit_code == 0
    assert "failed: V14 people whose pay is in no row of the form" in done.stdout
    assert "failed: V04" in done.stdout


def test_a_file_is_overwritten_by_force_alone(whole_standard: Settings, written: Written, tmp_path: Path) -> None:
    path = tmp_path / "kept.xlsx"
    path.write_text("somebody's work")
    refused = wres(whole_standard, "return", written.org_code, YEAR, path)
    assert refused.exit_code == 2 and "may hold somebody's work. --force overwrites a file." in refused.stderr
    assert path.read_text() == "somebody's work"
    assert wres(whole_standard, "return", written.org_code, YEAR, path, "--force").exit_code == 0
    assert openpyxl.load_workbook(path).sheetnames == ["Return", "Previous year", "Checks", "Read me"]
    assert [file.name for file in tmp_path.iterdir()] == ["kept.xlsx"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ZZZ9", YEAR, "x.xlsx"], "it knows no organisation of that code"),
        (["{org}", 1999, "x.xlsx"], "it has those of 2023, 2024, 2025."),
        (["{org}", YEAR, "x.csv"], "it has to end in .xlsx."),
        (["{org}", YEAR, "no/such/folder/x.xlsx"], "There is no folder"),
        (["{org}", YEAR, "x.xlsx", "--release", 9], "Release 9 does not exist"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_filled_in_is_said_in_one_line(
    whole_standard: Settings, written: Written, tmp_path: Path, arguments: list[Any], says: str
) -> None:
    org_code, year, name, *options = arguments
    refused = wres(whole_standard, "return", org_code.format(org=written.org_code), year, tmp_path / name, *options)
    assert refused.exit_code == 2 and refused.stdout == ""
    (sentence,) = [line for line in refused.stderr.splitlines() if line.startswith("wres: ")]
    assert says in sentence
    assert not list(tmp_path.iterdir())


def test_it_loads_back_to_the_same_figures(
    written: Written, whole_standard: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    """Records and the return made of them: equal counts, ratios, intervals and statuses, to the last digit.

    Last of all: a copy ends the sessions of the original.
    """
    of = copy_warehouse(whole_standard)
    loaded = run.load_and_judge(of, feed_files(of, [written.path], "wres_return"), None, lambda text: None)
    (verdict,) = loaded.verdicts
    assert (verdict.state, verdict.problems) == ("accepted", ())
    with warehouse.writer(of):
        build.build(of)
    with warehouse.connect(of, "wres_gate", autocommit=True) as connection:
        connection.row_factory = psycopg.rows.dict_row
        results = "marts.restricted_indicator_result"
        returned, recorded, surveyed = (
            figures(connection, results, written.org_code, basis) for basis in ("return", "records", "survey")
        )
        differences = connection.execute(
            "select count(*) as found from marts.restricted_data_quality where org_code = %s and wres_year = %s"
            " and rule_id = 'D01'",
            [written.org_code, YEAR],
        ).fetchone()
        connection.row_factory = psycopg.rows.tuple_row
        # Returns are public, and so is what the release before has shown of the same day.
        with audit.disclosed_counts(of, connection, "with a return of its records"):
            assert connection.execute("select * from gate.disclosed_count").fetchall() == []
    # Who joined from overseas is in no return.
    recorded = {
        key: row
        for key, row in recorded.items()
        if key[0] in COUNTED and "excluding_recent_overseas" not in key[1] and not key[1].endswith("other_pay")
    }
    assert len(recorded) > 100 and {key[0] for key in recorded} == set(COUNTED)
    assert {key: returned.get(key) for key in recorded} == recorded
    stated = {key: row for key, row in returned.items() if key[0] in "5678"}
    assert {key[0] for key in stated} == set("5678")
    for key, row in stated.items():
        for column in ("white_pct", "bme_pct", "ratio", "gap_points"):
            assert row[column] == pytest.approx(surveyed[key][column], rel=1e-12)
    assert differences is not None and differences["found"] == 0
