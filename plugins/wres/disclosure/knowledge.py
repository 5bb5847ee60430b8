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
from wres.disclosure.relations import SUBSETS, relations

_REST = " but not "
_UNIT = ["level", "org_code", "scope", "organisation_basis"]


@dataclass(frozen=True)
class Known:
    """The counts of a day; below them the changed ones of the release before, and what is left of wholes without a part.

    Attributes:
        cells: ``cells.KEY``, ``truth``, ``group`` and ``area``.
        sums: relations over all of them; the last ones bind what is left to its whole, in the same order.
        bounds: what readers know of each already, in people.
        is_withheld: boolean: a count that analysts alone may see.
        is_past: boolean: a count of the release before.
        is_rest: boolean: a count that no table shows, such as those who were shortlisted and not appointed; at least zero.
    """

    cells: pd.DataFrame
    sums: sparse.csr_matrix
    bounds: Bounds
    is_withheld: np.ndarray
    is_past: np.ndarray
    is_rest: np.ndarray

    @property
    def is_own(self) -> np.ndarray:
        """Boolean: the counts of the day."""
        return ~self.is_past & ~self.is_rest

    def part(self, inside: np.ndarray) -> Known:
        """The same of some cells, by position, that no sum joins with others."""
        sums = self.sums[:, inside]
        return Known(
            self.cells.iloc[inside].reset_index(drop=True),
            sums[np.diff(sums.indptr) > 0],
            Bounds(self.bounds.low[inside], self.bounds.high[inside]),
            self.is_withheld[inside],
            self.is_past[inside],
            self.is_rest[inside],
        )


def of_day(day: Day) -> Known:
    """See ``Known``."""
    own = day.cells[[*KEY, "truth"]]
    sums = relations(own, day.pay_rows, day.units, day.groups)
    cells, bounds = own, nothing_known(len(own))
    if day.before is not None:
        old = day.before.cells[[*KEY, "truth", "shown"]].reset_index(drop=True)
        position = _positions(old, own, day.units)
        fresh = position >= len(own)
        cells = pd.concat([own, old.loc[fresh, [*KEY, "truth"]]], ignore_index=True)
        old_sums = relations(old, day.pay_rows, day.units, day.groups).tocoo()
        placed_sums = sparse.coo_matrix(
            (old_sums.data, (old_sums.row, position[old_sums.col])), shape=(old_sums.shape[0], len(cells))
        )
        sums.resize(sums.shape[0], len(cells))
        # Sums of counts that are all the same as now are there already.
        sums = sparse.vstack([sums, placed_sums.tocsr()[np.unique(old_sums.row[fresh[old_sums.col]])]]).tocsr()
        bounds = nothing_known(len(cells))
        told = day.before.scheme.read(old["shown"].to_numpy(), old["truth"].to_numpy())
        bounds.low[position], bounds.high[position] = told.low, told.high
    truth = cells["truth"].to_numpy()
    public = np.flatnonzero(day.cells["public"])
    bounds.low[public], bounds.high[public] = truth[public], truth[public]
    is_past = np.arange(len(cells)) >= len(own)
    # No row of the past is one of today.
    cells = cells.assign(scope=cells["scope"].where(~is_past, "before " + cells["scope"]))
    rests, sums = _with_rests(cells, sums)
    further = np.zeros(len(cells) + len(rests) - len(own), dtype=bool)
    return Known(
        _placed(pd.concat([cells, rests], ignore_index=True), day.units),
        sums,
        Bounds(
            np.concatenate([bounds.low, np.zeros(len(rests))]),
            np.concatenate([bounds.high, np.full(len(rests), np.inf)]),
        ),
        np.concatenate([day.cells["withheld"].to_numpy(dtype=bool), further]),
        np.concatenate([is_past, np.zeros(len(rests), dtype=bool)]),
        np.arange(len(cells) + len(rests)) >= len(cells),
    )


def _with_rests(cells: pd.DataFrame, sums: sparse.csr_matrix) -> tuple[pd.DataFrame, sparse.csr_matrix]:
    """What is left of wholes without those of ``relations.SUBSETS``, and the sums with those that bind the three."""
    numbered = cells.assign(cell=np.arange(len(cells)))
    same = [name for name in KEY if name != "population"]
    parts = numbered.assign(whole_population=numbered["population"].map(SUBSETS)).dropna(subset="whole_population")
    pairs = parts.merge(
        numbered.rename(columns={"population": "whole_population"}),
        on=["whole_population", *same],
        suffixes=("_part", ""),
    )
    pairs = pairs[pairs["truth"] >= pairs["truth_part"]]
    rests = pairs[same].assign(
        population=pairs["whole_population"] + _REST + pairs["population"],
        truth=pairs["truth"] - pairs["truth_part"],
    )
    count, row = len(rests), np.arange(len(rests))
    columns = np.concatenate([pairs["cell"], pairs["cell_part"], len(cells) + row])
    signs = np.concatenate([np.ones(count), -np.ones(2 * count)])
    shape = (count, len(cells) + count)
    own = sparse.csr_matrix((signs, (np.tile(row, 3), columns.astype(int))), shape=shape)
    widened = sparse.csr_matrix((sums.data, sums.indices, sums.indptr), shape=(sums.shape[0], shape[1]))
    return rests[[*KEY, "truth"]], sparse.vstack([widened, own]).tocsr()


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
    """The cells with ``group`` (of the standard), ``family`` and ``area``, by which the programmes choose what moves together."""
    reported = units[units["organisation_basis"] == "as_reported"]
    names = [
        reported[reported["level"] == level].drop_duplicates("org_code").set_index("org_code")["unit_code"]
        for level in ("region", "icb")
    ]
    region, icb = (cells["org_code"].map(name).astype(object).fillna("") for name in names)
    return cells.assign(
        group=cells["member"].str.split("/").str[0],
        family=cells["population"].str.split(_REST).str[0].map(_family),
        area=region + " " + icb,
    )


def _family(population: str) -> str:
    """The population that a population is part of; itself if it is of none."""
    while population in SUBSETS:
        population = SUBSETS[population]
    return population
