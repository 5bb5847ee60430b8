"""Peer sets for tests: a table of members, the statistics macro over it, and the same statistics by numpy and scipy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg.rows import dict_row
from scipy import stats
from statistics_macros import Z, render

Z_99_8 = 3.090232306167813


@dataclass(frozen=True)
class Member:
    """A figure in its peer set: its ratio, the standard error of the logarithm, and the events of the ratio's two groups."""

    ratio: float | None
    ratio_se: float | None = None
    events: tuple[float, float] | None = None
    peer_set: str = "set"
    is_ok: bool = True
    is_tested: bool = True


def of_counts(*tables: tuple[int, int, int, int], peer_set: str = "set") -> list[Member]:
    """Members with (a of n1) ÷ (b of n2); a zero numerator has no logarithm and is not ok."""
    members = []
    for a, n1, b, n2 in tables:
        if a == 0 or b == 0:
            members.append(Member(0.0 if b else None, peer_set=peer_set, is_ok=False))
        else:
            error = math.sqrt(1 / a - 1 / n1 + 1 / b - 1 / n2)
            members.append(Member((a / n1) / (b / n2), error, (a, b), peer_set))
    return members


def statistics(connection: psycopg.Connection, members: Sequence[Member]) -> list[dict]:
    """The macro's row of each member, in order."""
    statistic = render("peer_statistics('member', ['peer_set'])")
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "create temporary table if not exists member (place int, peer_set text, ratio float8, ratio_se float8,"
            " top_events float8, bottom_events float8, is_ok boolean, is_tested boolean)"
        )
        cursor.execute("truncate member")
        with cursor.copy("copy member from stdin") as copy:
            for place, one in enumerate(members):
                top, bottom = one.events or (None, None)
                copy.write_row((place, one.peer_set, one.ratio, one.ratio_se, top, bottom, one.is_ok, one.is_tested))
        cursor.execute(f"select * from ({statistic}) as statistic order by place")
        return cursor.fetchall()


def reference(members: Sequence[Member]) -> list[dict[str, float | None]]:
    """The same of one peer set, step by step as the methodology writes it; the others' statistics by leaving one out."""
    ok = [one for one in members if one.is_ok and one.ratio is not None]
    ratios = np.array([one.ratio for one in ok])
    with_error = [one for one in ok if one.ratio_se and one.ratio]
    y = np.log([one.ratio for one in with_error])
    v = np.array([one.ratio_se for one in with_error]) ** 2
    whole = dersimonian_laird(y, v)
    z = (y - whole["mu"]) / np.sqrt(v)
    if len(y) >= 20:
        z = np.clip(z, *np.quantile(z, [0.1, 0.9]))
    phi = float(np.mean(z**2))
    extra = max(0.0, (len(y) * phi - (len(y) - 1)) / whole["c"]) if phi > 1 else 0.0
    rows: list[dict[str, float | None]] = []
    for one in members:
        row: dict[str, float | None] = {
            "peer_mean": float(ratios.mean()),
            "peer_q1": float(np.quantile(ratios, 0.25)),
            "peer_median": float(np.quantile(ratios, 0.5)),
            "peer_q3": float(np.quantile(ratios, 0.75)),
            "tau_squared": whole["tau_squared"],
            "i_squared": max(0.0, (whole["q"] - (len(y) - 1)) / whole["q"]),
            "peer_percentile": stats.percentileofscore(ratios, one.ratio, kind="mean") if one.is_ok else None,
        }
        if one in with_error:
            at = with_error.index(one)
            row |= _own(one, y, v, at, whole, extra)
        rows.append(row)
    return rows


def _own(
    one: Member, y: np.ndarray, v: np.ndarray, at: int, whole: dict[str, float], extra: float
) -> dict[str, float | None]:
    reach = math.sqrt(v[at] + extra)
    share = whole["tau_squared"] / (whole["tau_squared"] + v[at])
    others = dersimonian_laird(np.delete(y, at), np.delete(v, at))
    weights = 1 / np.delete(v, at)
    deviation = y[at] - others["mu"]
    error_of_mean = np.sum(weights**2 * (np.delete(v, at) + others["tau_squared"])) / np.sum(weights) ** 2
    own = v[at]
    if one.events:
        a, b = one.events
        expected = a / b * math.exp(-deviation)
        z = 2 * math.sqrt(a + b) * (math.asin(math.sqrt(a / (a + b))) - math.asin(math.sqrt(expected / (1 + expected))))
        own *= max(1.0, (deviation / z) ** 2 / (1 / a + 1 / b))
    t = deviation / math.sqrt(own + others["tau_squared"] + error_of_mean)
    degrees = np.sum(weights) ** 2 / np.sum(weights**2) - 1
    normal = (8 * degrees + 1) / (8 * degrees + 3) * math.sqrt(degrees * math.log1p(t**2 / degrees))
    return {
        "funnel_low_95": math.exp(whole["mu"] - Z * reach),
        "funnel_high_95": math.exp(whole["mu"] + Z * reach),
        "funnel_low_99_8": math.exp(whole["mu"] - Z_99_8 * reach),
        "funnel_high_99_8": math.exp(whole["mu"] + Z_99_8 * reach),
        "z_score": (y[at] - whole["mu"]) / reach,
        "shrunken_ratio": math.exp(share * y[at] + (1 - share) * whole["mu_random"]),
        "peer_p_value": (2 * stats.norm.sf(normal) if degrees >= 1 else None) if one.is_tested else 1,
    }


def dersimonian_laird(y: np.ndarray, v: np.ndarray) -> dict[str, float]:
    """Fixed and random mean, Q, C and τ² of logarithms y with variances v."""
    w = 1 / v
    mu = float(np.sum(w * y) / np.sum(w))
    q = float(np.sum(w * (y - mu) ** 2))
    c = float(np.sum(w) - np.sum(w**2) / np.sum(w))
    tau_squared = max(0.0, (q - (len(y) - 1)) / c)
    random = 1 / (v + tau_squared)
    return {
        "mu": mu,
        "q": q,
        "c": c,
        "tau_squared": tau_squared,
        "mu_random": float(np.sum(random * y) / np.sum(random)),
    }
