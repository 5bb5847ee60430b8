"""The audit of a release: an attacker who knows every table and every sum between them, and says what follows.

It reads what a release shows and not what the build meant to hide, so that it finds a fault of the build as well as one of the
scheme. The attacker also has what is public already and the release before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from wres import publish, warehouse
from wres.disclosure import cells as cells_of
from wres.disclosure import days as days_
from wres.disclosure import knowledge
from wres.disclosure.bounds import TOLERANCE, Bounds, propagate
from wres.disclosure.cells import KEY
from wres.disclosure.days import Day, Tables
from wres.disclosure.programmes import unproved
from wres.disclosure.proofs import take_over
from wres.disclosure.reach import Reach
from wres.disclosure.schemes import Scheme, scheme_of_release
from wres.disclosure.system import System
from wres.registry import PUBLIC, ROUNDING
from wres.settings import Settings

# What no attack reads. It is published where somebody has decided that rounding alone is enough.
UNREAD = ("retention", "promotion", "time_in_band", "pay_gap")
# More leaks than these are not looked at one by one.
_SINGLY = 20


class Attack(NamedTuple):
    """What follows from one day.

    Attributes:
        leaks: ``cells.KEY``, ``low`` and ``high`` (people): small counts that can be narrowed to fewer than the protection.
        hidden: counts that are hidden.
        protected: small counts that have to be.
        narrowest: smallest width proved of a small count, in people; none where there is none.
    """

    leaks: pd.DataFrame
    hidden: int
    protected: int
    narrowest: float | None

    @property
    def passed(self) -> bool:
        return self.leaks.empty


@dataclass(frozen=True)
class Verdict:
    """What follows from a release: the attacks on its days, one each, and how long they took.

    Attributes:
        unread: tables with counts of records that the release publishes and no attack has read.
    """

    scheme: Scheme
    attacks: list[Attack]
    seconds: float
    unread: tuple[str, ...] = ()

    @property
    def leaks(self) -> pd.DataFrame:
        return pd.concat([attack.leaks for attack in self.attacks], ignore_index=True)

    def summary(self) -> dict[str, object]:
        """The verdict in numbers, as ``ops.disclosure_audit`` has them."""
        widths = [attack.narrowest for attack in self.attacks if attack.narrowest is not None]
        return {
            "scheme": self.scheme.name,
            "protection": self.scheme.protection,
            "days": len(self.attacks),
            "hidden": sum(attack.hidden for attack in self.attacks),
            "protected": sum(attack.protected for attack in self.attacks),
            "leaks": len(self.leaks),
            "narrowest": min(widths) if widths else None,
            "seconds": self.seconds,
        }


def audit_release(settings: Settings, release_id: int | None = None) -> tuple[int, Verdict | None]:
    """Audit a release, the current one unless it is named; its number, and the verdict if it has counts of records.

    Raises:
        publish.UnknownReleaseError: no such release, or its tables are gone.
        publish.PublishError: nothing is published yet.
    """
    of = publish.queryable(settings, release_id)
    older = next(
        (
            release.release_id
            for release in publish.releases(settings)
            if release.release_id < of.release_id and release.dropped_at is None
        ),
        None,
    )
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        now = days_.tables_of_release(connection, of.release_id)
        before = days_.tables_of_release(connection, older) if older else None
        reader = partial(day_of, settings, "wres_publisher")
        verdict = _audit(connection, reader, now, before, of.fingerprint) if now else None
        return of.release_id, verdict and replace(verdict, unread=_unread(connection, of.release_id))


def _unread(connection: psycopg.Connection, release_id: int) -> tuple[str, ...]:
    """``UNREAD`` where the release shows any of it; of one that does not say, where its counts are rounded."""
    found = connection.execute(
        "select from ops.release_input where release_id = %s and coalesce(unaudited_policy, disclosure_policy) = %s limit 1",
        [release_id, ROUNDING],
    )
    return UNREAD if found.rowcount else ()


@contextmanager
def disclosed_counts(settings: Settings, connection: psycopg.Connection, fingerprint: str) -> Iterator[None]:
    """Audit the candidate, as ``wres_gate``; meanwhile its leaks are in ``gate.disclosed_count``, for the rule about them."""
    policies = connection.execute("select distinct disclosure_policy from ops.source").fetchall()
    scheme = scheme_of_release(policy for (policy,) in policies)
    before = days_.tables_of_release(connection, None)
    reader = partial(day_of, settings, "wres_gate")
    verdict = _audit(connection, reader, Tables("marts", scheme), before, fingerprint) if scheme else None
    connection.execute("drop table if exists gate.disclosed_count cascade")
    connection.execute(
        "create unlogged table gate.disclosed_count (level text, org_code text, as_at date, population text, slice text)"
    )
    if verdict is not None:
        with connection.cursor() as cursor, cursor.copy("copy gate.disclosed_count from stdin") as stream:
            for row in verdict.leaks[["level", "org_code", "as_at", "population", "slice"]].itertuples(index=False):
                stream.write_row(row)
    yield
    connection.execute("drop table gate.disclosed_count cascade")


def _audit(
    connection: psycopg.Connection,
    reader: Callable[[Tables, date, Tables | None], Day],
    of: Tables,
    before: Tables | None,
    fingerprint: str,
) -> Verdict | None:
    began = time.monotonic()
    now, past = (
        days_.digests(connection, tables.scheme, cells_of.PUBLIC_COUNTS, *cells_of.tables_of(tables.schema))
        if tables
        else {}
        for tables in (of, before)
    )
    counted = sql.SQL("select distinct as_at from {}.indicator_result where basis = 'records' order by 1")
    days = [row[0] for row in connection.execute(counted.format(sql.Identifier(of.schema))).fetchall()]
    if not days:
        return None
    # A day that is as it was adds nothing to what the release before has told.
    digests = {as_at: now[as_at] + (past[as_at] if past.get(as_at, now[as_at]) != now[as_at] else "") for as_at in days}
    found = {
        digest: Attack(pd.DataFrame(columns=[*KEY, "low", "high"]), *numbers)
        for digest, *numbers in connection.execute(
            "select digest, hidden, protected, narrowest from ops.audited_day where digest = any(%s)",
            [list(digests.values())],
        )
    }
    fresh = {digest: as_at for as_at, digest in digests.items() if digest not in found}
    reads = [partial(reader, of, as_at, before if digest != now[as_at] else None) for digest, as_at in fresh.items()]
    for digest, attack in zip(fresh, days_.each(attacked, reads), strict=True):
        found[digest] = attack
        if attack.passed:
            connection.execute(
                "insert into ops.audited_day (digest, hidden, protected, narrowest) values (%s, %s, %s, %s)"
                " on conflict do nothing",
                [digest, *attack[1:]],
            )
    verdict = Verdict(of.scheme, [found[digest] for digest in digests.values()], time.monotonic() - began)
    connection.execute(
        "insert into ops.disclosure_audit"
        " (fingerprint, scheme, protection, days, hidden, protected, leaks, narrowest, seconds)"
        " values (%(fingerprint)s, %(scheme)s, %(protection)s, %(days)s, %(hidden)s, %(protected)s, %(leaks)s,"
        " %(narrowest)s, %(seconds)s)",
        {"fingerprint": fingerprint, **verdict.summary()},
    )
    return verdict


def day_of(settings: Settings, role: str, of: Tables, as_at: date, before: Tables | None = None) -> Day:
    """A day of a release or of the candidate, with what the release before shows of it."""
    with warehouse.connect(settings, role, autocommit=True) as connection:
        own = cells_of.of_release(connection, of.schema, "records", as_at)
        returned = cells_of.of_release(connection, of.schema, "return", as_at)
        counted = cells_of.of_counts(connection, as_at)
        told = cells_of.also_in(own, returned[returned["shown"] == returned["truth"]])
        declared = cells_of.also_in(own, counted[counted["disclosure_policy"] == PUBLIC])
        withheld = cells_of.also_in(own, counted[counted["withheld"]])
        past = days_.before(connection, before, as_at)
        pay_rows, groups = days_.pay_rows(connection), days_.groups(connection)
        units = days_.units(connection, as_at)
        proofs = connection.execute("select proofs from ops.controlled_day where as_at = %s", [as_at]).fetchone()
    proof = proofs[0] if proofs else None
    return Day(
        as_at, of.scheme, own.assign(public=told | declared, withheld=withheld), pay_rows, units, groups, past, proof
    )


def attacked(day: Day) -> Attack:
    """Work out what can be known of each small count of a day."""
    known, scheme = knowledge.of_day(day), day.scheme
    truth, is_own = known.cells["truth"].to_numpy(), known.is_own
    shown = np.concatenate([day.cells["shown"].to_numpy(), np.full((~is_own).sum(), np.nan)])
    whole = truth == np.floor(truth)
    read = scheme.read(shown, truth)
    reader = Bounds(np.maximum(known.bounds.low, read.low), np.minimum(known.bounds.high, read.high))
    told = propagate(known.sums, known.bounds, whole).width < scheme.protection - TOLERANCE
    # What the scheme shows as it is has nothing to protect, also where analysts alone may see it.
    as_it_is = np.isfinite(reader.high) | known.is_withheld
    nationally = known.cells["level"].isin(scheme.exact_levels).to_numpy() & as_it_is
    targets = scheme.is_small(truth) & ~told & ~nationally & ~known.is_rest
    bounds = propagate(known.sums, reader, whole)
    leaks = targets & (bounds.width < scheme.protection - TOLERANCE)
    reach = Reach.of(truth, scheme.protection)
    system = System(known.sums, reader, truth)
    if day.proofs:
        take_over(day.proofs, system, known, reach)
    hidden = np.isnan(shown)
    doubtful = leaks | unproved(system, known.cells, hidden, targets & ~leaks, reach)
    if doubtful.any() and np.isfinite(known.bounds.high).any():
        # What would follow from what readers know anyway is nothing that the release gives away. Asked before the longest search.
        everything = np.ones(len(truth), dtype=bool)
        hidden_all = System(known.sums, known.bounds, truth)
        afresh = Reach.of(truth, scheme.protection)
        follows_anyway = unproved(hidden_all, known.cells, everything, doubtful, afresh, to_the_end=True)
        targets &= ~follows_anyway
        leaks &= ~follows_anyway
        doubtful &= ~follows_anyway
    leaks |= unproved(system, known.cells, hidden, doubtful & ~leaks, reach, to_the_end=True)
    width = (reach.high - reach.low)[targets & ~leaks]
    narrow = bounds.width < scheme.protection - TOLERANCE
    low, high = np.where(narrow, bounds.low, reach.low), np.where(narrow, bounds.high, reach.high)
    return Attack(
        known.cells.loc[leaks, KEY].assign(low=low[leaks], high=high[leaks]),
        int((hidden & is_own).sum()),
        int((targets & is_own).sum()),
        float(width.min()) if len(width) else None,
    )
