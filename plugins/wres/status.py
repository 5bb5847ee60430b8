"""The state of the warehouse at a glance: services, loads, rejects, release, open problems, what is overdue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from psycopg.rows import dict_row

from wres import archive, load, postgres, registry, warehouse
from wres.background import Service
from wres.settings import Settings

_LAST_LOADS = 8


@dataclass(frozen=True)
class Status:
    """What ``wres status`` shows; every field is plain data."""

    home: str
    warehouse: str
    airflow: str | None
    superset: str | None
    next_load: str | None
    release: dict[str, Any] | None
    loads: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    waiting: list[str]
    problems: list[str]
    overdue: list[str]


def status(settings: Settings) -> Status:
    """Collect the state; starts the embedded server if it is down, since its tables are asked."""
    from wres import airflow_service, superset_service

    service = airflow_service.running(settings)
    dashboards = superset_service.running(settings)
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        release = cursor.execute(
            "select release_id, published_at, is_synthetic, is_pinned,"
            " (select count(*) from ops.release_input as i where i.release_id = r.release_id) as inputs"
            " from ops.release as r where is_current"
        ).fetchone()
        loads = cursor.execute(
            "select l.load_id, l.source, l.file_name as file, l.period, l.state, l.revision, l.rows_loaded, l.rows_rejected,"
            " l.started_at from ops.load as l order by load_id desc limit %s",
            [_LAST_LOADS],
        ).fetchall()
        rejected = cursor.execute(
            """
            select
                l.load_id, l.source, l.file_name as file, l.started_at, l.report, l.problems -> 0 ->> 'rule' as rule,
                l.problems -> 0 ->> 'message' as message, jsonb_array_length(l.problems) as problems
            from ops.load as l
            where l.state = 'rejected' and not l.problems @> '[{"rule": "F06"}]' and not exists (
                select from ops.load as later
                where later.load_id > l.load_id and (
                    later.file_sha256 = l.file_sha256
                    or (later.state = 'accepted' and later.file_name = l.file_name and later.source = l.source)
                )
            )
            order by l.load_id desc
            """
        ).fetchall()
        problems = [
            f"{row['rule_id']} {row['table_name']}: {row['message']}"
            + (f" ({row['unexpected_count']} row(s))" if row["unexpected_count"] else "")
            for row in cursor.execute(
                "select distinct on (rule_id, table_name, message) rule_id, table_name, message, unexpected_count,"
                " severity from ops.gate_result where not success and severity <> 'info' and"
                " (release_id = %(release)s or fingerprint in (select fingerprint from ops.candidate)"
                " or load_id in (select load_id from ops.release_input where release_id = %(release)s))"
                " order by rule_id, table_name, message, gate_result_id desc",
                {"release": release["release_id"] if release else None},
            ).fetchall()
        ]
        candidate = cursor.execute("select gate_passed from ops.candidate").fetchone()
    if candidate and candidate["gate_passed"] is False:
        problems.insert(0, "The newest candidate is blocked by its gate; the release before it is served.")
    server = postgres.running(settings)
    return Status(
        home=str(settings.home),
        warehouse="server of WRES_WAREHOUSE_URL"
        if settings.warehouse_url
        else f"embedded, port {server and server.port}",
        airflow=service.url if service else None,
        superset=dashboards.url if dashboards else None,
        next_load=_next_load(settings, service) if service else None,
        release=release,
        loads=loads,
        rejected=rejected,
        waiting=[
            *(f"{found.source}/{archive.kept_name(found.path)}" for found in load.discover(settings)),
            *(f"{of}/{archive.kept_name(path)}: {wrong.message}" for of, path, wrong in load.obstructed(settings)),
        ],
        problems=problems,
        overdue=overdue(settings),
    )


def _next_load(settings: Settings, service: Service) -> str | None:
    """The ingest DAG that is due next, and when, as Airflow says; None where it does not answer or all of them are paused."""
    from wres.airflow_service import call

    try:
        dags = call(settings, service, "/dags?tags=ingest&paused=false&limit=100")["dags"]
    except (OSError, ValueError):
        return None
    planned = [(dag["next_dagrun_run_after"], dag["dag_id"]) for dag in dags if dag["next_dagrun_run_after"]]
    if not planned:
        return None
    when, dag_id = min(planned)
    return f"{dag_id}, {datetime.fromisoformat(when):%Y-%m-%d %H:%M} UTC"


def overdue(settings: Settings, today: date | None = None) -> list[str]:
    """Sources whose file was due and has not been accepted, as sentences; quarterly ones once they are in use.

    Every organisation sends a return and has a survey; which of the quarterly feeds it sends is its own choice.
    """
    day = today or datetime.now(UTC).date()
    late = []
    with warehouse.connect(settings, "wres_gate", autocommit=True) as connection:
        for source in registry.registry(settings).values():
            if source.due is None:
                continue
            expected, due = source.due.newest(day)
            newest = connection.execute(
                "select max(c.period) from ops.current_content as c inner join ops.load as l on c.load_id = l.load_id"
                " where l.source = %s",
                [source.name],
            ).fetchone()
            have = newest[0] if newest else None
            if have is None and source.due.days_after_quarter is not None:
                continue
            # A month of the year that is expected is as good as the year.
            if have is None or have[: len(expected)] < expected:
                late.append(
                    f"{source.name}: period {expected} was due by {due:%d %B %Y}; accepted so far: {have or 'nothing'}"
                )
    return late
