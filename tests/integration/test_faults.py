"""``kill -9`` at named and at random moments, and several at once: the same command then gives the undisturbed result."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from candidates import stage_candidate
from commands import benchmark_cell, changed_workbook, folder_with, wres
from disturbed import (
    Faults,
    administrator,
    dead,
    figures,
    finished,
    killed,
    raw_rows,
    raw_tables,
    started,
    stopped_at,
    wait_until,
)

from wres.settings import Settings

KILLED = "kill -9"

# Where, at what moment in words, the point (see kill_point) and its number. Each goes on from where the one before has died.
IN_LOAD = [
    ("archive", "a file half copied", "before os:fsync", 1),
    ("archive", "a copy complete, without its name", "before pathlib:Path.rename", 1),
    ("archive", "a file archived, not registered", "before sql:insert into ops.file", 1),
    ("load", "a file registered, not read", "before wres.load:_copy", 1),
    ("load", "in COPY", "after psycopg:Copy.write", 1),
    ("load", "the manifest half written", "before pathlib:Path.replace", 1),
    ("load", "a file under its period, nothing committed", "before sql:update ops.file set archived_as", 1),
    ("load", "rows committed, no outcome", "before sql:insert into ops.outcome", 1),
    ("raw gate", "expectations judged, nothing recorded", "after wres.gate.judge:Judge.put", 1),
    ("verdict", "results recorded, nothing accepted", "before wres.load:accept", 1),
    ("verdict", "some files accepted, others not", "before wres.load:accept", 3),
]
IN_BUILD = [
    ("build", "in staging", "to_regclass('staging.stg_ops__current_content') is not null"),
    ("build", "in intermediate", "to_regclass('intermediate.dim_organisation') is not null"),
    ("build", "in marts", "exists (select from pg_tables where schemaname = 'marts')"),
]
IN_GATE = [
    ("marts gate", "expectations judged, nothing recorded", "after wres.gate.judge:Judge.put", 2),
    ("marts gate", "results not recorded", "before wres.gate.candidate:record", 1),
    ("marts gate", "results recorded, no verdict", "before sql:update ops.candidate", 1),
]
IN_PUBLISH = [
    ("publish", "before the swap", "before wres.publish:_swap_in_candidate", 1),
    ("publish", "in the swap: schema renamed", "before sql:insert into ops.release (", 1),
    ("publish", "in the swap: views replaced", "before wres.publish:_copy_comments", 1),
    ("publish", "after the swap", "before wres.publish:prune", 1),
    ("clean-up", "schema dropped, nothing committed", "before sql:update ops.release set dropped_at", 1),
    ("clean-up", "before the Data Docs go", "before shutil:rmtree", 1),
]


def nothing_left_behind(of: Settings) -> None:
    """What holds after any kill, before anything is run again."""
    with administrator(of) as connection:
        deadline = time.monotonic() + 30
        # The server notices the death of a client at its next message.
        while connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and usename like 'wres\\_%'"
        ).fetchone() != (0,):
            assert time.monotonic() < deadline, "sessions of the killed process live on"
            time.sleep(0.05)
        orphans = connection.execute(
            "select nspname from pg_namespace where nspname like 'release\\_%'"
            " and nspname not in (select schema_name from ops.release where dropped_at is null)"
        ).fetchall()
        assert orphans == []
        [(current, releases)] = connection.execute(
            "select count(*) filter (where is_current), count(*) from ops.release"
        ).fetchall()
        assert current == min(releases, 1)
        for table in raw_tables(connection):
            half = connection.execute(
                f"select distinct _load_id from raw.{table} where _load_id not in"
                " (select load_id from ops.load where state in ('loaded', 'accepted'))"
            ).fetchall()
            assert half == []


def tidy(of: Settings, files: int) -> None:
    """What holds after a load that was not disturbed, whatever happened before."""
    nothing_left_behind(of)
    with administrator(of) as connection:
        states = connection.execute(
            "select state, count(*), count(distinct file_sha256) from ops.load group by 1"
        ).fetchall()
        assert states == [("accepted", files, files)]
        for table in raw_tables(connection):
            rows = connection.execute(
                f"select (select count(*) from raw.{table}), (select coalesce(sum(rows_loaded - rows_rejected), 0)"
                f" from ops.load where source_table = '{table}')"
            ).fetchone()
            assert rows is not None and rows[0] == rows[1]
        judged = connection.execute(
            "select relname from pg_class where relnamespace = 'gate'::regnamespace and relkind in ('r', 'v')"
        ).fetchall()
        assert judged in ([], [("previous_indicator_result",)])
        archived = connection.execute("select archived_as, bytes from ops.file").fetchall()
    # No file is lost, none is there twice, and no half-made copy or manifest lies about.
    held = {path for path in of.archive.rglob("*") if path.is_file()}
    files_held = {of.home / name for name, _ in archived}
    assert held == files_held | {path.with_name("manifest.json") for path in files_held}
    assert {path: path.stat().st_size for path in files_held} == {of.home / name: size for name, size in archived}
    assert not list(of.archive.rglob(".incoming-*"))


def number_of_files(feeds: Path) -> int:
    return len([path for path in feeds.rglob("*") if path.is_file()])


@pytest.fixture
def candidate(published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]) -> Settings:
    """A warehouse whose release 1 stands in marts as a candidate again, not judged; one release is kept."""
    of = replace(copy_warehouse(published_sample), keep_releases=1)
    stage_candidate(of, "the same figures")
    return of


def test_killed_at_every_step_of_load_and_build_a_run_still_ends_as_if_undisturbed(
    new_warehouse: Callable[..., Settings], published_sample: Settings, sample_feeds: Path, faults: Faults
) -> None:
    of = new_warehouse()
    files = number_of_files(sample_feeds)
    with ExitStack() as survived:
        for step, moment, point, count in IN_LOAD:
            survived.enter_context(faults(KILLED, f"{step}: {moment}"))
            dead(started(of, "load", sample_feeds, point=(point, count)))
            nothing_left_behind(of)
        for step, moment, condition in IN_BUILD:
            survived.enter_context(faults(KILLED, f"{step}: {moment}"))
            process = started(of, "run", sample_feeds)
            wait_until(of, condition, process)
            killed(process)
            nothing_left_behind(of)
        survived.enter_context(faults(KILLED, "growth: some models written, nothing committed"))
        dead(started(of, "run", sample_feeds, point=("after wres.growth:_write", 1)))
        nothing_left_behind(of)

        said = finished(started(of, "run", sample_feeds))
        assert "Published release 1 (synthetic)" in said
        assert said.count("already known: ") == files
        tidy(of, files)
        with administrator(of) as connection:
            assert connection.execute("select count(*) from ops.candidate").fetchone() == (0,)
        assert raw_rows(of) == raw_rows(published_sample)
        assert figures(of) == figures(published_sample)
        assert figures(of, "published.yearly_change") == figures(published_sample, "published.yearly_change")
        assert figures(of, "published.organisation") == figures(published_sample, "published.organisation")


def test_killed_at_every_step_of_gate_publish_and_clean_up(
    candidate: Settings, published_sample: Settings, faults: Faults
) -> None:
    with ExitStack() as survived:
        for step, moment, point, count in IN_GATE:
            survived.enter_context(faults(KILLED, f"{step}: {moment}"))
            dead(started(candidate, "gate", point=(point, count)))
            nothing_left_behind(candidate)
            early = wres(candidate, "publish")
            assert (early.exit_code, "has not passed its gate" in early.stderr) == (3, True)
        finished(started(candidate, "gate"))
        for step, moment, point, count in IN_PUBLISH:
            survived.enter_context(faults(KILLED, f"{step}: {moment}"))
            dead(started(candidate, "publish", point=(point, count)))
            nothing_left_behind(candidate)
            assert figures(candidate) == figures(published_sample), "readers see one whole release, the old or the new"
        finished(started(candidate, "publish"))
        with administrator(candidate) as connection:
            listed = connection.execute(
                "select release_id, is_current, dropped_at is null, data_docs from ops.release order by 1"
            ).fetchall()
            assert [row[:3] for row in listed] == [(1, False, False), (2, True, True)]
            assert connection.execute("select count(*) from ops.candidate").fetchone() == (0,)
        assert [str(path.relative_to(candidate.home)) for path in candidate.data_docs.iterdir()] == [listed[1][3]]
        nothing_left_behind(candidate)


def test_killed_in_a_rollback(candidate: Settings, published_sample: Settings, faults: Faults) -> None:
    of = replace(candidate, keep_releases=8)
    finished(started(of, "gate"))
    finished(started(of, "publish"))
    with faults(KILLED, "rollback: in the swap"):
        dead(started(of, "rollback", 1, point=("before sql:update ops.release set is_current = true", 1)))
        nothing_left_behind(of)
        with administrator(of) as connection:
            current = "select release_id from ops.release where is_current"
            assert connection.execute(current).fetchone() == (2,)
            finished(started(of, "rollback", 1))
            assert connection.execute(current).fetchone() == (1,)
        assert figures(of) == figures(published_sample)


def test_killed_at_random_moments(
    new_warehouse: Callable[..., Settings],
    copy_warehouse: Callable[[Settings], Settings],
    published_sample: Settings,
    sample_feeds: Path,
    faults: Faults,
) -> None:
    """For twenty seconds, or WRES_FAULT_SECONDS; other moments in every session, or those of WRES_FAULT_SEED."""
    seed = int(os.environ.get("WRES_FAULT_SEED", time.time()))
    print(f"WRES_FAULT_SEED={seed}")  # shown when what follows fails
    moments = random.Random(seed)

    def staged(gate_passed: bool | None) -> Settings:
        of = copy_warehouse(published_sample)
        stage_candidate(of, "the same figures", gate_passed=gate_passed)
        return of

    # What makes a warehouse to begin with, the command, the latest moment in seconds, what has to come out.
    work: dict[str, tuple[Callable[[], Settings], tuple[object, ...], float, Callable[[Settings], object]]] = {
        "load": (new_warehouse, ("load", sample_feeds), 8, raw_rows),
        "build": (lambda: copy_warehouse(published_sample), ("build",), 25, marts),
        "gate": (lambda: staged(None), ("gate",), 6, marts),
        "publish": (lambda: staged(True), ("publish",), 2, figures),
    }
    expected = {"load": raw_rows(published_sample), "publish": figures(published_sample)}
    expected["build"] = expected["gate"] = expected["publish"]
    disturbed: dict[str, tuple[Settings, ExitStack]] = {}

    def check(step: str) -> None:
        of, survived = disturbed.pop(step)
        with survived:
            nothing_left_behind(of)
            assert work[step][3](of) == expected[step]

    deadline = time.monotonic() + float(os.environ.get("WRES_FAULT_SECONDS", "20"))
    while time.monotonic() < deadline:
        step = moments.choice(list(work))
        make, command, longest, _ = work[step]
        if step not in disturbed:
            disturbed[step] = make(), ExitStack()
        of, survived = disturbed[step]
        process = started(of, *command)
        with suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0.2, longest))
        process.kill()
        if process.wait(30) == -signal.SIGKILL:
            survived.enter_context(faults(f"{KILLED} at a random moment", step))
            nothing_left_behind(of)
        else:
            finished(process)
            check(step)
    for step, (of, _) in list(disturbed.items()):
        finished(started(of, *work[step][1]))
        check(step)


def marts(of: Settings) -> list[tuple]:
    return figures(of, "marts.restricted_indicator_result")


# -- Several at once ----------------------------------------------------------------------------------------------------


def corrected(sample_feeds: Path, folder: Path, by: float) -> Path:
    """A folder with a workbook in which one figure of the sample is another."""
    original = next((sample_feeds / "staff_survey").glob("*enchmark*.xlsx"))
    sheet, _, row, column, value = benchmark_cell(original, "q16b_eth_summary_1_2024")
    workbook = changed_workbook(
        original, folder / original.name, lambda book: book[sheet].__setitem__(f"{column}{row}", value + by)
    )
    return folder_with(folder / "feeds", workbook)


def test_two_loads_at_once_count_each_file_once(
    new_warehouse: Callable[..., Settings], published_sample: Settings, sample_feeds: Path, faults: Faults
) -> None:
    of = new_warehouse()
    with faults("at once", "two loads of the same files"):
        for process in [started(of, "load", sample_feeds), started(of, "load", sample_feeds)]:
            finished(process)
        tidy(of, number_of_files(sample_feeds))
        assert raw_rows(of) == raw_rows(published_sample)


def test_three_runs_at_once_and_a_load_during_the_build(
    published_sample: Settings,
    sample_feeds: Path,
    copy_warehouse: Callable[[Settings], Settings],
    tmp_path: Path,
    faults: Faults,
) -> None:
    """One builds at a time; what is accepted while dbt works is in the next release, whole, and no release is made twice."""
    of = copy_warehouse(published_sample)
    first, second = (corrected(sample_feeds, tmp_path / name, by) for name, by in (("first", 0.01), ("second", 0.02)))
    contents_read = "to_regclass('staging.stg_ops__current_content')::oid"
    with administrator(of) as connection:
        (loads,) = connection.execute("select count(*) from ops.load").fetchone()
        (before,) = connection.execute(f"select {contents_read}").fetchone()
    with faults("at once", "three runs"), faults("at once", "a load during a build"):
        runs = [started(of, "run", first) for _ in range(3)]
        building = (
            f"{contents_read} <> {before} and exists (select from pg_stat_activity where usename ~ 'transformer')"
        )
        wait_until(of, building, runs[0])
        finished(started(of, "load", second))
        said = [finished(process) for process in runs]
        with administrator(of) as connection:
            releases = connection.execute("select array_agg(release_id order by 1) from ops.release").fetchone()
            newest = connection.execute(
                "select release_id, array_agg(load_id order by 1) filter (where load_id > %s)"
                " from ops.release_input group by 1 order by 1",
                [loads],
            ).fetchall()
        assert releases == ([1, 2, 3],)
        for sentence in ("Published release 2", "Published release 3", "Nothing new: release 3"):
            assert sum(sentence in text for text in said) == 1
        # The second correction restates the first, which is then no input any more.
        assert newest[1:] == [(2, [loads + 1]), (3, [loads + 2])]
        tidy(of, loads + 2)


def test_rollback_during_a_publish_waits_its_turn(
    candidate: Settings, published_sample: Settings, faults: Faults
) -> None:
    of = replace(candidate, keep_releases=8)
    finished(started(of, "gate"))
    current = "select release_id from ops.release where is_current"
    with faults("at once", "a rollback during a publish"), administrator(of) as connection:
        with stopped_at(of, "lock table ops.release in share mode") as standing_still:
            publishing = started(of, "publish")
            wait_until(of, standing_still, publishing)
            refused = wres(of, "rollback", 1)
            assert refused.exit_code == 4
            assert "Another wres process is building or publishing" in refused.stderr
            assert connection.execute(current).fetchone() == (1,)
        finished(publishing)
        assert connection.execute(current).fetchone() == (2,)
        finished(started(of, "rollback", 1))
        assert connection.execute(current).fetchone() == (1,)
        nothing_left_behind(of)
        assert figures(of) == figures(published_sample)


# -- A clock that is put back ---------------------------------------------------------------------------------------------


def test_clock_put_back_changes_no_order(
    candidate: Settings, published_sample: Settings, sample_feeds: Path, tmp_path: Path, faults: Faults
) -> None:
    """All that is recorded bears times of next year; what comes now is newer all the same."""
    of = replace(candidate, keep_releases=8)
    with administrator(of) as connection:
        stamps = connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'ops'"
            " and data_type like 'timestamp%' and table_name in (select tablename from pg_tables where schemaname = 'ops')"
        ).fetchall()
        assert len(stamps) > 8
        for table, column in stamps:
            connection.execute(f"update ops.{table} set {column} = {column} + interval '1 year'")
    with faults("clock", "put back by a year"):
        (load,) = (path for path in (corrected(sample_feeds, tmp_path, 0.01) / "staff_survey").iterdir())
        assert wres(of, "load", "--source", "staff_survey", load).exit_code == 0
        with administrator(of) as connection:
            in_force = connection.execute(
                "select distinct file_name = %s, l.load_id = (select max(load_id) from ops.load), l.revision"
                " from ops.current_content as c inner join ops.load as l on c.load_id = l.load_id"
                " where l.source_table = (select source_table from ops.load order by load_id desc limit 1)"
                " and l.period = (select period from ops.load order by load_id desc limit 1) and file_name = %s",
                [load.name, load.name],
            ).fetchall()
        assert in_force == [(True, True, 2)], "the newest load is in force, whatever its time"
        assert wres(of, "gate").exit_code == 0
        assert wres(of, "publish").exit_code == 0
        with administrator(of) as connection:
            judged = connection.execute(
                "select count(*) > 0 from ops.gate_result where gate = 'marts' and release_id = 2"
            ).fetchone()
        assert judged == (True,), "a release's results are those of its own judgement"
        assert "  2  " in wres(of, "releases").stdout.splitlines()[0]
        assert "release    2" in wres(of, "status").stdout
        assert wres(of, "rollback", 1).exit_code == 0
        assert figures(of) == figures(published_sample)
