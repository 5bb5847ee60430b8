"""The build: one dbt process makes staging, intermediate and the candidate in schema ``marts``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from wres import forget, load, outcome, registry, warehouse
from wres.settings import Settings

# The loads that the newest build has read, as dbt copied them when it began.
BUILT_FROM = sql.Identifier("staging", "stg_ops__current_content")
_CODE = ("dbt_project", "sources", "expectations")
_SUFFIXES = {".sql", ".yml", ".csv"}
# The two halves of a build: counts, then what is computed from them; disclosure control stands between.
# A test runs with the last of its nodes.
_COUNTS = ("--indirect-selection", "cautious", "--select", "+int_disclosure__cell", "pay_row")
_FIGURES = ("--indirect-selection", "cautious", "--exclude", "+int_disclosure__cell", "pay_row")


class BuildError(RuntimeError):
    """dbt failed; the message names each node that failed and why."""


@dataclass(frozen=True)
class Inputs:
    """What a build is made of.

    Attributes:
        fingerprint: changes when a file, a superseding load or the code changes; equal inputs give an equal release.
        code_revision: fingerprint of models, rules and registry alone.
        is_synthetic: whether the inputs are made up (real and synthetic ones never mix).
        feeds_indicators: whether any input feeds an indicator, so that there is something to publish.
        displaced: accepted synthetic loads that have stepped aside for real ones.
    """

    fingerprint: str
    code_revision: str
    is_synthetic: bool
    feeds_indicators: bool
    displaced: int


def inputs(settings: Settings) -> Inputs:
    """The inputs that a build would have now."""
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        return _inputs(settings, connection)


def changed_inputs(settings: Settings) -> bool:
    """Whether a build would give another release than the newest one, and has anything to publish at all."""
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        now = _inputs(settings, connection)
        newest = connection.execute("select fingerprint from ops.release order by release_id desc limit 1").fetchone()
    return now.feeds_indicators and newest != (now.fingerprint,)


def build(settings: Settings, say: Callable[[str], None] = lambda text: None) -> None:
    """Build the candidate, in full, and note what it was built from.

    The caller holds the writer's place (``warehouse.writer``).

    Args:
        settings: of the warehouse.
        say: told how far disclosure control is, which takes longest.

    Raises:
        BuildError: a model or a dbt test failed; the published release is untouched.
    """
    with warehouse.connect(settings, "wres_loader", autocommit=True) as loader:
        load.sync_registry(settings, loader)
    forget.renew(settings)
    with (
        warehouse.connect(settings, "wres_transformer", autocommit=True) as connection,
        outcome.step(connection, "build") as recorded,
    ):
        connection.execute("delete from ops.candidate")
        afresh = _forget_other_code(settings, connection)
        counted = _run_dbt(settings, *_COUNTS, afresh=afresh)
        controlled = _control(settings, say)
        figured = _run_dbt(settings, *_FIGURES, afresh=afresh)
        recorded.message = f"{counted + figured} dbt nodes; {controlled}"
        # What was built, not what is accepted by now: a load may have been accepted meanwhile.
        now = _inputs(settings, connection, built=True)
        connection.execute(
            "insert into ops.candidate (fingerprint, code_revision, is_synthetic, judged_before)"
            " select %s, %s, %s, coalesce(max(gate_result_id), 0) from ops.gate_result",
            [now.fingerprint, now.code_revision, now.is_synthetic],
        )
        connection.execute(
            "insert into ops.counted_by (code_revision) values (%s) on conflict do nothing", [now.code_revision]
        )
        rows = connection.execute("select count(*) from marts.restricted_indicator_result").fetchone()
        recorded.rows_out = rows[0] if rows else None


def _forget_other_code(settings: Settings, connection: psycopg.Connection) -> bool:
    """Whether the incremental tables have to be made afresh: they were filled by other code than today's.

    Forgotten before the build and noted after it, so that a build that fails half-way is followed by a full one.
    """
    code = _code_revision(settings.project)
    same = connection.execute("select 1 from ops.counted_by where code_revision = %s", [code]).fetchone() is not None
    if not same:
        connection.execute("delete from ops.counted_by")
    return not same


def _inputs(settings: Settings, connection: psycopg.Connection, *, built: bool = False) -> Inputs:
    """Inputs as they are accepted now, or as the build just made has read them."""
    relation = BUILT_FROM if built else sql.Identifier("ops", "current_content")
    code = _code_revision(settings.project)
    running = hashlib.sha256(code.encode())
    contents = connection.execute(
        sql.SQL(
            "select c.source_table, c.period, c.org_code, l.file_sha256, c.is_synthetic, l.source"
            " from {} as c inner join ops.load as l on c.load_id = l.load_id"
            " order by c.source_table, c.period, c.org_code"
        ).format(relation)
    ).fetchall()
    sources = registry.registry(settings)
    for table, period, organisation, sha256, _, _ in contents:
        running.update(f"{table}\x1f{period}\x1f{organisation}\x1f{sha256}\x1e".encode())
    for digest in forget.digests(settings, connection):
        running.update(f"{digest}\x1e".encode())
    is_synthetic = any(row[4] for row in contents)
    aside = connection.execute(
        "select count(*) from ops.load where state = 'accepted' and is_synthetic and not %s and %s",
        [is_synthetic, bool(contents)],
    ).fetchone()
    return Inputs(
        fingerprint=running.hexdigest(),
        code_revision=code,
        is_synthetic=is_synthetic,
        feeds_indicators=any(row[5] in sources and sources[row[5]].indicators for row in contents),
        displaced=aside[0] if aside else 0,
    )


@lru_cache(maxsize=4)
def _code_revision(project: Path) -> str:
    """Fingerprint of all that turns raw rows into a release."""
    # The growth step is part of a release as the models are.
    running = hashlib.sha256(warehouse.MIGRATION.read_bytes() + Path(__file__).with_name("growth.py").read_bytes())
    for part in _CODE:
        for path in sorted((project / part).rglob("*")):
            if path.suffix in _SUFFIXES and not {"target", "logs"} & set(path.relative_to(project).parts):
                running.update(str(path.relative_to(project)).encode())
                running.update(path.read_bytes())
    return running.hexdigest()[:16]


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Environment under which dbt reaches the warehouse as its own role."""
    info = psycopg.conninfo.conninfo_to_dict(warehouse.dsn(settings, "wres_transformer"))
    return {
        "WRES_DBT_HOST": str(info["host"]),
        "WRES_DBT_PORT": str(info["port"]),
        "WRES_DBT_USER": str(info["user"]),
        "WRES_DBT_PASSWORD": str(info["password"]),
        "WRES_DBT_DATABASE": str(info["dbname"]),
        "WRES_DBT_SSLMODE": str(info.get("sslmode", "prefer")),
        **{variable: str(info[key]) for key, variable in warehouse.TRANSPORT.items() if info.get(key)},
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def dbt(settings: Settings, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """Run one dbt command in this process; returns dbt's result object.

    Target and logs lie in the warehouse's home, since two runs in one ``target/`` corrupt each other. By default it reaches the
    warehouse, and starts its server; a command that asks no server takes any ``environment``.
    """
    from dbt.cli.main import dbtRunner

    os.environ.update(dbt_environment(settings) if environment is None else environment)
    project = str(settings.dbt_project)
    return dbtRunner().invoke(
        [
            "--quiet",
            "--no-use-colors",
            "--log-level=none",
            f"--log-path={settings.logs / 'dbt'}",
            *arguments,
            f"--project-dir={project}",
            f"--profiles-dir={project}",
            f"--target-path={settings.home / 'dbt'}",
        ]
    )


def _control(settings: Settings, say: Callable[[str], None]) -> str:
    from wres.disclosure import complementary, stage

    try:
        return stage.hide(settings, say)
    except (ValueError, complementary.UnprotectableError) as error:
        raise BuildError(f"disclosure control failed; the published release is untouched: {error}") from error


def _run_dbt(settings: Settings, *selection: str, afresh: bool) -> int:
    """Build the selected nodes; returns how many there were."""
    # Unit tests prove the SQL and belong to the test suite; data tests guard the candidate at hand.
    result = dbt(
        settings, "build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if afresh else []), *selection
    )
    if result.exception is not None:
        # Interrupted, dbt tries to end its sessions, which its role may not; the server ends them with the connection.
        if "pg_signal_backend" in str(result.exception):
            raise KeyboardInterrupt
        raise BuildError(f"dbt could not run: {result.exception}")
    nodes = result.result.results if result.result is not None else []
    failed = [node for node in nodes if node.status in ("error", "fail", "runtime error")]
    if failed or not result.success:
        what = "\n".join(f"  {node.node.name}: {(node.message or '').strip()}" for node in failed)
        raise BuildError(f"dbt build failed; the published release is untouched. See {settings.logs / 'dbt'}.\n{what}")
    return len(nodes)
