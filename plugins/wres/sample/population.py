"""Answers of synthetic survey respondents, as counts: trusts x ethnic group x answer.

Everything printed anywhere is derived from these counts, so that rates are exact fractions, percentages add up and
national figures are the sums of trusts. The second axis is always White, BME, and people who skipped the question.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wres.sample.organisations import ACUTE, AMBULANCE, BOARDS, COMMUNITY, MENTAL_HEALTH, SPECIALIST, Organisation

Counts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float64]

WHITE, BME, SKIPPED = range(3)

# National rates in % by survey year (White, BME), near the published ones; years between are interpolated.
NATIONAL = {
    "harassment_public": {2018: (27.8, 29.8), 2022: (26.8, 30.0), 2024: (23.5, 28.6)},
    "harassment_staff": {2018: (24.0, 29.0), 2022: (22.0, 27.0), 2024: (21.5, 25.5)},
    "equal_opportunity": {2018: (58.0, 44.0), 2022: (58.7, 47.0), 2024: (58.9, 49.5)},
    "discrimination_staff": {2018: (6.0, 15.0), 2020: (6.3, 16.7), 2024: (6.8, 15.2)},
}
# How far a benchmarking group lies from acute trusts, in log odds (White, BME).
GROUP_EFFECT = {
    "harassment_public": {
        ACUTE: (0.0, 0.0),
        SPECIALIST: (-0.4, -0.4),
        MENTAL_HEALTH: (0.15, 0.25),
        COMMUNITY: (-0.35, -0.3),
        # In ambulance trusts White staff, more of whom are on the road, meet more of it.
        AMBULANCE: (0.85, 0.25),
        BOARDS: (-3.0, -2.8),
    },
    "harassment_staff": {
        ACUTE: (0.0, 0.0),
        SPECIALIST: (-0.1, -0.05),
        MENTAL_HEALTH: (-0.2, -0.15),
        COMMUNITY: (-0.4, -0.35),
        AMBULANCE: (0.1, 0.05),
        BOARDS: (-0.5, -0.3),
    },
    "equal_opportunity": {
        ACUTE: (0.0, 0.0),
        SPECIALIST: (0.1, 0.05),
        MENTAL_HEALTH: (0.1, 0.05),
        COMMUNITY: (0.2, 0.1),
        AMBULANCE: (-0.35, -0.3),
        BOARDS: (0.0, -0.2),
    },
    "discrimination_staff": {
        ACUTE: (0.0, 0.0),
        SPECIALIST: (-0.1, 0.0),
        MENTAL_HEALTH: (-0.15, -0.1),
        COMMUNITY: (-0.35, -0.2),
        AMBULANCE: (0.4, 0.25),
        BOARDS: (-0.3, -0.1),
    },
}
# Spread between trusts and between the years of one trust, in log odds.
SPREAD = {
    "harassment_public": 0.2,
    "harassment_staff": 0.18,
    "equal_opportunity": 0.15,
    "discrimination_staff": 0.22,
}
YEAR_SPREAD = 0.05
GAP_SPREAD = 0.1

# Share of respondents in 2024 who are neither White nor without an answer, and the change in a year.
BME_SHARE = {"Y56": 0.5, "Y58": 0.15, "Y59": 0.27, "Y60": 0.29, "Y61": 0.27, "Y62": 0.22, "Y63": 0.17}
BME_SHARE_RISE = 0.012
SKIPPED_SHARE = 0.014
ITEM_ANSWERED = 0.985

# Of those harassed by staff: by managers and colleagues, by managers only, by colleagues only.
HARASSED_BY = (0.16, 0.26, 0.58)


class Population:
    """Respondents of every organisation and year, and their answers to the questions that the WRES uses.

    Attributes:
        organisations: in the order of the first axis of every array.
        is_trust: which of them are trusts; the others are in no national figure.
        respondents: by survey year, organisations x 3 head counts; 0 before an organisation existed.
    """

    def __init__(self, rng: np.random.Generator, organisations: Sequence[Organisation], years: Sequence[int]) -> None:
        self._rng = rng
        self.organisations = organisations
        self.is_trust = np.array([organisation.is_trust for organisation in organisations])
        effect = rng.normal(size=(len(NATIONAL), len(organisations), 1))
        gap = rng.normal(size=(len(NATIONAL), len(organisations), 2))
        self._effect = {
            item: SPREAD[item] * effect[position]
            + GAP_SPREAD * gap[position]
            + np.array([GROUP_EFFECT[item][organisation.group] for organisation in organisations])
            for position, item in enumerate(NATIONAL)
        }
        self._lean = rng.normal(0.0, 0.3, len(organisations))
        self.respondents = {year: self._respond(year, years[-1]) for year in years}
        self.answers = {year: self._answer(year) for year in years}

    def _respond(self, year: int, last_year: int) -> Counts:
        share = np.array([BME_SHARE[organisation.area.region] for organisation in self.organisations])
        share = share - BME_SHARE_RISE * (last_year - year)
        share = 1 / (1 + np.exp(-np.log(share / (1 - share)) - self._lean))
        total = self._rng.poisson([one.respondents * 0.97 ** (last_year - year) for one in self.organisations])
        # The survey is in the field in October and November.
        total[[one.opened > f"{year}1001" for one in self.organisations]] = 0
        skipped = self._rng.binomial(total, SKIPPED_SHARE)
        bme = self._rng.binomial(total - skipped, share)
        # A few trusts have too few BME respondents for a rate, in this year or in others.
        few = np.array([one.few_bme for one in self.organisations])
        bme = np.where(few, np.minimum(bme, 7 + year % 4), bme)
        return np.stack([total - skipped - bme, bme, skipped], axis=1)

    def _answer(self, year: int) -> dict[str, Counts]:
        """Answers by item; ``harassment_staff`` is the combined figure, which only the benchmark workbook prints."""
        respondents = self.respondents[year]
        rates = {item: self._rates(item, year) for item in NATIONAL}
        drawn = self._draw(respondents, rates)
        # A trust whose BME staff fare better in all four would look like one with its labels swapped: draw it again.
        while (swapped := _white_worse_in_all(drawn)).any():
            again = self._draw(respondents[swapped], {item: rate[swapped] for item, rate in rates.items()})
            for item, counts in again.items():
                drawn[item][swapped] = counts
        return drawn

    def _rates(self, item: str, year: int) -> Rates:
        """Probabilities by organisation and group, so shifted that trusts pooled give the national rate of the year."""
        respondents = self.respondents[year]
        logits = self._effect[item] + self._rng.normal(0.0, YEAR_SPREAD, self._effect[item].shape)
        anchors = NATIONAL[item]
        columns = []
        for group in (WHITE, BME):
            national = np.interp(year, list(anchors), [pair[group] for pair in anchors.values()]) / 100
            weight = respondents[:, group] * self.is_trust
            columns.append(shifted(logits[:, group], weight, national))
        return np.stack([*columns, (columns[0] + columns[1]) / 2], axis=1)

    def _draw(self, respondents: Counts, rates: dict[str, Rates]) -> dict[str, Counts]:
        rng = self._rng
        both, managers, colleagues = HARASSED_BY
        staff = rates["harassment_staff"]
        kinds = np.stack([both * staff, managers * staff, colleagues * staff, 1 - staff], axis=2)
        by_both, by_managers, by_colleagues, by_none = np.moveaxis(
            rng.multinomial(rng.binomial(respondents, ITEM_ANSWERED), kinds), 2, 0
        )
        fair = rates["equal_opportunity"]
        unfair = (1 - fair) * np.array([0.25, 0.34, 0.3])
        public = np.array([0.05, 0.2, 0.12])
        return {
            "harassment_public": self._often(respondents, rates["harassment_public"]),
            "harassment_managers": self._times(by_both + by_managers, by_colleagues + by_none),
            "harassment_colleagues": self._times(by_both + by_colleagues, by_managers + by_none),
            "harassment_staff": np.stack([by_none, by_both + by_managers + by_colleagues], axis=2),
            "equal_opportunity": rng.multinomial(
                rng.binomial(respondents, ITEM_ANSWERED), np.stack([fair, unfair, 1 - fair - unfair], axis=2)
            ),
            "discrimination_public": self._yes_no(respondents, np.broadcast_to(public, respondents.shape)),
            "discrimination_staff": self._yes_no(respondents, rates["discrimination_staff"]),
        }

    def _yes_no(self, respondents: Counts, rate: Rates) -> Counts:
        base = self._rng.binomial(respondents, ITEM_ANSWERED)
        yes = self._rng.binomial(base, rate)
        return np.stack([yes, base - yes], axis=2)

    def _often(self, respondents: Counts, rate: Rates) -> Counts:
        experienced, never = np.moveaxis(self._yes_no(respondents, rate), 2, 0)
        return self._times(experienced, never)

    def _times(self, experienced: Counts, never: Counts) -> Counts:
        """Answers never, 1 to 2, 3 to 5, 6 to 10, more than 10 times."""
        times = self._rng.multinomial(experienced, (0.55, 0.27, 0.09, 0.09))
        return np.concatenate([never[:, :, None], times], axis=2)


def benchmark_counts(answers: dict[str, Counts]) -> dict[str, tuple[Counts, Counts]]:
    """Numerator and base, organisations x 3, of the four WRES measures under their names in the benchmark workbook."""
    public, staff = answers["harassment_public"], answers["harassment_staff"]
    fair, discrimination = answers["equal_opportunity"], answers["discrimination_staff"]
    return {
        "har_from_pat": (public[:, :, 1:].sum(axis=2), public.sum(axis=2)),
        "har_from_staff": (staff[:, :, 1], staff.sum(axis=2)),
        "equal": (fair[:, :, 0], fair.sum(axis=2)),
        "q16b": (discrimination[:, :, 0], discrimination.sum(axis=2)),
    }


def _white_worse_in_all(answers: dict[str, Counts]) -> npt.NDArray[np.bool_]:
    worse = np.ones(len(answers["harassment_staff"]), dtype=bool)
    for measure, (numerator, base) in benchmark_counts(answers).items():
        # Cross-multiplied, so that an empty group needs no care; 7 is the one where a higher rate is better.
        lead = numerator[:, WHITE] * base[:, BME] - numerator[:, BME] * base[:, WHITE]
        worse &= lead < 0 if measure == "equal" else lead > 0
    return worse


def shifted(logits: Rates, weight: Counts | Rates, national: float) -> Rates:
    """Rates whose weighted mean is ``national``, found by halving an interval of shifts in log odds."""
    low, high = -15.0, 15.0
    for _ in range(50):
        middle = (low + high) / 2
        rates: Rates = 1 / (1 + np.exp(-logits - middle))
        if (rates * weight).sum() < national * weight.sum():
            low = middle
        else:
            high = middle
    return rates
