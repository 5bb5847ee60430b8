"""Linear programmes: proof that a starred count can be larger and smaller than it is.

Bounds by propagation can be wider than what a reader could work out where sums share several cells. The proof is a pair of tables
that both fit everything shown and in which the count differs by what the protection asks for. The true table fits, so the search
starts there and changes a few organisations only: what it finds holds for the whole release, whatever else is left as it is.

Every cell is a sum of atoms (an organisation's cells that are no sums themselves), so that the atoms are the variables, and each cell
that is shown is one condition on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import LinearConstraint, milp

from wres.disclosure.bounds import TOLERANCE, Bounds

# Organisations that may change together: enough to make up for each other in an exact total, few enough for quick programmes.
_TOGETHER = 4
_BATCHES = 6


@dataclass(frozen=True)
class System:
    """Relations, what is shown of each cell, and the true counts, in people."""

    relations: sparse.csr_matrix
    shown: Bounds
    truth: np.ndarray

    @cached_property
    def sums(self) -> sparse.csc_matrix:
        """Cells × cells: each as a sum of atoms, by one relation for each whole, applied until nothing but atoms is left."""
        row, cell = np.repeat(np.arange(self.relations.shape[0]), np.diff(self.relations.indptr)), self.relations.indices
        whole = self.relations.data > 0
        count = len(self.truth)
        chosen = np.full(count, -1)
        chosen[cell[whole][::-1]] = row[whole][::-1]
        is_atom = chosen < 0
        part = ~whole & (chosen[_whole_of(self.relations)[row]] == row)
        rows = np.concatenate([np.flatnonzero(is_atom), _whole_of(self.relations)[row[part]]])
        columns = np.concatenate([np.flatnonzero(is_atom), cell[part]])
        step = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
        expanded = step
        while (expanded.getnnz(axis=0)[~is_atom] > 0).any():
            expanded = expanded @ step
        return expanded.tocsc()

    @cached_property
    def further(self) -> sparse.csc_matrix:
        """Relations that do not follow from the sums, over atoms."""
        left = (self.relations @ self.sums).tocsr()
        left.eliminate_zeros()
        return left[np.diff(left.indptr) > 0].tocsc()


def _whole_of(relations: sparse.csr_matrix) -> np.ndarray:
    """The cell that is the whole of each relation."""
    row = np.repeat(np.arange(relations.shape[0]), np.diff(relations.indptr))
    wholes = np.zeros(relations.shape[0], dtype=int)
    positive = relations.data > 0
    wholes[row[positive]] = relations.indices[positive]
    return wholes


def unproved(system: System, cells: pd.DataFrame, targets: np.ndarray, width: float) -> np.ndarray:
    """Which of the target cells no pair of tables shows to be at least ``width`` apart.

    Args:
        cells: ``level``, ``org_code``, ``population`` and ``as_at`` of each cell.
        targets: boolean; the counts to protect.
    """
    low, high = system.truth.copy(), system.truth.copy()
    for atoms, near in _neighbourhoods(system, cells, targets):
        _search(system, atoms, near, width, low, high)
    return targets & (high - low < width - TOLERANCE)


def _neighbourhoods(system: System, cells: pd.DataFrame, targets: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A few organisations at a time: positions of their atoms, and of the targets that these are part of."""
    is_atom = np.diff(system.sums.indptr) > 0
    organisations = cells["org_code"].to_numpy()
    for _, of_day in cells.groupby(["population", "as_at"], sort=False, observed=True):
        here = np.zeros(len(cells), dtype=bool)
        here[of_day.index] = True
        atoms = np.flatnonzero(here & is_atom)
        codes = pd.unique(organisations[atoms])
        for start in range(0, len(codes), _TOGETHER):
            chosen = atoms[np.isin(organisations[atoms], codes[start : start + _TOGETHER])]
            reached = np.unique(system.sums[:, chosen].indices)
            near = reached[targets[reached]]
            if len(near):
                yield chosen, near


def _search(
    system: System, atoms: np.ndarray, near: np.ndarray, width: float, low: np.ndarray, high: np.ndarray
) -> None:
    """Tables in which many targets at once are as large, or as small, as they can be; directions by chance from a fixed seed."""
    sums = system.sums[:, atoms].tocsr()
    conditions = _conditions(system, atoms, sums)
    # Nothing has to move further than the protection, which keeps hidden cells from growing without end.
    reach = (np.maximum(-system.truth[atoms], -2 * width), np.full(len(atoms), 2 * width))
    chance = np.random.default_rng(5)
    for batch in range(_BATCHES):
        open_ = near[high[near] - low[near] < width - TOLERANCE]
        if not len(open_):
            return
        directions = np.ones(len(open_)) if batch == 0 else chance.choice([-1.0, 1.0], len(open_))
        objective = sums[open_].T @ directions
        for sense in (1.0, -1.0):
            found = milp(sense * objective, bounds=reach, constraints=conditions)
            if found.x is not None:
                reached = system.truth[near] + sums[near] @ found.x
                low[near] = np.minimum(low[near], reached)
                high[near] = np.maximum(high[near], reached)


def _conditions(system: System, atoms: np.ndarray, sums: sparse.csr_matrix) -> list[LinearConstraint]:
    """What a change of the atoms may not touch: cells that are shown, and relations that no sum holds."""
    shown = np.flatnonzero((np.diff(sums.indptr) > 0) & np.isfinite(system.shown.high))
    conditions = [
        LinearConstraint(
            sums[shown], system.shown.low[shown] - system.truth[shown], system.shown.high[shown] - system.truth[shown]
        )
    ]
    further = system.further[:, atoms].tocsr()
    further = further[np.diff(further.indptr) > 0]
    if further.shape[0]:
        conditions.append(LinearConstraint(further, 0, 0))
    return conditions
