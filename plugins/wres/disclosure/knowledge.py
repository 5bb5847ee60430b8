"""What readers know before a release comes out: what its publishers have shown, and the release before.

Two releases tell by their difference. A count of the release before whose organisation has sent nothing new is the same number
now; one that has changed is a number of its own, shown or hidden once and for all, with sums of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from wres.disclosure.bounds import Bounds, nothing_known
from wres.disclosure.cells import KEY, PLACE
from wres.disclosure.days import Day
from wres.disclosure.relations import relations

_UNIT = ["level", "org_code", "scope", "organisation_basis"]


@dataclass(frozen=True)
class Known:
    """The counts of a day, and below them the changed ones of the release before.

    Attributes:
        cells: ``cells.KEY``, ``truth``, ``group`` and ``area``.
        sums: relations over both.
        bounds: what readers know of each already, in people.
        is_past: boolean: a count of the release before.
    """

    cells: pd.DataFrame
    sums: sparse.csr_matrix
    bounds: Bounds
    is_past: np.ndarray

    def part(self, inside: np.ndarray) -> Known:
        """The same of some cells, by position, that no sum joins with others."""
        sums = self.sums[:, inside]
        return Known(
            self.cells.iloc[inside].reset_index(drop=True),
            sums[np.diff(sums.indptr) > 0],
            Bounds(self.bounds.low[inside], self.bounds.high[inside]),
            self.is_past[inside],
        )


def of_day(day: Day) -> Known:
    """See ``Known``."""
    own = day.cells[[*KEY, "truth"]]
    sums = relations(own, day.pay_rows, day.units)
    cells, bounds = own, nothing_known(len(own))
    if day.before is not None:
        old = day.before[[*KEY, "truth", "shown"]].reset_index(drop=True)
        position = _positions(old, own, day.units)
        fresh = position >= len(own)
        cells = pd.concat([own, old.loc[fresh, [*KEY, "truth"]]], ignore_index=True)
        old_sums = relations(old, day.pay_rows, day.units).tocoo()
        placed_sums = sparse.coo_matrix(
            (old_sums.data, (old_sums.row, position[old_sums.col])), shape=(old_sums.shape[0], len(cells))
        )
        sums.resize(sums.shape[0], len(cells))
        # Sums of counts that are all the same as now are there already.
        sums = sparse.vstack([sums, placed_sums.tocsr()[np.unique(old_sums.row[fresh[old_sums.col]])]]).tocsr()
        bounds = nothing_known(len(cells))
        told = day.scheme.read(old["shown"].to_numpy(), old["truth"].to_numpy())
        bounds.low[position], bounds.high[position] = told.low, told.high
    truth = cells["truth"].to_numpy()
    public = np.flatnonzero(day.cells["public"])
    bounds.low[public], bounds.high[public] = truth[public], truth[public]
    is_past = np.arange(len(cells)) >= len(own)
    cells = _placed(cells, day.units)
    # No row of the past is one of today.
    return Known(cells.assign(scope=cells["scope"].where(~is_past, "before " + cells["scope"])), sums, bounds, is_past)


def _positions(old: pd.DataFrame, own: pd.DataFrame, units: pd.DataFrame) -> np.ndarray:
    """Where each cell of the release before stands: where the same count does today, or behind all of them."""
    same = old.merge(own.assign(position=np.arange(len(own))), on=[*KEY, "truth"], how="left")
    reported = (old["level"] == "organisation") & (old["organisation_basis"] == "as_reported")
    changed = set(old.loc[reported & same["position"].isna(), "org_code"])
    units = units.rename(columns={"org_code": "reporter", "unit_code": "org_code"})
    of_changed = units.loc[units["reporter"].isin(changed), _UNIT].drop_duplicates()
    stands_for = same[PLACE].merge(of_changed.assign(is_changed=True), on=_UNIT, how="left")["is_changed"].notna()
    shared = (same["position"].notna() & ~stands_for & ~old["org_code"].isin(changed)).to_numpy()
    return np.where(shared, same["position"].fillna(0), len(own) + np.cumsum(~shared) - 1).astype(int)


def _placed(cells: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """The cells with ``group`` and ``area``, by which the programmes choose what moves together."""
    reported = units[units["organisation_basis"] == "as_reported"]
    names = [
        reported[reported["level"] == level].drop_duplicates("org_code").set_index("org_code")["unit_code"]
        for level in ("region", "icb")
    ]
    region, icb = (cells["org_code"].map(name).astype(object).fillna("") for name in names)
    return cells.assign(group=cells["member"], area=region + " " + icb)
