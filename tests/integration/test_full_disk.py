"""A disk that runs full, and a server that is killed: real ones, of a home with its own server on a small disk of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from commands import wres
from disturbed import (
    PATIENCE,
    Faults,
    administrator,
    blocked_by,
    finished,
    killed_server,
    raw_rows,
    started,
    wait_until,
)

from wres import disk, postgres, warehouse
from wres.build import BuildError
from wres.settings import Settings

MEGABYTE = 1 << 20
# An empty cluster takes 60 MB, its log what max_wal_size allows between two checkpoints.
DISK_MEGABYTES = 400


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of its own in memory, which only an administrator may mount."""
    place = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=755", "tmpfs", place],
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"this user may not mount a small disk (tmpfs) to fill up: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture(scope="module")
def home(small_disk: Path, server_home: Settings) -> Iterator[Settings]:
    of = replace(server_home, home=small_disk / "home", warehouse_url=None)
    warehouse.migrate(of)
    yield of
    postgres.stop(of)


@contextmanager
def full_but_for(of: Settings, megabytes: float) -> Iterator[None]:
    """Fill the disk up, and make room again."""
    ballast = of.home.parent / "ballast"
    with administrator(of) as connection:
        connection.execute("checkpoint")
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(of.home).free - int(megabytes * MEGABYTE))
    try:
        yield
    finally:
        ballast.unlink()


def loads(of: Settings) -> list[tuple]:
    with administrator(of) as connection:
        return connection.execute("select state, count(*) from ops.load group by 1 order by 1").fetchall()


def test_disk_full_while_archiving_then_while_loading(
    home: Settings, sample_feeds: Path, published_sample: Settings, faults: Faults
) -> None:
    with faults("disk full", "archive: a file half copied"):
        with full_but_for(home, 0):
            refused = wres(home, "load", sample_feeds)
        assert refused.exit_code == 4, refused.stderr
        assert "No space left: the disk of " in refused.stderr and str(home.home) in refused.stderr
        assert "Make room" in refused.stderr and "then give the same command again" in refused.stderr
        assert [path for path in home.archive.rglob("*") if path.is_file()] == [], "no half of a file is kept"
        assert loads(home) == []
    size = sum(path.stat().st_size for path in sample_feeds.rglob("*") if path.is_file())
    with faults("disk full", "load: in COPY"):
        with full_but_for(home, size / MEGABYTE + 3):
            refused = wres(home, "load", sample_feeds)
        assert refused.exit_code == 4, refused.stderr
        assert f"No space left: the disk of the warehouse, {home.pgdata}" in refused.stderr, refused.stderr
        assert {state for state, _ in loads(home)} <= {"loading", "loaded"}
        again = wres(home, "load", sample_feeds)
        assert again.exit_code == 0, again.stderr
        assert loads(home) == [("accepted", 8)]
        assert raw_rows(home) == raw_rows(published_sample)
        assert not list(home.archive.rglob(".incoming-*"))


def test_server_killed_under_a_load(home: Settings, sample_feeds: Path, tmp_path: Path, faults: Faults) -> None:
    before = loads(home)
    file = tmp_path / "etr_2025-06_cut_synthetic.csv"
    lines = next((sample_feeds / "organisations").glob("etr_2025-06*")).read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    command = ("load", "--source", "organisations", file)
    with faults("kill -9 of Postgres", "load: in COPY"):
        dsn = warehouse.administrator_dsn(home)
        with pytest.raises(psycopg.OperationalError), psycopg.connect(dsn) as holder:
            holder.execute("lock table raw.organisations__trust in exclusive mode")
            process = started(home, *command)
            wait_until(home, blocked_by(holder), process)
            killed_server(home)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 4, said
        assert "The warehouse server went away; the same command again goes on from here" in said
        finished(started(home, *command))
        assert loads(home) == [("accepted", before[0][1] + 1)]


def test_a_full_disk_is_told_from_other_failures(tmp_path: Path) -> None:
    of = Settings(home=tmp_path, project=tmp_path)
    assert disk.full(of, FileNotFoundError(2, "No such file")) is None
    assert disk.full(of, psycopg.OperationalError("server closed the connection unexpectedly")) is None
    assert disk.full(of, BuildError("dbt build failed: syntax error")) is None
    told = disk.full(of, BuildError('could not extend file "base/1/2": No space left on device'))
    assert told is not None and str(of.pgdata) in told
    elsewhere = replace(of, warehouse_url="postgresql://db/warehouse")
    told = disk.full(elsewhere, psycopg.errors.DiskFull("could not extend file"))
    assert told is not None and "the disk of the warehouse server is full" in told
