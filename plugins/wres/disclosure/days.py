"""A day of counts, with all that disclosure control and its audit need of it. Days are apart, and each core takes one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import pandas as pd
import psycopg

from wres.disclosure.schemes import Scheme

_CODE = Path(__file__).parent
# A process of its own costs two seconds: days of fewer cells are faster one after the other.
_WORTH_A_PROCESS = 10_000
Found = TypeVar("Found")


@dataclass(frozen=True)
class Day:
    """What is known of one day.

    Attributes:
        cells: ``cells.KEY``, ``truth`` (people) and ``public`` (true where a publisher has shown it); of a release also ``shown``
            (people; NaN where hidden).
        pay_rows: seed ``pay_row``.
        units: which organisations an area, or an organisation of today, is made of.
        before: ``cells.KEY``, ``shown`` and ``truth`` of the same day in the release before; none where it has none.
    """

    as_at: date
    scheme: Scheme
    cells: pd.DataFrame
    pay_rows: pd.DataFrame
    units: pd.DataFrame
    before: pd.DataFrame | None = None

    @cached_property
    def digest(self) -> str:
        """Changes with a count, with what is shown of it, now or in the release before, an area, the scheme or the code."""
        running = hashlib.sha256(self.scheme.name.encode())
        for path in sorted(_CODE.glob("*.py")):
            running.update(path.read_bytes())
        for frame in (self.cells, self.pay_rows, self.units, self.before):
            if frame is None:
                continue
            running.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
        return running.hexdigest()[:16]


def each(work: Callable[[Day], Found], days: list[Day]) -> Iterator[Found]:
    """What the work finds of each day, in order."""
    if len(days) < 2 or max(len(day.cells) for day in days) < _WORTH_A_PROCESS:
        yield from map(work, days)
        return
    with ProcessPoolExecutor(min(len(days), os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, days)


def pay_rows(connection: psycopg.Connection) -> pd.DataFrame:
    """Seed ``pay_row`` as the last build has it."""
    return read_frame(connection, "select * from intermediate.pay_row order by position", [])


def units(connection: psycopg.Connection, as_at: date) -> pd.DataFrame:
    """Which organisations areas, and organisations of today, are made of on a day."""
    query = (
        "select level, unit_code, scope, organisation_basis, as_at, org_code from intermediate.int_indicators__unit"
        " where as_at = %s order by 1, 2, 3, 4, 6"
    )
    return read_frame(connection, query, [as_at])


def read_frame(connection: psycopg.Connection, query: str, parameters: list[object]) -> pd.DataFrame:
    """Rows of a query with its names of columns."""
    cursor = connection.execute(query, parameters)
    return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])
