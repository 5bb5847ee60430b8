"""The stage of the build between counts and figures: what has to be hidden besides small counts is found and noted.

Days are apart, but for what the current release shows of them: only those whose counts have changed are worked on again.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from wres import warehouse
from wres.disclosure import cells as cells_of
from wres.disclosure.bounds import Bounds, nothing_known
from wres.disclosure.cells import KEY
from wres.disclosure.complementary import control
from wres.disclosure.relations import relations
from wres.disclosure.schemes import Scheme, scheme_of
from wres.settings import Settings

_CODE = Path(__file__).parent
# A process of its own costs two seconds: days of fewer cells are faster one after the other.
_WORTH_A_PROCESS = 20_000


@dataclass(frozen=True)
class Day:
    """What is known of one day: its cells (``cells.KEY``, ``disclosure_policy``, ``truth``) and who belongs where."""

    as_at: date
    scheme: Scheme
    cells: pd.DataFrame
    pay_rows: pd.DataFrame
    units: pd.DataFrame

    @property
    def digest(self) -> str:
        """Changes with a count, an area, the scheme or the code."""
        running = hashlib.sha256(self.scheme.name.encode())
        for path in sorted(_CODE.glob("*.py")):
            running.update(path.read_bytes())
        for frame in (self.cells, self.pay_rows, self.units):
            running.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
        return running.hexdigest()[:16]


def hide(settings: Settings) -> str:
    """Fill ``ops.hidden_count`` for the days that have changed; returns a sentence about it.

    Raises:
        ValueError: sources that are not public have several schemes; one release has one.
    """
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        changed, days = [], set()
        for day in days_of(connection):
            days.add(day.as_at)
            known = connection.execute("select digest from ops.controlled_day where as_at = %s", [day.as_at]).fetchone()
            if known != (day.digest,):
                changed.append(day)
        for table in ("hidden_count", "controlled_day"):
            connection.execute(
                sql.SQL("delete from ops.{} where as_at <> all(%s)").format(sql.Identifier(table)), [list(days)]
            )
        for day, treated, seconds in _worked_on(changed):
            _write(connection, day, treated, seconds)
        connection.execute("analyze ops.hidden_count")
    return f"disclosure control of {len(changed)} of {len(days)} days"


def days_of(connection: psycopg.Connection) -> Iterator[Day]:
    """The days that the build has counts of that are not public already."""
    policies = connection.execute(
        "select distinct disclosure_policy from intermediate.int_disclosure__cell"
        " where disclosure_policy <> 'already_public'"
    ).fetchall()
    if len(policies) > 1:
        names = ", ".join(sorted(row[0] for row in policies))
        raise ValueError(f"one release has one scheme of disclosure control, and the sources name {names}")
    if not policies:
        return
    pay_rows = read_frame(connection, "select * from intermediate.pay_row order by position", [])
    for (as_at,) in connection.execute(
        "select distinct as_at from intermediate.int_disclosure__cell where disclosure_policy <> 'already_public' order by 1"
    ).fetchall():
        yield Day(
            as_at,
            scheme_of(policies[0][0]),
            cells_of.of_counts(connection, as_at),
            pay_rows,
            read_frame(connection, UNITS, [as_at]),
        )


UNITS = (
    "select level, unit_code, scope, organisation_basis, as_at, org_code from intermediate.int_indicators__unit"
    " where as_at = %s order by 1, 2, 3, 4, 6"
)


def read_frame(connection: psycopg.Connection, query: str, parameters: list[object]) -> pd.DataFrame:
    cursor = connection.execute(query, parameters)
    return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])


def _worked_on(days: list[Day]) -> Iterator[tuple[Day, pd.DataFrame, float]]:
    if len(days) < 2 or max(len(day.cells) for day in days) < _WORTH_A_PROCESS:
        yield from map(_work_on, days)
        return
    with ProcessPoolExecutor(min(len(days), os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_work_on, days)


def _work_on(day: Day) -> tuple[Day, pd.DataFrame, float]:
    """The cells of a day that are treated, with ``treatment`` and ``is_primary``."""
    began = time.monotonic()
    own, known = apart(day.cells)
    own = placed(own, day.units)
    found = control(own, relations(own, day.pay_rows, day.units), day.scheme, known)
    treated = own[KEY].assign(treatment=np.where(found.hidden, "hidden", "rounded"), is_primary=found.primary)
    rounded = ~found.exact & own["level"].isin(day.scheme.exact_levels).to_numpy()
    return day, treated[found.hidden | rounded], time.monotonic() - began


def apart(cells: pd.DataFrame) -> tuple[pd.DataFrame, Bounds]:
    """The cells to protect, and what readers know of them from sources that are public: the same count on the same key."""
    public = cells["disclosure_policy"] == "already_public"
    own = cells[~public].reset_index(drop=True)
    same = own[[*KEY, "truth"]].merge(cells.loc[public, [*KEY, "truth"]].drop_duplicates(), how="left", indicator=True)
    known = nothing_known(len(own))
    told = (same["_merge"] == "both").to_numpy()
    truth = own["truth"].to_numpy()
    known.low[told], known.high[told] = truth[told], truth[told]
    return own, known


def placed(cells: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """The cells with ``group`` and ``region``, by which the programmes choose what moves together."""
    regions = units[(units["level"] == "region") & (units["organisation_basis"] == "as_reported")]
    region = regions.drop_duplicates("org_code").set_index("org_code")["unit_code"]
    return cells.assign(group=cells["member"], region=cells["org_code"].map(region).fillna(""))


def _write(connection: psycopg.Connection, day: Day, treated: pd.DataFrame, seconds: float) -> None:
    hidden = treated["treatment"] == "hidden"
    primary = int((hidden & treated["is_primary"]).sum())
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("delete from ops.hidden_count where as_at = %s", [day.as_at])
        columns = [*KEY, "treatment"]
        copy = sql.SQL("copy ops.hidden_count ({}) from stdin").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
        with cursor.copy(copy) as stream:
            for row in treated[columns].itertuples(index=False):
                stream.write_row(row)
        cursor.execute(
            "insert into ops.controlled_day (as_at, digest, scheme, hidden_primary, hidden_complementary, seconds)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (as_at) do update set digest = excluded.digest,"
            " scheme = excluded.scheme, hidden_primary = excluded.hidden_primary,"
            " hidden_complementary = excluded.hidden_complementary, seconds = excluded.seconds",
            [day.as_at, day.digest, day.scheme.name, primary, int(hidden.sum()) - primary, seconds],
        )
