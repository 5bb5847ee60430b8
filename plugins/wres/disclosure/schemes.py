"""The schemes of disclosure control, and what a reader learns of a count under each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wres.disclosure.bounds import TOLERANCE, Bounds
from wres.registry import PUBLIC, ROUNDING


@dataclass(frozen=True)
class Scheme:
    """A scheme by its numbers.

    Attributes:
        smallest_shown: counts of 1 to one less are starred.
        rounded_to: all others go to the nearest multiple.
        exact_levels: levels whose counts are not rounded.
        protection: how far apart, in people, the smallest and largest possible value of a starred count must be.
    """

    name: str
    smallest_shown: int
    rounded_to: int = 1
    exact_levels: tuple[str, ...] = ()
    protection: int = 5

    def is_small(self, truth: np.ndarray) -> np.ndarray:
        return (truth > 0) & (truth < self.smallest_shown)

    def rounded(self, truth: np.ndarray) -> np.ndarray:
        return self.rounded_to * np.floor(truth / self.rounded_to + 0.5)

    def shown_bounds(self, truth: np.ndarray, hidden: np.ndarray, exact: np.ndarray, halves: np.ndarray) -> Bounds:
        """What a reader knows of each count: nothing of a hidden one, since it may be hidden for the sake of another.

        Args:
            truth: true counts, in people.
            hidden: which of them are not shown.
            exact: which are shown as they are.
            halves: which may end in a half (averages of two years).
        """
        exact = exact | (truth == 0)
        shown = np.where(exact, truth, self.rounded(truth))
        return self._around(shown, hidden, exact, halves)

    def read(self, shown: np.ndarray, truth: np.ndarray) -> Bounds:
        """What a reader takes from a number that is shown: one that is no multiple of the rounding is the true one.

        Args:
            shown: people; NaN where hidden.
            truth: true counts, which tell only what kind of number each is: of people, or an average of two years.
        """
        halves = truth != np.floor(truth)
        hidden = np.isnan(shown)
        exact = ~hidden & ((np.mod(np.nan_to_num(shown), self.rounded_to) > TOLERANCE) | (shown == 0))
        return self._around(shown, hidden, exact, halves)

    def _around(self, shown: np.ndarray, hidden: np.ndarray, exact: np.ndarray, halves: np.ndarray) -> Bounds:
        reach = np.where(exact, 0, np.where(halves, self.rounded_to / 2, (self.rounded_to - 1) // 2))
        # Smaller ones would have been starred.
        smallest = np.where(exact | (shown < self.smallest_shown), 0, self.smallest_shown - np.where(halves, 0.5, 0))
        return Bounds(
            np.where(hidden, 0.0, np.maximum(shown - reach, smallest)), np.where(hidden, np.inf, shown + reach)
        )


NHS_ROUND5 = Scheme(ROUNDING, smallest_shown=8, rounded_to=5, exact_levels=("england",))


def suppress_below(k: int = 11) -> Scheme:
    """Counts of 1 to k − 1 are hidden, all others shown as they are."""
    return Scheme(f"suppress_below_{k}", smallest_shown=k)


def scheme_of(policy: str) -> Scheme:
    """The scheme that a policy names.

    Raises:
        ValueError: it names none, such as ``already_public``.
    """
    if policy == NHS_ROUND5.name:
        return NHS_ROUND5
    if found := re.fullmatch(r"suppress_below_(\d+)", policy):
        return suppress_below(int(found.group(1)))
    raise ValueError(f"no scheme of disclosure control is called {policy!r}")


def scheme_of_release(policies: Iterable[str | None]) -> Scheme | None:
    """The scheme of a release with sources of these policies; none if all of them are public already.

    Raises:
        ValueError: they name several schemes; one release has one.
    """
    names = sorted({policy for policy in policies if policy and policy != PUBLIC})
    if len(names) > 1:
        raise ValueError(f"one release has one scheme of disclosure control, and the sources name {', '.join(names)}")
    return scheme_of(names[0]) if names else None
