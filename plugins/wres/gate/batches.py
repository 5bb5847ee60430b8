"""Batches: the relations in schema ``gate`` that rules are put to, made for one judgement and dropped after it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from wres.gate.checks import WRONG, faulty_rows, wrong_contents
from wres.rules import WHOLE, Suite, seed_file
from wres.settings import Settings


def seed_relations(connection: psycopg.Connection, settings: Settings, suite: Suite) -> dict[str, str]:
    """The seeds of a suite as relations, by name: temporary tables of text, made once a connection."""
    for name in suite.seeds:
        known = connection.execute("select to_regclass(%s)", [f"pg_temp.seed_{name}"]).fetchone()
        if known == (None,):
            _make_seed(connection, f"seed_{name}", seed_file(settings, name))
    return {name: f'pg_temp."seed_{name}"' for name in suite.seeds}


def _make_seed(connection: psycopg.Connection, table: str, path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        columns, *rows = list(csv.reader(file))
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    types = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(column)) for column in columns)
    connection.execute(sql.SQL("create temporary table {} ({})").format(sql.Identifier(table), types))
    statement = sql.SQL("copy pg_temp.{} ({}) from stdin").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([cell or None for cell in row])
    connection.execute(sql.SQL("analyze pg_temp.{}").format(sql.Identifier(table)))


@contextmanager
def batches_of(
    connection: psycopg.Connection,
    prefix: str,
    table: sql.Composable,
    suite: Suite,
    seeds: Mapping[str, str] | None = None,
) -> Iterator[dict[str, str]]:
    """Relations in schema ``gate`` of the table being judged and of the suite's selects over it, by batch name.

    Great Expectations is given table assets because its row locations are malformed for query assets. The table itself is
    a view; all else is computed once, since each expectation reads its batch several times.

    Args:
        connection: as wres_gate, in autocommit.
        prefix: of the relations' names.
        table: relation, or subselect in brackets, that is judged.
        suite: whose batches are made.
        seeds: relations of the seeds that the suite names (``seed_relations``).
    """
    names = {WHOLE: f"{prefix}__{WHOLE}"}

    def make(batch_name: str, select: str) -> None:
        known = {**(seeds or {}), **{name: f'gate."{relation}"' for name, relation in names.items()}}
        for name, relation in known.items():
            select = select.replace("{" + name + "}", relation)
        names[batch_name] = f"{prefix}__{batch_name}"
        connection.execute(
            sql.SQL("create unlogged table gate.{} as {}").format(sql.Identifier(names[batch_name]), sql.SQL(select))
        )

    try:
        _drop_batches(connection, prefix)
        derived = "".join(f", {expression} as {name}" for name, expression in suite.derived.items())
        connection.execute(
            sql.SQL("create view gate.{} as select *{} from {} as batch").format(
                sql.Identifier(names[WHOLE]), sql.SQL(derived), table
            )
        )
        if suite.checks:
            make(WRONG, wrong_contents(suite.checks))
            failed = connection.execute(
                sql.SQL("select distinct check_number from gate.{}").format(sql.Identifier(names[WRONG]))
            ).fetchall()
            for batch_name in dict.fromkeys(check.batch for check in suite.checks):
                make(batch_name, faulty_rows(suite.checks, batch_name, {number for (number,) in failed}))
        for batch_name, select in suite.batches.items():
            make(batch_name, select)
        yield names
    finally:
        if not connection.closed:
            _drop_batches(connection, prefix)


def _drop_batches(connection: psycopg.Connection, prefix: str) -> None:
    """Drop the batches of a judgement, this one's or what a killed one left."""
    left = connection.execute(
        "select c.relname, c.relkind from pg_class as c where c.relnamespace = 'gate'::regnamespace"
        " and c.relkind in ('r', 'v') and starts_with(c.relname, %s) order by c.relkind",
        [f"{prefix}__"],
    ).fetchall()
    for name, kind in left:
        connection.execute(
            sql.SQL("drop {} if exists gate.{} cascade").format(
                sql.SQL("view" if kind == "v" else "table"), sql.Identifier(name)
            )
        )
