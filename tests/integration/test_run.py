"""``wres run``: what it loads, publishes, refuses and says, and how a correction is seen afterwards."""

from __future__ import annotations

import getpass
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import workbooks
import yaml
from candidates import administrator
from click.testing import Result
from commands import benchmark_cell, changed_workbook, folder_with, wres

from wres import publish, warehouse
from wres.settings import Settings

HEADER = "har_from_pat_eth_summary_1_2024"
Copy = Callable[[Settings], Settings]


def benchmark_of(feeds: Path) -> Path:
    return next((feeds / "staff_survey").glob("*enchmark*.xlsx"))


def rows(of: Settings, query: str) -> list[tuple]:
    with administrator(of) as connection:
        return connection.execute(query).fetchall()


def release_ids(of: Settings) -> list[int]:
    return [release.release_id for release in publish.releases(of)]


def content(of: Settings, table: str = "restricted.indicator_result") -> list[tuple]:
    return rows(of, f"select t::text from {table} as t order by 1")


@dataclass(frozen=True)
class Correction:
    """A corrected benchmark workbook beside a broken file: loaded once without and once with ``--keep-going``."""

    of: Settings
    file: Path
    sheet: str
    organisation: str
    row: int
    column: str
    before: float
    refused: Result
    untouched: bool
    kept_going: Result


@pytest.fixture(scope="module")
def correction(
    published_sample: Settings, sample_feeds: Path, copy_warehouse: Copy, tmp_path_factory: pytest.TempPathFactory
) -> Correction:
    of, folder = copy_warehouse(published_sample), tmp_path_factory.mktemp("correction")
    original = benchmark_of(sample_feeds)
    sheet, organisation, row, column, value = benchmark_cell(original, HEADER, 2)
    corrected = changed_workbook(
        original,
        folder / "staff_survey" / f"{original.stem} corrected.xlsx",
        lambda book: book[sheet].__setitem__(f"{column}{row}", value + 0.03),
    )
    (folder / "staff_survey" / "benchmark page.xlsx").write_text("<!DOCTYPE html><html><body>Not found</body></html>")
    before = content(of)
    refused = wres(of, "run", folder)
    untouched = release_ids(of) == [1] and content(of) == before
    return Correction(
        of,
        corrected,
        sheet,
        organisation,
        row,
        column,
        value,
        refused,
        untouched,
        wres(of, "run", "--keep-going", folder),
    )


def test_the_same_files_again_load_and_publish_nothing(
    published_sample: Settings, sample_feeds: Path, copy_warehouse: Copy
) -> None:
    of = copy_warehouse(published_sample)
    state = "select (select count(*) from ops.load), (select count(*) from raw.staff_survey__benchmark)"
    before = (rows(of, state), content(of))
    again = wres(of, "run", sample_feeds)
    assert again.exit_code == 0
    assert "Nothing new: release 1 was built from the same files and models." in again.stdout
    assert again.stdout.count("already known: ") == len([path for path in sample_feeds.rglob("*") if path.is_file()])
    assert "accepted:" not in again.stdout and "dbt" not in again.stderr
    assert (rows(of, state), content(of)) == before
    assert release_ids(of) == [1]


def test_a_rejected_file_stops_the_run_before_the_build(correction: Correction) -> None:
    assert correction.refused.exit_code == 1
    assert correction.untouched
    assert "Not built, because a file was rejected; --keep-going publishes the others." in correction.refused.output
    assert "benchmark page.xlsx" in correction.refused.stderr
    assert "Traceback" not in correction.refused.output
    reports = list((correction.of.rejected / "staff_survey").rglob("*"))
    assert any(path.is_file() for path in reports)


def test_keep_going_publishes_the_others_and_still_fails(correction: Correction) -> None:
    assert correction.kept_going.exit_code == 1
    assert "Published release 2 (synthetic)" in correction.kept_going.output
    assert release_ids(correction.of) == [2, 1]
    # The corrected file was accepted by the run before, and is not loaded twice.
    assert f"already known: staff_survey/{correction.file.name}" in correction.kept_going.output


def test_a_corrected_workbook_is_revision_2(correction: Correction) -> None:
    found = rows(
        correction.of,
        "select f.name, l.revision, l.state from ops.load as l inner join ops.file as f on l.file_sha256 = f.sha256"
        " where l.source_table = 'staff_survey__benchmark' and l.state = 'accepted' order by l.load_id",
    )
    assert [row[1:] for row in found] == [(1, "accepted"), (2, "accepted")]
    assert found[1][0] == correction.file.name
    inputs = rows(correction.of, "select file_name, revision from published.release_input where release_id = 2")
    assert (correction.file.name, 2) in inputs
    assert len(inputs) == 8


def test_diff_shows_exactly_the_changed_figure(correction: Correction) -> None:
    told = json.loads(wres(correction.of, "diff", 1, 2, "--json").stdout)
    [change] = told["changes"]
    key = change["key"]
    assert (change["kind"], key["org_code"], key["wres_year"], key["indicator_code"], key["slice"]) == (
        "changed",
        correction.organisation,
        2025,
        "5",
        "all",
    )
    assert change["values"]["white_pct"] == pytest.approx([100 * correction.before, 100 * correction.before + 3])
    moved = {
        "white_pct",
        "ratio",
        "ratio_low",
        "ratio_high",
        "gap_points",
        "gap_low",
        "gap_high",
        "p_value",
        "evidence",
    }
    assert {"white_pct", "ratio", "gap_points"} <= set(change["values"]) <= moved
    assert [name.rpartition(" (")[0] for name in told["files_added"]] == [correction.file.name]
    assert len(told["files_removed"]) == 1
    text = wres(correction.of, "diff", 1, 2).stdout
    assert text.startswith("release 1 to release 2: 1 figure changed\n")
    assert f"changed: {correction.organisation} 2025 indicator 5 all (survey, annual)" in text
    assert json.loads(wres(correction.of, "diff", 1, 1, "--json").stdout)["changes"] == []


def test_trace_names_file_sheet_and_row(correction: Correction) -> None:
    traced = wres(correction.of, "trace", correction.organisation, 2025, 5)
    assert traced.exit_code == 0
    place = f"{correction.file.name} (revision 2), sheet '{correction.sheet}', cell {correction.column}{correction.row}"
    assert place in traced.stdout
    found = json.loads(wres(correction.of, "trace", correction.organisation, 2025, 5, "--json").stdout)
    white = next(cell for cell in found["cells"] if (cell["ethnicity_group"], cell["role"]) == ("white", "rate"))
    assert white["value"] == pytest.approx(correction.before + 0.03)
    assert Path(white["archived"]).read_bytes() == correction.file.read_bytes()
    earlier = wres(correction.of, "trace", correction.organisation, 2025, 5, "--release", 1).stdout
    assert "(revision 1)" in earlier and correction.file.name not in earlier


def test_a_blocked_gate_publishes_nothing_until_somebody_signs(
    published_sample: Settings, sample_feeds: Path, copy_warehouse: Copy, tmp_path: Path
) -> None:
    of, original = copy_warehouse(published_sample), benchmark_of(sample_feeds)
    sheet, _, row, column, _ = benchmark_cell(original, HEADER, 1)
    withheld = changed_workbook(
        original, tmp_path / original.name, lambda book: book[sheet].__setitem__(f"{column}{row}", "-")
    )
    before = content(of)
    blocked = wres(of, "run", folder_with(tmp_path / "feeds", withheld))
    assert blocked.exit_code == 3
    assert "The gate blocks; nothing was published." in blocked.stderr
    assert "G04" in blocked.stderr and "wres accept G04 --comment" in blocked.stderr
    assert release_ids(of) == [1] and content(of) == before

    status = json.loads(wres(of, "status", "--json").stdout)
    assert status["problems"][0].startswith("The newest candidate is blocked by its gate")
    assert any(problem.startswith("G04") for problem in status["problems"])
    refused = wres(of, "publish")
    assert refused.exit_code == 3 and "has not passed its gate" in refused.stderr
    assert wres(of, "gate").exit_code == 3

    assert wres(of, "accept", "g04", "--comment", "The trust withdrew the answer.").exit_code == 0
    passed = wres(of, "gate")
    assert passed.exit_code == 0 and passed.stdout.splitlines()[0].startswith("note: G04")
    assert wres(of, "publish").stdout == "Published release 2.\n"
    assert "Nothing new" in wres(of, "publish").stdout
    assert rows(of, "select comment, accepted_by from ops.acceptance") == [
        ("The trust withdrew the answer.", getpass.getuser())
    ]
    [(told,)] = rows(of, "select count(*) from published.gate_result where release_id = 2 and rule_id = 'G04'")
    assert told >= 1


def test_the_first_real_file_sends_all_synthetic_ones_away(
    published_sample: Settings, copy_warehouse: Copy, tmp_path: Path
) -> None:
    of = copy_warehouse(published_sample)
    codes = [code for group in workbooks.BENCHMARK_SHEETS.values() for code in group]
    workbooks.benchmark().write(tmp_path / "staff_survey" / "Benchmark 2024.xlsx")
    workbooks.write_csv(tmp_path / "organisations" / "etr_2025-06.csv", [workbooks.trust(code) for code in codes])
    real = wres(of, "run", tmp_path)
    assert real.exit_code == 0, real.output
    assert "Published release 2 from 2 inputs." in real.stdout
    assert rows(of, "select is_synthetic from published.release where is_current") == [(False,)]
    assert rows(of, "select distinct is_synthetic from published.indicator_result") == [(False,)]
    named = rows(of, "select distinct org_code from published.indicator_result where level = 'organisation' order by 1")
    assert named == [(code,) for code in sorted(codes)]
    assert rows(of, "select count(*) from published.organisation where is_synthetic") == [(0,)]
    assert rows(of, "select count(*) from published.organisation where org_code like 'Z%'") == [(0,)]


def test_organisations_alone_are_nothing_to_publish(warehouse_home: Settings, sample_feeds: Path) -> None:
    done = wres(warehouse_home, "run", sample_feeds / "organisations")
    assert done.exit_code == 0
    assert "Nothing to publish yet: no accepted file feeds an indicator." in done.stdout
    assert release_ids(warehouse_home) == []


def test_a_real_list_that_displaces_made_up_files_is_named(
    published_sample: Settings, copy_warehouse: Copy, tmp_path: Path
) -> None:
    """A list of peers is real unless it says SYNTHETIC: nothing that feeds an indicator is left, and the answer says why."""
    of = copy_warehouse(published_sample)
    mine = tmp_path / "peer_groups" / "peer_groups_2025-06.csv"
    mine.parent.mkdir()
    mine.write_text("peer_set,org_code\nmine,R0A\n", encoding="utf-8")
    done = wres(of, "run", tmp_path)
    assert done.exit_code == 0, done.output
    assert re.search(
        r"Nothing to publish yet: .* A real file has displaced \d+ synthetic ones: .* wres withdraw", done.stdout
    )
    assert release_ids(of) == [1]


def test_a_source_without_a_disclosure_policy_blocks(
    published_sample: Settings, sample_feeds: Path, copy_warehouse: Copy, tmp_path: Path
) -> None:
    of = copy_warehouse(published_sample)
    for folder in ("sources", "expectations", "dbt_project"):
        shutil.copytree(of.project / folder, tmp_path / folder, ignore=shutil.ignore_patterns("target", "logs"))
    registered = tmp_path / "sources" / "staff_survey.yml"
    description = yaml.safe_load(registered.read_text())
    del description["disclosure"]
    registered.write_text(yaml.safe_dump(description))
    undecided = replace(of, project=tmp_path)
    blocked = wres(undecided, "run", sample_feeds)
    assert blocked.exit_code == 3, blocked.output
    assert "V40" in blocked.stderr and "no disclosure policy" in blocked.stderr
    assert release_ids(of) == [1]
    # Even the candidate shows nothing that nobody decided to show.
    assert rows(of, "select count(*) from marts.indicator_result where white_pct is not null") == [(0,)]


def test_without_path_only_what_is_new_is_read(warehouse_home: Settings) -> None:
    """An empty landing folder is nothing wrong; a file refused before may stay where it is."""
    assert "Nothing to publish yet" in wres(warehouse_home, "run").stdout
    folder = warehouse_home.landing / "staff_survey"
    folder.mkdir(parents=True)
    (folder / "saved from the browser.xlsx").write_text("<!DOCTYPE html><html></html>")
    assert wres(warehouse_home, "run").exit_code == 1
    assert wres(warehouse_home, "run").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "nowhere does not exist."),
        (["--source", "payroll", "{file}"], "There is no source 'payroll'. Registered: board, employee_relations, org"),
        (["{file}"], "say which source it is with --source"),
        (["{folder}"], "no file of a registered source in"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_wrong_use(warehouse_home: Settings, tmp_path: Path, arguments: list[str], says: str) -> None:
    file = tmp_path / "results.xlsx"
    file.write_bytes(b"")
    given = [text.format(file=file, folder=tmp_path) for text in arguments]
    for command in ("run", "load"):
        wrong = wres(warehouse_home, command, *given)
        assert wrong.exit_code == 2, wrong.output
        assert says in wrong.stderr.replace("\n", " ")
        assert "Traceback" not in wrong.output
    assert rows(warehouse_home, "select count(*) from ops.load") == [(0,)]


def test_one_writer_at_a_time(published_sample: Settings) -> None:
    with warehouse.writer(published_sample):
        for command in (["build"], ["gate"], ["publish"], ["rollback", "1"]):
            busy = wres(published_sample, *command)
            assert busy.exit_code == 4
            assert "Another wres process is building or publishing." in busy.stderr
