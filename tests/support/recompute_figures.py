"""The arithmetic of one figure, from counts to evidence, with scipy and statsmodels in place of the macros."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from fractions import Fraction

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

GROUPS = ("white", "bme", "unknown")
BANDS = ("under_1", *(f"band_{n}" for n in range(1, 8)), *(f"band_8{letter}" for letter in "abcd"), "band_9", "vsm")
SENIOR = BANDS[8:]
WHITE_OVER_BME = ("2", "4", "7", "DR")
FEWEST = 5
FEWEST_CASES = 10
FEWEST_ANSWERS = 11
APPROXIMATE_FROM = 100


@dataclass(frozen=True)
class Ratio:
    """A ratio with its interval, and the p-value of no difference; null where undefined."""

    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


def p_value(a: float, n1: float, b: float, n2: float) -> float | None:
    """Fisher's exact test where an expected count is below 5, else the pooled z test; two-sided."""
    if min(n1, n2) <= 0 or a > n1 or b > n2 or a + b in (0, n1 + n2):
        return None
    table = np.array([[a, n1 - a], [b, n2 - b]])
    whole = np.array_equal(table, np.round(table))
    if whole and stats.contingency.expected_freq(table).min() < FEWEST:
        return float(stats.fisher_exact(table.astype(int)).pvalue)
    return float(proportions_ztest([a, b], [n1, n2])[1])


def katz(a: float, n1: float, b: float, n2: float) -> Ratio:
    """Ratio of two proportions with Katz's interval; no more than nothing where a count is zero."""
    if min(a, b, n1, n2) <= 0:
        return Ratio(p_value=p_value(a, n1, b, n2))
    low, high = confint_proportions_2indep(a, n1, b, n2, compare="ratio", method="log")
    return Ratio((a / n1) / (b / n2), float(low), float(high), p_value(a, n1, b, n2))


def newcombe(a: float, n1: float, b: float, n2: float) -> tuple[float, float]:
    """Interval of the difference of two proportions, 0-1."""
    low, high = confint_proportions_2indep(a, n1, b, n2, compare="diff", method="newcomb")
    return float(low), float(high)


def woolf(white_high: float, white_low: float, bme_high: float, bme_low: float) -> Ratio:
    """Disparity ratio with Woolf's interval; 0.5 on all four where one is zero."""
    cells = np.array([[white_high, white_low], [bme_high, bme_low]], dtype=float)
    table = Table2x2(cells if cells.all() else cells + 0.5, shift_zeros=False)
    low, high = table.oddsratio_confint()
    p = p_value(white_high, white_high + white_low, bme_high, bme_high + bme_low)
    return Ratio(float(table.oddsratio), float(low), float(high), p)


@dataclass
class Part:
    """What one organisation gives to one figure: numbers of White, BME and Unknown, or rates where it gives no counts."""

    value: np.ndarray
    base: np.ndarray
    workforce: np.ndarray | None = None
    rate: np.ndarray | None = None
    base_source: str = "reported"
    status: str = "ok"

    def __add__(self, other: Part) -> Part:
        workforce = None if self.workforce is None or other.workforce is None else self.workforce + other.workforce
        status = "ok" if "ok" in (self.status, other.status) else self.status
        return Part(self.value + other.value, self.base + other.base, workforce, status=status)


@dataclass(frozen=True)
class Key:
    """Which figure: the columns of ``indicator_result`` that name it."""

    level: str
    org_code: str
    as_at: date
    indicator_code: str
    slice: str
    basis: str
    denominator: str
    organisation_basis: str = "as_reported"
    scope: str = "trusts"


@dataclass
class Figure:
    """The recomputed columns of one figure, named as in ``indicator_result``."""

    status: str
    white_count: float | None = None
    white_base: float | None = None
    bme_count: float | None = None
    bme_base: float | None = None
    unknown_count: float | None = None
    unknown_base: float | None = None
    workforce_white_count: float | None = None
    workforce_bme_count: float | None = None
    workforce_unknown_count: float | None = None
    white_pct: float | None = None
    bme_pct: float | None = None
    unknown_pct: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    gap_points: float | None = None
    gap_low: float | None = None
    gap_high: float | None = None
    p_value: float | None = None
    evidence: str | None = None
    four_fifths: str | None = None

    def differences(self, row: Mapping[str, object], tolerance: float = 1e-9) -> list[str]:
        """What a row of ``restricted.indicator_result`` says otherwise: counts exactly, statistics within the tolerance."""
        found = []
        for column in (f.name for f in fields(self)):
            mine, theirs = getattr(self, column), row[column]
            if isinstance(mine, str) or mine is None or theirs is None:
                same = mine == theirs
            elif column.endswith(("_count", "_base")):
                same = float(mine) == float(theirs)  # type: ignore[arg-type]
            else:
                same = math.isclose(mine, float(theirs), rel_tol=tolerance, abs_tol=tolerance)  # type: ignore[arg-type]
            if not same:
                found.append(f"{column}: {theirs} in the warehouse, {mine} from the files")
        return found


def or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _counted(part: Part) -> dict[str, float | None]:
    return {
        f"{group}_{what}": or_none(values[place])
        for what, values in (("count", part.value), ("base", part.base))
        for place, group in enumerate(GROUPS)
    }


def no_evidence(key: Key) -> str | None:
    return "too_few" if key.indicator_code != "9" and (key.indicator_code != "1" or _is_senior(key.slice)) else None


def _is_senior(name: str) -> bool:
    return name.rpartition(".")[2] in (*SENIOR, "band_8a_to_vsm", "consultants", "senior_medical_manager")


def _evidence(low: float | None, high: float | None, counts: Sequence[float | None]) -> str | None:
    """By the interval of the ratio turned so that above 1 is worse for BME staff."""
    if any(count is not None and count < FEWEST for count in counts):
        return "too_few"
    if low is None or high is None:
        return None
    return "worse" if low > 1 else "better" if high < 1 else "no_clear_difference"


def share(key: Key, part: Part) -> Figure:
    """Indicators 1 and 9: the BME share of a row or board against that of the workforce."""
    value, workforce = part.value.copy(), part.workforce.copy()  # type: ignore[union-attr]
    known_only = key.denominator == "known_only"
    if known_only:
        value[2] = workforce[2] = np.nan
    n, total = np.nansum(value), np.nansum(workforce)
    figure = Figure("ok", **_counted(Part(value, np.where(np.isnan(value), np.nan, n))))
    figure.workforce_white_count, figure.workforce_bme_count, figure.workforce_unknown_count = map(or_none, workforce)
    if n == 0:
        # A row of people of unknown ethnicity alone exists, and has no share of those known.
        empty = part.value.sum() == 0
        figure.status, figure.evidence = "not_applicable" if empty else "zero_denominator", no_evidence(key)
        return figure
    figure.white_pct, figure.bme_pct, figure.unknown_pct = (or_none(100 * one / n) for one in value)
    a, b = value[1], workforce[1]
    inside = key.indicator_code == "1"
    rest = total - n if inside else total
    others = b - a if inside else b
    if total:
        figure.gap_points = 100 * (a / n - b / total)
    if rest > 0:
        low, high = newcombe(a, n, others, rest)
        weight = rest / total
        figure.gap_low, figure.gap_high = 100 * low * weight, 100 * high * weight
        figure.p_value = p_value(a, n, others, rest)
    else:
        # The whole workforce against itself is no estimate.
        figure.gap_low = figure.gap_high = 0.0
    if b == 0:
        figure.status = "not_calculable"
    elif a == 0:
        figure.status = "zero_numerator"
    else:
        figure.ratio = float((a / n) / (b / total))
        against = katz(a, n, others, rest) if rest > 0 else Ratio(1.0, 1.0, 1.0)
        if against.low is not None and against.high is not None:
            weight = n / total if inside else 0
            figure.ratio_low, figure.ratio_high = (
                limit / (weight * limit + 1 - weight) for limit in (against.low, against.high)
            )
    if figure.ratio is not None and figure.ratio_low is None:
        figure.status = "unreliable"
    if key.indicator_code == "1" and _is_senior(key.slice):
        low, high = (None if limit is None else 1 / limit for limit in (figure.ratio_high, figure.ratio_low))
        figure.evidence = _evidence(low, high, (a, b)) if figure.status == "ok" else "too_few"
    return figure


def likelihood(key: Key, part: Part) -> Figure:
    """Indicators 2 to 8: one group's proportion over the other's."""
    figure = Figure("ok", **_counted(part))
    value = part.value if part.rate is None else part.rate * part.base
    base = part.base.copy()
    rate = part.rate if part.rate is not None else np.divide(value, base, out=np.full(3, np.nan), where=base > 0)
    figure.white_pct, figure.bme_pct, figure.unknown_pct = (or_none(100 * one) for one in rate)
    small = (base[:2] < FEWEST_ANSWERS).any()
    if part.base_source == "q28_respondents" and not (base[:2] >= APPROXIMATE_FROM).all():
        value, base = np.full(3, np.nan), np.full(3, np.nan)
        figure.white_base = figure.bme_base = figure.unknown_base = None
    top, bottom = (0, 1) if key.indicator_code in WHITE_OVER_BME else (1, 0)
    survey = key.indicator_code in "5678"
    if np.isnan(rate[:2]).any():
        figure.status, figure.evidence = "zero_denominator", "too_few"
        return figure
    if survey:
        figure.gap_points = float(100 * (rate[1] - rate[0]))
        if not np.isnan(base[:2]).any():
            low, high = newcombe(value[1], base[1], value[0], base[0])
            figure.gap_low, figure.gap_high = 100 * low, 100 * high
    if not np.isnan(base[:2]).any():
        figure.p_value = p_value(value[top], base[top], value[bottom], base[bottom])
    if rate[bottom] == 0 or rate[top] == 0:
        figure.status = "not_calculable" if rate[bottom] == 0 else "zero_numerator"
        figure.evidence = "too_few"
        return figure
    figure.ratio = float(rate[top] / rate[bottom])
    if not np.isnan(base[:2]).any():
        interval = katz(value[top], base[top], value[bottom], base[bottom])
        figure.ratio_low, figure.ratio_high = interval.low, interval.high
    if survey and small:
        figure.status, figure.evidence = "unreliable", "too_few"
        return figure
    if key.indicator_code in ("2", "3", "4"):
        # Ends included: 0.8 is no binary fraction, so the counts decide.
        exact = Fraction(value[top]) * Fraction(base[bottom]) / (Fraction(value[bottom]) * Fraction(base[top]))
        figure.four_fifths = "below" if exact < Fraction(4, 5) else "above" if exact > Fraction(5, 4) else "inside"
    figure.evidence = _evidence(figure.ratio_low, figure.ratio_high, [or_none(count) for count in value[:2]])
    if key.indicator_code == "3" and value[:2].sum() < FEWEST_CASES:
        figure.evidence = "too_few"
    return figure


def step(key: Key, part: Part) -> Figure:
    """Disparity between two tiers or bands: no rates, an odds ratio of White and BME heads."""
    figure = Figure("ok", **_counted(part))
    figure.unknown_count = figure.unknown_base = None
    high, low = part.value, part.base
    if 0 in (high[:2].sum(), low[:2].sum()):
        figure.status, figure.evidence = "not_applicable", "too_few"
        return figure
    if (high + low)[:2].min() == 0:
        figure.status, figure.evidence = "zero_denominator", "too_few"
        return figure
    ratio = woolf(high[0], low[0], high[1], low[1])
    figure.ratio, figure.p_value = ratio.ratio, ratio.p_value
    figure.ratio_low, figure.ratio_high = ratio.low, ratio.high
    figure.evidence = _evidence(ratio.low, ratio.high, list(high[:2]))
    return figure
