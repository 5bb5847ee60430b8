"""Linear programmes: proof that a count can be larger and smaller, or that it cannot.

Bounds by propagation can be too wide where sums share several cells. Here two tables of counts are found that both fit everything
shown, and in which the count differs by what the protection asks for. The true table fits always, so a search may start there and
leave most cells as they are: what it finds holds for the whole release. Only where it finds nothing is the whole system solved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from wres.disclosure.bounds import TOLERANCE, Bounds

# Organisations that may change together: enough to make up for each other in an exact total, few enough for quick programmes.
_TOGETHER = 6
_BATCHES = 8


@dataclass(frozen=True)
class System:
    """Relations, what is shown of each cell, and the true counts, in people."""

    relations: sparse.csr_matrix
    bounds: Bounds
    truth: np.ndarray

    def part(self, free: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
        """Relations among the free cells, all others as they truly are, and the right-hand sides."""
        columns = self.relations[:, np.flatnonzero(free)].tocsr()
        used = np.diff(columns.indptr) > 0
        return columns[used], -(self.relations[used] @ np.where(free, 0.0, self.truth))


def unproved(system: System, cells: pd.DataFrame, targets: np.ndarray, width: float) -> np.ndarray:
    """Which of the target cells no pair of tables shows to be at least ``width`` apart.

    Args:
        cells: ``level``, ``org_code``, ``population`` and ``as_at`` of each cell.
        targets: boolean; the counts to protect.
    """
    low, high = system.truth.copy(), system.truth.copy()
    for free in _neighbourhoods(cells, targets):
        _search(system, free, targets & free, width, low, high)
    left = targets & (high - low < width - TOLERANCE)
    for cell in np.flatnonzero(left):
        same = cells["as_at"] == cells["as_at"].iat[cell]
        _solve(system, same.to_numpy(), np.array([cell]), np.ones(1), width, low, high)
    return targets & (high - low < width - TOLERANCE)


def _neighbourhoods(cells: pd.DataFrame, targets: np.ndarray) -> Iterator[np.ndarray]:
    """A few organisations at a time, with all areas; areas alone at last."""
    is_organisation = (cells["level"] == "organisation").to_numpy()
    for _, of_day in cells.groupby(["population", "as_at"], sort=False, observed=True):
        day = np.zeros(len(cells), dtype=bool)
        day[of_day.index] = True
        codes = cells["org_code"].to_numpy()
        with_targets = pd.unique(codes[day & is_organisation & targets])
        for start in range(0, len(with_targets), _TOGETHER):
            chosen = np.isin(codes, with_targets[start : start + _TOGETHER])
            yield day & (chosen | ~is_organisation)
        if (day & targets & ~is_organisation).any():
            yield day & (~is_organisation | np.isin(codes, with_targets[:_TOGETHER]))


def _search(
    system: System, free: np.ndarray, targets: np.ndarray, width: float, low: np.ndarray, high: np.ndarray
) -> None:
    """Tables in which many targets at once are as large, or as small, as they can be; directions by chance from a fixed seed."""
    chance = np.random.default_rng(5)
    for batch in range(_BATCHES):
        open_ = np.flatnonzero(targets & (high - low < width - TOLERANCE))
        if not len(open_):
            return
        directions = np.ones(len(open_)) if batch == 0 else chance.choice([-1.0, 1.0], len(open_))
        _solve(system, free, open_, directions, width, low, high)


def _solve(
    system: System,
    free: np.ndarray,
    open_: np.ndarray,
    directions: np.ndarray,
    width: float,
    low: np.ndarray,
    high: np.ndarray,
) -> None:
    """Solve for both directions and note what the targets can be."""
    matrix, right = system.part(free)
    positions = np.flatnonzero(free)
    objective = np.zeros(len(positions))
    objective[np.searchsorted(positions, open_)] = directions
    # Nothing has to move further than the protection, which keeps hidden cells from growing without end.
    reach = np.column_stack(
        [
            np.maximum(system.bounds.low[positions], system.truth[positions] - 2 * width),
            np.minimum(system.bounds.high[positions], system.truth[positions] + 2 * width),
        ]
    )
    for sense in (1.0, -1.0):
        found = linprog(sense * objective, A_eq=matrix, b_eq=right, bounds=reach, method="highs")
        if found.x is not None:
            low[positions] = np.minimum(low[positions], found.x)
            high[positions] = np.maximum(high[positions], found.x)
