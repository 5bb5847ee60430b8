"""A day of counts, with all that disclosure control and its audit need of it. Days are apart, and each core takes one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

import pandas as pd
import psycopg
from psycopg import sql

from wres.disclosure import cells as cells_of
from wres.disclosure.schemes import Scheme, scheme_of_release

_CODE = Path(__file__).parent
# A process of its own costs two seconds: days of fewer cells are faster one after the other.
_WORTH_A_PROCESS = 10_000
_UNITS = "select level, unit_code, scope, organisation_basis, as_at, org_code from intermediate.int_indicators__unit"
Found = TypeVar("Found")


class Tables(NamedTuple):
    """The tables of a release or of the candidate, by their schema, and how counts became what they show."""

    schema: str
    scheme: Scheme


class Before(NamedTuple):
    """What the release before shows of a day: ``cells.KEY``, ``shown`` (people; NaN where hidden), ``truth``; and its scheme."""

    cells: pd.DataFrame
    scheme: Scheme


@dataclass(frozen=True)
class Day:
    """What is known of one day.

    Attributes:
        cells: ``cells.KEY``, ``truth`` (people), ``public`` (true where a publisher has shown it), ``withheld`` (true where
            analysts alone may see it); of a release also ``shown`` (people; NaN where hidden).
        pay_rows: seed ``pay_row``.
        units: which organisations an area, or an organisation of today, is made of.
        groups: which ethnic categories each group of a scheme is made of (``int_groups__member``).
        before: the same day in the release before; none where there was none.
        proofs: by which control has shown small counts of the last build to be protected (``proofs.packed``).
    """

    as_at: date
    scheme: Scheme
    cells: pd.DataFrame
    pay_rows: pd.DataFrame
    units: pd.DataFrame
    groups: pd.DataFrame
    before: Before | None = None
    proofs: bytes | None = None


def each(work: Callable[[Day], Found], reads: Iterable[Callable[[], Day]]) -> Iterator[Found]:
    """What the work finds of each day, in order. From the first large day on each core reads a day and works on it."""
    remaining = list(reads)
    while remaining:
        day = remaining.pop(0)()
        if remaining and len(day.cells) >= _WORTH_A_PROCESS:
            break
        yield work(day)
    else:
        return
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(work, day), *(pool.submit(_read_and_work, work, read) for read in remaining)]
        try:
            for future in futures:
                yield future.result()
        finally:
            # A fault of one day is said when it is found, not after all others.
            pool.shutdown(cancel_futures=True)


def _read_and_work(work: Callable[[Day], Found], read: Callable[[], Day]) -> Found:
    return work(read())


def digests(connection: psycopg.Connection, scheme: Scheme, *selects: sql.Composable) -> dict[date, str]:
    """A digest for each day: changes with the rows that the queries have of it, an area, the scheme or the code.

    Args:
        connection: as a role that may read what is queried.
        scheme: of the release.
        selects: each with a column ``as_at``; the order of their rows does not matter.
    """
    same_for_all = hashlib.sha256(scheme.name.encode())
    for path in sorted(_CODE.glob("*.py")):
        same_for_all.update(path.read_bytes())
    for seed in (pay_rows, groups):
        same_for_all.update(seed(connection).to_csv().encode())
    running: dict[date, hashlib._Hash] = {}
    for number, select in enumerate((*selects, sql.SQL(_UNITS))):
        summed = sql.SQL(
            "select as_at, sum(hashtextextended(counted::text, 0))::text from ({}) as counted group by as_at order by as_at"
        ).format(select)
        for as_at, total in connection.execute(summed).fetchall():
            running.setdefault(as_at, same_for_all.copy()).update(f"{number}:{total}".encode())
    return {as_at: found.hexdigest()[:16] for as_at, found in running.items()}


def tables_of_release(connection: psycopg.Connection, release_id: int | None) -> Tables | None:
    """The tables of a release, the current one if it is none; none if there is no such or all that it shows is public already."""
    found = connection.execute(
        "select schema_name, array_agg(disclosure_policy) from ops.release left join ops.release_input using (release_id)"
        " where case when %(release)s::integer is null then is_current else release_id = %(release)s end group by schema_name",
        {"release": release_id},
    ).fetchone()
    scheme = scheme_of_release(found[1]) if found else None
    return Tables(found[0], scheme) if found and scheme else None


def before(connection: psycopg.Connection, tables: Tables | None, as_at: date) -> Before | None:
    """What the tables of the release before, if there is one, show of a day."""
    return Before(cells_of.of_release(connection, tables.schema, "records", as_at), tables.scheme) if tables else None


def pay_rows(connection: psycopg.Connection) -> pd.DataFrame:
    """Seed ``pay_row`` as the last build has it."""
    return read_frame(connection, "select * from intermediate.pay_row order by position", [])


def groups(connection: psycopg.Connection) -> pd.DataFrame:
    """Which ethnic categories each group of a scheme is made of, as the last build has it."""
    return read_frame(
        connection,
        "select group_scheme, ethnic_group, ethnicity_group, ethnic_key from intermediate.int_groups__member"
        " order by group_scheme, ethnic_key",
        [],
    )


def units(connection: psycopg.Connection, as_at: date) -> pd.DataFrame:
    """Which organisations areas, and organisations of today, are made of on a day."""
    return read_frame(connection, f"{_UNITS} where as_at = %s order by 1, 2, 3, 4, 6", [as_at])


def read_frame(connection: psycopg.Connection, query: str, parameters: list[object]) -> pd.DataFrame:
    """Rows of a query with its names of columns."""
    cursor = connection.execute(query, parameters)
    return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])
