"""Where things are. Everything comes from the environment, so that a command, a DAG and a test read the same."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


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
    """Read the settings from the environment, at the time of the call."""
    project = Path(os.environ.get("WRES_PROJECT") or Path(__file__).resolve().parents[2])
    home = Path(os.environ.get("WRES_HOME") or project / ".wres")
    return Settings(
        home=home.expanduser().resolve(),
        project=project.expanduser().resolve(),
        warehouse_url=os.environ.get("WRES_WAREHOUSE_URL") or None,
        replica_url=os.environ.get("WRES_REPLICA_URL") or None,
        broker_url=os.environ.get("WRES_BROKER_URL") or None,
        airflow_host=os.environ.get("WRES_AIRFLOW_HOST") or "127.0.0.1",
        parallel_loads=max(1, int(os.environ.get("WRES_PARALLEL_LOADS", "2"))),
        watch_seconds=int(os.environ.get("WRES_WATCH_SECONDS", "600")),
        keep_releases=int(os.environ.get("WRES_KEEP_RELEASES", "8")),
        workbook_megabytes=int(os.environ.get("WRES_WORKBOOK_MEGABYTES", "1024")),
        workbook_seconds=int(os.environ.get("WRES_WORKBOOK_SECONDS", "120")),
    )
