"""Where things are. Everything comes from the environment, so that a command, a DAG and a test read the same."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


class SettingsError(ValueError):
    """Variables of the environment that cannot be what they stand for."""


@dataclass(frozen=True)
class Settings:
    """Paths and switches of one warehouse.

    Attributes:
        home: state of this warehouse (``WRES_HOME``, default ``.wres`` in the project).
        project: folder with ``sources/``, ``dbt_project/``, ``expectations/``, ``dags/`` and ``dashboards/`` (``WRES_PROJECT``).
        warehouse_url: libpq URI of an administrator on a server of the user's own (``WRES_WAREHOUSE_URL``);
            None means the embedded server.
        replica_url: libpq URI of a streaming replica of that server, which people and tools read (``WRES_REPLICA_URL``);
            logins are those of the warehouse. None: they read the server itself.
        broker_url: of the Redis or RabbitMQ by which tasks reach workers on several machines (``WRES_BROKER_URL``);
            None: tasks run beside the scheduler.
        airflow_host: address of this machine on which Airflow answers its workers and browsers (``WRES_AIRFLOW_HOST``).
        parallel_loads: how many files are loaded at a time, on all machines together (``WRES_PARALLEL_LOADS``).
        watch_seconds: how often the landing folder is looked at (``WRES_WATCH_SECONDS``).
        keep_releases: how many releases stay queryable besides pinned ones (``WRES_KEEP_RELEASES``).
        workbook_megabytes: what a workbook may unpack to, and the memory its reading may take
            (``WRES_WORKBOOK_MEGABYTES``; the largest official one needs 25).
        workbook_seconds: processor time that its reading may take (``WRES_WORKBOOK_SECONDS``; the largest needs 1).
    """

    home: Path
    project: Path
    warehouse_url: str | None = None
    replica_url: str | None = None
    broker_url: str | None = None
    airflow_host: str = "127.0.0.1"
    parallel_loads: int = 2
    watch_seconds: int = 600
    keep_releases: int = 8
    workbook_megabytes: int = 1024
    workbook_seconds: int = 120

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    @property
    def rejected(self) -> Path:
        return self.home / "rejected"

    @property
    def pgdata(self) -> Path:
        return self.home / "pgdata"

    @property
    def airflow_home(self) -> Path:
        return self.home / "airflow"

    @property
    def superset_home(self) -> Path:
        return self.home / "superset"

    @property
    def data_docs(self) -> Path:
        return self.home / "data_docs"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def credentials(self) -> Path:
        return self.home / "credentials.env"

    @property
    def sources(self) -> Path:
        return self.project / "sources"

    @property
    def expectations(self) -> Path:
        return self.project / "expectations"

    @property
    def dashboards(self) -> Path:
        return self.project / "dashboards"

    @property
    def dbt_project(self) -> Path:
        return self.project / "dbt_project"


def settings() -> Settings:
    """Read the settings from the environment, at the time of the call.

    Raises:
        SettingsError: a variable is no number or address; names all of these, and for addresses never what they hold.
    """
    project = Path(os.environ.get("WRES_PROJECT") or Path(__file__).resolve().parents[2])
    home = Path(os.environ.get("WRES_HOME") or project / ".wres")
    problems: list[str] = []
    read = Settings(
        home=home.expanduser().resolve(),
        project=project.expanduser().resolve(),
        warehouse_url=_address("WRES_WAREHOUSE_URL", problems),
        replica_url=_address("WRES_REPLICA_URL", problems),
        broker_url=os.environ.get("WRES_BROKER_URL") or None,
        airflow_host=os.environ.get("WRES_AIRFLOW_HOST") or Settings.airflow_host,
        parallel_loads=_number("WRES_PARALLEL_LOADS", Settings.parallel_loads, problems),
        watch_seconds=_number("WRES_WATCH_SECONDS", Settings.watch_seconds, problems),
        keep_releases=_number("WRES_KEEP_RELEASES", Settings.keep_releases, problems),
        workbook_megabytes=_number("WRES_WORKBOOK_MEGABYTES", Settings.workbook_megabytes, problems),
        workbook_seconds=_number("WRES_WORKBOOK_SECONDS", Settings.workbook_seconds, problems),
    )
    if problems:
        raise SettingsError("\n".join(problems))
    return read


def _number(variable: str, default: int, problems: list[str]) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    problems.append(f"{variable} is {text!r}. It has to be a whole number above 0; unset, it is {default}.")
    return default


def _address(variable: str, problems: list[str]) -> str | None:
    address = os.environ.get(variable) or None
    if address and not _is_address(address):  # what is wrong is not repeated: parts of it may be a password
        problems.append(
            f"{variable} is no address of a Postgres server. It has to look like postgresql://user:password@host:5432/database,"
            " where characters such as @ / % in a password are written as %40 %2F %25."
        )
    return address


def _is_address(address: str) -> bool:
    """Whether libpq reads it, and no part of a password with a raw @ or / has become its host or port."""
    import psycopg

    try:
        parts = psycopg.conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        return False
    return "@" not in str(parts.get("host", "")) and bool(re.fullmatch(r"[0-9,]*", str(parts.get("port", ""))))
