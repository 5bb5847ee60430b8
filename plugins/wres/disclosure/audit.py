"""The audit of a release: an attacker who knows every table and every sum between them, and says what follows.

It reads what a release shows and not what the build meant to hide, so that it finds a fault of the build as well as one of the scheme.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from wres import warehouse
from wres.disclosure import cells as cells_of
from wres.disclosure.bounds import TOLERANCE, Bounds, nothing_known, propagate
from wres.disclosure.cells import KEY
from wres.disclosure.programmes import Reach, System, unproved
from wres.disclosure.relations import relations
from wres.disclosure.schemes import Scheme, scheme_of
from wres.disclosure.stage import UNITS, placed, read_frame
from wres.registry import PUBLIC
from wres.settings import Settings

_WORTH_A_PROCESS = 20_000


@dataclass(frozen=True)
class Shown:
    """A day of a release as everybody sees it.

    Attributes:
        cells: ``cells.KEY``, ``shown`` (people; NaN where hidden), ``truth``, and ``public`` (true where the publisher has shown it).
    """

    as_at: date
    scheme: Scheme
    cells: pd.DataFrame
    pay_rows: pd.DataFrame
    units: pd.DataFrame


@dataclass(frozen=True)
class Verdict:
    """What follows from a release.

    Attributes:
        protected: small counts that had to be hidden.
        hidden: counts that are hidden.
        leaks: ``cells.KEY``, ``low`` and ``high`` (people): small counts that can be narrowed to fewer than the protection.
        narrowest: smallest width proved of a small count, in people; none where there is none.
        seconds: how long it took.
    """

    scheme: str
    protection: int
    days: int
    hidden: int
    protected: int
    leaks: pd.DataFrame
    narrowest: float | None
    seconds: float

    @property
    def passed(self) -> bool:
        return self.leaks.empty


class AuditError(RuntimeError):
    """There is no such release, or none yet."""


def audit_release(settings: Settings, release_id: int | None = None) -> tuple[int, Verdict | None]:
    """Audit a release, the current one unless it is named; its number, and the verdict if it has counts of records.

    Raises:
        AuditError: there is no such release, or its tables are gone.
    """
    with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
        row = connection.execute(
            "select release_id, schema_name, fingerprint, dropped_at is null from ops.release"
            " where release_id = %s or (%s and is_current)",
            [release_id, release_id is None],
        ).fetchone()
        if row is None:
            raise AuditError(
                "Nothing is published yet." if release_id is None else f"There is no release {release_id}."
            )
        number, schema, fingerprint, is_there = row
        if not is_there:
            raise AuditError(f"The tables of release {number} are gone; `wres releases` lists those that are kept.")
        policies = connection.execute(
            "select distinct disclosure_policy from ops.release_input where release_id = %s", [number]
        ).fetchall()
        return number, _audit_schema(connection, schema, fingerprint, {policy for (policy,) in policies})


def audit_candidate(connection: psycopg.Connection, fingerprint: str) -> Verdict | None:
    """Audit the candidate, as ``wres_gate``, and lay the leaks down in ``gate.disclosed_count`` for the rule about them."""
    policies = connection.execute("select distinct disclosure_policy from ops.source").fetchall()
    verdict = _audit_schema(connection, "marts", fingerprint, {policy for (policy,) in policies})
    connection.execute("drop table if exists gate.disclosed_count cascade")
    connection.execute(
        "create unlogged table gate.disclosed_count (level text, org_code text, as_at date, population text, slice text)"
    )
    if verdict is not None:
        with connection.cursor() as cursor, cursor.copy("copy gate.disclosed_count from stdin") as stream:
            for row in verdict.leaks[["level", "org_code", "as_at", "population", "slice"]].itertuples(index=False):
                stream.write_row(row)
    return verdict


def _audit_schema(
    connection: psycopg.Connection, schema: str, fingerprint: str, policies: set[str | None]
) -> Verdict | None:
    schemes = [scheme_of(policy) for policy in sorted(policies - {None, PUBLIC})]  # type: ignore[type-var]
    verdict = audit(days_of(connection, schema, schemes[0])) if schemes else None
    if verdict is not None:
        connection.execute(
            "insert into ops.disclosure_audit (fingerprint, scheme, protection, days, hidden, protected, leaks, narrowest, seconds)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                fingerprint,
                verdict.scheme,
                verdict.protection,
                verdict.days,
                verdict.hidden,
                verdict.protected,
                len(verdict.leaks),
                verdict.narrowest,
                verdict.seconds,
            ],
        )
    return verdict


def audit(days: list[Shown]) -> Verdict | None:
    """Work out what can be known of each small count; nothing where no day has counts that need protection."""
    if not days:
        return None
    began = time.monotonic()
    found = list(_attacked(days))
    scheme = days[0].scheme
    leaks = pd.concat([leaks for leaks, *_ in found], ignore_index=True)
    widths = [width for *_, width in found if width is not None]
    return Verdict(
        scheme.name,
        scheme.protection,
        len(days),
        sum(hidden for _, hidden, *_ in found),
        sum(protected for _, _, protected, _ in found),
        leaks,
        min(widths) if widths else None,
        time.monotonic() - began,
    )


def days_of(connection: psycopg.Connection, schema: str, scheme: Scheme) -> list[Shown]:
    """The days of a release or of the candidate that have counts of records."""
    pay_rows = read_frame(connection, "select * from intermediate.pay_row order by position", [])
    query = sql.SQL("select distinct as_at from {}.indicator_result where basis = 'records' order by 1")
    days = []
    for (as_at,) in connection.execute(query.format(sql.Identifier(schema))).fetchall():
        own = cells_of.of_release(connection, schema, "records", as_at)
        returned = cells_of.of_release(connection, schema, "return", as_at)
        returned = returned.loc[returned["shown"] == returned["truth"], [*KEY, "truth"]].drop_duplicates()
        told = own[[*KEY, "truth"]].merge(returned, how="left", indicator=True)["_merge"] == "both"
        units = read_frame(connection, UNITS, [as_at])
        days.append(Shown(as_at, scheme, placed(own.assign(public=told), units), pay_rows, units))
    return days


def _attacked(days: list[Shown]) -> Iterator[tuple[pd.DataFrame, int, int, float | None]]:
    if len(days) < 2 or max(len(day.cells) for day in days) < _WORTH_A_PROCESS:
        yield from map(_attack, days)
        return
    with ProcessPoolExecutor(min(len(days), os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_attack, days)


def _attack(day: Shown) -> tuple[pd.DataFrame, int, int, float | None]:
    """Leaks of a day, how many counts are hidden, how many are to be protected, and the smallest width that was proved."""
    cells, scheme = day.cells, day.scheme
    truth = cells["truth"].to_numpy()
    whole = truth == np.floor(truth)
    sums = relations(cells, day.pay_rows, day.units)
    known = nothing_known(len(cells))
    public = cells["public"].to_numpy()
    known.low[public], known.high[public] = truth[public], truth[public]
    told = propagate(sums, known, whole).width < scheme.protection - TOLERANCE
    read = _read(cells, scheme, whole)
    reader = Bounds(np.maximum(known.low, read.low), np.minimum(known.high, read.high))
    nationally = cells["level"].isin(scheme.exact_levels).to_numpy() & cells["shown"].notna().to_numpy()
    targets = scheme.is_small(truth) & ~told & ~nationally
    bounds = propagate(sums, reader, whole)
    leaks = targets & (bounds.width < scheme.protection - TOLERANCE)
    reach = Reach.of(truth)
    hidden = cells["shown"].isna().to_numpy()
    system = System(sums, reader, truth)
    leaks |= unproved(system, cells, hidden, targets & ~leaks, scheme.protection, reach)
    if leaks.any() and public.any():
        # What would follow from public figures alone is nothing that the release gives away.
        everything = np.ones(len(cells), dtype=bool)
        leaks &= ~unproved(System(sums, known, truth), cells, everything, leaks, scheme.protection, Reach.of(truth))
    width = (reach.high - reach.low)[targets & ~leaks]
    narrow = bounds.width < scheme.protection - TOLERANCE
    found = cells.loc[leaks, KEY].assign(
        low=np.where(narrow, bounds.low, reach.low)[leaks], high=np.where(narrow, bounds.high, reach.high)[leaks]
    )
    return found, int(hidden.sum()), int(targets.sum()), float(width.min()) if len(width) else None


def _read(cells: pd.DataFrame, scheme: Scheme, whole: np.ndarray) -> Bounds:
    """What a reader takes from each shown count: one that is no multiple of the rounding is the true one."""
    shown = cells["shown"].to_numpy()
    hidden = np.isnan(shown)
    exact = ~hidden & ((np.mod(np.nan_to_num(shown), scheme.rounded_to) > TOLERANCE) | (shown == 0))
    reach = np.where(exact, 0, np.where(whole, (scheme.rounded_to - 1) // 2, scheme.rounded_to / 2))
    # Smaller ones would have been starred.
    smallest = np.where(exact | (shown < scheme.smallest_shown), 0, scheme.smallest_shown - np.where(whole, 0, 0.5))
    return Bounds(np.where(hidden, 0.0, np.maximum(shown - reach, smallest)), np.where(hidden, np.inf, shown + reach))
