"""What an attacker can work out: the relations between counts, and the bounds that follow from them.

A count is a *cell*. A release tells of each cell that its true value lies between two numbers: both the same where it is shown
exactly, four apart where it is rounded to the nearest 5, 1 and 7 where it is starred. A *relation* says that a whole is the
sum of its parts. From the bounds of all members but one follow bounds for that one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

TOLERANCE = 1e-6
# Bounds that creep by one in each round (a cycle of wide cells) end here: what they still hide is left to the programmes.
_ROUNDS = 60


@dataclass
class Bounds:
    """Smallest and largest value of each cell, in people.

    Attributes:
        low, high: float arrays of length n; ``high`` may be infinite.
    """

    low: np.ndarray
    high: np.ndarray

    @property
    def width(self) -> np.ndarray:
        return self.high - self.low

    def copy(self) -> Bounds:
        return Bounds(self.low.copy(), self.high.copy())


class ContradictionError(ValueError):
    """No table of counts fits what is shown: a relation is wrong, or a shown count is."""


def propagate(relations: sparse.csr_matrix, shown: Bounds, whole_numbers: np.ndarray) -> Bounds:
    """Narrow the bounds of all cells by each relation in turn until nothing changes.

    The result never leaves out a possible value; where relations share more than one cell it may be wider than what a
    linear programme finds.

    Args:
        relations: m × n; each row sums to zero over the true counts, +1 for the whole and -1 for its parts.
        shown: what the release says of each cell; not changed.
        whole_numbers: boolean of length n: false for averages of two years, which may end in a half.

    Raises:
        ContradictionError: bounds cross.
    """
    bounds = shown.copy()
    of_relation = relations
    for _ in range(_ROUNDS):
        before = bounds.copy()
        _, cell, low, high = implied(of_relation, bounds)
        whole = whole_numbers[cell]
        np.maximum.at(bounds.low, cell, np.where(whole, np.ceil(low - TOLERANCE), low))
        np.minimum.at(bounds.high, cell, np.where(whole, np.floor(high + TOLERANCE), high))
        crossed = bounds.low > bounds.high + TOLERANCE
        if crossed.any():
            raise ContradictionError(f"no count fits what is shown of {int(crossed.sum())} cells")
        # Only relations one of whose members has just changed can say more.
        changed = (before.low != bounds.low) | (before.high != bounds.high)
        if not changed.any():
            break
        of_relation = relations[
            np.flatnonzero(np.logical_or.reduceat(changed[relations.indices], relations.indptr[:-1]))
        ]
    return bounds


def implied(relations: sparse.csr_matrix, bounds: Bounds) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What each relation says of each of its members by the bounds of the others: relation, cell, low, high."""
    row = np.repeat(np.arange(relations.shape[0]), np.diff(relations.indptr))
    cell, positive = relations.indices, relations.data > 0
    # Least and most that each signed member adds to the sum of its relation, which is zero.
    least = np.where(positive, bounds.low[cell], -bounds.high[cell])
    most = np.where(positive, bounds.high[cell], -bounds.low[cell])
    starts = relations.indptr[:-1]
    others_least, others_most = _without_own(row, starts, least), _without_own(row, starts, most)
    return row, cell, np.where(positive, -others_most, others_least), np.where(positive, -others_least, others_most)


def _without_own(row: np.ndarray, starts: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Of each member, the sum of the others of its relation; infinite where another one is."""
    if not len(value):
        return value
    infinite = np.isinf(value)
    finite = np.where(infinite, 0.0, value)
    others = np.add.reduceat(finite, starts)[row] - finite
    if infinite.any():
        unbounded = np.add.reduceat(infinite.astype(int), starts)[row] - infinite
        others[unbounded > 0] = np.sign(value[infinite][0]) * np.inf
    return others


def nothing_known(count: int) -> Bounds:
    """Bounds of counts of which nobody knows anything."""
    return Bounds(np.zeros(count), np.full(count, np.inf))
