"""One embedded server for the whole session; a fresh warehouse database and home for whoever asks."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from wres import postgres, warehouse
from wres.settings import Settings, settings

PROJECT = Path(__file__).resolve().parents[1]
REAL_DATA = PROJECT.parent / "shared" / "data"
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may touch the warehouse of the person who runs it."""
    for name in ("WRES_HOME", "WRES_WAREHOUSE_URL", "WRES_PROJECT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of the session's embedded server."""
    home = tmp_path_factory.mktemp("server")
    of = replace(settings(), home=home, project=PROJECT, warehouse_url=None)
    warehouse.migrate(of)
    yield of
    postgres.stop(of)


@pytest.fixture(scope="session")
def new_warehouse(
    server_home: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Settings]]:
    """Make a warehouse: a home of its own on a fresh database of the session's server, through WRES_WAREHOUSE_URL."""
    made: list[str] = []

    def make(**changes: object) -> Settings:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(postgres.administrator_dsn(server_home, "postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        made.append(name)
        home = tmp_path_factory.mktemp(name)
        # Logins belong to the server, so that every home on it shares their passwords.
        shutil.copy(server_home.credentials, home / "credentials.env")
        url = postgres.administrator_dsn(server_home, name)
        of = replace(server_home, home=home, warehouse_url=url, **changes)  # type: ignore[arg-type]
        warehouse.migrate(of)
        return of

    yield make
    with psycopg.connect(postgres.administrator_dsn(server_home, "postgres"), autocommit=True) as connection:
        for name in made:
            connection.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def warehouse_home(new_warehouse: Callable[..., Settings]) -> Settings:
    """A fresh, migrated warehouse for one test."""
    return new_warehouse()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public files; tests that need it skip where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip("the real public files are not beside this checkout (../shared/data)")
    return REAL_DATA
