"""Releases: the candidate becomes an immutable schema, and the views people read point at it, in one transaction.

Views never stand on tables that dbt rebuilds (dropping those would drop the views and their grants), only on a renamed,
immutable release schema. Whatever fails, the last release keeps being served.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import psycopg
from psycopg import sql

from wres import outcome, warehouse
from wres.build import BUILT_FROM
from wres.settings import Settings

# Shorter than the server's deadlock_timeout (1 s): a publish that meets readers steps back before anyone is cancelled.
_LOCK_TIMEOUT = "400ms"
_PATIENCE_SECONDS = 180
_RESTRICTED = "restricted_"
_Result = TypeVar("_Result")

# Views of the migration on the bookkeeping itself: the same for every release.
_BOOKKEEPING = ("release", "release_input", "gate_result")


class PublishError(RuntimeError):
    """The candidate cannot be published, or the release asked for cannot be served; the message says why."""


class NotPassedError(PublishError):
    """The candidate's gate has not let it through."""


class UnknownReleaseError(PublishError):
    """No release of that number, or its tables are gone."""


@dataclass(frozen=True)
class Release:
    """One release, as listed by ``wres releases``."""

    release_id: int
    schema_name: str
    published_at: datetime
    is_current: bool
    is_pinned: bool
    is_synthetic: bool
    fingerprint: str
    code_revision: str
    data_docs: str | None
    dropped_at: datetime | None
    inputs: int


def releases(settings: Settings) -> list[Release]:
    """All releases ever, newest first."""
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        rows = connection.execute(
            "select release_id, schema_name, published_at, is_current, is_pinned, is_synthetic, fingerprint,"
            " code_revision, data_docs, dropped_at,"
            " (select count(*) from ops.release_input as i where i.release_id = r.release_id)"
            " from ops.release as r order by release_id desc"
        ).fetchall()
    return [Release(*row) for row in rows]


def queryable(settings: Settings, release_id: int | None = None) -> Release:
    """A release that still has its tables; by default the current one.

    Raises:
        UnknownReleaseError: no such release, or it is beyond retention.
        PublishError: nothing is published yet.
    """
    for release in releases(settings):
        if release.dropped_at is None and (
            release.is_current if release_id is None else release.release_id == release_id
        ):
            return release
    if release_id is None:
        raise PublishError("Nothing is published yet: run `wres run` first.")
    raise UnknownReleaseError(f"Release {release_id} does not exist or is beyond retention; see `wres releases`.")


def publish(settings: Settings) -> Release | None:
    """Make the candidate the current release; None where the newest release has the same inputs already.

    The caller holds the writer's place (``warehouse.writer``).

    Raises:
        PublishError: there is no candidate, its gate did not pass, or readers never let the views be swapped.
    """
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        candidate = connection.execute("select fingerprint, gate_passed from ops.candidate").fetchone()
        newest = connection.execute("select fingerprint from ops.release order by release_id desc limit 1").fetchone()
        if candidate is None:
            if newest:
                return None
            raise PublishError("There is no candidate to publish: run `wres build` and `wres gate` first.")
        if candidate[1] is not True:
            raise NotPassedError("The candidate has not passed its gate: run `wres gate` and see what it says.")
        if newest and newest[0] == candidate[0]:
            return None
        with outcome.step(connection, "publish") as recorded:
            release_id = _retry(connection, lambda: _swap_in_candidate(connection))
            recorded.message = f"release {release_id}"
        return next(release for release in releases(settings) if release.release_id == release_id)


def rollback(settings: Settings, release_id: int) -> None:
    """Serve an earlier release again; nothing is rebuilt or deleted.

    Raises:
        PublishError: no such release, or its tables are gone (beyond retention).
    """
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        found = connection.execute(
            "select schema_name, dropped_at, is_current from ops.release where release_id = %s", [release_id]
        ).fetchone()
        if found is None:
            raise UnknownReleaseError(f"There is no release {release_id}; see `wres releases`.")
        if found[1] is not None:
            raise UnknownReleaseError(
                f"Release {release_id} is beyond retention; its tables were dropped on {found[1]:%d %B %Y}."
            )
        if found[2]:
            return

        def swap() -> None:
            _point_views(connection, found[0])
            connection.execute("update ops.release set is_current = false where is_current")
            connection.execute("update ops.release set is_current = true where release_id = %s", [release_id])

        with outcome.step(connection, "rollback") as recorded:
            _retry(connection, swap)
            recorded.message = f"release {release_id}"


def pin(settings: Settings, release_id: int, *, pinned: bool) -> None:
    """Keep a release beyond retention, or let it go."""
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        done = connection.execute(
            "update ops.release set is_pinned = %s where release_id = %s and dropped_at is null", [pinned, release_id]
        )
        if done.rowcount == 0:
            raise UnknownReleaseError(f"There is no release {release_id} with tables; see `wres releases`.")


def prune(settings: Settings) -> list[int]:
    """Drop the tables of releases beyond retention (neither current nor pinned); returns their numbers."""
    kept = settings.keep_releases
    dropped = []
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        old = connection.execute(
            "select release_id, schema_name, data_docs from ops.release where dropped_at is null and not is_current"
            " and not is_pinned order by release_id desc offset %s",
            [max(kept - 1, 0)],
        ).fetchall()
        for release_id, schema, docs in old:
            with connection.transaction():
                connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
                connection.execute("update ops.release set dropped_at = now() where release_id = %s", [release_id])
                # Before the end of the transaction: afterwards nobody would come back for what a kill has left.
                if docs:
                    shutil.rmtree(settings.home / docs, ignore_errors=True)
            dropped.append(release_id)
    return dropped


def _retry(connection: psycopg.Connection, swap: Callable[[], _Result]) -> _Result:
    """Run a swap in one transaction, stepping back and trying again while readers hold what it needs.

    Queries that run are waited for; a session that has left its transaction open is ended after some seconds.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
                return swap()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            if time.monotonic() > deadline:
                raise PublishError(
                    f"Readers held the published views for {_PATIENCE_SECONDS} s; nothing was changed. Try again later."
                ) from error
            connection.execute("select ops.end_idle_readers()")
            time.sleep(0.2)


def _swap_in_candidate(connection: psycopg.Connection) -> int:
    fingerprint, revision, synthetic, docs, judged_before = connection.execute(
        "select fingerprint, code_revision, is_synthetic, data_docs, judged_before from ops.candidate for update"
    ).fetchone()  # type: ignore[misc]
    row = connection.execute("select coalesce(max(release_id), 0) + 1 from ops.release").fetchone()
    release_id = int(row[0])  # type: ignore[index]
    schema = f"release_{release_id:04d}"
    connection.execute(sql.SQL("alter schema marts rename to {}").format(sql.Identifier(schema)))
    connection.execute(sql.SQL("alter schema {} owner to wres_publisher").format(sql.Identifier(schema)))
    for table in _tables(connection, schema):
        connection.execute(
            sql.SQL("alter table {}.{} owner to wres_publisher").format(sql.Identifier(schema), sql.Identifier(table))
        )
    # The next candidate's schema, with the rights the migration gave the one that has just become a release.
    connection.execute("create schema marts authorization wres_transformer")
    connection.execute("grant usage on schema marts to wres_gate")
    connection.execute(
        "alter default privileges for role wres_transformer in schema marts grant select on tables to wres_gate"
    )
    connection.execute("update ops.release set is_current = false where is_current")
    connection.execute(
        "insert into ops.release (release_id, schema_name, fingerprint, code_revision, is_synthetic, is_current, data_docs)"
        " values (%s, %s, %s, %s, %s, true, %s)",
        [release_id, schema, fingerprint, revision, synthetic, docs],
    )
    connection.execute(
        sql.SQL(
            """
        insert into ops.release_input
        select %s, l.load_id, l.source, c.source_table, c.period, l.revision, l.file_name, l.file_sha256,
            coalesce(s.disclosure_policy, 'none'), count(*), coalesce(s.unaudited_policy, 'none')
        from {} as c
        inner join ops.load as l on c.load_id = l.load_id
        inner join ops.source as s on l.source = s.source
        group by l.load_id, l.source, c.source_table, c.period, l.revision, l.file_name, l.file_sha256, s.disclosure_policy,
            s.unaudited_policy
        """
        ).format(BUILT_FROM),
        [release_id],
    )
    connection.execute(
        "update ops.gate_result set release_id = %s where release_id is null and"
        " (fingerprint = %s and gate_result_id > %s"
        " or load_id in (select load_id from ops.release_input where release_id = %s))",
        [release_id, fingerprint, judged_before, release_id],
    )
    _point_views(connection, schema)
    connection.execute("delete from ops.candidate")
    return release_id


def _point_views(connection: psycopg.Connection, schema: str) -> None:
    """Let every data view of ``published`` and ``restricted`` show a release, and no other one remain."""
    wanted: dict[tuple[str, str], sql.Composed] = {}
    for table in _tables(connection, schema):
        restricted = table.startswith(_RESTRICTED)
        view = ("restricted", table.removeprefix(_RESTRICTED)) if restricted else ("published", table)
        wanted[view] = sql.SQL("select * from {}").format(sql.Identifier(schema, table))
    existing = _views(connection)
    if existing:
        # All at once and before anything changes: a reader then sees the old views or the new ones, never some of each.
        names = sql.SQL(", ").join(sql.Identifier(*view) for view in sorted(existing))
        connection.execute(sql.SQL("lock table {} in access exclusive mode").format(names))
    for view in sorted(set(existing) - set(wanted)):
        connection.execute(sql.SQL("drop view {}").format(sql.Identifier(*view)))
    for view, query in wanted.items():
        name = sql.Identifier(*view)
        if view in existing and not _can_replace(connection, existing[view], query):
            connection.execute(sql.SQL("drop view {}").format(name))
        connection.execute(sql.SQL("create or replace view {} as {}").format(name, query))
    _copy_comments(connection, schema)


def _can_replace(connection: psycopg.Connection, columns: list[tuple[str, str]], query: sql.Composed) -> bool:
    """Whether a view keeps its columns, and at most gains some: only then does Postgres replace it in place."""
    cursor = connection.execute(sql.SQL("select * from ({}) as new limit 0").format(query))
    new = [(column.name, connection.adapters.types[column.type_code].regtype) for column in cursor.description or []]
    return new[: len(columns)] == columns


def _copy_comments(connection: psycopg.Connection, schema: str) -> None:
    """Give views the descriptions of the tables they show, so that BI tools can explain a column."""
    connection.execute(
        sql.SQL(
            """
            do $$
            declare
                item record;
            begin
                for item in
                    select
                        case when c.relname like 'restricted\\_%' then 'restricted' else 'published' end as view_schema,
                        regexp_replace(c.relname, '^restricted_', '') as view_name,
                        a.attname,
                        d.description
                    from pg_class as c
                    inner join pg_description as d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass
                    left join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0
                    where c.relnamespace = {schema}::regnamespace and c.relkind = 'r'
                loop
                    if item.attname is null then
                        execute format('comment on view %I.%I is %L', item.view_schema, item.view_name, item.description);
                    else
                        execute format(
                            'comment on column %I.%I.%I is %L',
                            item.view_schema, item.view_name, item.attname, item.description
                        );
                    end if;
                end loop;
            end
            $$
            """
        ).format(schema=sql.Literal(schema))
    )


def _tables(connection: psycopg.Connection, schema: str) -> list[str]:
    rows = connection.execute(
        "select tablename from pg_tables where schemaname = %s order by tablename", [schema]
    ).fetchall()
    return [row[0] for row in rows]


def _views(connection: psycopg.Connection) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Data views of ``published`` and ``restricted`` with the names and types of their columns."""
    rows = connection.execute(
        "select n.nspname, c.relname, a.attname, format_type(a.atttypid, null) from pg_class as c"
        " inner join pg_namespace as n on c.relnamespace = n.oid"
        " inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where n.nspname in ('published', 'restricted') and c.relkind = 'v' and c.relname <> all(%s)"
        " order by n.nspname, c.relname, a.attnum",
        [list(_BOOKKEEPING)],
    ).fetchall()
    views: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, view, column, kind in rows:
        views.setdefault((schema, view), []).append((column, kind))
    return views
