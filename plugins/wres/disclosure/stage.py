"""The stage of the build between counts and figures: what has to be hidden besides small counts is found and noted.

Days are apart, but for what the current release shows of them: only those whose counts have changed are worked on again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from wres import warehouse
from wres.disclosure import cells as cells_of
from wres.disclosure import days as days_
from wres.disclosure import knowledge
from wres.disclosure.cells import KEY
from wres.disclosure.complementary import control
from wres.disclosure.days import Day
from wres.disclosure.proofs import packed
from wres.disclosure.schemes import Scheme, scheme_of_release
from wres.registry import PUBLIC
from wres.settings import Settings


def hide(settings: Settings, say: Callable[[str], None] = lambda text: None) -> str:
    """Fill ``ops.hidden_count`` for the days that have changed; returns a sentence about it.

    Args:
        settings: of the warehouse.
        say: told which days are done.

    Raises:
        ValueError: sources that are not public have several schemes; one release has one.
    """
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        scheme = _scheme(connection)
        digests = _digests(connection, scheme) if scheme else {}
        known = dict[date, str](connection.execute("select as_at, digest from ops.controlled_day").fetchall())
        for table in ("hidden_count", "controlled_day"):
            connection.execute(
                sql.SQL("delete from ops.{} where as_at <> all(%s)").format(sql.Identifier(table)), [list(digests)]
            )
        changed = [as_at for as_at, digest in digests.items() if digest != known.get(as_at)]
        reads = [partial(day_of, settings, scheme, as_at) for as_at in changed if scheme]
        for number, (as_at, found) in enumerate(zip(changed, days_.each(_work_on, reads), strict=True), start=1):
            _write(connection, as_at, digests[as_at], found)
            say(f"disclosure control: {number} of {len(changed)} days, {as_at}")
        connection.execute("analyze ops.hidden_count")
    return f"disclosure control of {len(changed)} of {len(digests)} days"


def _scheme(connection: psycopg.Connection) -> Scheme | None:
    """The scheme of all counts that are not public already; none if there are no such counts."""
    policies = connection.execute("select distinct disclosure_policy from intermediate.int_disclosure__cell").fetchall()
    return scheme_of_release(policy for (policy,) in policies)


def _digests(connection: psycopg.Connection, scheme: Scheme) -> dict[date, str]:
    """Of the days that have such counts."""
    digests = days_.digests(connection, scheme, cells_of.COUNTED)
    days = connection.execute(
        "select distinct as_at from intermediate.int_disclosure__cell where disclosure_policy <> %s order by 1",
        [PUBLIC],
    ).fetchall()
    return {as_at: digests[as_at] for (as_at,) in days}


def day_of(settings: Settings, scheme: Scheme, as_at: date) -> Day:
    """The counts of a day, with what the current release shows of it."""
    with warehouse.connect(settings, "wres_gate", autocommit=True) as reader:
        # Who builds may not read releases.
        before = days_.before(reader, days_.tables_of_release(reader, None), as_at)
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        cells = _own(cells_of.of_counts(connection, as_at))
        pay_rows, groups = days_.pay_rows(connection), days_.groups(connection)
        return Day(as_at, scheme, cells, pay_rows, days_.units(connection, as_at), groups, before)


def _own(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells of records; ``public`` where a public source has the same count on the same key."""
    public = cells["disclosure_policy"] == PUBLIC
    # A count may stand under two policies: what is public once is public.
    own = cells[cells["basis"] == "records"].drop_duplicates(KEY).reset_index(drop=True)
    return own[[*KEY, "truth", "withheld"]].assign(public=cells_of.also_in(own, cells[public]))


class _Controlled(NamedTuple):
    """What control makes of a day.

    Attributes:
        scheme: its name.
        treated: the cells that are hidden or rounded: ``cells.KEY``, ``treatment`` and ``is_primary``.
        proofs: of the small counts, for the audit (``proofs.packed``).
        seconds: how long it took.
    """

    scheme: str
    treated: pd.DataFrame
    proofs: bytes
    seconds: float


def _work_on(day: Day) -> _Controlled:
    began = time.monotonic()
    known = knowledge.of_day(day)
    found = control(known, day.scheme)
    rounded = ~found.exact & known.cells["level"].isin(day.scheme.exact_levels).to_numpy()
    treated = known.cells[KEY].assign(treatment=np.where(found.hidden, "hidden", "rounded"), is_primary=found.primary)
    treated = treated[(found.hidden | rounded) & known.is_own]
    return _Controlled(day.scheme.name, treated, packed(known.cells, found.moves), time.monotonic() - began)


def _write(connection: psycopg.Connection, as_at: date, digest: str, found: _Controlled) -> None:
    treated = found.treated
    hidden = treated["treatment"] == "hidden"
    primary = int((hidden & treated["is_primary"]).sum())
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("delete from ops.hidden_count where as_at = %s", [as_at])
        columns = [*KEY, "treatment"]
        copy = sql.SQL("copy ops.hidden_count ({}) from stdin").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
        with cursor.copy(copy) as stream:
            for row in treated[columns].itertuples(index=False):
                stream.write_row(row)
        cursor.execute(
            "insert into ops.controlled_day (as_at, digest, scheme, hidden_primary, hidden_complementary, seconds, proofs)"
            " values (%s, %s, %s, %s, %s, %s, %s) on conflict (as_at) do update set digest = excluded.digest,"
            " scheme = excluded.scheme, hidden_primary = excluded.hidden_primary,"
            " hidden_complementary = excluded.hidden_complementary, seconds = excluded.seconds, proofs = excluded.proofs",
            [as_at, digest, found.scheme, primary, int(hidden.sum()) - primary, found.seconds, found.proofs],
        )
