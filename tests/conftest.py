"""One embedded server for the whole session; a fresh warehouse, or a copy of one with a release, for whoever asks."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from xdist.scheduler import LoadFileScheduling

from wres import postgres, run, warehouse
from wres.load import feed_files
from wres.sample import write_sample
from wres.settings import Settings, settings

PROJECT = Path(__file__).resolve().parents[1]
REAL_DATA = PROJECT.parent / "shared" / "data"
_numbers = itertools.count(1)
_LONGEST_FIRST = ("e2e", "integration", "gate", "dbt", "dags", "unit")
_OF_WHOLE_STANDARD = re.compile(r"\b(whole_standard|analyst|recomputation)\b(: |,|\))")
_RELIABILITY = PROJECT / "docs" / "reliability.md"
# A sandbox of its own is refused to root; the rest keeps the browser from asking the outside world for anything.
_BROWSER_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
_TABLE = ("<!-- made by make faults -->\n", "<!-- end of make faults -->\n")
# Faults by kind and place: how many were tried, and after how many everything was as if nothing had happened.
_tried: Counter[tuple[str, str]] = Counter()
_survived: Counter[tuple[str, str]] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-faults", action="store_true", help="write the faults tried into docs/reliability.md")


def pytest_configure(config: pytest.Config) -> None:
    """A folder of this session's own: pytest closes the shared one whenever another session starts, and the server,
    which runs as a user of its own where the tests run as root, would lose the way to its data."""
    if config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="wres-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if Path(config.option.basetemp).name.startswith("wres-tests-"):
        shutil.rmtree(config.option.basetemp, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On several workers: what takes longest begins first, so that they end together."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _LONGEST_FIRST.index(item.path.parent.name))


class _Modules(LoadFileScheduling):
    """What goes to one worker as a whole: a module, since its tests share its fixtures, or several that share a dear one."""

    def _split_scope(self, nodeid: str) -> str:
        return _shared(super()._split_scope(nodeid))


@cache
def _shared(module: str) -> str:
    path = PROJECT / module
    if path.parent.name == "e2e":
        return "one Airflow at a time"
    return "the whole standard" if _OF_WHOLE_STANDARD.search(path.read_text(encoding="utf-8")) else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    config.option.loadscopereorder = False  # by number of tests, which says nothing about how long they take
    return _Modules(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands over the faults that it tried."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["faults"] = [list(counts.items()) for counts in (_tried, _survived)]


def pytest_testnodedown(node: Any) -> None:
    # A worker that was killed hands over nothing.
    for counts, found in zip((_tried, _survived), getattr(node, "workeroutput", {}).get("faults", ()), strict=False):
        counts.update(dict(found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The faults of this session by kind; ``--write-faults`` keeps them in the documentation."""
    if not _tried:
        return
    survived, tried = sum(_survived.values()), sum(_tried.values())
    terminalreporter.section("faults")
    for (kind, place), count in _tried.items():
        terminalreporter.write_line(f"{_survived[kind, place]:>3} of {count:>3} survived: {kind}, {place}")
    terminalreporter.write_line(f"{survived:>3} of {tried:>3} survived")
    if config.option.write_faults:
        _write_faults()


def _write_faults() -> None:
    """Put the table into the documentation; what was not tried this time keeps its line."""
    before, _, rest = _RELIABILITY.read_text().partition(_TABLE[0])
    table, _, after = rest.partition(_TABLE[1])
    lines = {
        tuple(cells[:2]): tuple(map(int, cells[2:]))
        for cells in (line.strip("| ").split(" | ") for line in table.splitlines())
        if cells[-1].isdigit()
    }
    lines |= {key: (count, _survived[key]) for key, count in _tried.items()}
    rows = [f"| {kind} | {place} | {tried} | {survived} |" for (kind, place), (tried, survived) in lines.items()]
    tried, survived = (sum(counts) for counts in zip(*lines.values(), strict=True))
    rows = [
        f"{tried} faults tried, {survived} survived.",
        "",
        "| Fault | At | Tried | Survived |",
        "|---|---|---:|---:|",
        *rows,
    ]
    _RELIABILITY.write_text(before + _TABLE[0] + "\n" + "\n".join(rows) + "\n\n" + _TABLE[1] + after)


@pytest.fixture(scope="session")
def faults() -> Callable[[str, str], AbstractContextManager[None]]:
    """Count a fault of a kind at a place: as tried at the beginning of the block, as survived when its end is reached."""

    @contextmanager
    def fault(kind: str, place: str) -> Iterator[None]:
        _tried[kind, place] += 1
        yield
        _survived[kind, place] += 1

    return fault


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may touch the warehouse of the person who runs it."""
    for name in ("WRES_HOME", "WRES_WAREHOUSE_URL", "WRES_REPLICA_URL", "WRES_BROKER_URL", "WRES_PROJECT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of the session's embedded server; its databases go with its files, which is quicker than to drop each."""
    home = tmp_path_factory.mktemp("server")
    of = replace(settings(), home=home, project=PROJECT, warehouse_url=None)
    with psycopg.connect(postgres.administrator_dsn(of, "postgres"), autocommit=True) as connection:
        # Nothing here outlives the session, so nothing has to reach the disk.
        for switch in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"alter system set {switch} = off")
        # Each of a build's thousand sessions logs in, and nobody guesses at passwords here.
        connection.execute("alter system set scram_iterations = 1")
        connection.execute("select pg_reload_conf()")
    warehouse.migrate(of)
    yield of
    postgres.stop(of)


@pytest.fixture(scope="session")
def new_warehouse(server_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Settings]:
    """Make a warehouse: a home of its own on a fresh database of the session's server, through WRES_WAREHOUSE_URL."""

    def make(**changes: object) -> Settings:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(postgres.administrator_dsn(server_home, "postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        home = tmp_path_factory.mktemp(name)
        # Logins belong to the server, so that every home on it shares their passwords.
        shutil.copy(server_home.credentials, home / "credentials.env")
        url = postgres.administrator_dsn(server_home, name)
        of = replace(server_home, home=home, warehouse_url=url, **changes)  # type: ignore[arg-type]
        warehouse.migrate(of)
        return of

    return make


@pytest.fixture(scope="session")
def copy_warehouse(server_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Settings], Settings]:
    """Copy a warehouse, home and database, in half a second: a test may do to the copy what it likes."""

    def copy(original: Settings) -> Settings:
        name = f"test_{next(_numbers)}"
        template = psycopg.conninfo.conninfo_to_dict(original.warehouse_url or "")["dbname"]
        with psycopg.connect(postgres.administrator_dsn(server_home, "postgres"), autocommit=True) as connection:
            # Great Expectations and dbt leave idle sessions behind, and a template must have none.
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [template])
            connection.execute(f"create database {name} template {template}")
        home = tmp_path_factory.mktemp(name)
        shutil.copytree(original.home, home, dirs_exist_ok=True)
        of = replace(original, home=home, warehouse_url=postgres.administrator_dsn(server_home, name))
        with psycopg.connect(of.warehouse_url or "", autocommit=True) as connection:
            # Rights on the database itself are not copied with it: the migration gives them again.
            connection.execute("delete from ops.migration where digest not like 'registry %'")
        warehouse.migrate(of)
        return of

    return copy


@pytest.fixture(scope="session")
def sample_feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing folder of synthetic survey, organisation and peer set files: 12 trusts, surveys 2023 and 2024. Not to be changed.

    What a warehouse begins with, and all that most tests need; the whole standard has a fixture of its own.
    """
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, trusts=12, first_year=2023, last_year=2024, staff=20)
    for source in folder.iterdir():
        if source.name not in ("organisations", "staff_survey", "peer_groups"):
            shutil.rmtree(source)
    return folder


@pytest.fixture(scope="session")
def published_sample(new_warehouse: Callable[..., Settings], sample_feeds: Path) -> Settings:
    """A warehouse whose release 1 is the sample: to be read, or copied (``copy_warehouse``) and then changed."""
    of = new_warehouse()
    feeds = feed_files(of, [sample_feeds])
    assert not run.load_and_judge(of, feeds, None, lambda text: None).rejected
    code, sentence = run.build_and_publish(of, lambda text: None)
    assert code == run.OK, sentence
    return of


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


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the Chromium of this machine."""
    from wres import board_pack

    found = board_pack.chromium()
    if found is None:
        pytest.skip("there is no Chromium, Chrome or Edge on the PATH (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """That Chromium, through Playwright; not for longer, since its event loop stands in the way of others."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=_BROWSER_FLAGS)
        yield started
        started.close()
