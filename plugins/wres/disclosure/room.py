"""What has to be hidden so that a count can move far enough: at the least that readers miss.

A programme in which what is shown may be exceeded at a price (an elastic programme): the cheapest table in which the count is
as far from the truth as its protection asks for says which shown cells stand in its way.
"""

from __future__ import annotations

import highspy
import numpy as np
import pandas as pd
from scipy import sparse

from wres.disclosure.bounds import TOLERANCE, Bounds
from wres.disclosure.programmes import EVERYWHERE, FAR, WIDE, of_neighbours
from wres.disclosure.reach import Move, Reach
from wres.disclosure.system import System, solver

# What one person short of the protection costs: more than what has to be hidden for one.
_SHORT = 1_000.0
# So few are freed at a time among more atoms, where each takes seconds.
_FEW = 20
# People by which a condition is not exceeded: what the solver takes for nothing.
_NOTHING = TOLERANCE / 10


def room(
    system: System, hidden: System, cells: pd.DataFrame, leaks: np.ndarray, reach: Reach, price: np.ndarray
) -> tuple[np.ndarray, list[Move]]:
    """Which cells to hide so that leaks can move, and the other tables that fit what is shown then.

    Args:
        system: what is shown, and what sums to what.
        hidden: what readers know even if nothing is shown.
        cells: ``org_code`` and ``area`` of each cell.
        leaks: boolean; counts that are not proved to be protected.
        reach: how far they were found to move beside what is shown; not changed.
        price: of each cell: how much it is missed; nothing where it is hidden already.

    Returns:
        Positions of cells, and the moves that they make possible. Of leaks without room close by some are left for later.
    """
    planned, price, chosen = reach.without_moves(), price.copy(), [np.zeros(0, dtype=int)]
    # The closest room is found soonest.
    for together in (FAR, WIDE, EVERYWHERE, len(leaks)):
        left = np.flatnonzero(leaks & ~planned.proves())[: _FEW if together > WIDE else None]
        for atoms in system.parts_of(left, of_neighbours(cells, system.atoms, together)):
            chosen.append(_Elastic(system, hidden, atoms, left, price, reach.width).free(planned))
            price[chosen[-1]] = 0
            left = left[~planned.proves(left)]
    return np.unique(np.concatenate(chosen)), planned.moves


class _Elastic:
    """How far atoms can move from the true counts if what is shown of them is hidden, each condition at a price.

    Attributes:
        near, near_sums: positions of the leaks that are sums of these atoms mostly, and their sums over them.
        steps: atoms × their columns: more and less of each, first within its limits, then beyond.
        condition: which one a column exceeds, by number; -1 for none.
    """

    def __init__(
        self, system: System, hidden: System, atoms: np.ndarray, leaks: np.ndarray, price: np.ndarray, width: float
    ) -> None:
        sums = system.sums[:, atoms].tocsr()
        size = np.diff(sums.indptr)
        # Where little of a sum can move it would cost much to move it.
        mostly = 2 * size >= np.diff(system.sums_by_cell.indptr)
        self.truth, self.atoms, self.near = system.truth, atoms, leaks[mostly[leaks]]
        self.near_sums = sums[self.near]
        self.cells = np.flatnonzero((size > 0) & np.isfinite(system.shown.high))
        # Nothing has to move further than the protection, which keeps hidden cells from growing without end.
        space, beyond = (of.space(sums, self.cells, atoms, 2 * width, fix=False) for of in (system, hidden))
        self.count, self.of_cell = space.rows.shape[0], space.condition[: len(self.cells)]
        # All cells of a condition are the same sum and have to be hidden; some conditions are on no cell.
        self.price, prices = price[self.cells], np.zeros(self.count + len(atoms))
        np.add.at(prices, self.of_cell, self.price)
        # Readers who know a sum from elsewhere know it still when it is hidden.
        under, over = space.allowed.low - beyond.allowed.low, beyond.allowed.high - space.allowed.high
        less, more = space.limits.low - beyond.limits.low, beyond.limits.high - space.limits.high
        several, single = np.flatnonzero(under + over), np.flatnonzero(less + more)
        of_several, of_single, anywhere = prices[several], prices[self.count + single], np.full(len(self.near), np.inf)
        rows = sparse.vstack([space.rows, self.near_sums]).tocsc()
        sum_ = sparse.identity(rows.shape[0], format="csc")
        leak = sum_[:, self.count :]
        # What each column adds to the rows, what one person costs, how many there can be, and the condition that they exceed.
        columns = [
            (rows, 0.0, space.limits.high, -1),
            (-rows, 0.0, -space.limits.low, -1),
            (rows[:, single], of_single, more[single], self.count + single),
            (-rows[:, single], of_single, less[single], self.count + single),
            (-sum_[:, several], of_several, over[several], several),
            (sum_[:, several], of_several, under[several], several),
            (leak, _SHORT, np.inf, -1),
            (-leak, _SHORT, np.inf, -1),
        ]
        cost, most, self.condition = (
            np.concatenate([np.broadcast_to(column[part], column[0].shape[1]) for column in columns])
            for part in (1, 2, 3)
        )
        atom = sparse.identity(len(atoms), format="csc")
        self.steps = sparse.hstack([atom, -atom, atom[:, single], -atom[:, single]]).tocsr()
        self.solver = solver(
            sparse.hstack([block for block, *_ in columns]).tocsr(),
            Bounds(np.concatenate([space.allowed.low, -anywhere]), np.concatenate([space.allowed.high, anywhere])),
            Bounds(np.zeros(len(cost)), most),
            cost,
        )
        # The truth, where nothing moves, is the corner to begin at.
        self.solver.setOptionValue("solver", "simplex")
        self.solver.setOptionValue("presolve", "off")

    def free(self, planned: Reach) -> np.ndarray:
        """Widen what is planned until it protects the leaks, as far as these atoms can; the cells to hide for it besides."""
        dropped = np.zeros(0, dtype=int)
        for row, leak in enumerate(self.near):
            # Small counts have more room above than below.
            for up in (True, False):
                if planned.proves(leak):
                    break
                low, high = planned.low[leak] + planned.width, planned.high[leak] - planned.width
                used = self._move(row, low if up else -np.inf, np.inf if up else high, planned)
                dropped = np.union1d(dropped, used)
                free = np.flatnonzero(np.isin(self.condition, used)).astype(np.int32)
                self.solver.changeColsCost(len(free), free, np.zeros(len(free)))
        return self.cells[np.isin(self.of_cell, dropped) & (self.price > 0)]

    def _move(self, row: int, low: float, high: float, planned: Reach) -> np.ndarray:
        """Bring a leak between these numbers of people, or as close as can be; the conditions that it takes to be dropped."""
        at, leak = self.count + row, self.near[row]
        self.solver.changeRowBounds(at, low - self.truth[leak], high - self.truth[leak])
        self.solver.run()
        solved = self.solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        value = np.array(self.solver.getSolution().col_value)
        self.solver.changeRowBounds(at, -np.inf, np.inf)
        if not solved:
            return np.zeros(0, dtype=int)
        by = self.steps @ value[: self.steps.shape[1]]
        moved = np.flatnonzero(by)
        further = planned.widen(
            self.near, self.truth[self.near] + self.near_sums @ by, Move(self.atoms[moved], by[moved])
        )
        return np.unique(self.condition[(self.condition >= 0) & (value > _NOTHING) & further])
