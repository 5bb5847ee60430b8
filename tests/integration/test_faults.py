"""``kill -9`` at named and at random moments, and two runs at once: the same command then gives the undisturbed result."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from candidates import administrator
from commands import benchmark_cell, changed_workbook, environment, folder_with

from wres.settings import Settings

PLUGINS = Path(__file__).parents[2] / "plugins"
PATIENCE = 400


def started(of: Settings, feeds: Path) -> subprocess.Popen[str]:
    """``python -m wres run FEEDS`` on its way."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "wres", "run", str(feeds)],
        env={**os.environ, **environment(of), "PYTHONPATH": str(PLUGINS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return said


def killed(process: subprocess.Popen[str]) -> None:
    """No chance to clean up, neither for it nor for what it started."""
    os.kill(process.pid, signal.SIGKILL)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, f"it had ended before it was killed: {said}"


def wait_until(of: Settings, condition: str, process: subprocess.Popen[str]) -> None:
    """Wait for a condition in SQL, as long as the process lives."""
    deadline = time.monotonic() + PATIENCE
    with administrator(of) as connection:
        while connection.execute(f"select {condition}").fetchone() != (True,):
            assert process.poll() is None, f"it ended first: {process.communicate()[0]}"
            assert time.monotonic() < deadline, f"never came true: {condition}"
            time.sleep(0.02)


@contextmanager
def stopped_at(of: Settings, lock: str) -> Iterator[str]:
    """Hold a lock, so that a run stands still in the midst of the transaction that needs it; gives SQL that tells when."""
    with psycopg.connect(of.warehouse_url or "") as holder:
        holder.execute(lock)
        pid = holder.info.backend_pid
        yield f"exists (select from pg_stat_activity where {pid} = any(pg_blocking_pids(pid)))"
        holder.rollback()


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


def raw_tables(connection: psycopg.Connection) -> list[str]:
    return [row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'raw'")]


def tidy(of: Settings, files: int) -> None:
    """What holds after a run that was not disturbed, whatever happened before."""
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
        assert connection.execute("select count(*) from ops.candidate").fetchone() == (0,)
    assert not list(of.archive.rglob(".incoming-*/*"))


def figures(of: Settings, view: str = "restricted.indicator_result") -> list[tuple]:
    with administrator(of) as connection:
        return connection.execute(f"select t::text from {view} as t order by 1").fetchall()


def test_killed_at_every_step_a_run_still_ends_as_if_undisturbed(
    new_warehouse: Callable[..., Settings], published_sample: Settings, sample_feeds: Path
) -> None:
    of = new_warehouse()
    files = len([path for path in sample_feeds.rglob("*") if path.is_file()])

    # In the COPY of a workbook: some files are loaded, this one is not.
    process = started(of, sample_feeds)
    wait_until(of, "to_regclass('raw.staff_survey__national') is not null", process)
    with stopped_at(of, "lock table raw.staff_survey__national in exclusive mode") as standing_still:
        wait_until(of, standing_still, process)
        killed(process)
    nothing_left_behind(of)

    # Between load and verdict: rows are in raw and no gate has judged them.
    with stopped_at(of, "lock table ops.gate_result in exclusive mode") as standing_still:
        process = started(of, sample_feeds)
        wait_until(of, standing_still, process)
        killed(process)
    nothing_left_behind(of)
    with administrator(of) as connection:
        [(waiting,)] = connection.execute("select count(*) from ops.load where state = 'loaded'").fetchall()
    assert waiting > 1

    # While dbt makes tables.
    process = started(of, sample_feeds)
    wait_until(of, "to_regclass('intermediate.dim_organisation') is not null", process)
    killed(process)
    nothing_left_behind(of)

    # Anywhere: another moment in every session of tests.
    moment = random.uniform(0.2, 4)
    process = started(of, sample_feeds)
    time.sleep(moment)
    killed(process)
    nothing_left_behind(of)

    # While the candidate is judged: its results are about to be recorded.
    with stopped_at(of, "lock table ops.gate_result in exclusive mode") as standing_still:
        process = started(of, sample_feeds)
        wait_until(of, standing_still, process)
        killed(process)
    nothing_left_behind(of)

    # In the midst of the swap: the candidate's schema is renamed already, the release not yet written.
    with stopped_at(of, "lock table ops.release in share mode") as standing_still:
        process = started(of, sample_feeds)
        wait_until(of, standing_still, process)
        killed(process)
    nothing_left_behind(of)
    with administrator(of) as connection:
        assert connection.execute("select count(*) from ops.release").fetchone() == (0,)
        assert connection.execute("select gate_passed from ops.candidate").fetchone() == (True,)

    said = finished(started(of, sample_feeds))
    assert "Published release 1 (synthetic)" in said
    assert said.count("already known: ") == files
    tidy(of, files)
    print(f"killed {moment:.2f} s after the start, among others")  # shown when what follows fails
    assert figures(of) == figures(published_sample)
    assert figures(of, "published.organisation") == figures(published_sample, "published.organisation")


def test_two_runs_at_once_make_one_release(
    published_sample: Settings, sample_feeds: Path, copy_warehouse: Callable[[Settings], Settings], tmp_path: Path
) -> None:
    of = copy_warehouse(published_sample)
    with administrator(of) as connection:
        (loads,) = connection.execute("select count(*) from ops.load").fetchone()
    original = next((sample_feeds / "staff_survey").glob("*enchmark*.xlsx"))
    sheet, _, row, column, value = benchmark_cell(original, "q16b_eth_summary_1_2024")
    corrected = changed_workbook(
        original, tmp_path / original.name, lambda book: book[sheet].__setitem__(f"{column}{row}", value + 0.01)
    )
    feeds = folder_with(tmp_path / "feeds", corrected)
    said = [finished(process) for process in [started(of, feeds), started(of, feeds)]]
    with administrator(of) as connection:
        assert connection.execute("select array_agg(release_id order by 1) from ops.release").fetchone() == ([1, 2],)
    assert sum("Published release 2" in text for text in said) == 1
    assert sum("Nothing new: release 2" in text for text in said) == 1
    tidy(of, loads + 1)
