"""Accepted loads of tidy feeds, written straight into raw and ops: for tests of what is made of them, not of their way there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import psycopg
from psycopg import sql

from wres import build, load, warehouse
from wres.settings import Settings

Row = Mapping[str, str]


def prepare(of: Settings) -> None:
    """Make raw tables and the seeds about people in a fresh warehouse."""
    with warehouse.connect(of, "wres_loader", autocommit=True) as connection:
        load.sync_registry(of, connection)
    assert build.dbt(of, "seed", "--select", "path:seeds/people").success


def deliver(of: Settings, source: str, table: str, rows: Sequence[Row]) -> int:
    """One accepted load of the rows, each with its `_period`; returns its number. Its contents are what the rows name."""
    raw = f"{source}__{table}"
    sha256 = hashlib.sha256(repr((raw, rows)).encode()).hexdigest()
    columns = sorted({column for row in rows for column in row})
    with warehouse.connect(of, "wres_loader", autocommit=True) as connection, connection.transaction():
        connection.execute(
            "insert into ops.file (sha256, source, name, bytes, archived_as, is_synthetic) values (%s, %s, %s, 1, %s, true)",
            [sha256, source, f"{sha256[:12]}.csv", sha256],
        )
        (load_id,) = connection.execute(  # type: ignore[misc]
            "insert into ops.load (file_sha256, file_name, source, layout, source_table, state, revision, is_synthetic,"
            " registry_digest)"
            " values (%s, %s, %s, %s, %s, 'accepted', 1, true, 'none') returning load_id",
            [sha256, f"{sha256[:12]}.csv", source, table, raw],
        ).fetchone()
        contents = sorted({(row["_period"], row["org_code"].strip()) for row in rows})
        connection.cursor().executemany(
            "insert into ops.load_content (load_id, source_table, period, org_code) values (%s, %s, %s, %s)",
            [(load_id, raw, period, org_code) for period, org_code in contents],
        )
        names = sql.SQL(", ").join(map(sql.Identifier, ("_load_id", "_row_number", *columns)))
        copying = sql.SQL("copy raw.{} ({}) from stdin").format(sql.Identifier(raw), names)
        with connection.cursor() as cursor, cursor.copy(copying) as copy:
            for number, row in enumerate(rows, start=2):
                copy.write_row((load_id, number, *(row.get(column) for column in columns)))
        connection.execute(sql.SQL("analyze raw.{}").format(sql.Identifier(raw)))
    return int(load_id)


def make(of: Settings, paths: Iterable[str], *options: str) -> None:
    """Build the models under the given paths of ``models/``, the list of current loads first."""
    selected = [f"path:models/{path}" for path in ("staging/ops", *paths)]
    done = build.dbt(of, "run", *options, "--select", *selected)
    assert done.exception is None, done.exception
    assert [f"{node.node.name}: {node.message}" for node in done.result.results if node.status != "success"] == []


def query(of: Settings, statement: str) -> list[dict[str, object]]:
    """Rows of a statement, as the role that builds."""
    with warehouse.connect(of, "wres_transformer", autocommit=True) as connection:
        connection.row_factory = psycopg.rows.dict_row  # type: ignore[assignment]
        return connection.execute(statement).fetchall()  # type: ignore[return-value]
