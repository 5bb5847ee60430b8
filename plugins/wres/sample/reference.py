"""The feed ``reference_results``: what a made-up publisher prints of the sample's returns, to reconcile with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import numpy as np

from wres.sample import jobs, records
from wres.sample.board import VIEWS
from wres.sample.careers import Integers
from wres.sample.population import BME, WHITE
from wres.sample.returns import Figures, ratio, share

HEADER = "publisher,vintage,scope,wres_year,indicator_code,slice,measure,value\n"
PUBLISHER = "SYNTHETIC publisher"
SENIOR = [place for place, (_, row) in enumerate(jobs.ROWS) if row in jobs.BANDS[jobs.BANDS.index("band_8a") :]]


def lines(wres_year: int, trusts: Iterable[Figures]) -> Iterator[list[object]]:
    """The figures of a year: trusts in England, pooled."""
    figures = list(trusts)

    def pooled(counts: Iterable[Integers]) -> Integers:
        return np.sum(list(counts), axis=0)

    workforce = pooled(one.workforce for one in figures)
    shortlisted, appointed = pooled(one.recruitment.sum(axis=0) for one in figures)
    disciplined, trained = (pooled(getattr(one, name) for one in figures) for name in ("disciplined", "trained"))
    printed: list[tuple[str, str, str, Decimal | str]] = [
        ("1", "all", "bme_pct", share(workforce)),
        ("1", "all.band_8a_to_vsm", "bme_pct", share(pooled(one.heads[SENIOR].sum(axis=0) for one in figures))),
        ("2", "all", "ratio", ratio(appointed, shortlisted, WHITE, BME)),
        ("3", "all", "ratio", ratio(disciplined, workforce, BME, WHITE)),
        ("4", "all", "ratio", ratio(trained, workforce, WHITE, BME)),
        ("9", "board.total", "bme_pct", share(pooled(one.board[list(VIEWS).index("board.total")] for one in figures))),
    ]
    for indicator, slice_, measure, value in printed:
        yield ["trusts", wres_year, indicator, slice_, measure, value]


def feed(vintage: int, rows: Iterable[list[object]]) -> bytes:
    """The file of a report of the year ``vintage``, which prints the earlier years again."""
    return records.csv_text(HEADER, ([PUBLISHER, vintage, *row] for row in rows))
