"""Ethnic categories of synthetic people: the 16+1 codes of the payroll, some with a second character.

Groups are in the order of the survey population: White, BME, Unknown.
"""

from __future__ import annotations

import numpy as np

from wres.sample.population import BME, SKIPPED, WHITE

UNKNOWN = SKIPPED
GROUP_LABELS = ("White", "BME", "Unknown")
# Share of its group that has the code. Blank is "not recorded", Z "not stated".
CATEGORIES: dict[int, dict[str, float]] = {
    WHITE: {
        "A": 0.885,
        "B": 0.022,
        "C": 0.055,
        "CA": 0.006,
        "CB": 0.002,
        "CC": 0.002,
        "CK": 0.003,
        "CP": 0.009,
        "CY": 0.015,
        "C3": 0.001,
    },
    BME: {
        "D": 0.022,
        "E": 0.017,
        "F": 0.022,
        "G": 0.03,
        "GC": 0.004,
        "H": 0.26,
        "J": 0.055,
        "K": 0.02,
        "L": 0.1,
        "LA": 0.004,
        "LB": 0.004,
        "LE": 0.008,
        "LK": 0.01,
        "M": 0.06,
        "N": 0.2,
        "P": 0.014,
        "PC": 0.008,
        "PD": 0.006,
        "R": 0.026,
        "S": 0.055,
        "SC": 0.075,
    },
    UNKNOWN: {"Z": 0.62, "": 0.28, "99": 0.1},
}
CODES = [code for codes in CATEGORIES.values() for code in codes]
GROUP_OF = np.array([group for group, codes in CATEGORIES.items() for _ in codes], dtype=np.uint8)
# For each group the cumulative shares of all codes, to look a uniform number up in.
_WEIGHTS = np.array([[codes.get(code, 0.0) for code in CODES] for codes in CATEGORIES.values()])
CUMULATIVE = np.cumsum(_WEIGHTS / _WEIGHTS.sum(axis=1, keepdims=True), axis=1)


def draw(rng: np.random.Generator, groups: np.ndarray) -> np.ndarray:
    """A category for each person, as a position in ``CODES``."""
    categories = np.empty(len(groups), dtype=np.uint8)
    for group in CATEGORIES:
        members = np.flatnonzero(groups == group)
        # The last sum may fall short of 1 by rounding.
        found = np.searchsorted(CUMULATIVE[group, :-1], rng.random(len(members)), side="right")
        categories[members] = found
    return categories
