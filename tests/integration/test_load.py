"""Loading: every file once, all or nothing, whoever runs it and whenever it is killed; and which rows are current."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import workbooks
from disturbed import PATIENCE

from wres import gate, load, status, warehouse
from wres.readers import content
from wres.settings import Settings

PROJECT = Path(__file__).parents[2]
MONTH = "sickness absence.csv"


def rows_of(of: Settings, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with warehouse.connect(of, "wres_loader") as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[call-overload]


def accept(of: Settings, *load_ids: int | None) -> None:
    """What the gate does to a sound load, without the seconds that judging takes; the gate has its own tests."""
    with warehouse.connect(of, "wres_loader", autocommit=True) as connection:
        for load_id in load_ids:
            assert load_id is not None
            load.accept(connection, load_id, [])


def months(path: Path, codes: Sequence[str] = ("RAA", "RBB"), **changes: str) -> Path:
    return workbooks.write_csv(
        path, [workbooks.WORKFORCE_HEADER, *[workbooks.workforce(code, **changes) for code in codes]]
    )


def survey(path: Path, codes: Sequence[str], first: float = 0.2, year: int = 2024) -> Path:
    """A benchmark workbook: the organisations of its acute sheet, and the first of its figures."""
    sheets = {sheet: [f"{code}{year}"[-5:] for code in of] for sheet, of in workbooks.BENCHMARK_SHEETS.items()}
    book = workbooks.benchmark((year,), {**sheets, "Acute&Acute Community Trusts": codes})
    book.sheets["Acute&Acute Community Trusts"][1][1] = first
    return book.write(path)


def in_process(of: Settings, code: str) -> subprocess.Popen[str]:
    """Start a Python process with a warehouse's settings as ``of``: a load that can be killed as a whole."""
    head = """
        import os, signal
        from pathlib import Path
        from wres import archive, gate, load
        from wres.settings import settings
        of = settings()
        def die():
            os.kill(os.getpid(), signal.SIGKILL)
    """
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT / "plugins"),
        "WRES_HOME": str(of.home),
        "WRES_PROJECT": str(of.project),
        "WRES_WAREHOUSE_URL": str(of.warehouse_url),
    }
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(code)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# -- One file ----------------------------------------------------------------------------------------------------------


def test_a_load_is_archived_read_and_waiting_for_the_gate(warehouse_home: Settings, tmp_path: Path) -> None:
    path = months(tmp_path / MONTH)
    loaded = load.load_file(warehouse_home, "organisations", path)
    assert (loaded.state, loaded.source, loaded.path, loaded.rows) == ("loaded", "organisations", path, 2)
    assert rows_of(
        warehouse_home,
        "select state, layout, source_table, period, revision, rows_loaded, is_synthetic, problems from ops.load",
    ) == [("loaded", "workforce", "organisations__workforce", "2025-03", None, 2, False, [])]
    [(sha256, source, name, size, archived_as)] = rows_of(
        warehouse_home, "select sha256, source, name, bytes, archived_as from ops.file"
    )
    assert (source, name, size) == ("organisations", MONTH, path.stat().st_size)
    archived = warehouse_home.home / archived_as
    assert archived == warehouse_home.archive / "organisations/2025-03" / sha256[:12] / MONTH
    assert archived.read_bytes() == path.read_bytes()
    assert stat.S_IMODE(archived.stat().st_mode) == 0o444
    assert rows_of(
        warehouse_home,
        "select _load_id, file_sha256, _sheet, _row_number, org_code, fte_days_lost"
        " from raw.organisations__workforce inner join ops.load on _load_id = load_id order by _row_number",
    ) == [(loaded.load_id, sha256, None, 2, "RAA", "10.5"), (loaded.load_id, sha256, None, 3, "RBB", "10.5")]
    assert rows_of(warehouse_home, "select source_table, period, org_code from ops.load_content") == [
        ("organisations__workforce", "2025-03", "*")
    ]
    assert rows_of(warehouse_home, "select * from ops.current_content") == [], "nothing is current before the gate"
    assert rows_of(warehouse_home, "select step, source, status, rows_out from ops.outcome") == [
        ("load", "organisations", "ok", 2)
    ]


def test_same_bytes_again_are_known(warehouse_home: Settings, tmp_path: Path) -> None:
    path = months(tmp_path / MONTH)
    first = load.load_file(warehouse_home, "organisations", path)
    copy = Path(shutil.copy(path, tmp_path / "copy of absence.csv"))
    # Not judged yet: the same load waits for the gate, under whichever name the bytes come.
    assert load.load_files(warehouse_home, "organisations", [path, copy]) == [first.load_id, first.load_id]
    accept(warehouse_home, first.load_id)
    again = load.load_file(warehouse_home, "organisations", copy)
    assert (again.state, again.load_id, again.rows) == ("known", first.load_id, 0)
    assert load.load_files(warehouse_home, "organisations", [path, copy]) == []
    assert rows_of(warehouse_home, "select count(*) from raw.organisations__workforce") == [(2,)]
    assert rows_of(warehouse_home, "select count(*) from ops.load") == [(1,)]


def test_rejected_file_is_reported_and_leaves_no_rows(warehouse_home: Settings, tmp_path: Path) -> None:
    header = [name.replace("ORG_TYPE", "Kind") for name in workbooks.WORKFORCE_HEADER]
    path = workbooks.write_csv(tmp_path / MONTH, [header, workbooks.workforce("RAA")])
    loaded = load.load_file(warehouse_home, "organisations", path)
    assert loaded.state == "rejected"
    [verdict] = gate.judge_loads(warehouse_home, [loaded.load_id or 0])
    assert (verdict.state, verdict.file_name, verdict.rows) == ("rejected", MONTH, 0)
    assert [problem.message for problem in verdict.problems] == [
        "header is not registered",
        "column org_type is missing or renamed",
    ]
    assert verdict.report is not None
    report = verdict.report.read_text()
    assert report.startswith(f"REJECTED  {MONTH} (organisations)\n  V11  row 1, column 8, value 'Kind': ")
    assert verdict.report.with_suffix(".xlsx").is_file()
    assert rows_of(warehouse_home, "select count(*) from raw.organisations__workforce") == [(0,)]
    assert rows_of(warehouse_home, "select step, status from ops.outcome") == [("load", "failed")]
    assert list(warehouse_home.archive.rglob(MONTH)), "what was rejected is kept as it came"


def test_new_columns_widen_a_raw_table(warehouse_home: Settings, tmp_path: Path) -> None:
    """A registry with a new column adds it; rows from before have nothing in it."""
    first = load.load_file(warehouse_home, "organisations", months(tmp_path / MONTH))
    of = changed_project(
        warehouse_home, tmp_path, "- sickness_absence_rate_percent", "- sickness_absence_rate_percent\n      - grade"
    )
    with (of.sources / "maps/organisations.csv").open("a") as file:
        file.write("workforce,GRADE,grade\n")
    path = workbooks.write_csv(
        tmp_path / "graded absence.csv", [[*workbooks.WORKFORCE_HEADER, "GRADE"], [*workbooks.workforce("RCC"), "7"]]
    )
    second = load.load_file(of, "organisations", path)
    assert rows_of(of, "select _load_id, org_code, grade from raw.organisations__workforce order by org_code") == [
        (first.load_id, "RAA", None),
        (first.load_id, "RBB", None),
        (second.load_id, "RCC", "7"),
    ]


def test_raw_table_that_has_the_hash_in_each_row_goes_on(warehouse_home: Settings, tmp_path: Path) -> None:
    """As tables were made before; the models in the warehouse stand on the column."""
    with warehouse.connect(warehouse_home, "wres_loader") as connection:
        load.sync_registry(warehouse_home, connection)
        connection.execute("alter table raw.organisations__workforce add _file_sha256 text not null default 'x'")
        connection.execute("create view pg_temp.staged as select _file_sha256 from raw.organisations__workforce")
        connection.execute("delete from ops.migration where digest like 'registry %'")
        load.sync_registry(warehouse_home, connection)
    assert load.load_file(warehouse_home, "organisations", months(tmp_path / MONTH)).rows == 2
    assert rows_of(warehouse_home, "select distinct _file_sha256 from raw.organisations__workforce") == [(None,)]


def changed_project(of: Settings, folder: Path, old: str, new: str) -> Settings:
    """The same warehouse under a registry of organisations in which a text was replaced."""
    project = folder / "project"
    if not project.exists():
        for part in ("sources", "expectations"):
            shutil.copytree(of.project / part, project / part)
    path = project / "sources/organisations.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return replace(of, project=project)


def test_registry_is_kept_as_sql(warehouse_home: Settings, tmp_path: Path) -> None:
    load.load_file(warehouse_home, "organisations", months(tmp_path / MONTH))
    query = "select source, disclosure_policy, due, array_to_string(visible_to, ', ') from ops.source"
    kept = {source: declared for source, *declared in rows_of(warehouse_home, query)}
    assert kept["organisations"] == ["already_public", None, "bi_reader, analyst"]
    assert kept["staff_survey"] == [
        "already_public",
        "by 31 March, the period of the year before",
        "bi_reader, analyst",
    ]
    assert kept["workforce"] == ["nhs_round5", "30 days after the end of the quarter", "bi_reader, analyst"]
    of = changed_project(warehouse_home, tmp_path, "policy: already_public", "policy: nhs_round5")
    load.load_file(of, "organisations", months(tmp_path / MONTH))
    assert rows_of(of, "select disclosure_policy from ops.source where source = 'organisations'") == [("nhs_round5",)]


# -- Which rows are current --------------------------------------------------------------------------------------------


def current(of: Settings) -> dict[tuple[str, str, str], int]:
    return {
        row[:3]: row[3]
        for row in rows_of(of, "select source_table, period, org_code, load_id from ops.current_content")
    }


def test_correction_is_revision_2_and_wins_for_its_organisations(warehouse_home: Settings, tmp_path: Path) -> None:
    first = load.load_file(warehouse_home, "staff_survey", survey(tmp_path / "Benchmark a.xlsx", ["RAA", "RBB"]))
    other_year = load.load_file(
        warehouse_home, "staff_survey", survey(tmp_path / "Benchmark b.xlsx", ["RAA", "RBB"], year=2023)
    )
    reference = load.load_file(warehouse_home, "organisations", months(tmp_path / MONTH))
    accept(warehouse_home, first.load_id, other_year.load_id, reference.load_id)
    before = current(warehouse_home)
    corrected = load.load_file(warehouse_home, "staff_survey", survey(tmp_path / "Benchmark c.xlsx", ["RAA"], 0.25))
    assert current(warehouse_home) == before, "a correction counts from its acceptance on"
    accept(warehouse_home, corrected.load_id)
    table = "staff_survey__benchmark"
    after = current(warehouse_home)
    assert after[table, "2024", "RAA"] == corrected.load_id
    assert after[table, "2024", "RBB"] == first.load_id, "who is missing from the correction keeps the older row"
    assert after[table, "2023", "RAA"] == other_year.load_id
    assert after["organisations__workforce", "2025-03", "*"] == reference.load_id
    assert set(after) == set(before)
    assert rows_of(warehouse_home, "select load_id, revision from ops.load order by load_id") == [
        (first.load_id, 1),
        (other_year.load_id, 1),
        (reference.load_id, 1),
        (corrected.load_id, 2),
    ]
    # Nothing is overwritten: the first revision's rows are there still.
    assert rows_of(
        warehouse_home,
        f"select _load_id, value from raw.{table} where organisation_code = 'RAA' and survey_year = '2024'"
        " and _column = 'B' order by _load_id",
    ) == [(first.load_id, "0.2"), (corrected.load_id, "0.25")]


def test_correction_of_reference_data_replaces_the_whole_month(warehouse_home: Settings, tmp_path: Path) -> None:
    first = load.load_file(warehouse_home, "organisations", months(tmp_path / "absence 1.csv"))
    second = load.load_file(warehouse_home, "organisations", months(tmp_path / "absence 2.csv", ["RAA"], kind="Others"))
    accept(warehouse_home, first.load_id, second.load_id)
    assert current(warehouse_home) == {("organisations__workforce", "2025-03", "*"): second.load_id}


def test_made_up_files_step_aside_once_anything_real_is_accepted(warehouse_home: Settings, tmp_path: Path) -> None:
    marked = (
        workbooks.WORKFORCE_HEADER,
        [*workbooks.workforce("RAA")[:6], "SYNTHETIC TRUST A", *workbooks.workforce("RAA")[7:]],
    )
    made_up = load.load_file(warehouse_home, "organisations", workbooks.write_csv(tmp_path / "absence 1.csv", marked))
    book = workbooks.benchmark()
    book.sheets["Notes"] = [["SYNTHETIC"]]
    workbook = load.load_file(warehouse_home, "staff_survey", book.write(tmp_path / "Benchmark.xlsx"))
    accept(warehouse_home, made_up.load_id, workbook.load_id)
    assert set(
        rows_of(warehouse_home, "select is_synthetic from ops.file union all select is_synthetic from ops.load")
    ) == {(True,)}
    assert len(current(warehouse_home)) == 7
    real = load.load_file(warehouse_home, "organisations", months(tmp_path / "absence 2.csv", on="30/04/2025"))
    assert len(current(warehouse_home)) == 7
    accept(warehouse_home, real.load_id)
    assert current(warehouse_home) == {("organisations__workforce", "2025-04", "*"): real.load_id}
    # A made-up file is no revision of a real one.
    again = months(tmp_path / "absence 3.csv", ["RSYNTHETIC"], on="30/04/2025")
    third = load.load_file(warehouse_home, "organisations", again)
    accept(warehouse_home, third.load_id)
    assert rows_of(warehouse_home, "select revision, is_synthetic from ops.load where load_id = %s", third.load_id) == [
        (1, True)
    ]
    assert current(warehouse_home) == {("organisations__workforce", "2025-04", "*"): real.load_id}


# -- Files of several periods -------------------------------------------------------------------------------------------

STAFF = ("snapshot_date", "org_code", "person_id", "ethnic_category", "staff_group", "pay_band")


def staff(path: Path, *people: Sequence[str]) -> Path:
    rows = [(on, code, person, "A", "Estates and Ancillary", "Band 2") for on, code, person in people]
    return workbooks.write_csv(path, [STAFF, *rows])


def test_each_row_counts_under_its_own_quarter(warehouse_home: Settings, tmp_path: Path) -> None:
    """A correction of one quarter takes the place of that quarter and of no other, also of a file that held both."""
    both = staff(
        tmp_path / "both.csv",
        *(
            ("2023-12-31", "RAA", "P1"),
            ("31/03/2024", "RAA", "P1"),
            ("2024-03-31", "RBB", "P2"),
            ("March", "RAA", "P3"),
        ),
    )
    first = load.load_file(warehouse_home, "workforce", both)
    second = load.load_file(warehouse_home, "workforce", staff(tmp_path / "late.csv", ("2023-12-31", "RAA", "P4")))
    accept(warehouse_home, first.load_id, second.load_id)
    assert rows_of(
        warehouse_home,
        "select _row_number, _period, snapshot_date, _sheet, code_system from raw.workforce__staff"
        " where _load_id = %s order by 1",
        first.load_id,
    ) == [
        (2, "2023-12", "2023-12-31", None, None),
        (3, "2024-03", "31/03/2024", None, None),
        (4, "2024-03", "2024-03-31", None, None),
        # Nobody can say when: it lands with the period of its file, for the gate to name it.
        (5, "2024-03", "March", None, None),
    ]
    assert current(warehouse_home) == {
        ("workforce__staff", "2023-12", "RAA"): second.load_id,
        ("workforce__staff", "2024-03", "RAA"): first.load_id,
        ("workforce__staff", "2024-03", "RBB"): first.load_id,
    }
    assert rows_of(warehouse_home, "select period, revision from ops.load order by load_id") == [
        ("2024-03", 1),
        ("2023-12", 2),
    ]


def test_event_file_without_a_name_gets_the_quarter_of_its_newest_date(
    warehouse_home: Settings, tmp_path: Path
) -> None:
    header = ("org_code", "person_id", "completed_on", "is_mandatory", "ethnic_category")
    rows = [("RAA", "P1", "2024-01-15", "n", "A"), ("RAA", "P2", "2023-11-15", "n", "A"), ("RBB", "P3", "", "n", "A")]
    path = workbooks.write_csv(tmp_path / "courses.csv", [header, *rows])
    loaded = load.load_file(warehouse_home, "training", path)
    accept(warehouse_home, loaded.load_id)
    assert rows_of(warehouse_home, "select _period, count(*) from raw.training__completion group by 1") == [
        ("2024-03", 3)
    ]
    assert set(current(warehouse_home)) == {
        ("training__completion", "2024-03", "RAA"),
        ("training__completion", "2024-03", "RBB"),
    }


def test_what_is_refused_while_copying_leaves_nothing(warehouse_home: Settings, tmp_path: Path) -> None:
    """Half a megabyte of good rows is on its way before the wrong ones are reached."""
    people = [("2024-03-31", "RAA", f"P{number}") for number in range(20_000)]
    path = staff(tmp_path / "w.csv", *people, ("2024-03-30", "RAA", "P"), *people[:100], ("2024-02-29", "RAA", "P"))
    assert path.stat().st_size > 2 * content.BLOCK
    loaded = load.load_file(warehouse_home, "workforce", path)
    assert (loaded.state, loaded.rows) == ("rejected", 0)
    for table in ("raw.workforce__staff", "ops.load_content"):
        assert rows_of(warehouse_home, f"select count(*) from {table}") == [(0,)]
    assert rows_of(
        warehouse_home,
        "select p ->> 'rule', p ->> 'row', p ->> 'value' from ops.load, jsonb_array_elements(problems) as p order by 2",
    ) == [("F05", "20002", "2024-03-30"), ("F05", "20103", "2024-02-29")]


def test_texts_survive_the_copy(warehouse_home: Settings, tmp_path: Path) -> None:
    """Whatever stands in a cell stands in raw; what is empty is null, quoted or not."""
    texts = ["a,b", 'a "b"', "a\nb", "a\r\nb", "\\.", "\\N", "é€𝄞", " ", "NULL", "\t"]
    path = staff(tmp_path / "w.csv", *(("2024-03-31", "RAA", text) for text in ["plain", *texts]))
    with path.open("a") as file:
        file.write('2024-03-31,"RAA","","",,Band 2\n')
    load.load_file(warehouse_home, "workforce", path)
    found = rows_of(warehouse_home, "select person_id from raw.workforce__staff order by _row_number")
    assert [text for (text,) in found] == ["plain", *texts, None]
    assert rows_of(
        warehouse_home,
        "select count(*) from raw.workforce__staff where ethnic_category is null and staff_group is null",
    ) == [(1,)]


# -- What is overdue ----------------------------------------------------------------------------------------------------


def test_what_is_overdue(warehouse_home: Settings, tmp_path: Path) -> None:
    """The return and the survey of each year; a quarterly feed once it is in use."""
    load.load_file(warehouse_home, "organisations", months(tmp_path / MONTH))

    def late(day: str) -> dict[str, str]:
        sentences = status.overdue(warehouse_home, date.fromisoformat(day))
        return dict(sentence.split(": ", 1) for sentence in sentences)

    assert set(late("2024-07-31")) == {"staff_survey", "wres_return"}
    assert late("2024-07-31")["wres_return"] == "period 2023 was due by 31 August 2023; accepted so far: nothing"
    first = load.load_file(warehouse_home, "workforce", staff(tmp_path / "w.csv", ("2024-03-31", "RAA", "P1")))
    accept(warehouse_home, first.load_id)
    assert "workforce" not in late("2024-07-30")
    assert late("2024-07-31")["workforce"] == "period 2024-06 was due by 30 July 2024; accepted so far: 2024-03"
    returned = workbooks.write_csv(
        tmp_path / "r.csv",
        [
            ("org_code", "wres_year", "indicator", "slice", "data_item", "white", "bme", "unknown"),
            ("RAA", "2024", "3", "", "nil_return", "", "", ""),
        ],
    )
    accept(warehouse_home, load.load_file(warehouse_home, "wres_return", returned).load_id)
    assert "wres_return" not in late("2025-08-31")
    assert "wres_return" in late("2025-09-01")


# -- What is in the landing folder -------------------------------------------------------------------------------------


def test_feeds_are_told_from_what_else_lies_there(warehouse_home: Settings, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    wanted = [drop / "organisations/etr.csv", drop / "organisations/2025/succ.csv", drop / "staff_survey/a.xlsx"]
    others = [
        drop / "README.md",
        drop / "notes.xlsx",
        drop / "organisations/.etr.csv.swp",
        drop / "organisations/.hidden/etr.csv",
        drop / "organisations/read me.txt",
        drop / "organisations/etr.csv.part",
        drop / "organisations/Thumbs.db",
        drop / "organisations/desktop.ini",
        drop / "staff_survey/~$a.xlsx",
        drop / "unknown_source/a.csv",
    ]
    for path in (*wanted, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    found = load.feed_files(warehouse_home, [drop])
    assert sorted(found) == sorted((path.relative_to(drop).parts[0], path) for path in wanted)
    assert load.feed_files(warehouse_home, [drop / "staff_survey"]) == [("staff_survey", wanted[2])]
    assert load.feed_files(warehouse_home, [wanted[1]]) == [("organisations", wanted[1])]
    # A named file is wanted, whatever it is called; and a named source holds for all.
    assert load.feed_files(warehouse_home, [drop / "notes.xlsx"], "staff_survey") == [
        ("staff_survey", drop / "notes.xlsx")
    ]


def test_file_without_a_source_says_what_to_do(warehouse_home: Settings, tmp_path: Path) -> None:
    path = months(tmp_path / MONTH)
    with pytest.raises(
        load.UnknownSourceError, match=r"with --source \(.*organisations, .*staff_survey.*\), or put it into a folder"
    ):
        load.feed_files(warehouse_home, [path])
    with pytest.raises(load.UnknownSourceError, match=r"There is no source 'esr'\. Registered: board, .*staff_survey"):
        load.feed_files(warehouse_home, [path], "esr")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv does not exist"):
        load.feed_files(warehouse_home, [tmp_path / "nowhere.csv"])


def test_discovery_finds_what_is_new_once(warehouse_home: Settings, tmp_path: Path) -> None:
    assert load.discover(warehouse_home) == []
    path = months(warehouse_home.landing / "organisations" / MONTH)
    shutil.copy(path, path.with_name("the same absence.csv"))
    survey(warehouse_home.landing / "staff_survey/Benchmark.xlsx", ["RAA"])
    found = load.discover(warehouse_home)
    assert [(each.source, each.path.name) for each in found] == [
        ("organisations", MONTH),
        ("staff_survey", "Benchmark.xlsx"),
    ]
    assert [each.source for each in load.discover(warehouse_home, "staff_survey")] == ["staff_survey"]
    ids = load.load_files(warehouse_home, "organisations", [found[0].path])
    # Its run may have been killed before the gate: until it is judged it is offered again, and loaded no second time.
    assert load.discover(warehouse_home) == found
    assert load.load_files(warehouse_home, "organisations", [found[0].path]) == ids
    accept(warehouse_home, *ids)
    assert load.discover(warehouse_home) == found[1:]


def test_rejected_file_is_looked_at_again_when_the_rules_change(warehouse_home: Settings, tmp_path: Path) -> None:
    header = [name.replace("ORG_TYPE", "Kind of organisation") for name in workbooks.WORKFORCE_HEADER]
    path = workbooks.write_csv(warehouse_home.landing / "organisations" / MONTH, [header, workbooks.workforce("RAA")])
    [found] = load.discover(warehouse_home)
    first = load.load_file(warehouse_home, "organisations", path)
    assert first.state == "rejected"
    assert load.discover(warehouse_home) == [], "the same rules would say the same"
    of = changed_project(warehouse_home, tmp_path, "source: organisations", "source: organisations")
    with (of.sources / "maps/organisations.csv").open("a") as file:
        file.write("workforce,Kind of organisation,org_type\n")
    assert load.discover(of) == [found]
    second = load.load_file(of, "organisations", path)
    assert second.state == "loaded"
    accept(of, second.load_id)
    assert load.discover(of) == []
    assert rows_of(of, "select load_id, state, revision from ops.load order by load_id") == [
        (first.load_id, "rejected", None),
        (second.load_id, "accepted", 1),
    ]


def test_file_dropped_under_the_wrong_source_can_be_moved(warehouse_home: Settings) -> None:
    wrong = months(warehouse_home.landing / "staff_survey" / MONTH)
    assert load.load_file(warehouse_home, "staff_survey", wrong).state == "rejected"
    right = warehouse_home.landing / "organisations" / MONTH
    right.parent.mkdir()
    shutil.copy(wrong, right)
    assert [found.path for found in load.discover(warehouse_home)] == [right]
    loaded = load.load_file(warehouse_home, "organisations", right)
    assert loaded.state == "loaded"
    accept(warehouse_home, loaded.load_id)
    assert load.discover(warehouse_home) == []
    # Where it was dropped by mistake it stays rejected: it is no file of that source.
    assert load.load_file(warehouse_home, "staff_survey", wrong).state == "rejected"


# -- Killed, and at once -----------------------------------------------------------------------------------------------

KILLS = {
    "before the archive": "archive.archive = lambda *a: die()",
    "while archiving": "archive._write_manifest = lambda *a, **k: die()",
    "after the archive": "load.sync_registry = lambda *a: die()",
    "before the COPY": "load._copy = lambda *a: die()",
    "in the COPY": """
        from wres.readers import content
        content.BLOCK = 10_000
        true_read = load.read
        def read(*arguments):
            batch = true_read(*arguments)
            def blocks(stamp, all_blocks=batch.blocks):
                for number, block in enumerate(all_blocks(stamp)):
                    if number == 10:
                        die()
                    yield block
            batch.blocks = blocks
            return batch
        load.read = read
    """,
    "after the COPY": "archive.settle = lambda *a: die()",
    "after settling": "load._json = lambda *a: die()",
    "before the gate": "gate.loads.open_judge = lambda *a: die()",
}


def state_of(of: Settings) -> dict[str, Any]:
    """Everything that a run leaves behind, but for ids and times."""
    return {
        "raw": rows_of(
            of,
            "select file_sha256, _row_number, old_code, new_code"
            " from raw.organisations__successor inner join ops.load on _load_id = load_id order by 2",
        ),
        "loads": rows_of(
            of, "select file_sha256, state, layout, period, revision, rows_loaded, rows_rejected from ops.load"
        ),
        "files": rows_of(of, "select sha256, source, name, bytes, archived_as, is_synthetic from ops.file"),
        "content": rows_of(of, "select source_table, period, org_code from ops.load_content"),
        "current": rows_of(of, "select source_table, period, org_code from ops.current_content"),
        "archive": sorted(
            str(path.relative_to(of.archive)) for path in of.archive.rglob("*") if ".incoming-" not in str(path)
        ),
        "views": rows_of(of, "select table_name from information_schema.views where table_schema = 'gate'"),
    }


@pytest.fixture(scope="module")
def many_successors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough rows that a COPY is well under way when it is killed."""
    rows = (workbooks.successor(f"A{number}", f"B{number}") for number in range(8_000))
    return workbooks.write_csv(tmp_path_factory.mktemp("killed") / "succarc.csv", rows)


def finished(of: Settings, path: Path) -> dict[str, Any]:
    loaded = load.load_file(of, "organisations", path)
    assert loaded.state == "loaded"
    accept(of, loaded.load_id)
    return state_of(of)


@pytest.fixture(scope="module")
def undisturbed(new_warehouse: Callable[..., Settings], many_successors: Path) -> dict[str, Any]:
    state = finished(new_warehouse(), many_successors)
    assert len(state["raw"]) == 8_000
    return state


@pytest.mark.parametrize("moment", KILLS)
def test_killed_load_and_the_same_command_again(
    warehouse_home: Settings, many_successors: Path, undisturbed: dict[str, Any], moment: str
) -> None:
    process = in_process(
        warehouse_home,
        textwrap.dedent(KILLS[moment])
        + f"\nids = load.load_files(of, 'organisations', [{str(many_successors)!r}])\ngate.judge_loads(of, ids)",
    )
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, errors
    assert rows_of(warehouse_home, "select 1 from ops.current_content") == [], "a killed load has no effect"
    assert finished(warehouse_home, many_successors) == undisturbed
    # And once more: nothing is left to do.
    assert load.load_file(warehouse_home, "organisations", many_successors).state == "known"
    assert state_of(warehouse_home) == undisturbed


def test_two_processes_load_a_file_once(
    warehouse_home: Settings, many_successors: Path, undisturbed: dict[str, Any]
) -> None:
    code = f"""
        loaded = load.load_file(of, 'organisations', Path({str(many_successors)!r}))
        print(loaded.state, loaded.load_id)
    """
    processes = [in_process(warehouse_home, code) for _ in range(3)]
    said = []
    for process in processes:
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        said.append(output)
    assert len(set(said)) == 1, "all three have the one load to hand to the gate"
    assert finished(warehouse_home, many_successors) == undisturbed


def test_two_runs_judge_a_load_once(warehouse_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both runs have the load on their list: the second finds the verdict of the first."""
    loaded = load.load_file(warehouse_home, "organisations", months(tmp_path / MONTH))
    judged: list[int] = []

    def judge(settings: Settings, connection: psycopg.Connection, of_gate: object, judge: object, load_id: int) -> None:
        judged.append(load_id)
        time.sleep(0.5)
        load.accept(connection, load_id, [])

    monkeypatch.setattr(gate.loads, "open_judge", lambda settings: None)
    monkeypatch.setattr(gate.loads, "_judge_load", judge)
    verdicts: list[gate.Verdict] = []
    runs = [
        threading.Thread(target=lambda: verdicts.extend(gate.judge_loads(warehouse_home, [loaded.load_id or 0] * 2)))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert judged == [loaded.load_id]
    assert [verdict.state for verdict in verdicts] == ["accepted", "accepted"]


def test_withdrawn_load_gives_way_to_what_it_had_superseded(warehouse_home: Settings, tmp_path: Path) -> None:
    """A file accepted by mistake is taken back; its bytes may be loaded again, under another period too."""
    first, second = tmp_path / "a" / "etr_2026-07.csv", tmp_path / "b" / "etr_2026-07.csv"
    for path, name in ((first, "FIRST NHS TRUST"), (second, "SECOND NHS TRUST")):
        path.parent.mkdir()
        path.write_text(",".join(f'"{cell}"' for cell in ("RAA", name, "Y59", "QKS", *[""] * 23)) + "\n")
    loads = [load.load_file(warehouse_home, "organisations", path).load_id or 0 for path in (first, second)]
    with warehouse.connect(warehouse_home, "wres_loader", autocommit=True) as connection:
        for load_id in loads:
            load.accept(connection, load_id, [])
    known = load.load_file(warehouse_home, "organisations", first)
    assert known.state == "known" and f"superseded by load {loads[1]}" in known.remark
    other = load.load_file(warehouse_home, "organisations", second, "2026-08")
    assert "in force for period 2026-07, not 2026-08" in other.remark

    assert load.withdraw(warehouse_home, loads[1], "sent by mistake") == "etr_2026-07.csv"
    in_force = "select load_id from ops.current_content"
    assert rows_of(warehouse_home, in_force) == [(loads[0],)]
    assert rows_of(warehouse_home, f"select 1 from raw.organisations__trust where _load_id = {loads[1]}") == []
    assert load.load_file(warehouse_home, "organisations", first).remark == ""
    with pytest.raises(load.UnknownLoadError, match=f"no accepted load {loads[1]}"):
        load.withdraw(warehouse_home, loads[1], "again")
    again = load.load_file(warehouse_home, "organisations", second)
    assert again.state == "loaded" and again.load_id not in loads


@pytest.mark.parametrize(
    ("name", "period", "state"),
    [
        ("etr.csv", "2026-07", "loaded"),
        ("2026-07/etr.csv", None, "loaded"),
        ("etr.csv", "2026", "rejected"),
        ("etr.csv", "lately", "rejected"),
        ("etr.csv", "../../x", "rejected"),
        ("etr_2026-99.csv", None, "rejected"),
    ],
)
def test_period_is_a_month_of_the_calendar_or_the_file_is_refused(
    warehouse_home: Settings, tmp_path: Path, name: str, period: str | None, state: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(",".join(f'"{cell}"' for cell in ("RAA", "A NHS TRUST", "Y59", "QKS", *[""] * 23)) + "\n")
    loaded = load.load_file(warehouse_home, "organisations", path, period)
    assert loaded.state == state
    [(problems,)] = rows_of(warehouse_home, "select problems from ops.load")
    assert [problem["rule"] for problem in problems] == ([] if state == "loaded" else ["F05"])
    assert {folder.name for folder in warehouse_home.archive.glob("*/*")} <= {"2026-07", "unsorted"}


def test_renamed_file_is_looked_at_again(warehouse_home: Settings) -> None:
    """The name may hold the period: what was refused as etr.csv is new as etr_2026-07.csv."""
    folder = warehouse_home.landing / "organisations"
    folder.mkdir(parents=True)
    path = folder / "etr.csv"
    path.write_text(",".join(f'"{cell}"' for cell in ("RAA", "A NHS TRUST", "Y59", "QKS", *[""] * 23)) + "\n")
    assert load.load_file(warehouse_home, "organisations", path).state == "rejected"
    assert load.discover(warehouse_home) == []
    renamed = path.rename(folder / "etr_2026-07.csv")
    assert [found.path for found in load.discover(warehouse_home)] == [renamed]
    loaded = load.load_file(warehouse_home, "organisations", renamed)
    assert rows_of(warehouse_home, f"select file_name from ops.load where load_id = {loaded.load_id}") == [
        ("etr_2026-07.csv",)
    ]
    assert loaded.state == "loaded"
