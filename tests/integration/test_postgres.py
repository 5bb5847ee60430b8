"""The embedded server: started by whoever comes first, found by everybody after; and a server of the user's own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from disturbed import killed_server

from wres import build, credentials, postgres, warehouse
from wres.settings import Settings, settings

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A server that three processes asked for at once; its path is longer than a socket's name may be."""
    home = tmp_path_factory.mktemp("a home with spaces") / ("long " * 20)
    of = replace(settings(), home=home, project=PROJECT, warehouse_url=None)
    code = "from wres import postgres, settings; print(postgres.start(settings.settings()).port)"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "plugins"), "WRES_HOME": str(home)}
    environment.pop("WRES_WAREHOUSE_URL", None)
    started = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ports = {process.communicate(timeout=120)[0].strip() for process in started}
    assert len(ports) == 1, "one server, whoever asks"
    assert str(postgres.start(of).port) in ports
    yield of
    postgres.stop(of)


def test_server_listens_on_this_machine_alone(embedded: Settings) -> None:
    server = postgres.running(embedded)
    assert server is not None
    with psycopg.connect(postgres.administrator_dsn(embedded, "postgres")) as connection:
        shown = {
            name: (connection.execute(f"show {name}").fetchone() or ("",))[0]
            for name in (
                "listen_addresses",
                "unix_socket_directories",
                "port",
                "server_version_num",
                "password_encryption",
            )
        }
    assert shown.pop("server_version_num").startswith("18")
    assert shown == {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "port": str(server.port),
        "password_encryption": "scram-sha-256",
    }


def test_nobody_gets_in_without_the_password(embedded: Settings) -> None:
    server = postgres.start(embedded)
    for attempt in ("postgres@", "postgres:postgres@"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://{attempt}127.0.0.1:{server.port}/postgres")


def test_credentials_are_private_and_stay(embedded: Settings) -> None:
    assert embedded.credentials.stat().st_mode & 0o777 == 0o600
    first = credentials.password(embedded, "postgres")
    assert len(first) >= 32
    embedded.credentials.chmod(0o644)
    assert credentials.password(embedded, "postgres") == first
    assert embedded.credentials.stat().st_mode & 0o777 == 0o600, "an opened-up file is closed again"
    assert not list(embedded.home.glob(".initdb-password"))


def test_edited_credentials_are_read(embedded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = replace(embedded, home=tmp_path)
    of.credentials.write_text("# mine\nWRES_PASSWORD_ANALYST_LOGIN=a=b")  # no line end, and an equals sign
    assert credentials.password(of, "analyst_login") == "a=b"
    made = credentials.password(of, "bi_reader_login")
    assert of.credentials.read_text().splitlines()[1:] == [
        "WRES_PASSWORD_ANALYST_LOGIN=a=b",
        f"WRES_PASSWORD_BI_READER_LOGIN={made}",
    ]
    monkeypatch.setenv("WRES_PASSWORD_BI_READER_LOGIN", "from elsewhere")
    assert credentials.password(of, "bi_reader_login") == "from elsewhere"
    assert "from elsewhere" not in of.credentials.read_text()


def test_stop_and_start_keep_port_and_data(embedded: Settings) -> None:
    """Saved connections of a BI tool keep working."""
    before = postgres.start(embedded)
    with psycopg.connect(postgres.administrator_dsn(embedded, "postgres"), autocommit=True) as connection:
        connection.execute("create table kept as select 7 as seven")
    assert postgres.stop(embedded)
    assert postgres.running(embedded) is None
    assert not postgres.stop(embedded), "there is nothing left to stop"
    # What a killed server leaves behind names a process that is not it.
    (embedded.pgdata / "postmaster.pid").write_text(
        f"{os.getpid()}\n{embedded.pgdata}\n0\n{before.port}\n\n127.0.0.1\n\nready\n"
    )
    assert postgres.running(embedded) is None
    (embedded.pgdata / "postmaster.pid").unlink()
    after = postgres.start(embedded)
    assert after.port == before.port
    assert after.pid != before.pid
    with psycopg.connect(postgres.administrator_dsn(embedded, "postgres")) as connection:
        assert connection.execute("select seven from kept").fetchone() == (7,)


def test_killed_server_comes_back(embedded: Settings) -> None:
    server = postgres.start(embedded)
    killed_server(embedded)
    assert postgres.start(embedded).port == server.port
    with psycopg.connect(postgres.administrator_dsn(embedded, "postgres")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_taken_port_is_replaced(embedded: Settings) -> None:
    port = postgres.start(embedded).port
    postgres.stop(embedded)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert postgres.start(embedded).port != port


def test_server_that_does_not_start_shows_its_log(embedded: Settings) -> None:
    configuration = embedded.pgdata / "postgresql.conf"
    sound = configuration.read_text()
    postgres.stop(embedded)
    configuration.write_text(sound + "\nno_such_setting = 1\n")
    try:
        with pytest.raises(postgres.PostgresError, match=r"did not start. Its log ends:[\s\S]*no_such_setting"):
            postgres.start(embedded)
    finally:
        configuration.write_text(sound)
    assert postgres.start(embedded)


# -- A server of the user's own ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_server(embedded: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse on a server reached by URI, whose administrator is no superuser, as on a managed service."""
    with psycopg.connect(postgres.administrator_dsn(embedded, "postgres"), autocommit=True) as connection:
        connection.execute("create role manager login createrole createdb password 'p@ss/w:rd?&'")
        connection.execute('create database "race equality" owner manager')
    port = postgres.start(embedded).port
    url = f"postgresql://manager:p%40ss%2Fw%3Ard%3F%26@127.0.0.1:{port}/race%20equality?sslmode=prefer"
    return replace(embedded, home=tmp_path_factory.mktemp("own"), warehouse_url=url)


def test_own_server_is_used_and_no_other_is_started(own_server: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRES_PASSWORD_BI_READER_LOGIN", "any/thing@all?&=%")
    warehouse.migrate(own_server)
    assert not own_server.pgdata.exists()
    for role in warehouse.GROUPS:
        with warehouse.connect(own_server, role) as connection:
            assert connection.info.dbname == "race equality"
            assert connection.execute("select session_user").fetchone() == (warehouse.login(role),)
        address = warehouse.dsn(own_server, role)
        assert address.endswith("/race%20equality?sslmode=prefer")
    with psycopg.connect(warehouse.dsn(own_server, "airflow", database="airflow")) as connection:
        assert connection.info.dbname == "airflow"
    forgetful = psycopg.connect(warehouse.dsn(own_server, "bi_reader"))
    forgetful.execute("select count(*) from published.release")
    time.sleep(5.5)
    with warehouse.connect(own_server, "wres_publisher", autocommit=True) as publisher:
        assert publisher.execute("select ops.end_idle_readers()").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        forgetful.execute("select 1")


def test_protection_of_connections_holds_for_readers_and_for_dbt(own_server: Settings) -> None:
    asked = "sslmode=prefer&channel_binding=prefer&require_auth=scram-sha-256"
    url = str(own_server.warehouse_url).replace("sslmode=prefer", asked)
    of = replace(own_server, warehouse_url=url)
    told = dict(part.split("=") for part in warehouse.dsn(of, "analyst").partition("?")[2].split("&"))
    assert told == {"sslmode": "prefer", "channel_binding": "prefer", "require_auth": "scram-sha-256"}
    with warehouse.connect(of, "analyst"):
        pass
    environment = build.dbt_environment(of)
    assert environment["PGREQUIREAUTH"] == "scram-sha-256"
    assert environment["PGCHANNELBINDING"] == "prefer"
    # Whoever asks for TLS that the server does not have gets an error and no silent connection without it.
    strict = replace(own_server, warehouse_url=url.replace("sslmode=prefer", "sslmode=verify-full"))
    with pytest.raises(warehouse.WarehouseError, match="cannot be reached"):
        warehouse.connect(strict, "analyst")


def test_lost_credentials_are_said_to_be_lost(own_server: Settings, tmp_path: Path) -> None:
    warehouse.migrate(own_server)
    elsewhere = replace(own_server, home=tmp_path)
    with pytest.raises(
        warehouse.WarehouseError, match=r"wres_loader_login cannot log in: [\s\S]*credentials\.env of then"
    ) as caught:
        warehouse.connect(elsewhere, "wres_loader")
    assert credentials.password(elsewhere, "wres_loader_login") not in str(caught.value)


def test_old_server_is_refused(own_server: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "OLDEST_SERVER", 99)
    monkeypatch.setattr(warehouse, "_migrated", set())
    with pytest.raises(warehouse.WarehouseError) as caught:
        warehouse.migrate(own_server)
    assert str(caught.value) == (
        "The warehouse needs Postgres 99 or newer; this server is Postgres 18. "
        "Point WRES_WAREHOUSE_URL at a newer server, or unset it to use the embedded one."
    )


def test_server_out_of_reach(own_server: Settings) -> None:
    away = replace(own_server, warehouse_url="postgresql://manager:secret-word@127.0.0.1:1/warehouse")
    with pytest.raises(warehouse.WarehouseError, match="The warehouse server cannot be reached: ") as caught:
        warehouse.connect(away, "analyst")
    assert "secret-word" not in str(caught.value)


def test_one_writer_at_a_time(own_server: Settings) -> None:
    with (
        warehouse.writer(own_server),
        pytest.raises(warehouse.WriterBusyError, match="Another wres process is building or publishing"),
        warehouse.writer(own_server, wait_seconds=0.2),
    ):
        pass
    with warehouse.writer(own_server):
        pass


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert settings().home == PROJECT / ".wres"
    assert settings().warehouse_url is None
    monkeypatch.setenv("WRES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WRES_WAREHOUSE_URL", "postgresql://db/warehouse")
    monkeypatch.setenv("WRES_WATCH_SECONDS", "5")
    found = settings()
    assert (found.home, found.warehouse_url, found.watch_seconds) == (
        (tmp_path / "home").resolve(),
        "postgresql://db/warehouse",
        5,
    )
    assert (found.replica_url, found.broker_url, found.airflow_host, found.parallel_loads) == (
        None,
        None,
        "127.0.0.1",
        2,
    )
    monkeypatch.setenv("WRES_REPLICA_URL", "postgresql://replica/warehouse")
    monkeypatch.setenv("WRES_BROKER_URL", "redis://broker:6379/0")
    monkeypatch.setenv("WRES_AIRFLOW_HOST", "10.0.0.5")
    monkeypatch.setenv("WRES_PARALLEL_LOADS", "8")
    more = settings()
    assert (more.replica_url, more.broker_url) == ("postgresql://replica/warehouse", "redis://broker:6379/0")
    assert (more.airflow_host, more.parallel_loads) == ("10.0.0.5", 8)
    assert found.landing == found.home / "landing"
    assert found.sources.is_dir()
