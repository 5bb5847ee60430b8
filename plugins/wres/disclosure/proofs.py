"""Proofs that travel: the tables by which control has shown small counts to be protected, for whoever attacks the release.

Nobody has to believe them. A move says by how many people atoms differ in another table; whether that table fits all that is
shown is a sum, where finding it took a search.
"""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pandas as pd
from scipy import sparse

from wres.disclosure.bounds import TOLERANCE
from wres.disclosure.cells import KEY
from wres.disclosure.knowledge import Known
from wres.disclosure.reach import Reach
from wres.disclosure.system import System

# Of one day; a whole name takes more room than all else.
_NAME = [name for name in KEY if name != "as_at"]
# What numpy and scipy say of bytes that are no moves.
_DAMAGED = (ValueError, KeyError, IndexError, EOFError, OSError, zipfile.BadZipFile)
# So many moves are worked out at once.
_AT_ONCE = 200


def packed(cells: pd.DataFrame, moves: sparse.csr_matrix) -> bytes:
    """Moves of a day (moves × cells, in people) in a form that does not depend on how its cells are numbered.

    Args:
        cells: ``cells.KEY``.
        moves: by how many people atoms differ.
    """
    used, atoms = np.unique(moves.indices, return_inverse=True)
    file = io.BytesIO()
    np.savez_compressed(file, names=_names(cells.iloc[used]), starts=moves.indptr, atoms=atoms, by=moves.data)
    return file.getvalue()


def take_over(proofs: bytes, system: System, known: Known, reach: Reach) -> None:
    """Widen what is known to be possible by those moves that fit all that is shown; the others are passed over.

    Proofs that are damaged prove nothing.

    Args:
        proofs: see ``packed``.
        system: what is shown, and what sums to what.
        known: the same counts.
        reach: is widened.
    """
    try:
        moves = _completed(_unpacked(proofs, system, known.cells), system, known)
    except _DAMAGED:
        return
    truth, shown = system.truth, system.shown
    for first in range(0, moves.shape[0], _AT_ONCE):
        some = moves[first : first + _AT_ONCE]
        at = (some @ system.sums.T).tocsr()
        cell, move = at.indices, np.repeat(np.arange(at.shape[0]), np.diff(at.indptr))
        people = truth[cell] + at.data
        fits = np.asarray(abs(some @ system.further.T).sum(axis=1)).ravel() < TOLERANCE
        fits[move[(people < shown.low[cell] - TOLERANCE) | (people > shown.high[cell] + TOLERANCE)]] = False
        fitting = fits[move]
        np.minimum.at(reach.low, cell[fitting], people[fitting])
        np.maximum.at(reach.high, cell[fitting], people[fitting])


def _completed(moves: sparse.csr_matrix, system: System, known: Known) -> sparse.csr_matrix:
    """The moves with what is left of wholes without a part, which a release has for more places than control has worked on."""
    rests = np.flatnonzero(known.is_rest)
    if not len(rests):
        return moves
    of_rests = known.sums[-len(rests) :] @ system.sums
    ones = np.ones(len(rests))
    placed = sparse.csr_matrix((ones, (np.arange(len(rests)), rests)), shape=(len(rests), moves.shape[1]))
    return (moves + moves @ of_rests.T @ placed).tocsr()


def _unpacked(proofs: bytes, system: System, cells: pd.DataFrame) -> sparse.csr_matrix:
    """Moves × cells, without those in which something moves that is no atom here."""
    with np.load(io.BytesIO(proofs), allow_pickle=False) as file:
        names, starts, atoms, by = (file[name] for name in ("names", "starts", "atoms", "by"))
    here = _names(cells)
    order = np.argsort(here)
    position = order[np.searchsorted(here, names, sorter=order).clip(max=len(order) - 1)]
    known = (here[position] == names) & system.atoms[position]
    moves = sparse.csr_matrix((by, position[atoms], starts), shape=(len(starts) - 1, len(cells)))
    strange = np.zeros(moves.shape[0], dtype=bool)
    strange[np.repeat(np.arange(moves.shape[0]), np.diff(starts))[~known[atoms]]] = True
    return moves[~strange]


def _names(cells: pd.DataFrame) -> np.ndarray:
    """A number for each cell that is its own in every build."""
    return pd.util.hash_pandas_object(cells[_NAME], index=False).to_numpy()
