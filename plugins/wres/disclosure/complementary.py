"""Complementary suppression: what has to be hidden besides small counts, so that nothing else gives them away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from wres.disclosure.bounds import TOLERANCE, Bounds, implied, propagate
from wres.disclosure.cells import PLACE
from wres.disclosure.knowledge import Known
from wres.disclosure.programmes import held_back, unproved
from wres.disclosure.reach import Reach
from wres.disclosure.room import room
from wres.disclosure.schemes import Scheme
from wres.disclosure.system import System

_ROW = ["population", *PLACE, "slice"]
# What is hidden first where a sum gives too much away: the areas that fewest look at, England last.
_ORDER = {"icb": 0, "org_type": 1, "region": 2, "organisation": 3, "england": 4}
# Cells that are worth a search of their own.
_POOLED = 3_000
# Where a round leaves more of the leaks than this share, hiding what is next to them does not help: a search goes further.
_PROGRESS = 0.8
# So few leaks are freed one by one, and so few of them at once without having been tried among more counts.
_SOME, _FEW = 600, 20


@dataclass(frozen=True)
class Control:
    """What becomes of each cell.

    Attributes:
        hidden: not shown.
        primary: hidden for the few people of its own row.
        exact: shown as it is, not rounded.
        moves: moves × cells, by how many people each differs in other tables that fit what is shown: the proof.
    """

    hidden: np.ndarray
    primary: np.ndarray
    exact: np.ndarray
    moves: sparse.csr_matrix


class UnprotectableError(RuntimeError):
    """Hiding every row still gives a count away, of which nothing was known before: a fault of the search or of its sums."""


def control(known: Known, scheme: Scheme) -> Control:
    """Hide rows until a reader can narrow no small count to fewer than the scheme's protection.

    A row is a slice of a population at one place and time, with White, BME and Unknown: where the White or the BME count is
    small, no figure can be shown, and so the other counts of the row and its base are hidden with it. A small count of Unknown is
    hidden alone or, where it would follow, with the row's total: shares of those whose ethnicity is known stay. A group of a
    finer scheme is hidden alone, and sooner than a count of the standard.
    Counts of England that give something away are first rounded, then hidden.

    What readers know already cannot be hidden, and a small count that they know too well is none to protect.

    Args:
        known: the counts, and what readers know of them.
        scheme: what becomes of a count by its size, and how well it has to be protected.

    Raises:
        UnprotectableError: see there.
    """
    count = len(known.cells)
    hidden, primary, exact = (np.zeros(count, dtype=bool) for _ in range(3))
    moves = [sparse.csr_matrix((0, count))]
    for inside in _parts(known.cells, known.sums):
        found = _Search(known.part(inside), scheme).run()
        hidden[inside], primary[inside], exact[inside] = found.hidden, found.primary, found.exact
        of_part = found.moves
        shape = (of_part.shape[0], count)
        moves.append(sparse.csr_matrix((of_part.data, inside[of_part.indices], of_part.indptr), shape))
    return Control(hidden, primary, exact, sparse.vstack(moves).tocsr())


def _parts(cells: pd.DataFrame, relations: sparse.csr_matrix) -> Iterator[np.ndarray]:
    """Positions of cells that neither a sum nor a row joins with others; small ones pooled, so that one programme serves many."""
    row = _rows(cells)
    rows = sparse.csr_matrix((np.ones(len(row)), (row, np.arange(len(row)))))
    joined = sparse.vstack([abs(relations), rows]).tocsr()
    _, part = connected_components(joined.T @ joined, directed=False)
    size = np.bincount(part)
    large = size >= _POOLED
    for number in np.flatnonzero(large):
        yield np.flatnonzero(part == number)
    # Pools of about the same size, each with whole parts.
    pool = np.where(large, -1, np.cumsum(np.where(large, 0, size)) // _POOLED)
    for number in np.unique(pool[~large]):
        yield np.flatnonzero(pool[part] == number)


def _rows(cells: pd.DataFrame) -> np.ndarray:
    """A number for each cell: the same for those that are hidden together."""
    own = cells["member"].where(_is_finer(cells), "")
    return cells.assign(own=own).groupby([*_ROW, "own"], sort=False, observed=True).ngroup().to_numpy()


def _is_finer(cells: pd.DataFrame) -> pd.Series:
    """Boolean: groups of schemes other than the standard's."""
    return cells["member"].str.contains("/", regex=False)


class _Search:
    def __init__(self, known: Known, scheme: Scheme) -> None:
        self.cells, self.relations, self.scheme, self.known = known.cells, known.sums, scheme, known.bounds
        cells, relations, self.truth = known.cells, known.sums, known.cells["truth"].to_numpy()
        self.halves = self.truth != np.floor(self.truth)
        self.row = _rows(cells)
        order = cells["level"].map(_ORDER).to_numpy(dtype=float)
        order = np.where(_is_finer(cells), (order - len(_ORDER)) / 10, order)
        # A zero is hidden last of all.
        self.order = np.where(self.truth > 0, order, len(_ORDER))
        self.apart = cells["group"].isin(["unknown", "all"]).to_numpy()
        self.of_relation = np.repeat(np.arange(relations.shape[0]), np.diff(relations.indptr))
        self.exact = np.array(cells["level"].isin(scheme.exact_levels))
        # What is known that well already has nothing left to protect.
        told = propagate(relations, known.bounds, ~self.halves).width < scheme.protection - TOLERANCE
        # Nor has a count that no table shows.
        self.told = told | known.is_rest
        self.system = System(relations, known.bounds, self.truth)
        self.reach = Reach.of(self.truth, scheme.protection)
        self.protectable = np.zeros(len(cells), dtype=bool)
        # Of the past readers know what was shown, and nothing can be hidden any more; what is withheld is hidden from the start.
        self.hidden = ~known.is_own | known.is_withheld
        self._star()
        self.primary = self.hidden & known.is_own

    def run(self) -> Control:
        told, left = np.inf, np.inf
        while True:
            system = self.system.showing(self._shown())
            bounds = propagate(self.relations, system.shown, ~self.halves)
            leaks = self._small & (bounds.width < self.scheme.protection - TOLERANCE)
            before, told = told or np.inf, leaks.sum()
            if 0 < told <= _PROGRESS * before:
                hid = self._hide(self._of_telling_sums(leaks, bounds, system.shown))
            else:
                leaks = unproved(system, self.cells, self.hidden, self._small, self.reach)
                leaks &= ~self._follow_anyway(leaks)
                if leaks.sum() > (_FEW if leaks.sum() <= _SOME else _PROGRESS * left):
                    leaks = unproved(system, self.cells, self.hidden, leaks, self.reach, widely=True)
                left = leaks.sum()
                if not left:
                    proofs = self.reach.proofs(np.flatnonzero(self._small))
                    return Control(self.hidden, self.primary, self.exact, proofs)
                hid = left <= _SOME and self._make_room(system, leaks)
                leaks &= ~self.reach.proves()
                hid = hid or self._hide(self._of_shadow_prices(system, leaks))
                leaks &= ~self.reach.proves()
                hid = hid or self._hide(self._near(leaks, np.ones(len(self.of_relation), dtype=bool)))
            if leaks.any() and not hid:
                # All around them is hidden; a proof may need counts that are further away.
                leaks = unproved(system, self.cells, self.hidden, leaks, self.reach, to_the_end=True)
                if leaks.any() and not np.isfinite(self.known.high).any():
                    raise UnprotectableError(f"{int(leaks.sum())} small counts follow though all else is hidden")
                # With all else hidden they follow from what readers know already.
                self.told |= leaks

    def _follow_anyway(self, leaks: np.ndarray) -> np.ndarray:
        """Which of these small counts follow from what readers know, were all else hidden: they need no protection any more."""
        doubtful = leaks & ~self.protectable
        if not doubtful.any() or not np.isfinite(self.known.high).any():
            return np.zeros_like(leaks)
        hidden = self.system.showing(self.known)
        everything = np.ones_like(leaks)
        # What is possible beside all that is shown is possible beside less. To the end, since the audit must find the same.
        reach = self.reach.without_moves()
        told = unproved(hidden, self.cells, everything, doubtful, reach, to_the_end=True)
        self.protectable |= doubtful & ~told
        self.told |= told
        return told

    def _shown(self) -> Bounds:
        shown = self.scheme.shown_bounds(self.truth, self.hidden, self.exact, self.halves)
        return Bounds(np.maximum(shown.low, self.known.low), np.minimum(shown.high, self.known.high))

    @property
    def _starred(self) -> np.ndarray:
        """Boolean: small counts that are not shown."""
        return self.scheme.is_small(self.truth) & ~self.exact

    @property
    def _small(self) -> np.ndarray:
        """Boolean: those of them that readers do not know yet, and that are to be protected."""
        return self._starred & ~self.told

    @property
    def _open(self) -> np.ndarray:
        """Boolean: what could be hidden or rounded, and would protect something: readers know less of it than is shown."""
        shown = self._shown()
        return ~self.hidden & ((shown.low > self.known.low) | (shown.high < self.known.high))

    def _star(self) -> None:
        """Hide small counts, also those that readers know, and the rows of those they do not know, but for Unknown."""
        self.hidden |= self._starred | self._rows_of(np.flatnonzero(self._small & ~self.apart))

    def _rows_of(self, positions: np.ndarray) -> np.ndarray:
        """Boolean: cells of the rows that these cells are in."""
        return np.isin(self.row, self.row[positions])

    def _hide(self, positions: np.ndarray) -> bool:
        """Round what is exact, hide what is rounded: with its row or, Unknown and total, each other. Whether there is any."""
        is_any = len(positions) > 0
        too_exact = self.exact[positions]
        if self.scheme.rounded_to > 1 and too_exact.any():
            self.exact &= ~self._rows_of(positions[too_exact])
            self._star()
            positions = positions[~too_exact]
        alone = self.apart[positions]
        self.hidden |= self._rows_of(positions[alone]) & self.apart
        self.hidden |= self._rows_of(positions[~alone])
        return is_any

    def _make_room(self, system: System, leaks: np.ndarray) -> bool:
        """Hide the cheapest cells that stand in the way of these leaks, if there are any, and take over what is possible then."""
        price, hidden = np.where(self._open, 1 + self.order, 0), system.showing(self.known)
        chosen, moves = room(system, hidden, self.cells, leaks, self.reach, price)
        hid = self._hide(chosen)
        system = system.showing(self._shown())
        for move in moves:
            self.reach.take(system, move)
        return hid

    def _of_shadow_prices(self, system: System, leaks: np.ndarray) -> np.ndarray:
        """Shown cells that hold leaks back: of one condition for each leak, which holds many back and is missed least."""
        held = held_back(system, self.cells, leaks, self.reach, self._open)
        conditions = held.drop_duplicates(["condition", "cell"])
        missed = pd.Series(1 + self.order[conditions["cell"]]).groupby(conditions["condition"].to_numpy()).sum()
        pairs = held.drop_duplicates(["leak", "condition"])
        worth = pairs["condition"].map(pairs.groupby("condition").size() / missed)
        pairs = pairs.assign(worth=worth).sort_values(["worth", "condition"], ascending=[False, True])
        chosen = pairs.drop_duplicates("leak")["condition"]
        return held.loc[held["condition"].isin(chosen), "cell"].unique()

    def _of_telling_sums(self, leaks: np.ndarray, bounds: Bounds, shown: Bounds) -> np.ndarray:
        """For each leak one shown cell of the sums that tell it most: the one that is missed least."""
        _, cell, low, high = implied(self.relations, bounds)
        # Bounds are whole numbers, what a sum says of them need not be one.
        from_below = (low > shown.low[cell] + TOLERANCE) & (low > bounds.low[cell] - 1 + TOLERANCE)
        from_above = (high < shown.high[cell] - TOLERANCE) & (high < bounds.high[cell] + 1 - TOLERANCE)
        return self._near(leaks, from_below | from_above)

    def _near(self, leaks: np.ndarray, tells: np.ndarray) -> np.ndarray:
        """For each leak one shown cell in a sum with it; further away where there is none; nothing if all is hidden."""
        cell = self.relations.indices
        while True:
            of_leak = leaks[cell] & tells
            if (members := self._least_missed(of_leak)).size:
                return members
            # All else in these sums is hidden, but follows from further sums itself.
            wider = leaks.copy()
            wider[cell[np.isin(self.of_relation, self.of_relation[of_leak])]] = True
            if wider.sum() == leaks.sum():
                return members
            leaks = wider

    def _least_missed(self, of_leak: np.ndarray) -> np.ndarray:
        """For each leak one open cell in a sum with it: its row's total if it is Unknown, else the smallest of few readers."""
        cell = self.relations.indices
        pairs = pd.DataFrame({"leak": cell[of_leak], "relation": self.of_relation[of_leak]})
        of_open = self._open[cell] & np.isin(self.of_relation, pairs["relation"])
        found = pairs.merge(
            pd.DataFrame({"member": cell[of_open], "relation": self.of_relation[of_open]}), on="relation"
        )
        leak, member = found["leak"].to_numpy(), found["member"].to_numpy()
        found["elsewhere"] = ~(self.apart[leak] & self.apart[member] & (self.row[leak] == self.row[member]))
        found["order"], found["size"] = self.order[member], self.truth[member]
        found = found.sort_values(["leak", "elsewhere", "order", "size"])
        return found.drop_duplicates("leak")["member"].unique()
