"""``wres`` as processes to be disturbed, and what a warehouse holds afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from commands import environment

from wres import postgres, warehouse
from wres.settings import Settings

PLUGINS = Path(__file__).parents[2] / "plugins"
KILL_POINT = Path(__file__).with_name("kill_point.py")
PATIENCE = 400

Faults = Callable[[str, str], AbstractContextManager[None]]


def administrator(of: Settings) -> psycopg.Connection:
    """A connection that may see and change anything, in autocommit; of the embedded server too."""
    return psycopg.connect(warehouse.administrator_dsn(of), autocommit=True)


def started(of: Settings, *command: object, point: tuple[str, int] | None = None) -> subprocess.Popen[str]:
    """``python -m wres COMMAND`` on its way; with a point it will kill itself there."""
    program = [str(KILL_POINT), point[0], str(point[1]), "--"] if point else ["-m", "wres"]
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", *program, *map(str, command)],
        env={**os.environ, **environment(of), "PYTHONPATH": str(PLUGINS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return said


def dead(process: subprocess.Popen[str]) -> None:
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, f"it had ended before it was killed: {said}"


def killed(process: subprocess.Popen[str]) -> None:
    """No chance to clean up, neither for it nor for what it started."""
    os.kill(process.pid, signal.SIGKILL)
    dead(process)


def killed_family(process: psutil.Process) -> None:
    """It and all that it started, of which some may end by themselves meanwhile."""
    family = [process, *process.children(recursive=True)]
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(family, timeout=20)


def killed_server(of: Settings) -> None:
    server = postgres.running(of)
    assert server is not None
    killed_family(psutil.Process(server.pid))


def wait_until(of: Settings, condition: str, process: subprocess.Popen[str] | None = None) -> None:
    """Wait for a condition in SQL, as long as the process lives that is to bring it about."""
    deadline = time.monotonic() + PATIENCE
    with administrator(of) as connection:
        while connection.execute(f"select {condition}").fetchone() != (True,):
            assert process is None or process.poll() is None, f"it ended first: {process and process.communicate()[0]}"
            assert time.monotonic() < deadline, f"never came true: {condition}"
            time.sleep(0.02)


@contextmanager
def stopped_at(of: Settings, lock: str) -> Iterator[str]:
    """Hold a lock, so that a run stands still in the midst of the transaction that needs it; gives SQL that tells when."""
    with psycopg.connect(warehouse.administrator_dsn(of)) as holder:
        holder.execute(lock)
        yield blocked_by(holder)
        holder.rollback()


def blocked_by(holder: psycopg.Connection) -> str:
    """SQL that tells whether somebody waits for a lock of this connection."""
    return f"exists (select from pg_stat_activity where {holder.info.backend_pid} = any(pg_blocking_pids(pid)))"


def raw_tables(connection: psycopg.Connection) -> list[str]:
    return [row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'raw'")]


def raw_rows(of: Settings) -> dict[str, list[tuple]]:
    """Every row of raw but for the number of its load, which tells how often one was begun."""
    with administrator(of) as connection:
        return {
            table: connection.execute(
                f"select (to_jsonb(t) - '_load_id')::text from raw.{table} as t order by 1"
            ).fetchall()
            for table in raw_tables(connection)
        }


def figures(of: Settings, view: str = "restricted.indicator_result") -> list[tuple]:
    with administrator(of) as connection:
        return connection.execute(f"select t::text from {view} as t order by 1").fetchall()
