"""How far counts were found to be possible from the truth, and the other tables that show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from wres.disclosure.bounds import TOLERANCE
from wres.disclosure.system import System

# After so many moves those that are of no use any more are dropped.
_OFTEN = 1_000


class Move(NamedTuple):
    """Another table that fits what is shown: these atoms, by position, differ from the truth by so many people each."""

    atoms: np.ndarray
    by: np.ndarray


@dataclass
class Reach:
    """How small and how large each count was found to be possible, in people; grows with each search until it proves enough.

    What was possible stays so when more is hidden: one reach serves a whole search for what to hide.

    Attributes:
        width: how far apart the two have to be.
        low, high: in people.
        moves: that reached them.
        lowest, highest: which of the moves did, by cell; -1 where the truth has gone no further.
    """

    width: float
    low: np.ndarray
    high: np.ndarray
    moves: list[Move]
    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray, width: float) -> Reach:
        none = np.full(len(truth), -1)
        return cls(width, truth.copy(), truth.copy(), [], none, none.copy())

    def without_moves(self) -> Reach:
        """As far as this one, to go on where what is possible here is."""
        return replace(Reach.of(self.low, self.width), high=self.high.copy())

    def proves(self, cells: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Boolean: which of the cells, by position, are possible far enough apart; without them, which of all."""
        return self.high[cells] - self.low[cells] >= self.width - TOLERANCE

    def widen(self, cells: np.ndarray, at: np.ndarray, move: Move) -> bool:
        """Take over where a move brings these cells, as far as they are not proved yet; whether that is further for any."""
        lower, higher = at < self.low[cells], at > self.high[cells]
        further = np.flatnonzero((lower | higher) & ~self.proves(cells))
        if not len(further):
            return False
        if len(self.moves) % _OFTEN == _OFTEN - 1:
            self._forget()
        for side, number, found in ((self.low, self.lowest, lower), (self.high, self.highest, higher)):
            beyond = cells[further[found[further]]]
            side[beyond], number[beyond] = at[further[found[further]]], len(self.moves)
        self.moves.append(move)
        return True

    def take(self, system: System, move: Move) -> None:
        """Take over a move if it fits all that is shown."""
        by = system.sums[:, move.atoms] @ move.by
        cells = np.flatnonzero(by)
        at = system.truth[cells] + by[cells]
        shown = system.shown
        fits = (at > shown.low[cells] - TOLERANCE) & (at < shown.high[cells] + TOLERANCE)
        if fits.all() and (abs(system.further[:, move.atoms] @ move.by) < TOLERANCE).all():
            self.widen(cells, at, move)

    def _forget(self) -> None:
        """Drop moves that no count needs any more, since another has brought it further."""
        needed = np.unique(np.concatenate([self.lowest, self.highest]))
        needed = needed[needed >= 0]
        self.moves = [self.moves[number] for number in needed]
        for number in (self.lowest, self.highest):
            number[number >= 0] = np.searchsorted(needed, number[number >= 0])

    def proofs(self, cells: np.ndarray) -> sparse.csr_matrix:
        """Moves × all cells: by how many people atoms differ in the moves that these cells, by position, need as proof."""
        needed = np.unique(np.concatenate([self.lowest[cells], self.highest[cells]]))
        moves = [self.moves[number] for number in needed[needed >= 0]]
        starts = np.cumsum([0, *(len(move.atoms) for move in moves)])
        atoms = np.concatenate([np.zeros(0, dtype=int), *(move.atoms for move in moves)])
        by = np.concatenate([np.zeros(0), *(move.by for move in moves)])
        return sparse.csr_matrix((by, atoms, starts), shape=(len(moves), len(self.low)))
