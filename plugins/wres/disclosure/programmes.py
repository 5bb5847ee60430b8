"""Linear programmes: proof that a hidden count can be larger and smaller than it is.

Bounds by propagation can be wider than what a reader could work out where sums share several cells. The proof is a pair of tables
that both fit everything shown and in which the count differs by what the protection asks for. The true table fits, so the search
starts there and asks how far counts can move from it, many at a time, some up and some down by chance: a corner of what is
possible is as far as most of them can go, so that a count that no corner moves far enough is known too well.

Every cell is a sum of atoms (cells that are no sums themselves), so that the atoms are the variables, and each cell that is shown
is one condition on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import highspy
import numpy as np
import pandas as pd
from scipy import sparse

from wres.disclosure.bounds import TOLERANCE, Bounds

_DIRECTIONS = 8
# So many atoms that can move do so at once, organisation by organisation: first few, since the time of a programme grows faster
# than its size.
_CLOSE, _NEAR, _FAR, _WIDE, _EVERYWHERE = 300, 600, 1_000, 3_000, 6_000
# So few targets are tried in larger programmes; so few in those of all of England.
_FEW, _VERY_FEW = 200, 50
# Of more leaks than these so many are asked what holds them back: hiding that lets others move as well.
_ASKED = 0.5
_SEED = 5
# HiGHS' number of the primal simplex, which goes on from a corner when only the question has changed.
_PRIMAL = 4


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
    ) -> _Space:
        """How these atoms, of which ``sums`` are, can move, each ``furthest`` people, beside what is shown of these cells."""
        further = self.further[:, atoms].tocsr()
        further = further[np.diff(further.indptr) > 0]
        nothing = np.zeros(further.shape[0])
        return _Space(
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

    def proves(self, width: float, cells: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Boolean: which of the cells, by position, are possible at least so far apart; without them, which of all."""
        return self.high[cells] - self.low[cells] >= width - TOLERANCE


def unproved(
    system: System,
    cells: pd.DataFrame,
    hidden: np.ndarray,
    targets: np.ndarray,
    width: float,
    reach: Reach,
    *,
    widely: bool = False,
    to_the_end: bool = False,
) -> np.ndarray:
    """Which of the target cells no pair of tables shows to be at least ``width`` apart.

    Args:
        system: what is shown, and what sums to what.
        cells: ``group`` (White, BME or unknown, whatever the scheme), ``family`` (populations of which one is part of the other),
            ``org_code`` and ``area`` of each cell.
        hidden: boolean; what moves most freely, and is tried first.
        targets: boolean; the counts to protect.
        width: in people.
        reach: is widened.
        widely: as many move at once as a programme can take within seconds.
        to_the_end: what is left is tried with all counts moving at once, many together and then each on its own: what is not
            proved then cannot be. Without it some are called unproved that could be proved.
    """
    chance = np.random.default_rng(_SEED)

    def left() -> np.ndarray:
        return np.flatnonzero(targets & ~reach.proves(width))

    def search(movable: np.ndarray, together: int, *, singly: bool = False) -> None:
        near = left()
        if not len(near):
            return
        for atoms in system.parts_of(near, (_by_family if to_the_end else _of_neighbours)(cells, movable, together)):
            programme = _Programme(system, atoms, width)
            _together(programme, near, width, reach, chance)
            near = left()
            if singly and (to_the_end or len(near) <= _FEW):
                _singly(programme, near, width, reach)
                near = left()

    if len(left()) > _FEW:
        for group in ("bme", "unknown", "white"):
            search(system.mobile & hidden & (cells["group"] == group).to_numpy(), _NEAR)
    search(system.mobile & hidden, _NEAR)
    search(system.mobile, _NEAR)
    if to_the_end:
        # One after the other at the very end alone: together, and with more around them, nearly all are proved.
        for together in (_FAR, _WIDE, _EVERYWHERE):
            search(system.mobile, together)
        search(system.mobile, len(targets), singly=True)
        return targets & ~reach.proves(width)
    if widely or len(left()) <= _FEW:
        search(system.mobile, _FAR)
    if widely:
        search(system.mobile, _EVERYWHERE, singly=True)
    return targets & ~reach.proves(width)


def held_back(
    system: System, cells: pd.DataFrame, leaks: np.ndarray, width: float, reach: Reach, *, widely: bool
) -> pd.DataFrame:
    """What keeps leaks from moving further: shadow prices of what is shown.

    Args:
        system: what is shown, and what sums to what.
        cells: ``org_code`` and ``area`` of each cell.
        leaks: boolean; counts that are not proved to be protected.
        width: in people.
        reach: is widened; a leak may turn out to be none.
        widely: very few leaks are asked among as many as a programme can take.

    Returns:
        ``leak``, ``condition`` and ``cell``: cells of the same condition are the same sum, and all of them have to be hidden.
    """
    few = leaks.sum() <= _FEW
    asked = np.flatnonzero(leaks)
    if not few:
        asked = np.random.default_rng(_SEED).choice(asked, int(_ASKED * len(asked)), replace=False)
    found = [pd.DataFrame({"leak": [], "condition": [], "cell": []}, dtype=int)]
    # Those that nothing seems to hold back are asked again where what cannot move is not left out, since that is why.
    larger = [_EVERYWHERE if widely and leaks.sum() <= _VERY_FEW else _FAR] if few else []
    for together, fix in [*((size, True) for size in larger), (_CLOSE, True), (_CLOSE, False)]:
        left = np.setdiff1d(asked[~reach.proves(width, asked)], [leak for pairs in found for leak in pairs["leak"]])
        movable = system.mobile if fix else system.atoms
        for number, atoms in enumerate(system.parts_of(left, _of_neighbours(cells, movable, together))):
            programme = _Programme(system, atoms, width, fix)
            held = _singly(programme, left, width, reach).merge(programme.shown, on="condition")
            found.append(held.assign(condition=held["condition"].astype(str) + f" of {number} of {together} {fix}"))
    return pd.concat(found, ignore_index=True)


def _of_neighbours(
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
    return _of_neighbours(cells, movable, together, ("family", "area", "org_code"))


class _Space:
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
        mark = rows[several] @ np.random.default_rng(_SEED).uniform(1, 2, len(self.free))
        _, first, same = np.unique(np.round(mark, 8), return_index=True, return_inverse=True)
        least, most = np.full(len(first), -np.inf), np.full(len(first), np.inf)
        np.maximum.at(least, same, allowed.low[several])
        np.minimum.at(most, same, allowed.high[several])
        self.rows, self.allowed = rows[several[first]], Bounds(least, most)
        self.condition = np.full(len(size), -1)
        self.condition[several] = same
        self.condition[single] = len(first) + np.searchsorted(self.free, atom)
        self.condition[single[~free[atom]]] = -1

    def model(self) -> highspy.HighsLp:
        """The same for the solver, without a question."""
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = self.rows.shape
        model.col_cost_ = np.zeros(model.num_col_)
        model.col_lower_, model.col_upper_ = self.limits.low, self.limits.high
        model.row_lower_, model.row_upper_ = self.allowed.low, self.allowed.high
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_ = self.rows.indptr, self.rows.indices
        model.a_matrix_.value_ = self.rows.data.astype(float)
        return model


class _Programme:
    """How far some atoms can move from the true counts: asked many times, each time from the corner that was found last.

    Attributes:
        sums: cells × these atoms.
        shown: ``cell`` and ``condition`` (its number) of what is shown of these atoms.
        near, near_sums: the cells that are watched, and their rows of ``sums``.
    """

    def __init__(self, system: System, atoms: np.ndarray, width: float, fix: bool = True) -> None:
        sums = system.sums[:, atoms].tocsr()
        shown = np.flatnonzero((np.diff(sums.indptr) > 0) & np.isfinite(system.shown.high))
        self.truth = system.truth
        # Nothing has to move further than the protection, which keeps hidden cells from growing without end.
        space = system.space(sums, shown, atoms, 2 * width, fix)
        self.sums = sums[:, space.free]
        self.shown = pd.DataFrame({"cell": shown, "condition": space.condition[: len(shown)]})
        self.columns = np.arange(len(space.free), dtype=np.int32)
        self.solver = highspy.Highs()
        options: dict[str, bool | int | str] = {
            "output_flag": False,
            "threads": 1,
            "solver": "simplex",
            "simplex_strategy": _PRIMAL,
        }
        for option, value in options.items():
            self.solver.setOptionValue(option, value)
        self.solver.passModel(space.model())

    def watch(self, targets: np.ndarray) -> np.ndarray:
        """Those of the targets that the atoms are part of: from now on each move widens what they reach."""
        self.near = targets[np.diff(self.sums.indptr)[targets] > 0]
        self.near_sums = self.sums[self.near]
        return self.near

    def move(self, objective: np.ndarray, reach: Reach, enough: Callable[[], object] = lambda: False) -> np.ndarray:
        """Most and, unless that is enough, least of an objective over the atoms; the conditions that hold it."""
        held = np.zeros(self.solver.getNumRow() + len(self.columns), dtype=bool)
        # Small counts have more room above than below.
        for sense in (-1.0, 1.0):
            if enough():
                break
            self.solver.changeColsCost(len(objective), self.columns, sense * objective)
            self.solver.run()
            if self.solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                found = self.solver.getSolution()
                at = self.truth[self.near] + self.near_sums @ np.asarray(found.col_value)
                reach.low[self.near] = np.minimum(reach.low[self.near], at)
                reach.high[self.near] = np.maximum(reach.high[self.near], at)
                held |= np.abs(np.concatenate([found.row_dual, found.col_dual])) > TOLERANCE
        return np.flatnonzero(held)


def _together(
    programme: _Programme, targets: np.ndarray, width: float, reach: Reach, chance: np.random.Generator
) -> None:
    """Move targets as far as they go, up and down by chance, until further directions bring nothing."""
    near = left = programme.watch(targets)
    for _ in range(_DIRECTIONS):
        if not len(left):
            return
        direction = chance.choice([-1.0, 1.0], len(left)) * chance.uniform(0.5, 1.0, len(left))
        programme.move(programme.sums[left].T @ direction, reach)
        before, left = len(left), near[~reach.proves(width, near)]
        if len(left) > 0.99 * before:
            return


def _singly(programme: _Programme, targets: np.ndarray, width: float, reach: Reach) -> pd.DataFrame:
    """Move targets as far as they go, one after the other; the conditions (``condition``) that hold each ``leak`` back."""
    found = []
    for row, target in enumerate(programme.watch(targets)):
        proved = partial(reach.proves, width, target)
        if not proved():
            alone = programme.near_sums[[row]].toarray().ravel()
            found.append((target, programme.move(alone, reach, proved)))
    pairs = pd.DataFrame(
        {
            "leak": np.repeat([target for target, _ in found], [len(held) for _, held in found]).astype(int),
            "condition": np.concatenate([held for _, held in found] or [np.zeros(0)]).astype(int),
        }
    )
    return pairs[~reach.proves(width, pairs["leak"].to_numpy())]
