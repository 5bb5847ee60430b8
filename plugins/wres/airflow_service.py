"""Airflow as a service of one warehouse: API server, scheduler and DAG processor as background processes.

With a broker (``WRES_BROKER_URL``) tasks run in Celery's workers: one here, and one more on each machine of ``wres worker``.

Everything lives under the warehouse's home: metadata in its Postgres, secrets in ``credentials.env``, logs in
``logs/``. Nothing here imports Airflow, whose import takes seconds; it is started as a user would start it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, cast

import psycopg

from wres import background, credentials, warehouse
from wres.background import HOST, Service, ServiceError
from wres.settings import Settings

USER = "admin"
_USUAL_PORT = 8080
# A load takes one slot and a build all of them: no load is accepted while dbt reads what is accepted.
WRITERS_POOL = "warehouse_writers"
_COMMANDS = {
    "api-server": ("api-server",),
    # The API server reads task logs from the same disk, so the scheduler need not serve them on a port of its own.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
}
# Task logs go to the home that all machines share.
_WORKER = ("celery", "worker", "--skip-serve-logs", "--celery-hostname")
_STARTUP_SECONDS = 180.0
# Tasks that run at a stop get this long to end; every step they take is one transaction, so a kill loses no data.
_GRACE_SECONDS = 10.0
# A machine that builds or loads at the same time answers late.
_ANSWER_SECONDS = 60.0
_BROKER_SECONDS = 5.0


class AirflowServiceError(ServiceError):
    """Airflow did not start; the message names the process and carries the tail of its log."""


def password(settings: Settings) -> str:
    """Password of the web page's user ``admin``."""
    return credentials.password(settings, f"airflow_{USER}")


def log_file(settings: Settings, name: str) -> Path:
    """Log of one of the processes (``scheduler``, ``api-server``, ``dag-processor``) or of ``migrate``."""
    return settings.logs / f"airflow-{name}.log"


def running(settings: Settings) -> Service | None:
    """Return the service of this home if all its processes are up, else None."""
    return background.running(settings.airflow_home)


def start(settings: Settings, *, wait: bool = True, say: Callable[[str], None] | None = None) -> Service:
    """Start Airflow for this home; returns the running one if there is one.

    Args:
        settings: whose warehouse and DAGs.
        wait: return only when API server, scheduler and DAG processor report themselves healthy.
        say: is told each step, for a progress display.

    Raises:
        AirflowServiceError: a process ended or was not healthy in time, the broker cannot be reached, or other machines would
            need a server that is on none of theirs.
    """
    tell = say or (lambda _: None)
    _require_reach(settings)
    settings.airflow_home.mkdir(parents=True, exist_ok=True)
    settings.logs.mkdir(parents=True, exist_ok=True)
    with background.lock(settings.airflow_home / ".lock"):
        if service := running(settings):
            return service
        _end(settings)
        port = background.free_port(settings.airflow_home / "port", _USUAL_PORT, settings.airflow_host)
        environment = _environment(settings, port)
        _migrate(settings, environment, tell)
        tell("starting the scheduler, the DAG processor and the API server")
        service = Service(
            port,
            {
                name: background.launch(
                    _airflow(*command),
                    environment=environment,
                    folder=settings.airflow_home,
                    log_file=log_file(settings, name),
                )
                for name, command in _commands(settings).items()
            },
            settings.airflow_host,
        )
        background.remember(settings.airflow_home, service)
    try:
        if wait:
            _wait(settings, service)
            _make_pool(settings, service)
    except BaseException:
        stop(settings)
        raise
    return service


def stop(settings: Settings) -> bool:
    """Stop Airflow and every process it started; True if there was one. Running tasks get a few seconds to end."""
    if not settings.airflow_home.exists():
        return False
    with background.lock(settings.airflow_home / ".lock"):
        return _end(settings)


def _end(settings: Settings) -> bool:
    # The scheduler first, so that no task begins, and those that run can report their end, before the API server goes.
    return background.end(settings.airflow_home, grace_seconds=_GRACE_SECONDS, first=("scheduler", "worker"))


def work(settings: Settings) -> NoReturn:
    """Become a worker of the Airflow of this home, on this machine or another, until somebody ends the process.

    Polite ends (SIGTERM, Ctrl-C) let the tasks at work come to theirs.

    Raises:
        AirflowServiceError: there is no broker, or it, or Airflow, cannot be reached.
    """
    if settings.broker_url is None:
        raise AirflowServiceError(
            "A worker takes its tasks from a broker. Name it by WRES_BROKER_URL, here and for `wres up`."
        )
    _require_reach(settings)
    memory = settings.airflow_home / "port"
    port = memory.read_text() if memory.exists() else str(_USUAL_PORT)
    url = f"http://{settings.airflow_host}:{port}"
    try:
        _request(f"{url}/api/v2/monitor/health")
    except (OSError, ValueError) as error:
        raise AirflowServiceError(
            f"Airflow does not answer at {url} ({error}). Start it with `wres up`, with the same WRES_HOME and WRES_AIRFLOW_HOST."
        ) from error
    environment = _environment(settings, int(port))
    command = _airflow(*_WORKER, f"worker-{os.getpid()}@{socket.gethostname()}")
    os.execve(command[0], command, environment)  # noqa: S606 - no shell


def forget_runs(settings: Settings, *, days: int = 90) -> None:
    """Delete Airflow's own records of runs older than ``days``; a look at the landing folder alone leaves 50,000 a year.

    Raises:
        AirflowServiceError: the clean-up command failed.
    """
    oldest = datetime.now(UTC) - timedelta(days=days)
    command = _airflow("db", "clean", "--clean-before-timestamp", oldest.isoformat(), "--skip-archive", "--yes")
    # A task's own environment hides the metadata database from it; this is a separate program, with the owner's login.
    ended = subprocess.run(
        command, env={**os.environ, **_database(settings)}, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise AirflowServiceError(f"`airflow db clean` failed (exit {ended.returncode}):\n{ended.stderr[-2000:]}")


def _commands(settings: Settings) -> dict[str, tuple[str, ...]]:
    """What runs on this machine, by name."""
    if settings.broker_url is None:
        return _COMMANDS
    return {**_COMMANDS, "worker": (*_WORKER, f"main@{socket.gethostname()}")}


def _require_reach(settings: Settings) -> None:
    """Say now what would otherwise show as tasks that wait for ever.

    Raises:
        AirflowServiceError: what cannot be reached.
    """
    if settings.airflow_host != HOST and settings.warehouse_url is None:
        raise AirflowServiceError(
            "The embedded Postgres serves one machine. With WRES_AIRFLOW_HOST, put the warehouse on a server of your own and "
            "name it by WRES_WAREHOUSE_URL."
        )
    if settings.broker_url is None:
        return
    from kombu import Connection
    from kombu.exceptions import KombuError

    where = settings.broker_url.rpartition("@")[2]  # what stands before it is a password
    try:
        with Connection(settings.broker_url, connect_timeout=_BROKER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=_BROKER_SECONDS)
    except (KombuError, OSError, LookupError, ValueError) as error:
        raise AirflowServiceError(
            f"The broker of WRES_BROKER_URL ({where}) cannot be reached: {error}\n"
            "It is the address of a Redis or RabbitMQ: redis://:password@host:6379/0 or amqp://user:password@host:5672//"
        ) from error


def _environment(settings: Settings, port: int) -> dict[str, str]:
    """What the processes need to know. A user's own ``AIRFLOW__...`` settings win where nothing depends on ours."""
    url = f"http://{settings.airflow_host}:{port}"
    no_proxy = {HOST, settings.airflow_host, "localhost", *filter(None, os.environ.get("NO_PROXY", "").split(","))}
    tunable = {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor" if settings.broker_url else "LocalExecutor",
        # Two cores: more tasks at a time only make each of them slower.
        "AIRFLOW__CORE__PARALLELISM": str(settings.parallel_loads + 2),
        # Two that write, which is all the pool lets through unless told otherwise, and something short beside them.
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "3",
        # No task takes longer than an hour; what a lost worker had taken is then handed out again, and found done.
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "7200",
        # The DAGs lie in a folder, so that no worker has old versions of them to clear away.
        "AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_INTERVAL": "0",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
        "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        # How long a finished task may go unnoticed, and with it the place it takes.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__INSTANCE_NAME": "WRES warehouse",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
    }
    fixed = {
        "AIRFLOW_HOME": str(settings.airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.project / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.project / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_write_password(settings)),
        # The two addresses go together with the port: with one of them missing, tasks fail as they start.
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": settings.airflow_host,
        "AIRFLOW__API__PORT": str(port),
        **_database(settings),
        "AIRFLOW__API__SECRET_KEY": _long_key(credentials.password(settings, "airflow_session")),
        "AIRFLOW__API_AUTH__JWT_SECRET": _long_key(credentials.password(settings, "airflow_token")),
        "AIRFLOW__CORE__FERNET_KEY": _fernet_key(credentials.password(settings, "airflow_fernet")),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.logs / "airflow"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(settings.logs / "airflow" / "dag_processor"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "WRES_HOME": str(settings.home),
        "WRES_PROJECT": str(settings.project),
        "WRES_PARALLEL_LOADS": str(settings.parallel_loads),
        "WRES_WATCH_SECONDS": str(settings.watch_seconds),
        "WRES_KEEP_RELEASES": str(settings.keep_releases),
        "WRES_WORKBOOK_MEGABYTES": str(settings.workbook_megabytes),
        "WRES_WORKBOOK_SECONDS": str(settings.workbook_seconds),
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(settings.project / "plugins"), os.environ.get("PYTHONPATH", "")))
        ),
        # Tasks speak to the API server by HTTP; a proxy must not come between them.
        "NO_PROXY": ",".join(sorted(no_proxy)),
        "no_proxy": ",".join(sorted(no_proxy)),
    }
    if settings.warehouse_url:
        fixed["WRES_WAREHOUSE_URL"] = settings.warehouse_url
    if settings.broker_url:
        fixed["AIRFLOW__CELERY__BROKER_URL"] = settings.broker_url
    result = {**tunable, **os.environ, **fixed}
    # Each task is a process: without compiled modules every one of them compiles Airflow, pandas and dbt anew.
    result.pop("PYTHONDONTWRITEBYTECODE", None)
    return result


def _database(settings: Settings) -> dict[str, str]:
    address = warehouse.dsn(settings, warehouse.AIRFLOW, database="airflow").split("://", 1)[1]
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{address}",
        # psycopg takes the same parameters (sslmode, sslrootcert) as psycopg2; Airflow's default, asyncpg, does not.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+psycopg://{address}",
    }


def _fernet_key(secret: str) -> str:
    """Airflow wants 32 bytes in URL-safe base64, which a generated password is not."""
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode()


def _long_key(secret: str) -> str:
    """Airflow signs with SHA-512, whose keys should have 64 bytes or more."""
    return hashlib.sha512(secret.encode()).hexdigest()


def _write_password(settings: Settings) -> Path:
    """The file from which Airflow's own user list takes passwords; written by us, so that it need not print one."""
    path = settings.airflow_home / "passwords.json"
    path.touch(mode=0o600)
    wanted = json.dumps({USER: password(settings)}) + "\n"
    if path.read_text() != wanted:
        path.write_text(wanted)
    return path


def _migrate(settings: Settings, environment: dict[str, str], tell: Callable[[str], None]) -> None:
    """Bring Airflow's tables to this version. Skipped when they are: the command takes seconds even then."""
    marker = settings.airflow_home / "migrated.json"
    done = {"airflow": version("apache-airflow-core"), "revision": _revision(settings)}
    if done["revision"] and marker.exists() and json.loads(marker.read_text()) == done:
        return
    tell("preparing Airflow's database")
    with log_file(settings, "migrate").open("w") as log:
        code = subprocess.run(
            _airflow("db", "migrate"), env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
        ).returncode
    if code != 0:
        raise AirflowServiceError(
            f"`airflow db migrate` failed (exit {code}). Its log ends:\n{background.log_tail(log_file(settings, 'migrate'))}"
        )
    marker.write_text(json.dumps({**done, "revision": _revision(settings)}))


def _revision(settings: Settings) -> str | None:
    """Revision of Airflow's tables, None when there are none."""
    with psycopg.connect(warehouse.dsn(settings, warehouse.AIRFLOW, database="airflow")) as connection:
        try:
            row = connection.execute("select version_num from alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            return None
    return row[0] if row else None


def _airflow(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "airflow", *arguments]


def _wait(settings: Settings, service: Service) -> None:
    deadline = time.monotonic() + _STARTUP_SECONDS
    unhealthy = list(_COMMANDS)
    while time.monotonic() < deadline:
        for name, held in service.processes.items():
            if background.alive(*held) is None:
                raise AirflowServiceError(
                    f"Airflow's {name} ended as it started. {log_file(settings, name)} ends:\n"
                    f"{background.log_tail(log_file(settings, name))}"
                )
        unhealthy = _unhealthy(service)
        if not unhealthy:
            return
        time.sleep(0.5)
    tails = "\n".join(f"--- {name}\n{background.log_tail(log_file(settings, name))}" for name in unhealthy)
    raise AirflowServiceError(f"Airflow was not ready after {_STARTUP_SECONDS:.0f} seconds:\n{tails}")


def _unhealthy(service: Service) -> list[str]:
    """Names of the processes that are not at work yet, by Airflow's own health report."""
    try:
        health = _request(f"{service.url}/api/v2/monitor/health")
    except (OSError, ValueError):
        return ["api-server"]
    reported = {"api-server": "metadatabase", "scheduler": "scheduler", "dag-processor": "dag_processor"}
    return [name for name, key in reported.items() if (health.get(key) or {}).get("status") != "healthy"]


def call(settings: Settings, service: Service, path: str, *, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask Airflow's public API (``path`` from ``/api/v2`` on) as its administrator; with a body it is a POST.

    Raises:
        urllib.error.HTTPError: what the API answers when it refuses.
    """
    token = _request(f"{service.url}/auth/token", body=_login(settings))["access_token"]
    return _request(f"{service.url}/api/v2{path}", token=token, body=body)


def _login(settings: Settings) -> dict[str, str]:
    return {"username": USER, "password": password(settings)}


def _make_pool(settings: Settings, service: Service) -> None:
    """Make the pool of writers through the API, or give it its size: the command line would take as long as the whole start."""
    pool = {
        "slots": settings.parallel_loads,
        "description": "Loads take one slot, a build all of them",
        "include_deferred": False,
    }
    try:
        try:
            call(settings, service, "/pools", body={"name": WRITERS_POOL, **pool})
        except urllib.error.HTTPError as error:
            if error.code != 409:  # it is there already
                raise
            size = {"pool": WRITERS_POOL, **pool}
            patch(service.url, _login(settings), f"/pools/{WRITERS_POOL}?update_mask=slots", size)
    except urllib.error.HTTPError as error:
        raise AirflowServiceError(f"The pool {WRITERS_POOL} could not be made: {error.read().decode()}") from error


def patch(url: str, login: dict[str, str], path: str, body: dict[str, Any]) -> None:
    """Change something through the public API (``path`` from ``/api/v2`` on) of an Airflow at ``url``, as a user of it.

    Raises:
        OSError: it does not answer, or refuses.
    """
    token = _request(f"{url}/auth/token", body=login)["access_token"]
    _request(f"{url}/api/v2{path}", token=token, body=body, method="PATCH")


def _request(
    url: str, *, token: str | None = None, body: dict[str, Any] | None = None, method: str | None = None
) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(  # noqa: S310 - always http on this machine
        url, data=json.dumps(body).encode() if body is not None else None, headers=headers, method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=_ANSWER_SECONDS) as response:
        return cast("dict[str, Any]", json.load(response))
