"""Whether the list of organisations that differ from their peers can be believed: simulated systems with planted outliers.

A system is 200 trusts over nine years with counts of realistic size and differences between trusts that are real, for every
indicator; one trust of each is an outlier in every year. What the list then names is right or wrong, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psycopg

from wres.macros import render

LEVEL = 0.05
TRUSTS, YEARS = 200, 9
# Of the difference between two trusts, how much lasts; the rest comes anew each year.
_LASTING = 0.7

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.float64] | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Indicator:
    """How an indicator is simulated.

    Attributes:
        code: of the indicator.
        kind: ``rates`` of two groups, the ``share`` of a band against the workforce, or ``tiers``.
        base: people of a group that the indicator is about, per member of staff of the group.
        rate: in the group that is not shifted: the bottom of the ratio, or the White group's odds of the upper tier.
        ratio: mean over trusts.
        heterogeneity: standard deviation of the ratio's logarithm between trusts.
        planted: factor on the outlier's ratio.
    """

    code: str
    kind: str
    base: float
    rate: float
    ratio: float
    heterogeneity: float
    planted: float


# Levels as published nationally; sizes as in a return; heterogeneity between trusts a working assumption.
INDICATORS = (
    Indicator("1", "share", 0.06, 0.0, 0.65, 0.20, 4.0),
    Indicator("2", "rates", 1.0, 0.13, 1.5, 0.20, 4.0),
    Indicator("3", "rates", 1.0, 0.005, 1.2, 0.25, 8.0),
    Indicator("4", "rates", 1.0, 0.40, 1.05, 0.10, 2.0),
    Indicator("5", "rates", 0.45, 0.235, 1.2, 0.08, 2.0),
    Indicator("6", "rates", 0.45, 0.21, 1.25, 0.08, 2.0),
    Indicator("7", "rates", 0.45, 0.495, 1.18, 0.05, 1.8),
    Indicator("8", "rates", 0.45, 0.068, 2.2, 0.12, 3.0),
    Indicator("9", "board", 13, 0.0, 0.6, 0.30, 8.0),
    Indicator("DR", "tiers", 0.5, 0.25, 2.0, 0.25, 6.0),
)
# Numerator White: the ratio is White ÷ BME, so that an outlier has few BME staff in it rather than many.
_WHITE_FIRST = ("2", "4", "7", "DR")


@dataclass(frozen=True)
class Tally:
    """What the lists of an indicator said, a list being one year of one system.

    Attributes:
        planted: outliers in all lists; ``found`` of them named.
        tested: mean number of trusts that a list could name.
        named: trusts named in all lists; ``wrong`` of them no outliers.
        false_discovery_rate: mean over lists of the share of those named that are no outliers.
    """

    indicator: str
    lists: int
    tested: float
    planted: int
    found: int
    named: int
    wrong: int
    false_discovery_rate: float


def system(draw: np.random.Generator, trusts: int = TRUSTS, years: int = YEARS) -> Iterator[tuple[object, ...]]:
    """Rows of a system: indicator, kind, year, trust, whether planted, and the counts (a of n1) and (b of n2).

    For ``tiers``, a and b are the White and BME staff of the upper tier, n1 and n2 those of the lower one; for ``share``,
    the second pair is the whole workforce.
    """
    heads = np.clip(4500 * np.exp(draw.normal(0, 0.7, trusts)), 700, 25_000)
    share = 1 / (1 + np.exp(-draw.normal(-1.2, 0.8, trusts)))
    # Outliers whose counts can show it, and whose rates have room: of the larger half, and of a middling BME share.
    visible = np.flatnonzero((heads > np.median(heads)) & (abs(share - np.median(share)) < 0.08))
    for indicator in INDICATORS:
        outlier = int(draw.choice(visible))
        lasting = draw.normal(0, indicator.heterogeneity * np.sqrt(_LASTING), trusts)
        for year in range(years):
            passing = draw.normal(0, indicator.heterogeneity * np.sqrt(1 - _LASTING), trusts)
            ratio = indicator.ratio * np.exp(lasting + passing)
            ratio[outlier] *= indicator.planted
            a, n1, b, n2 = _counts(draw, indicator, heads, share, ratio)
            for trust in range(trusts):
                yield (
                    *(indicator.code, indicator.kind, 2016 + year, trust, trust == outlier),
                    *(float(of[trust]) for of in (a, n1, b, n2)),
                )


def _counts(
    draw: np.random.Generator, indicator: Indicator, heads: Numbers, share: Numbers, ratio: Numbers
) -> tuple[Counts, Counts, Counts, Counts]:
    white, bme = (np.maximum(np.round(heads * of * indicator.base), 1) for of in (1 - share, share))
    if indicator.kind == "board":
        seats = draw.integers(11, 17, len(heads)).astype(float)
        return (
            draw.binomial(seats.astype(int), np.minimum(share * ratio, 0.95)),
            seats,
            np.round(heads * share),
            np.round(heads),
        )
    if indicator.kind == "share":
        row = np.maximum(np.round(heads * indicator.base), 5)
        in_row = draw.binomial(row.astype(int), np.minimum(share * ratio, 0.95)).astype(float)
        return in_row, row, in_row + draw.binomial((heads - row).astype(int), share), np.round(heads)
    if indicator.kind == "tiers":
        odds = indicator.rate / ratio
        upper = draw.binomial(white.astype(int), indicator.rate / (1 + indicator.rate)).astype(float)
        upper_bme = draw.binomial(bme.astype(int), odds / (1 + odds)).astype(float)
        return upper, white - upper, upper_bme, bme - upper_bme
    if indicator.code in _WHITE_FIRST:
        # The White rate stands, near the national one; the BME rate is what makes the ratio.
        rate = indicator.rate * indicator.ratio
        top, bottom = (
            draw.binomial(white.astype(int), rate),
            draw.binomial(bme.astype(int), np.minimum(rate / ratio, 0.99)),
        )
        return top, white, bottom, bme
    top = draw.binomial(bme.astype(int), np.minimum(indicator.rate * ratio, 0.99))
    return top, bme, draw.binomial(white.astype(int), indicator.rate), white


def lists(connection: psycopg.Connection, project: Path, rows: Iterator[tuple[object, ...]]) -> list[tuple]:
    """Put rows of a system through the macros of ``benchmark``; one row per indicator and year.

    Returns:
        Indicator, year, trusts tested, outliers planted, outliers found, trusts named.
    """
    with connection.transaction():
        connection.execute(
            "create temporary table simulated (indicator_code text, kind text, wres_year int, trust int, is_planted boolean,"
            " a float8, n1 float8, b float8, n2 float8) on commit drop"
        )
        with connection.cursor().copy("copy simulated from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute("set local enable_nestloop = off")
        return connection.execute(_query(project)).fetchall()


def _query(project: Path) -> str:
    def macro(call: str) -> str:
        return render(project, call)

    rates = "'a / nullif(n1, 0)', 'n1', 'b / nullif(n2, 0)', 'n2'"
    low, high = (macro(f"representation_ratio_limit('a', 'n1', 'b', 'n2', '{side}')") for side in ("low", "high"))
    return f"""
        with figure as materialized (
            select
                *,
                case
                    when kind = 'tiers' then {macro("odds_ratio('a', 'n1', 'b', 'n2')")}
                    else (a / nullif(n1, 0)) / nullif(b / nullif(n2, 0), 0)
                end as ratio,
                case
                    when kind = 'tiers' then {macro("odds_ratio_standard_error('a', 'n1', 'b', 'n2')")}
                    when kind = 'share' then (ln({high}) - ln({low})) / (2 * {macro("z_95()")})
                    else {macro(f"risk_ratio_standard_error({rates})")}
                end as ratio_se,
                a as top_events,
                case when kind = 'share' then b - a else b end as bottom_events
            from simulated
        ),
        member as materialized (
            select
                *,
                ratio > 0 as is_ok,
                {macro("has_enough_events('top_events', 'bottom_events')")} as is_tested
            from figure
        ),
        compared as materialized ({macro("peer_statistics('member', ['indicator_code', 'wres_year'])")}),
        listed as ({macro("benjamini_hochberg('compared', 'peer_p_value', ['indicator_code', 'wres_year'], 'p_adjusted')")})
        select
            indicator_code,
            wres_year,
            count(peer_p_value) filter (where is_tested),
            count(*) filter (where is_planted),
            count(*) filter (where is_planted and p_adjusted <= {LEVEL}),
            count(*) filter (where p_adjusted <= {LEVEL})
        from listed
        group by indicator_code, wres_year
        order by indicator_code, wres_year
    """  # noqa: S608 - macros of the project, and a constant


def measure(connection: psycopg.Connection, project: Path, seeds: range) -> list[Tally]:
    """Simulate a system for each seed and count what the lists say, by indicator."""
    said: dict[str, list[tuple]] = {indicator.code: [] for indicator in INDICATORS}
    for seed in seeds:
        for row in lists(connection, project, system(np.random.default_rng([seed, TRUSTS]))):
            said[row[0]].append(row)
    return [_tally(code, rows) for code, rows in said.items()]


def _tally(code: str, rows: list[tuple]) -> Tally:
    return Tally(
        indicator=code,
        lists=len(rows),
        tested=float(np.mean([row[2] for row in rows])),
        planted=sum(row[3] for row in rows),
        found=sum(row[4] for row in rows),
        named=sum(row[5] for row in rows),
        wrong=sum(row[5] - row[4] for row in rows),
        false_discovery_rate=float(np.mean([(row[5] - row[4]) / max(row[5], 1) for row in rows])),
    )


def report(tallies: list[Tally], seeds: int) -> str:
    """What was found and what was wrong, as a Markdown table with a verdict."""
    lines = [
        f"Whom `differs_from_peers` names in {seeds} simulated systems of {TRUSTS} trusts over {YEARS} years, one trust of each"
        " indicator being an outlier in every year:",
        "",
        "| Indicator | Trusts that can be tested | Found of planted | Wrong of named | False discovery rate |",
        "|---|---:|---:|---:|---:|",
    ]
    for one in tallies:
        lines.append(
            f"| {one.indicator} | {one.tested:.0f} | {one.found:,} of {one.planted:,} ({one.found / one.planted:.1%})"
            f" | {one.wrong:,} of {one.named:,} | {one.false_discovery_rate:.1%} |"
        )
    planted, found, named, wrong = (
        sum(getattr(one, what) for one in tallies) for what in ("planted", "found", "named", "wrong")
    )
    rate = float(np.mean([one.false_discovery_rate for one in tallies]))
    pooled = wrong / max(named, 1)
    lines.append(
        f"| **all** | | {found:,} of {planted:,} ({found / planted:.1%}) | {wrong:,} of {named:,} ({pooled:.1%}) | {rate:.1%} |"
    )
    kept = max(rate, pooled, *(one.false_discovery_rate for one in tallies)) <= LEVEL
    lines += [
        "",
        "The false discovery rate is the mean, over the lists of a year, of the share of those named that are no outliers."
        f" At most {LEVEL:.0%} is promised: **{'kept' if kept else 'broken'}**.",
    ]
    return "\n".join(lines)
