"""Superset as a service of one warehouse: one background process that shows the dashboards of ``dashboards/``.

Superset lives in an environment of its own (``.venv-superset``), so that nothing here imports it. What it keeps for itself is one
SQLite file that can be made anew at any time: the dashboards are files of this project, the figures are the warehouse's.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from wres import background, credentials, warehouse
from wres.background import HOST, Service, ServiceError
from wres.settings import Settings

ADMIN, VIEWER = "admin", "viewer"
_USUAL_PORT = 8088
# One process of several threads: SQLite takes one writer at a time, and the work is done by Postgres and the browser.
_THREADS = 8
_STARTUP_SECONDS = 180.0
_GRACE_SECONDS = 10.0


class SupersetServiceError(ServiceError):
    """Superset could not be prepared or did not start; the message carries the tail of its log."""


def installed(settings: Settings) -> bool:
    """Whether Superset's environment has been set up."""
    return _program(settings, "gunicorn").exists()


def password(settings: Settings, user: str) -> str:
    """Password of ``admin``, who may change dashboards, or of ``viewer``, who may look at them."""
    return credentials.password(settings, f"superset_{user}")


def log_file(settings: Settings, name: str) -> Path:
    """Log of the process (``server``) or of its preparation (``provision``)."""
    return settings.logs / f"superset-{name}.log"


def running(settings: Settings) -> Service | None:
    """Return the service of this home if it is up, else None."""
    return background.running(settings.superset_home)


def start(settings: Settings, *, say: Callable[[str], None] | None = None) -> Service:
    """Start Superset for this home, with the dashboards as the project has them; returns the running one if there is one.

    Dashboards that were changed in Superset stay as they are until a file of ``dashboards/`` changes, which overwrites them.

    Args:
        settings: whose warehouse and dashboards.
        say: is told each step, for a progress display.

    Raises:
        SupersetServiceError: it is not installed, could not be prepared, ended, or did not answer in time.
    """
    tell = say or (lambda _: None)
    if not installed(settings):
        raise SupersetServiceError("Superset is not set up. `make up` does it, or `make .venv-superset/.ready` alone.")
    settings.superset_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.logs.mkdir(parents=True, exist_ok=True)
    with background.lock(settings.superset_home / ".lock"):
        if service := running(settings):
            return service
        _end(settings)
        environment = _environment(settings)
        _provision(settings, environment, tell)
        tell("starting Superset")
        port = background.free_port(settings.superset_home / "port", _USUAL_PORT)
        server = background.launch(
            [
                str(_program(settings, "gunicorn")),
                *("--bind", f"{HOST}:{port}"),
                *("--workers", "1", "--worker-class", "gthread", "--threads", str(_THREADS)),
                *("--timeout", "300"),
                "superset.app:create_app()",
            ],
            environment=environment,
            folder=settings.superset_home,
            log_file=log_file(settings, "server"),
        )
        service = Service(port, {"server": server})
        background.remember(settings.superset_home, service)
    try:
        _wait(settings, service)
    except BaseException:
        stop(settings)
        raise
    return service


def stop(settings: Settings) -> bool:
    """Stop Superset; True if it was running."""
    if not settings.superset_home.exists():
        return False
    with background.lock(settings.superset_home / ".lock"):
        return _end(settings)


def export(settings: Settings) -> list[str]:
    """Write dashboards, charts and datasets as Superset holds them now into ``dashboards/``; a line for each file changed.

    Raises:
        SupersetServiceError: it is not installed, was never started, or could not be asked.
    """
    if not installed(settings) or not (settings.superset_home / "superset.db").exists():
        raise SupersetServiceError("There is no Superset to read dashboards from yet: start it with `make up`.")
    settings.logs.mkdir(parents=True, exist_ok=True)
    printed = _run_provision(settings, _environment(settings), "export")
    return [line for line in printed.splitlines() if line.startswith("written: ")]  # Superset prints a line of its own


def _end(settings: Settings) -> bool:
    return background.end(settings.superset_home, grace_seconds=_GRACE_SECONDS)


def _program(settings: Settings, name: str) -> Path:
    return settings.project / ".venv-superset" / "bin" / name


def _environment(settings: Settings) -> dict[str, str]:
    """What Superset is told (see ``dashboards/superset_config.py``); of the warehouse it gets the reader's login alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WRES_", "AIRFLOW_", "PYTHON"))}
    return {
        **kept,
        "PYTHONPATH": str(settings.dashboards),
        "WRES_SUPERSET_DATABASE": f"sqlite:///{settings.superset_home / 'superset.db'}",
        "WRES_SUPERSET_SECRET_KEY": credentials.password(settings, "superset_session"),
        "WRES_SUPERSET_WAREHOUSE": warehouse.reader_dsn(settings, "bi_reader"),
        "WRES_SUPERSET_ADMIN_PASSWORD": password(settings, ADMIN),
        "WRES_SUPERSET_VIEWER_PASSWORD": password(settings, VIEWER),
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
    }


def _provision(settings: Settings, environment: dict[str, str], tell: Callable[[str], None]) -> None:
    """Make Superset's tables, users and dashboards. Skipped when files and passwords are those of the last time."""
    marker = settings.superset_home / "provisioned"
    digest = hashlib.sha256()
    for path in sorted(path for path in settings.dashboards.rglob("*") if path.suffix in (".lock", ".py", ".yaml")):
        digest.update(path.relative_to(settings.dashboards).as_posix().encode() + b"\0" + path.read_bytes())
    for user in (ADMIN, VIEWER):
        digest.update(password(settings, user).encode())
    if (
        marker.exists()
        and marker.read_text() == digest.hexdigest()
        and (settings.superset_home / "superset.db").exists()
    ):
        return
    tell("preparing Superset and its dashboards")
    _run_provision(settings, environment)
    marker.write_text(digest.hexdigest())


def _run_provision(settings: Settings, environment: dict[str, str], *arguments: str) -> str:
    """What ``dashboards/provision.py`` prints; what it logs goes into a file."""
    path = log_file(settings, "provision")
    with path.open("w") as log:
        ended = subprocess.run(
            [_program(settings, "python"), settings.dashboards / "provision.py", *arguments],
            env=environment,
            cwd=settings.superset_home,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=False,
        )
    if ended.returncode != 0:
        raise SupersetServiceError(
            f"dashboards/provision.py failed (exit {ended.returncode}). {path} ends:\n{background.log_tail(path)}"
        )
    return ended.stdout


def _wait(settings: Settings, service: Service) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _STARTUP_SECONDS
    while time.monotonic() < deadline:
        if running(settings) is None:
            break
        try:
            with opener.open(f"{service.url}/health", timeout=10):
                return
        except OSError:
            time.sleep(0.3)
    state = "did not answer in time" if running(settings) else "ended as it started"
    raise SupersetServiceError(
        f"Superset {state}. {log_file(settings, 'server')} ends:\n{background.log_tail(log_file(settings, 'server'))}"
    )
