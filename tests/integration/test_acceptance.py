"""The public files of survey 2024, from an empty home to SQL as an analyst and as a dashboard would ask it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest
from commands import changed_workbook, folder_with

pytestmark = pytest.mark.real_data
PLUGINS = Path(__file__).parents[2] / "plugins"
HEADER = re.compile(r"(har_from_pat|har_from_staff|equal|q16b)_eth_summary_([12])_2024")
INDICATORS = {"har_from_pat": "5", "har_from_staff": "6", "equal": "7", "q16b": "8"}


@dataclass
class Home:
    """A home of its own with the embedded server, reached through commands and their URIs alone."""

    path: Path
    said: list[subprocess.CompletedProcess[str]] = field(default_factory=list)

    def wres(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "wres", *map(str, arguments)],
            env={**os.environ, "WRES_HOME": str(self.path), "PYTHONPATH": str(PLUGINS)},
            capture_output=True,
            text=True,
            timeout=560,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    def sql(self, role: str, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.wres("dsn", "--role", role).stdout.strip()) as connection:
            return connection.execute(query).fetchall()


def benchmark(real_data: Path) -> Path:
    return next((real_data / "staff_survey").glob("Benchmark*.xlsx"))


@pytest.fixture(scope="module")
def home(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    of = Home(tmp_path_factory.mktemp("acceptance"))
    try:
        of.said.append(of.wres("run", real_data))
        yield of
    finally:
        assert "warehouse" in of.wres("stop").stdout


@pytest.fixture(scope="module")
def query(home: Home) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """query(role, sql) through the URIs that ``wres dsn`` prints."""
    uris = {role: home.wres("dsn", "--role", role).stdout.strip() for role in ("analyst", "bi_reader")}

    def ask(role: str, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(uris[role]) as connection:
            return connection.execute(sql).fetchall()

    yield ask


Query = Callable[..., list[tuple[Any, ...]]]


def test_the_run_succeeds_and_says_what_is_wrong_with_the_files(home: Home) -> None:
    [done] = home.said
    assert done.returncode == 0, done.stderr
    assert "Published release 1 from " in done.stdout
    assert done.stdout.count("accepted: ") == 7
    assert re.search(r"V29 .*Q16c", done.stderr)
    # Nothing of what libraries tell each other.
    assert not re.search(r"\w+Warning\b|^(INFO|DEBUG|WARNING)\b", done.stderr, re.MULTILINE)


def test_every_trust_of_the_workbook_has_its_rates_and_ratios(query: Query, real_data: Path) -> None:
    expected: dict[tuple[str, str], dict[str, float]] = {}
    for sheet in openpyxl.load_workbook(benchmark(real_data), read_only=True).worksheets:
        header, *rows = sheet.iter_rows(values_only=True)
        for row in rows:
            for name, value in zip(header, row, strict=True):
                if found := HEADER.fullmatch(str(name)):
                    figure = expected.setdefault((str(row[0]), INDICATORS[found[1]]), {})
                    figure["white" if found[2] == "1" else "bme"] = 100 * float(value)  # type: ignore[arg-type]
    assert len({organisation for organisation, _ in expected}) == 40
    assert len(expected) == 160
    published = {
        (organisation, indicator): figures
        for organisation, indicator, *figures in query(
            "analyst",
            "select org_code, indicator_code, white_pct, bme_pct, ratio, gap_points from restricted.indicator_result"
            " where level = 'organisation' and wres_year = 2025 and survey_year = 2024 and slice = 'all' and is_headline"
            " and white_pct is not null",
        )
    }
    assert set(published) == set(expected)
    for (organisation, indicator), figure in expected.items():
        white, bme, ratio, gap = published[organisation, indicator]
        assert white == pytest.approx(figure["white"], abs=1e-9)
        assert bme == pytest.approx(figure["bme"], abs=1e-9)
        official = white / bme if indicator == "7" else bme / white
        assert ratio == pytest.approx(official, rel=1e-12)
        assert gap == pytest.approx(bme - white, abs=1e-9)


ENGLAND = {"5": (23.509, 28.627), "7": (58.850, 49.505), "8": (6.766, 15.198)}


def test_england_stands_as_published_with_its_bases(query: Query) -> None:
    select = (
        "select indicator_code, white_pct, bme_pct, white_base, bme_base, base_source, status, aggregation"
        " from {}.indicator_result where level = 'england' and org_code = 'ENGLAND' and wres_year = 2025"
        " and survey_year = 2024 and slice = 'all' and is_headline"
    )
    restricted = {row[0]: row[1:] for row in query("analyst", select.format("restricted"))}
    published = {row[0]: row[1:] for row in query("bi_reader", select.format("published"))}
    assert set(restricted) == set(published) == {"5", "6", "7", "8"}
    for indicator, (white, bme) in ENGLAND.items():
        figure = restricted[indicator]
        assert (round(figure[0], 3), round(figure[1], 3)) == (white, bme)
        assert figure[2] > 400_000 and figure[3] > 100_000 and figure[2] == int(figure[2])
        assert figure[4:] == ("reported", "ok", "publisher_weighted")
        assert published[indicator] == (round(white, 1), round(bme, 1), *figure[2:])
    for figures in (restricted, published):
        assert figures["6"][:2] == (None, None)
        assert figures["6"][5] == "not_calculable"


def test_survey_2024_of_england_reconciles_with_the_published_figures(query: Query) -> None:
    """The workbook's own control totals, shares and bases, and nothing that differs; what no file gives says so."""
    rows = query(
        "bi_reader",
        "select indicator_code, slice, measure, published_value, computed_value, status, status_reason from"
        " published.reconciliation where publisher = 'NHS Staff Survey' and vintage = '2024'",
    )
    agreeing = {row[:3]: row[3:5] for row in rows if row[5] == "agrees"}
    assert len(agreeing) == 24
    for (_, _, measure), (published, computed) in agreeing.items():
        assert computed == pytest.approx(float(published), abs=0 if measure.endswith("_base") else 0.0051)
    assert {(row[1], row[5]) for row in rows if row[5] != "agrees"} == {("by_public", "not_computed")}
    statuses = dict(query("bi_reader", "select status, count(*) from published.reconciliation group by status"))
    assert "differs" not in statuses
    assert statuses["not_computed"] > 100


def test_published_figures_are_rounded_and_restricted_ones_are_closed_to_dashboards(query: Query) -> None:
    [(too_precise,)] = query(
        "bi_reader",
        "select count(*) from published.indicator_result where white_pct <> round(white_pct::numeric, 1)"
        " or bme_pct <> round(bme_pct::numeric, 1) or ratio <> round(ratio::numeric, 2)",
    )
    assert too_precise == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        query("bi_reader", "select * from restricted.indicator_result")
    with pytest.raises(psycopg.Error):
        query("bi_reader", "delete from published.indicator_result")


def test_grounds_of_discrimination_are_blocked_and_everything_else_is_there(query: Query) -> None:
    warned = query(
        "bi_reader",
        "select file_name, severity, scope, success from published.gate_result where rule_id = 'V29' and release_id = 1"
        " and not success",
    )
    assert warned and all("organisational results" in name for name, *_ in warned)
    assert {scope for _, _, scope, _ in warned} == {"measure"}
    [(organisations,)] = query(
        "bi_reader", "select count(distinct org_code) from published.indicator_result where level = 'organisation'"
    )
    assert organisations >= 263
    [(inputs,)] = query("bi_reader", "select count(*) from published.release_input where release_id = 1")
    assert inputs >= 7
    assert query("bi_reader", "select is_synthetic from published.release") == [(False,)]


def test_the_same_command_again_does_nothing(home: Home, query: Query, real_data: Path) -> None:
    before = query("bi_reader", "select release_id, published_at from published.release")
    again = home.wres("run", real_data)
    assert again.returncode == 0
    assert "Nothing new: release 1" in again.stdout
    assert again.stdout.count("already known: ") == 7 and "accepted: " not in again.stdout
    assert query("bi_reader", "select release_id, published_at from published.release") == before


def test_trace_leads_to_the_cell(home: Home, real_data: Path) -> None:
    found = json.loads(home.wres("trace", "RM3", 2025, 8, "--json").stdout)
    rates = {cell["ethnicity_group"]: cell for cell in found["cells"] if cell["role"] == "rate"}
    book = openpyxl.load_workbook(benchmark(real_data))
    for group in ("white", "bme"):
        cell = rates[group]
        assert cell["file_name"] == benchmark(real_data).name
        sheet = book[cell["sheet_name"]]
        assert sheet.cell(cell["row_number"], 1).value == "RM3"
        value = sheet[f"{cell['column_name']}{cell['row_number']}"].value
        assert value == pytest.approx(cell["value"], abs=1e-12)
        assert 100 * value == pytest.approx(found["figure"][f"{group}_pct"], abs=1e-9)


def renamed(book: Any) -> None:
    book["Ambulance Trusts"]["B1"] = "harassment_patients_eth_summary_1_2024"


def percentages(book: Any) -> None:
    for row in book["Community Trusts"].iter_rows(min_row=2, min_col=2):
        for cell in row:
            cell.value = 100 * cell.value


def duplicated(book: Any) -> None:
    sheet = book["Ambulance Trusts"]
    sheet["A3"] = sheet["A2"].value


def without_a_sheet(book: Any) -> None:
    del book["Ambulance Trusts"]


# Name of the spoilt copy: what is done to it, and what its message names.
SPOILT: dict[str, tuple[Callable[[Any], None] | None, tuple[str, ...]]] = {
    "Benchmark renamed header.xlsx": (renamed, ("Ambulance Trusts", "B1", "harassment_patients_eth_summary_1_2024")),
    "Benchmark percentages.xlsx": (percentages, ("Community Trusts", "B2")),
    "Benchmark duplicate.xlsx": (duplicated, ("Ambulance Trusts",)),
    "Benchmark missing sheet.xlsx": (without_a_sheet, ("Ambulance Trusts",)),
    "Benchmark truncated.xlsx": (None, ()),
    "Benchmark page.xlsx": (None, ("HTML",)),
}


def test_spoilt_copies_are_refused_each_with_its_cause(
    home: Home, query: Query, real_data: Path, tmp_path: Path
) -> None:
    original, folder = benchmark(real_data), tmp_path / "staff_survey"
    folder.mkdir()
    for name, (change, _) in SPOILT.items():
        if change:
            changed_workbook(original, folder / name, change)
    (folder / "Benchmark truncated.xlsx").write_bytes(original.read_bytes()[:5000])
    (folder / "Benchmark page.xlsx").write_text("<!DOCTYPE html><html><body>Sign in</body></html>")
    figures = "select t::text from published.indicator_result as t order by 1"
    before = (query("bi_reader", figures), query("bi_reader", "select release_id from published.release"))
    refused = home.wres("run", tmp_path)
    assert refused.returncode == 1
    assert (query("bi_reader", figures), query("bi_reader", "select release_id from published.release")) == before
    for name, (_, named) in SPOILT.items():
        start = refused.stderr.index(f"REJECTED  {name} (staff_survey)\n")
        told = refused.stderr[start : refused.stderr.index("report: ", start)]
        for text in named:
            assert text.lower() in told.lower(), f"{name}: {told}"
        assert "what to do: " in told
    reports = re.findall(r"report: (\S+)", refused.stderr)
    assert len(set(reports)) == len(SPOILT)
    assert all((home.path / "rejected") in Path(report).parents and Path(report).is_file() for report in reports)
    assert "accepted: " not in refused.stdout


def test_a_correction_is_revision_2_and_diff_shows_just_that(
    home: Home, query: Query, real_data: Path, tmp_path: Path
) -> None:
    original = benchmark(real_data)

    def correct(book: Any) -> None:
        for sheet in book.worksheets:
            for row in sheet.iter_rows(min_row=2):
                if row[0].value == "RM3":
                    row[7].value += 0.01

    corrected = changed_workbook(original, tmp_path / "corrected" / original.name, correct)
    done = home.wres("run", folder_with(tmp_path / "feeds", corrected))
    assert done.returncode == 0, done.stderr
    assert "Published release 2 from " in done.stdout
    assert query(
        "bi_reader",
        "select revision from published.release_input where release_id = 2 and source_table like '%benchmark'",
    ) == [(2,)]
    told = json.loads(home.wres("diff", 1, 2, "--json").stdout)
    changed = {(c["key"]["org_code"], c["key"]["wres_year"], c["key"]["indicator_code"]) for c in told["changes"]}
    assert changed == {("RM3", 2025, "8")}
    [change] = told["changes"]
    assert change["values"]["white_pct"][1] - change["values"]["white_pct"][0] == pytest.approx(1)
    assert "bme_pct" not in change["values"]
    assert "(revision 2)" in home.wres("trace", "RM3", 2025, 8).stdout
