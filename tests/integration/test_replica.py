"""A second Postgres that follows the warehouse's by streaming, and is what people and tools read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from candidates import administrator, stage_candidate
from commands import wres

from wres import backup, postgres, publish, warehouse
from wres.exit_codes import WRONG_USE
from wres.settings import Settings

MARK = "select distinct source_vintage from published.indicator_result"


@pytest.fixture(scope="module")
def of(
    published_sample: Settings, server_home: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A warehouse with release 1 on a server of its own, and a copy of that server that follows it."""
    folder = tmp_path_factory.mktemp("replica")
    own = replace(server_home, home=folder / "primary", warehouse_url=None)
    backup.backup(published_sample, folder / "backup.tar.gz", lambda text: None)
    backup.restore(own, folder / "backup.tar.gz", lambda text: None)
    replica = replace(own, home=folder / "replica")
    replica.home.mkdir()
    postgres._make_readable_by_server(replica)
    address = postgres.administrator_dsn(own, "postgres")
    postgres._execute("pg_basebackup", "-D", str(replica.pgdata), "-d", address, "--checkpoint=fast", "-R")
    with (replica.pgdata / "postgresql.auto.conf").open("a") as file:
        file.write("max_standby_streaming_delay = '5min'\nhot_standby_feedback = on\n")  # as the documentation asks for
    port = postgres._launch(replica).port
    url = postgres.administrator_dsn(own, "warehouse")
    yield replace(own, warehouse_url=url, replica_url=f"postgresql://127.0.0.1:{port}/warehouse")
    postgres.stop(replica)
    postgres.stop(own)


def read(of: Settings, query: str) -> list[tuple]:
    with psycopg.connect(warehouse.reader_dsn(of, "bi_reader")) as connection:
        return connection.execute(query).fetchall()


def publish_marks(of: Settings) -> list[tuple]:
    return read(replace(of, replica_url=None), MARK)


def release(of: Settings, mark: str, *changes: str) -> str:
    """Publish release 1 once more with a mark and with changes; the place in the log where it ends."""
    stage_candidate(of, mark, f"update indicator_result set source_vintage = '{mark}'", *changes, gate_passed=True)
    assert publish.publish(of)
    return here(of)


def here(of: Settings) -> str:
    with administrator(of) as connection:
        return str(connection.execute("select pg_current_wal_lsn()").fetchone()[0])  # type: ignore[index]


def replayed(of: Settings, place: str) -> None:
    deadline = time.monotonic() + 60
    with psycopg.connect(warehouse.reader_dsn(of, "bi_reader"), autocommit=True) as connection:
        while not connection.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", [place]).fetchone()[0]:  # type: ignore[index]
            assert time.monotonic() < deadline, "the replica does not follow"
            time.sleep(0.02)


def test_what_reads_is_told_the_replica_and_what_writes_is_not(of: Settings) -> None:
    replica = psycopg.conninfo.conninfo_to_dict(of.replica_url or "")["port"]
    for role in warehouse.GROUPS:
        told = wres(of, "dsn", "--role", role).stdout
        assert (f":{replica}/" in told) == (role in ("analyst", "bi_reader")), role
        assert f":{replica}/" not in warehouse.dsn(of, role)
    wrong = wres(replace(of, replica_url="the replica"), "dsn", "--role", "analyst")
    assert (wrong.exit_code, wrong.stdout) == (WRONG_USE, "")
    assert "WRES_REPLICA_URL is no address of a Postgres server" in wrong.stderr
    without = replace(of, replica_url=None)
    assert warehouse.reader_dsn(without, "bi_reader") == warehouse.dsn(without, "bi_reader")


def test_a_release_shows_on_the_replica_as_a_whole(of: Settings) -> None:
    before = read(of, MARK)
    replayed(of, release(of, "second"))
    assert read(of, MARK) == [("second",)] != before
    # A view of another shape is dropped and made again.
    place = release(of, "third", "alter table organisation drop column parent_code")
    replayed(of, place)
    assert read(of, MARK) == [("third",)]
    publish.rollback(of, 2)
    replayed(of, here(of))
    assert read(of, MARK) == [("second",)]


def test_a_reader_of_the_replica_is_not_cut_off_and_holds_up_nothing_but_the_replica(of: Settings) -> None:
    with psycopg.connect(warehouse.reader_dsn(of, "bi_reader")) as reader:
        before = reader.execute(MARK).fetchall()
        begun = time.monotonic()
        place = release(of, "under a reader")
        assert time.monotonic() - begun < 20, "the primary does not wait for readers of the replica"
        assert publish_marks(of) == [("under a reader",)]
        time.sleep(2)
        assert reader.execute(MARK).fetchall() == before, "an open transaction goes on seeing what it saw"
    replayed(of, place)
    assert read(of, MARK) == [("under a reader",)]


def test_nobody_writes_on_the_replica_and_it_has_the_rights_of_the_warehouse(of: Settings) -> None:
    with psycopg.connect(warehouse.reader_dsn(of, "bi_reader"), autocommit=True) as reader:
        assert reader.execute("select pg_is_in_recovery()").fetchone() == (True,)
        assert reader.execute("show statement_timeout").fetchone() == ("5min",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("select 1 from restricted.indicator_result")
        reader.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("create temporary table mine (x integer)")
