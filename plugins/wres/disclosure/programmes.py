"""Linear programmes: proof that a hidden count can be larger and smaller than it is.

Bounds by propagation can be wider than what a reader could work out where sums share several cells. The proof is a pair of tables
that both fit everything shown and in which the count differs by what the protection asks for. The true table fits, so the search
starts there and asks how far counts can move from it, many at a time, some up and some down by chance: a corner of what is
possible is as far as most of them can go, so that a count that no corner moves far enough is known too well.

Every cell is a sum of atoms (cells that are no sums themselves), so that the atoms are the variables, and each cell that is shown
is one condition on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import LinearConstraint, linprog, milp

from wres.disclosure.bounds import TOLERANCE, Bounds

_DIRECTIONS = 8
# So many atoms may move at once, organisation by organisation: the time of a programme grows much faster than its size.
_TOGETHER = 600
# So few targets are found by the larger programmes at once.
_FEW = 200
# So few are tried one by one, each with the counts around it.
_LAST = 20
_SEED = 5


@dataclass(frozen=True)
class System:
    """Relations, what is shown of each cell, and the true counts, in people."""

    relations: sparse.csr_matrix
    shown: Bounds
    truth: np.ndarray

    @cached_property
    def sums(self) -> sparse.csc_matrix:
        """Cells × cells: each as a sum of atoms, by one relation for each whole, applied until nothing but atoms is left."""
        row, cell = (
            np.repeat(np.arange(self.relations.shape[0]), np.diff(self.relations.indptr)),
            self.relations.indices,
        )
        whole = self.relations.data > 0
        count = len(self.truth)
        chosen = np.full(count, -1)
        chosen[cell[whole][::-1]] = row[whole][::-1]
        is_atom = chosen < 0
        whole_of = np.zeros(self.relations.shape[0], dtype=int)
        whole_of[row[whole]] = cell[whole]
        part = ~whole & (chosen[whole_of[row]] == row)
        rows = np.concatenate([np.flatnonzero(is_atom), whole_of[row[part]]])
        columns = np.concatenate([np.flatnonzero(is_atom), cell[part]])
        step = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
        expanded = step
        while (expanded.getnnz(axis=0)[~is_atom] > 0).any():
            expanded = expanded @ step
        return expanded.tocsc()

    @cached_property
    def atoms(self) -> np.ndarray:
        """Boolean: which cells are no sums of others."""
        return np.diff(self.sums.indptr) > 0

    @cached_property
    def further(self) -> sparse.csc_matrix:
        """Relations that do not follow from the sums, over atoms."""
        left = (self.relations @ self.sums).tocsr()
        left.eliminate_zeros()
        return left[np.diff(left.indptr) > 0].tocsc()


@dataclass
class Reach:
    """How small and how large each count was found to be possible, in people; grows with each search.

    What was possible stays so when more is hidden: one reach serves a whole search for what to hide.
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray) -> Reach:
        return cls(truth.copy(), truth.copy())


def unproved(
    system: System,
    cells: pd.DataFrame,
    hidden: np.ndarray,
    targets: np.ndarray,
    width: float,
    reach: Reach,
    *,
    to_the_end: bool = False,
    singly: int = _FEW,
) -> np.ndarray:
    """Which of the target cells no pair of tables shows to be at least ``width`` apart.

    Args:
        system: what is shown, and what sums to what.
        cells: ``group`` (White, BME or unknown, whatever the scheme), ``org_code`` and ``area`` of each cell.
        hidden: boolean; what moves most freely, and is tried first.
        targets: boolean; the counts to protect.
        width: in people.
        reach: is widened.
        to_the_end: what is left is tried with all counts moving at once, and the last ones each on its own: then what is not
            proved cannot be. Without it a few are called unproved that could be proved.
        singly: how many the last ones are at most.
    """
    chance = np.random.default_rng(_SEED)

    def left() -> np.ndarray:
        return np.flatnonzero(targets & (reach.high - reach.low < width - TOLERANCE))

    for movable in _movable(system, cells, hidden, len(left())):
        if len(near := left()):
            _search(system, movable, near, width, reach, chance)
    # The last ones may need counts that are far away, and only few of them.
    if len(last := left()) <= _LAST:
        for target in last:
            _search(system, _around(system, target), np.array([target]), width, reach, chance)
    if to_the_end and len(near := left()):
        everything = np.flatnonzero(system.atoms)
        _search(system, everything, near, width, reach, chance)
        # So many that all of them were tried at once are no accident of the directions tried.
        if len(last := left()) <= singly:
            for target in last:
                _search(system, everything, np.array([target]), width, reach, chance)
    return targets & (reach.high - reach.low < width - TOLERANCE)


def prices(system: System, cells: pd.DataFrame, leaks: np.ndarray, width: float) -> np.ndarray:
    """How much each shown count holds the leaks back: shadow prices of what it says, zero for most."""
    price = np.zeros(len(system.truth))
    for atoms in _of_neighbours(cells, system.atoms):
        sums = system.sums[:, atoms].tocsr()
        objective = np.asarray(sums[np.flatnonzero(leaks)].sum(axis=0)).ravel()
        if not objective.any():
            continue
        limits = np.column_stack([np.maximum(-system.truth[atoms], -2 * width), np.full(len(atoms), 2 * width)])
        cell, (shown, *further) = _conditions(system, atoms, sums)
        for sense in (1.0, -1.0):
            found = linprog(
                sense * objective,
                A_ub=sparse.vstack([shown.A, -shown.A]),
                b_ub=np.concatenate([shown.ub, -shown.lb]),
                A_eq=further[0].A if further else None,
                b_eq=np.zeros(further[0].A.shape[0]) if further else None,
                bounds=limits,
            )
            if found.x is not None:
                either = np.abs(found.ineqlin.marginals).reshape(2, -1).max(axis=0)
                price[cell] = np.maximum(price[cell], either)
    return price


def _movable(system: System, cells: pd.DataFrame, hidden: np.ndarray, targets: int) -> Iterator[np.ndarray]:
    """Positions of atoms that may move together: of neighbours, hidden ones of one group, all hidden ones, then all."""
    if targets > _FEW:
        for group in ("bme", "unknown", "white"):
            yield from _of_neighbours(cells, system.atoms & hidden & (cells["group"] == group).to_numpy())
    yield from _of_neighbours(cells, system.atoms & hidden)
    yield from _of_neighbours(cells, system.atoms)


def _of_neighbours(cells: pd.DataFrame, movable: np.ndarray) -> Iterator[np.ndarray]:
    """Positions of movable atoms of some organisations at a time, those of one area together."""
    positions = np.flatnonzero(movable)
    organisation = cells.iloc[positions].groupby(["area", "org_code"], observed=True).ngroup().to_numpy()
    count = np.bincount(organisation, minlength=1)
    chunk = ((np.cumsum(count) - 1) // _TOGETHER)[organisation]
    for number in np.unique(chunk):
        yield positions[chunk == number]


def _around(system: System, target: int) -> np.ndarray:
    """Positions of atoms that sums join with a cell, step by step, until they are about as many as may move together."""
    members = abs(system.relations)
    reached = np.zeros(len(system.truth), dtype=bool)
    reached[target] = True
    found = np.flatnonzero(reached & system.atoms)
    while True:
        further = (members.T @ (members @ reached)) > 0
        if (further & system.atoms).sum() > 2 * _TOGETHER or further.sum() == reached.sum():
            return found
        reached = further
        found = np.flatnonzero(reached & system.atoms)


def _search(
    system: System,
    atoms: np.ndarray,
    near: np.ndarray,
    width: float,
    reach: Reach,
    chance: np.random.Generator,
) -> None:
    """Move the targets that these atoms are part of as far as they go, until further directions bring nothing."""
    sums = system.sums[:, atoms].tocsr()
    near = near[np.diff(sums.indptr)[near] > 0]
    _, conditions = _conditions(system, atoms, sums)
    # Nothing has to move further than the protection, which keeps hidden cells from growing without end.
    limits = (np.maximum(-system.truth[atoms], -2 * width), np.full(len(atoms), 2 * width))
    open_ = near
    for _ in range(_DIRECTIONS):
        if not len(open_):
            return
        objective = sums[open_].T @ (chance.choice([-1.0, 1.0], len(open_)) * chance.uniform(0.5, 1.0, len(open_)))
        for sense in (1.0, -1.0):
            found = milp(sense * objective, bounds=limits, constraints=conditions)
            if found.x is not None:
                at = system.truth[near] + sums[near] @ found.x
                reach.low[near] = np.minimum(reach.low[near], at)
                reach.high[near] = np.maximum(reach.high[near], at)
        left = near[reach.high[near] - reach.low[near] < width - TOLERANCE]
        if len(left) > 0.99 * len(open_):
            return
        open_ = left


def _conditions(
    system: System, atoms: np.ndarray, sums: sparse.csr_matrix
) -> tuple[np.ndarray, list[LinearConstraint]]:
    """What a change of the atoms may not touch: cells that are shown, by position, and relations that no sum holds."""
    shown = np.flatnonzero((np.diff(sums.indptr) > 0) & np.isfinite(system.shown.high))
    # Areas of the same organisations, on either basis, are the same number: one condition, as tight as the tightest.
    mark = sums[shown] @ np.random.default_rng(_SEED).uniform(1, 2, len(atoms))
    _, first, same = np.unique(np.round(mark, 8), return_index=True, return_inverse=True)
    least, most = np.full(len(first), -np.inf), np.full(len(first), np.inf)
    np.maximum.at(least, same, system.shown.low[shown] - system.truth[shown])
    np.minimum.at(most, same, system.shown.high[shown] - system.truth[shown])
    conditions = [LinearConstraint(sums[shown[first]], least, most)]
    further = system.further[:, atoms].tocsr()
    further = further[np.diff(further.indptr) > 0]
    if further.shape[0]:
        conditions.append(LinearConstraint(further, 0, 0))
    return shown[first], conditions
