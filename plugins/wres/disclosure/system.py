"""What sums to what, what is shown of it, and how far counts can move beside that.

Every cell is a sum of atoms (cells that are no sums themselves), so that the atoms are the variables, and each cell that is shown
is one condition on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import highspy
import numpy as np
from scipy import sparse

from wres.disclosure.bounds import Bounds

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

    def showing(self, shown: Bounds) -> System:
        """The same sums, something else shown of them."""
        other = System(self.relations, shown, self.truth)
        # What does not depend on it is not worked out again.
        vars(other).update(sums=self.sums, atoms=self.atoms, sums_by_cell=self.sums_by_cell, further=self.further)
        return other

    @cached_property
    def atoms(self) -> np.ndarray:
        """Boolean: which cells are no sums of others."""
        return np.diff(self.sums.indptr) > 0

    def parts_of(self, targets: np.ndarray, chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Those of the chunks of atoms, by position, that have one of which a target is the sum."""
        touched = np.zeros(len(self.truth), dtype=bool)
        touched[self.sums_by_cell[targets].indices] = True
        return (atoms for atoms in chunks if touched[atoms].any())

    @cached_property
    def sums_by_cell(self) -> sparse.csr_matrix:
        """The same sums, stored by cell."""
        return self.sums.tocsr()

    @cached_property
    def mobile(self) -> np.ndarray:
        """Boolean: atoms that what is shown leaves room to move, were all free to move at once."""
        shown, atoms = np.flatnonzero(np.isfinite(self.shown.high)), np.flatnonzero(self.atoms)
        found = np.zeros(len(self.truth), dtype=bool)
        found[atoms[self.space(self.sums[:, atoms].tocsr(), shown, atoms, np.inf).free]] = True
        return found

    def space(
        self, sums: sparse.csr_matrix, shown: np.ndarray, atoms: np.ndarray, furthest: float, fix: bool = True
    ) -> Space:
        """How these atoms, of which ``sums`` are, can move, each ``furthest`` people, beside what is shown of these cells."""
        further = self.further[:, atoms].tocsr()
        further = further[np.diff(further.indptr) > 0]
        nothing = np.zeros(further.shape[0])
        return Space(
            sparse.vstack([sums[shown], further]).tocsr(),
            Bounds(
                np.concatenate([self.shown.low[shown] - self.truth[shown], nothing]),
                np.concatenate([self.shown.high[shown] - self.truth[shown], nothing]),
            ),
            Bounds(np.maximum(-self.truth[atoms], -furthest), np.full(len(atoms), furthest)),
            fix,
        )

    @cached_property
    def further(self) -> sparse.csc_matrix:
        """Relations that do not follow from the sums, over atoms."""
        left = (self.relations @ self.sums).tocsr()
        left.eliminate_zeros()
        return left[np.diff(left.indptr) > 0].tocsc()


class Space:
    """How atoms can move at all: conditions on sums of them, each once, and, if so asked, none on what cannot move (``fix``).

    Attributes:
        free: positions of the atoms that can move.
        condition: of each row that was given: the number of its condition, those on single atoms behind all others; -1 for none.
    """

    def __init__(self, rows: sparse.csr_matrix, allowed: Bounds, limits: Bounds, fix: bool) -> None:
        low, high = limits.low.copy(), limits.high.copy()
        free = np.ones(len(low), dtype=bool)
        while True:
            rows.data[~free[rows.indices]] = 0
            rows.eliminate_zeros()
            size = np.diff(rows.indptr)
            # A condition on one atom is one of its own limits.
            single = np.flatnonzero(size == 1)
            atom, times = rows.indices[rows.indptr[single]], rows.data[rows.indptr[single]]
            either = np.array([allowed.low[single] / times, allowed.high[single] / times])
            np.maximum.at(low, atom, either.min(axis=0))
            np.minimum.at(high, atom, either.max(axis=0))
            if not fix:
                break
            # Where a sum must not grow and none of its atoms can shrink, none can move.
            of_row = np.repeat(np.arange(len(size)), size)
            can_shrink = (rows.data < 0) | (low[rows.indices] < 0)
            stiff = (allowed.high == 0) & (np.bincount(of_row, can_shrink, len(size)) == 0)
            still = free & (low < high)
            still[rows.indices[stiff[of_row]]] = False
            if (still == free).all():
                break
            free = still
        self.free = np.flatnonzero(free)
        self.limits = Bounds(low[free], high[free])
        several = np.flatnonzero(size > 1)
        rows = rows[:, self.free]
        # Areas of the same organisations, on either basis, are the same number: one condition, as tight as the tightest.
        # The same whole number, modulo 2⁶⁴, means the same row: fractions collided once in some ten thousand rows.
        mark = rows[several].astype(np.int64) @ np.random.default_rng(_SEED).integers(2**63, size=len(self.free))
        _, first, same = np.unique(mark, return_index=True, return_inverse=True)
        least, most = np.full(len(first), -np.inf), np.full(len(first), np.inf)
        np.maximum.at(least, same, allowed.low[several])
        np.minimum.at(most, same, allowed.high[several])
        self.rows, self.allowed = rows[several[first]], Bounds(least, most)
        self.condition = np.full(len(size), -1)
        self.condition[several] = same
        self.condition[single] = len(first) + np.searchsorted(self.free, atom)
        self.condition[single[~free[atom]]] = -1


class _Solver(highspy.Highs):
    """Without the callbacks of its class, which print a banner where a command prints what it was asked for."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()


def solver(rows: sparse.csr_matrix, allowed: Bounds, limits: Bounds, cost: np.ndarray) -> highspy.Highs:
    """A linear programme: conditions (``rows``) × variables, what each may come to (``allowed``), and each variable's limits."""
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = rows.shape
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, limits.low, limits.high
    model.row_lower_, model.row_upper_ = allowed.low, allowed.high
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = rows.indptr, rows.indices
    model.a_matrix_.value_ = rows.data.astype(float)
    found = _Solver()
    found.setOptionValue("output_flag", False)
    found.setOptionValue("threads", 1)
    found.passModel(model)
    return found
