"""Connections to the warehouse, one role per step, and the migration that makes roles, schemas and the ``ops`` tables."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from wres import credentials, postgres
from wres.settings import Settings

GROUPS = ("wres_loader", "wres_gate", "wres_transformer", "wres_publisher", "analyst", "bi_reader")
AIRFLOW = "airflow"
OLDEST_SERVER = 18
# How a connection is protected on its way, as WRES_WAREHOUSE_URL says it beside sslmode, and the variable that says the same.
TRANSPORT = {
    "sslrootcert": "PGSSLROOTCERT",
    "channel_binding": "PGCHANNELBINDING",
    "require_auth": "PGREQUIREAUTH",
}
MIGRATION = Path(__file__).with_name("warehouse.sql")
# One key for the steps that write the candidate and its releases: build, marts gate, publish, rollback, prune.
_WRITER_LOCK = 0x57524553
_MIGRATION_LOCK = 0x57524554
# A reader must not be able to hold up a publish by leaving a transaction open, nor tire the server with one query.
# A session may change these defaults; it may not change how many it can open, nor that the publisher ends idle ones.
_READER_LIMITS = {
    "statement_timeout": "5min",
    "idle_in_transaction_session_timeout": "60s",
    "default_transaction_read_only": "on",
}
# Compiling the figures' long expressions to machine code takes longer than working them out (measured: 70 s against 37 s).
_BUILDER_SETTINGS = {"jit": "off", "work_mem": "128MB"}
_READER_CONNECTIONS = 40
_LOGIN_SETTINGS = {
    "analyst": _READER_LIMITS,
    "bi_reader": _READER_LIMITS,
    "wres_transformer": _BUILDER_SETTINGS,
    "wres_gate": _BUILDER_SETTINGS,
}


class WarehouseError(RuntimeError):
    """The warehouse cannot be used as it is; the message says what to do."""


class UnknownRoleError(ValueError):
    """A role that the warehouse does not have."""


class WriterBusyError(WarehouseError):
    """Another build, gate or publish holds the warehouse."""


def login(group: str) -> str:
    """Name of the login user of a group (groups themselves cannot log in)."""
    return group if group == AIRFLOW else f"{group}_login"


def dsn(settings: Settings, role: str, database: str = "warehouse") -> str:
    """libpq URI for a role, with the server started and the warehouse migrated if need be.

    Args:
        settings: where the warehouse is.
        role: one of ``GROUPS``, or ``airflow`` for Airflow's own database.
        database: ``warehouse`` or ``airflow``; on a server of the user's own, ``warehouse`` is the URI's database.

    Raises:
        UnknownRoleError: there is no such role.
        WarehouseError: the server is too old or out of reach.
    """
    if role not in (*GROUPS, AIRFLOW):
        raise UnknownRoleError(f"There is no role {role!r}. Roles: {', '.join((*GROUPS, AIRFLOW))}.")
    migrate(settings)
    return _dsn(settings, role, _administrator(settings, database))


def reader_dsn(settings: Settings, role: str) -> str:
    """libpq URI of a role for people and tools: on the replica if there is one and the role only reads, else as ``dsn``.

    The steps themselves read what they have just written, and a replica may be behind: they take ``dsn``.

    Raises:
        UnknownRoleError: there is no such role.
        WarehouseError: the server is too old or out of reach.
    """
    if settings.replica_url and _LOGIN_SETTINGS.get(role) is _READER_LIMITS:
        return _dsn(settings, role, settings.replica_url)
    return dsn(settings, role)


def _dsn(settings: Settings, role: str, address: str) -> str:
    """The address of a server and database, with the login of a role in place of whose it was."""
    info = psycopg.conninfo.conninfo_to_dict(address)
    host, port, name = (
        str(info.get("host", "localhost")),
        info.get("port", 5432),
        quote(str(info.get("dbname", "warehouse"))),
    )
    # A given password may hold any character; a host may be the folder of a socket or an address of colons.
    password = quote(credentials.password(settings, login(role)), safe="")
    host = f"[{host}]" if ":" in host else quote(host, safe="")
    options = {key: info[key] for key in ("sslmode", *TRANSPORT) if info.get(key)}
    return f"postgresql://{login(role)}:{password}@{host}:{port}/{name}" + (f"?{urlencode(options)}" if options else "")


def connect(settings: Settings, role: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection as a role, with its group as the acting role (objects then belong to the group)."""
    try:
        connection = psycopg.connect(
            dsn(settings, role), autocommit=True, application_name=f"wres {role}", connect_timeout=10
        )
    except psycopg.OperationalError as error:
        raise WarehouseError(
            f"{login(role)} cannot log in: {error}".strip()
            + "\nThe server keeps the passwords it was set up with: use the "
            f"credentials.env of then, or give them as WRES_PASSWORD_{login(role).upper()} and so on."
        ) from error
    if role.startswith("wres_"):
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    connection.autocommit = autocommit
    return connection


@contextmanager
def writer(
    settings: Settings, *, wait_seconds: float = 0.0, waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the one writer's place for build, gate, publish and rollback; freed by the server if the process dies.

    Raises:
        WriterBusyError: another process holds it still after ``wait_seconds``.
    """
    with connect(settings, "wres_publisher", autocommit=True) as connection:
        deadline, told = time.monotonic() + wait_seconds, False
        while not connection.execute("select pg_try_advisory_lock(%s)", [_WRITER_LOCK]).fetchone()[0]:  # type: ignore[index]
            if time.monotonic() >= deadline:
                raise WriterBusyError(
                    "Another wres process is building or publishing. Wait for it to end, or see `wres status`."
                )
            if not told:
                waiting()
                told = True
            time.sleep(0.5)
        yield


_migrated: set[tuple[str, str]] = set()


def administrator_dsn(settings: Settings) -> str:
    """URI of the warehouse's database for the administrator of its server, migrated if need be."""
    migrate(settings)
    return _administrator(settings, "warehouse")


def migrate(settings: Settings, *, again: bool = False) -> None:
    """Make databases, roles, schemas and rights; a no-op when this version of the migration was applied already.

    Args:
        settings: where the warehouse is.
        again: although this process has seen to it, as after a restore.

    Raises:
        WarehouseError: the server is older than Postgres 18, or out of reach.
    """
    text = MIGRATION.read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    target = (_administrator(settings, "warehouse"), digest)
    if target in _migrated and not again:
        return
    for database in ("warehouse", "airflow"):
        _create_database(settings, database)
    with _connect_administrator(settings, "warehouse") as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
        if not _applied(connection, digest):
            connection.execute(text)
            connection.execute("insert into ops.migration (digest) values (%s) on conflict do nothing", [digest])
            for role in GROUPS:
                _create_login(settings, connection, role)
    _migrated.add(target)


def _applied(connection: psycopg.Connection, digest: str) -> bool:
    if connection.execute("select to_regclass('ops.migration')").fetchone() == (None,):
        return False
    return connection.execute("select 1 from ops.migration where digest = %s", [digest]).fetchone() is not None


def _administrator(settings: Settings, database: str) -> str:
    if settings.warehouse_url and database == "warehouse":
        return settings.warehouse_url
    return postgres.administrator_dsn(settings, database)


def _connect_administrator(settings: Settings, database: str, *, autocommit: bool = False) -> psycopg.Connection:
    try:
        connection = psycopg.connect(_administrator(settings, database), autocommit=autocommit, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise WarehouseError(f"The warehouse server cannot be reached: {error}".strip()) from error
    if connection.info.server_version < OLDEST_SERVER * 10000:
        version = connection.info.server_version // 10000
        connection.close()
        raise WarehouseError(
            f"The warehouse needs Postgres {OLDEST_SERVER} or newer; this server is Postgres {version}. "
            "Point WRES_WAREHOUSE_URL at a newer server, or unset it to use the embedded one."
        )
    return connection


def _create_database(settings: Settings, database: str) -> None:
    """Create ``warehouse`` (embedded server only) or ``airflow`` with its owner, where it is missing."""
    if settings.warehouse_url and database == "warehouse":
        return
    maintenance = "warehouse" if settings.warehouse_url else "postgres"
    with _connect_administrator(settings, maintenance, autocommit=True) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
            return
        if database == AIRFLOW:
            _create_login(settings, connection, AIRFLOW)
        try:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return  # another process was first
        if database == AIRFLOW:
            connection.execute(f"revoke all on database {database} from public")
            # An administrator of a managed server is no superuser and may give only to roles it belongs to.
            if connection.info.parameter_status("is_superuser") != "on":
                connection.execute(f"grant {AIRFLOW} to current_user")
            connection.execute(f"alter database {database} owner to {AIRFLOW}")


def _create_login(settings: Settings, connection: psycopg.Connection, group: str) -> None:
    """Make the login user of a group; the password travels hashed, so that no log can show it."""
    name = login(group)
    hashed = connection.pgconn.encrypt_password(
        credentials.password(settings, name).encode(), name.encode(), b"scram-sha-256"
    ).decode()
    if not connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone():
        connection.execute(sql.SQL("create role {} login").format(sql.Identifier(name)))
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(name), sql.Literal(hashed)))
    if group != AIRFLOW:
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), sql.Identifier(name)))
    if _LOGIN_SETTINGS.get(group) is _READER_LIMITS:
        connection.execute(
            sql.SQL("alter role {} connection limit {}").format(sql.Identifier(name), sql.Literal(_READER_CONNECTIONS))
        )
        # An administrator of a managed server is no superuser and may end only sessions of roles it belongs to.
        if connection.info.parameter_status("is_superuser") != "on":
            connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(name)))
    for setting, value in _LOGIN_SETTINGS.get(group, {}).items():
        connection.execute(
            sql.SQL("alter role {} set {} = {}").format(
                sql.Identifier(name), sql.Identifier(setting), sql.Literal(value)
            )
        )
