"""Candidates without dbt: the tables of a release stand in schema ``marts`` again, for a test to change and to judge."""

from __future__ import annotations

import psycopg
from psycopg import sql

from wres.settings import Settings


def administrator(settings: Settings) -> psycopg.Connection:
    """A connection that may change anything, in autocommit: what a test does here no role of the warehouse can do."""
    return psycopg.connect(settings.warehouse_url or "", autocommit=True)


def stage_candidate(
    settings: Settings, fingerprint: str, *changes: str, gate_passed: bool | None = None, release: int = 1
) -> None:
    """Make a candidate of a release's tables, as a build would leave it, then apply statements to it.

    Args:
        settings: a warehouse that the test may change.
        fingerprint: of the candidate's made-up inputs.
        changes: SQL statements, run in one session with ``marts`` as the search path.
        gate_passed: what its gate said; None while it is not judged.
        release: whose tables are copied.
    """
    schema = f"release_{release:04d}"
    with administrator(settings) as connection, connection.transaction():
        connection.execute("delete from ops.candidate")
        for table in _tables(connection, "marts"):
            connection.execute(f'drop table marts."{table}" cascade')
        for table in _tables(connection, schema):
            connection.execute(f'create table marts."{table}" (like {schema}."{table}" including all)')
            connection.execute(f'insert into marts."{table}" select * from {schema}."{table}"')
            described = connection.execute("select obj_description(%s::regclass)", [f"{schema}.{table}"]).fetchone()
            connection.execute(
                sql.SQL("comment on table marts.{} is {}").format(sql.Identifier(table), described and described[0])
            )
        connection.execute("set local search_path = marts")
        for change in changes:
            connection.execute(change)
        for table in _tables(connection, "marts"):
            connection.execute(f'alter table marts."{table}" owner to wres_transformer')
            connection.execute(f'grant select on marts."{table}" to wres_gate')
        connection.execute(
            "insert into ops.candidate (fingerprint, code_revision, is_synthetic, gate_passed)"
            " select %s, code_revision, is_synthetic, %s from ops.release where release_id = %s",
            [fingerprint, gate_passed, release],
        )


def _tables(connection: psycopg.Connection, schema: str) -> list[str]:
    rows = connection.execute("select tablename from pg_tables where schemaname = %s order by 1", [schema]).fetchall()
    return [row[0] for row in rows]
