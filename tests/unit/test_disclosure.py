"""What a reader can work out from shown, starred and rounded counts: the audit tests of the methodology, and planted leaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from wres.disclosure.bounds import Bounds, ContradictionError, propagate
from wres.disclosure.complementary import control
from wres.disclosure.programmes import System, unproved
from wres.disclosure.schemes import NHS_ROUND5, Scheme, suppress_below

ALL_IS_SUM = sparse.csr_matrix([[1.0, -1.0, -1.0, -1.0]])  # all = white + bme + unknown


def bounds(*shown: tuple[float, float]) -> Bounds:
    low, high = zip(*shown, strict=True)
    return Bounds(np.array(low, dtype=float), np.array(high, dtype=float))


@pytest.mark.parametrize(
    ("shown", "bme"),
    [
        # Row total 46, W 40, U 0 shown; B (6) hidden.
        ([(46, 46), (40, 40), (1, 10), (0, 0)], (6, 6)),
        # k 11; total 51, W 40 shown; B 7 and U 4 hidden.
        ([(51, 51), (40, 40), (1, 10), (1, 10)], (1, 10)),
        # nhs_round5: W 45, total 55 shown; B and U starred.
        ([(53, 57), (43, 47), (1, 7), (1, 7)], (1, 7)),
        # Two hidden cells that sum to 2 are both 1.
        ([(42, 42), (40, 40), (1, 10), (1, 10)], (1, 1)),
    ],
)
def test_audit_tests_of_the_methodology(shown: list[tuple[float, float]], bme: tuple[float, float]) -> None:
    found = propagate(ALL_IS_SUM, bounds(*shown), np.ones(4, dtype=bool))
    assert (found.low[2], found.high[2]) == bme


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(ContradictionError):
        propagate(ALL_IS_SUM, bounds((10, 10), (40, 40), (0, 5), (0, 5)), np.ones(4, dtype=bool))


SLICES = {"all": ("low", "high"), "high": ("high.a", "high.b", "high.c")}
LEAVES = ("low", "high.a", "high.b", "high.c")
MEMBERS = ("white", "bme", "unknown")


def system(counts: np.ndarray) -> tuple[pd.DataFrame, sparse.csr_matrix]:
    """Cells and relations of organisations in one region of England, from counts by organisation, leaf and group."""
    cells, position, relations = [], {}, []

    def cell(level: str, org_code: str, part: str, member: str, truth: float) -> None:
        position[level, org_code, part, member] = len(cells)
        cells.append(("staff", level, org_code, "trusts", "as_reported", "2025-03-31", part, member, float(truth)))

    places = [("organisation", f"R{number}", counts[number]) for number in range(len(counts))]
    half = len(counts) // 2
    places += [("region", "Y1", counts[:half].sum(axis=0)), ("region", "Y2", counts[half:].sum(axis=0))]
    places += [("england", "ENGLAND", counts.sum(axis=0))]
    for level, code, table in places:
        of = {leaf: table[number] for number, leaf in enumerate(LEAVES)}
        of["high"] = of["high.a"] + of["high.b"] + of["high.c"]
        of["all"] = of["low"] + of["high"]
        for part, groups in of.items():
            for member, truth in zip((*MEMBERS, "all"), (*groups, groups.sum()), strict=True):
                cell(level, code, part, member, truth)

    def relation(whole: tuple, parts: list[tuple]) -> None:
        relations.append((position[whole], [position[part] for part in parts]))

    for level, code, _ in places:
        for part in (*LEAVES, "high", "all"):
            relation((level, code, part, "all"), [(level, code, part, member) for member in MEMBERS])
        for whole, parts in SLICES.items():
            for member in (*MEMBERS, "all"):
                relation((level, code, whole, member), [(level, code, part, member) for part in parts])
    for part in (*LEAVES, "high", "all"):
        for member in (*MEMBERS, "all"):
            trusts = [("organisation", f"R{number}", part, member) for number in range(len(counts))]
            relation(("region", "Y1", part, member), trusts[:half])
            relation(("region", "Y2", part, member), trusts[half:])
            relation(("england", "ENGLAND", part, member), trusts)
    matrix = sparse.lil_matrix((len(relations), len(cells)))
    for row, (whole, parts) in enumerate(relations):
        matrix[row, whole] = 1
        matrix[row, parts] = -1
    columns = ["population", "level", "org_code", "scope", "organisation_basis", "as_at", "slice", "member", "truth"]
    return pd.DataFrame(cells, columns=columns), matrix.tocsr()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(4, 7).flatmap(lambda n: st.lists(st.integers(0, 30), min_size=12 * n, max_size=12 * n)),
    st.sampled_from([NHS_ROUND5, suppress_below()]),
)
def test_no_starred_count_follows_from_what_is_shown(numbers: list[int], scheme: Scheme) -> None:
    """Checked by a programme of its own for each starred count, over the whole system."""
    from scipy.optimize import linprog

    counts = np.array(numbers).reshape(-1, 4, 3)
    cells, relations = system(counts)
    truth = cells["truth"].to_numpy()
    found = control(cells, relations, scheme, np.zeros(len(cells), dtype=bool))
    shown = scheme.shown_bounds(truth, found.hidden, found.exact, np.zeros(len(cells), dtype=bool))
    small = scheme.is_small(truth) & ~found.exact
    assert found.hidden[small].all()
    left = unproved(System(relations, shown, truth), cells, small, scheme.protection)
    limits = np.column_stack([shown.low, np.minimum(shown.high, 10_000)])
    for cell in np.flatnonzero(small):
        objective = np.zeros(len(cells))
        objective[cell] = 1
        low, high = (
            linprog(sign * objective, A_eq=relations, b_eq=np.zeros(relations.shape[0]), bounds=limits).fun * sign
            for sign in (1, -1)
        )
        assert high - low >= scheme.protection - 1e-6 or left[cell]
