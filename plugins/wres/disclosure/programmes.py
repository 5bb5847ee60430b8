"""Linear programmes: proof that a hidden count can be larger and smaller than it is.

Bounds by propagation can be wider than what a reader could work out where sums share several cells. The proof is a pair of tables
that both fit everything shown and in which the count differs by what the protection asks for. The true table fits, so the search
starts there and asks how far counts can move from it, many at a time, some up and some down by chance: a corner of what is
possible is as far as most of them can go, so that a count that no corner moves far enough is known too well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import highspy
import numpy as np
import pandas as pd

from wres.disclosure.bounds import TOLERANCE
from wres.disclosure.reach import Move, Reach
from wres.disclosure.system import System, solver

_DIRECTIONS = 8
# So many atoms that can move do so at once, organisation by organisation: first few, since the time of a programme grows faster
# than its size.
_CLOSE, _NEAR, FAR, WIDE, EVERYWHERE = 300, 600, 1_000, 3_000, 15_000
# So few targets are tried in larger programmes.
_FEW = 200
# Of so many atoms a corner is found sooner from inside than along the edges, unless the last one is near.
_FROM_INSIDE = 8_000
# Further directions are tried while each proves this share of what is left; more, where hiding is the alternative.
_GAIN, _MUCH_GAIN = 0.01, 0.25
# Of more leaks than these so many are asked what holds them back: hiding that lets others move as well.
_ASKED = 0.5
_SEED = 5
# HiGHS' number of the primal simplex, which goes on from a corner when only the question has changed.
_PRIMAL = 4


def unproved(
    system: System,
    cells: pd.DataFrame,
    hidden: np.ndarray,
    targets: np.ndarray,
    reach: Reach,
    *,
    widely: bool = False,
    to_the_end: bool = False,
) -> np.ndarray:
    """Which of the target cells no pair of tables shows to be as far apart as ``reach`` asks for.

    Args:
        system: what is shown, and what sums to what.
        cells: ``group`` (White, BME or unknown, whatever the scheme), ``family`` (populations of which one is part of the other),
            ``org_code`` and ``area`` of each cell.
        hidden: boolean; what moves most freely, and is tried first.
        targets: boolean; the counts to protect.
        reach: is widened.
        widely: what is left is tried with ever more counts moving at once, at last all.
        to_the_end: that, and then each on its own: what is not proved then cannot be. Without it some are called unproved that
            could be proved.
    """
    chance, gain = np.random.default_rng(_SEED), _MUCH_GAIN if widely else _GAIN
    if not (targets & ~reach.proves()).any():
        return np.zeros_like(targets)

    def left() -> np.ndarray:
        return np.flatnonzero(targets & ~reach.proves())

    def search(movable: np.ndarray, together: int, *, singly: bool = False) -> None:
        near = left()
        if not len(near):
            return
        for atoms in system.parts_of(
            near, (_by_family if widely or to_the_end else of_neighbours)(cells, movable, together)
        ):
            programme = _Programme(system, atoms, reach.width)
            _together(programme, near, reach, chance, gain)
            near = left()
            if singly:
                _singly(programme, near, reach)
                near = left()

    if len(left()) > _FEW:
        for group in ("bme", "unknown", "white"):
            search(system.mobile & hidden & (cells["group"] == group).to_numpy(), _NEAR)
    search(system.mobile & hidden, _NEAR)
    search(system.mobile, _NEAR)
    if widely or to_the_end:
        # One after the other at the very end alone: together, and with more around them, nearly all are proved.
        for together in (FAR, WIDE, EVERYWHERE):
            search(system.mobile, together)
        search(system.mobile, len(targets), singly=to_the_end)
        return targets & ~reach.proves()
    if len(left()) <= _FEW:
        search(system.mobile, FAR)
    return targets & ~reach.proves()


def held_back(
    system: System, cells: pd.DataFrame, leaks: np.ndarray, reach: Reach, can_hide: np.ndarray
) -> pd.DataFrame:
    """What keeps leaks from moving further: shadow prices of what is shown.

    Args:
        system: what is shown, and what sums to what.
        cells: ``org_code`` and ``area`` of each cell.
        leaks: boolean; counts that are not proved to be protected. Some of them are asked.
        reach: is widened; a leak may turn out to be none.
        can_hide: boolean; what holds leaks back and cannot be hidden is left out.

    Returns:
        ``leak``, ``condition`` and ``cell``: cells of the same condition are the same sum, and all of them have to be hidden.
    """
    asked = np.random.default_rng(_SEED).choice(
        np.flatnonzero(leaks), int(np.ceil(_ASKED * leaks.sum())), replace=False
    )
    found = [pd.DataFrame({"leak": [], "condition": [], "cell": []}, dtype=int)]
    # Those that nothing seems to hold back are asked again where what cannot move is not left out, since that is why.
    for fix in (True, False):
        left = np.setdiff1d(asked[~reach.proves(asked)], [leak for pairs in found for leak in pairs["leak"]])
        movable = system.mobile if fix else system.atoms
        for number, atoms in enumerate(system.parts_of(left, of_neighbours(cells, movable, _CLOSE))):
            programme = _Programme(system, atoms, reach.width, fix)
            held = _singly(programme, left, reach).merge(programme.shown, on="condition")
            shut = held.loc[~can_hide[held["cell"]], "condition"]
            held = held[~held["condition"].isin(shut)]
            found.append(held.assign(condition=held["condition"].astype(str) + f" of {number} {fix}"))
    held = pd.concat(found, ignore_index=True)
    return held[~reach.proves(held["leak"].to_numpy(dtype=int))]


def of_neighbours(
    cells: pd.DataFrame, movable: np.ndarray, together: int, by: tuple[str, ...] = ("area", "org_code")
) -> Iterator[np.ndarray]:
    """Positions of about so many movable atoms at a time, of whole organisations, those of one area together."""
    positions = np.flatnonzero(movable)
    organisation = cells.iloc[positions].groupby(list(by), observed=True).ngroup().to_numpy()
    count = np.bincount(organisation, minlength=1)
    chunks = max(1, round(len(positions) / together))
    chunk = ((np.cumsum(count) - 1) * chunks // max(1, len(positions)))[organisation]
    for number in np.unique(chunk):
        yield positions[chunk == number]


def _by_family(cells: pd.DataFrame, movable: np.ndarray, together: int) -> Iterator[np.ndarray]:
    """The same of more organisations: of each its staff alone, or its applicants, its board."""
    return of_neighbours(cells, movable, together, ("family", "area", "org_code"))


class _Programme:
    """How far some atoms can move from the true counts: asked many times, each time from the corner that was found last.

    Attributes:
        atoms: positions of those that can move.
        sums: cells × these atoms.
        shown: ``cell`` and ``condition`` (its number) of what is shown of these atoms.
        near, near_sums: the cells that are watched, and their rows of ``sums``.
        rows: conditions on several atoms × these atoms.
    """

    def __init__(self, system: System, atoms: np.ndarray, width: float, fix: bool = True) -> None:
        sums = system.sums[:, atoms].tocsr()
        shown = np.flatnonzero((np.diff(sums.indptr) > 0) & np.isfinite(system.shown.high))
        self.truth = system.truth
        # Nothing has to move further than the protection, which keeps hidden cells from growing without end.
        space = system.space(sums, shown, atoms, 2 * width, fix)
        self.sums, self.atoms = sums[:, space.free], atoms[space.free]
        self.shown = pd.DataFrame({"cell": shown, "condition": space.condition[: len(shown)]})
        self.columns = np.arange(len(space.free), dtype=np.int32)
        self.rows = space.rows
        self.has_corner = False
        self.solver = solver(space.rows, space.allowed, space.limits, np.zeros(len(space.free)))
        self.solver.setOptionValue("simplex_strategy", _PRIMAL)

    def watch(self, targets: np.ndarray) -> np.ndarray:
        """Those of the targets that the atoms are part of: from now on each move widens what they reach."""
        self.near = targets[np.diff(self.sums.indptr)[targets] > 0]
        self.near_sums = self.sums[self.near]
        return self.near

    def move(
        self, objective: np.ndarray, reach: Reach, enough: Callable[[], object] = lambda: False, *, afresh: bool = False
    ) -> np.ndarray:
        """Most and, unless that is enough, least of an objective over the atoms; what it would gain by room in each condition.

        ``afresh``: the corner that was found last is far away.
        """
        prices = np.zeros(self.rows.shape[0] + len(self.columns))
        # Small counts have more room above than below.
        for sense in (-1.0, 1.0):
            if enough():
                break
            self.solver.changeColsCost(len(objective), self.columns, sense * objective)
            from_inside = len(self.columns) > _FROM_INSIDE and (afresh or not self.has_corner)
            self.solver.setOptionValue("solver", "ipm" if from_inside else "simplex")
            self.solver.run()
            self.has_corner = True
            if self.solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                found = self.solver.getSolution()
                by = np.asarray(found.col_value)
                moved = np.flatnonzero(by)
                at = self.truth[self.near] + self.near_sums @ by
                reach.widen(self.near, at, Move(self.atoms[moved], by[moved]))
                prices += np.abs(np.concatenate([found.row_dual, found.col_dual]))
        return np.where(prices > TOLERANCE, prices, 0.0)


def _together(
    programme: _Programme, targets: np.ndarray, reach: Reach, chance: np.random.Generator, gain: float
) -> None:
    """Move targets as far as they go, up and down by chance, while that proves this share of what is left."""
    near = left = programme.watch(targets)
    for _ in range(_DIRECTIONS):
        if not len(left):
            break
        direction = chance.choice([-1.0, 1.0], len(left)) * chance.uniform(0.5, 1.0, len(left))
        programme.move(programme.sums[left].T @ direction, reach, afresh=len(left) > _FEW)
        before, left = len(left), near[~reach.proves(near)]
        if len(left) > (1 - gain) * before:
            break


def _singly(programme: _Programme, targets: np.ndarray, reach: Reach) -> pd.DataFrame:
    """Move targets as far as they go, one after the other; what (``condition``) holds each ``leak`` back."""
    found = []
    for row, target in enumerate(programme.watch(targets)):
        proved = partial(reach.proves, target)
        if not proved():
            alone = programme.near_sums[[row]].toarray().ravel()
            found.append((target, np.flatnonzero(programme.move(alone, reach, proved))))
    pairs = pd.DataFrame(
        {
            "leak": np.repeat([target for target, _ in found], [len(held) for _, held in found]).astype(int),
            "condition": np.concatenate([np.zeros(0, dtype=int), *(held for _, held in found)]),
        }
    )
    return pairs[~reach.proves(pairs["leak"].to_numpy())]
