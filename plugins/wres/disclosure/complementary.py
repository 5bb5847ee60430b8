"""Complementary suppression: rows hidden besides those with few people, so that sums give nothing away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from wres.disclosure.bounds import TOLERANCE, Bounds, implied, propagate
from wres.disclosure.cells import PLACE
from wres.disclosure.schemes import Scheme

# What is hidden first where a sum gives too much away: the areas that fewest look at, England last.
_ORDER = {"icb": 0, "org_type": 1, "region": 2, "organisation": 3, "england": 4}


@dataclass(frozen=True)
class Control:
    """What becomes of each cell.

    Attributes:
        hidden: not shown.
        primary: hidden for the few people of its own row.
        exact: shown as it is, not rounded.
    """

    hidden: np.ndarray
    primary: np.ndarray
    exact: np.ndarray


class UnprotectableError(RuntimeError):
    """Hiding every row still gives a count away; it follows from what is public."""


def control(cells: pd.DataFrame, relations: sparse.csr_matrix, scheme: Scheme, public: np.ndarray) -> Control:
    """Hide rows until the bounds of every small count are far enough apart.

    A row is a slice of a population at one place and time, with all its groups: where the White or the BME count is small, no
    figure can be shown, and so the other counts of the row and its base are hidden with it. A small count of Unknown is hidden alone.
    Counts of England that give something away are first rounded, then hidden.

    Args:
        cells: columns of ``cells.KEY`` and ``truth``.
        relations: as ``relations.relations`` gives them.
        public: which cells everybody knows already; they are shown and protect nothing.

    Raises:
        UnprotectableError: see there.
    """
    truth = cells["truth"].to_numpy()
    halves = truth != np.floor(truth)
    row = cells.groupby(["population", *PLACE, "slice"], sort=False, observed=True).ngroup().to_numpy()
    size = np.bincount(row, np.where(cells["member"] == "all", truth, 0))
    order = cells["level"].map(_ORDER).to_numpy()
    unknown = (cells["member"] == "unknown").to_numpy()
    exact = cells["level"].isin(scheme.exact_levels).to_numpy() | public
    small = scheme.is_small(truth) & ~exact
    hidden = _rows_of(small & ~unknown, row) & ~public | small
    primary = hidden.copy()
    while True:
        shown = scheme.shown_bounds(truth, hidden, exact, halves)
        bounds = propagate(relations, shown, ~halves)
        known = small & (bounds.width < scheme.protection - TOLERANCE)
        if not known.any():
            return Control(hidden, primary, exact)
        sums, members = _telling(relations, bounds, shown, known)
        while not (~hidden[members] & ~public[members] & (truth[members] > 0)).any():
            # All else in these sums is hidden, but follows from further sums itself.
            wider = known | _mark(members, len(truth))
            if wider.sum() == known.sum():
                raise UnprotectableError(f"{int(known.sum())} small counts follow from what is public")
            known = wider
            sums, members = _telling(relations, bounds, shown, known)
        too_exact = exact[members] & ~public[members] & ~hidden[members] & (truth[members] > 0)
        if scheme.rounded_to == 1:
            too_exact[:] = False
        if too_exact.any():
            chosen = _rows_of(_mark(members[too_exact], len(truth)), row)
            exact &= ~chosen
            small |= chosen & scheme.is_small(truth)
            hidden |= _rows_of(chosen & small & ~unknown, row) & ~public | (chosen & small)
            continue
        open_ = ~hidden[members] & ~public[members] & (truth[members] > 0)
        candidates = pd.DataFrame({"sum": sums[open_], "cell": members[open_]})
        candidates["order"] = order[candidates["cell"]]
        candidates["size"] = size[row[candidates["cell"]]]
        first = candidates.sort_values(["sum", "order", "size"]).drop_duplicates("sum")["cell"].to_numpy()
        hidden |= _rows_of(_mark(first, len(truth)), row) & ~public


def _telling(
    relations: sparse.csr_matrix, bounds: Bounds, shown: Bounds, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Members (relation, cell) of the sums that narrow the bounds of the cells known too well."""
    row, cell, low, high = implied(relations, bounds)
    narrows = known[cell] & ((low > shown.low[cell] + TOLERANCE) | (high < shown.high[cell] - TOLERANCE))
    telling = np.isin(row, row[narrows])
    return row[telling], cell[telling]


def _mark(positions: np.ndarray, length: int) -> np.ndarray:
    marked = np.zeros(length, dtype=bool)
    marked[positions] = True
    return marked


def _rows_of(cells: np.ndarray, row: np.ndarray) -> np.ndarray:
    """All cells of the rows that a marked cell is in."""
    return np.isin(row, row[cells])
