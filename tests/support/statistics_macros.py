"""The statistics macros on a real server: rendered from their own files, evaluated for many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import psycopg

from wres import macros

PROJECT = Path(__file__).parents[2]
Z = 1.959963984540054
RATES = ("p1", "n1", "p2", "n2")
COUNTS = ("a", "n1", "b", "n2")
Value = float | str | bool | None
Table = tuple[float, float, float, float]


class Evaluate(Protocol):
    """The fixture ``evaluate``: a macro's value for each row, its arguments being columns of double precision."""

    def __call__(self, call: str, columns: Sequence[str], rows: Sequence[Sequence[float | None]]) -> list: ...


def render(call: str) -> str:
    """SQL of a macro call."""
    return macros.render(PROJECT, call)


def evaluate_on(
    connection: psycopg.Connection, call: str, columns: Sequence[str], rows: Sequence[Sequence[float | None]]
) -> list[Value]:
    """A macro's value for each row, in one query."""
    expression = render(call)
    arrays = ", ".join("%s::double precision[]" for _ in columns)
    names = ", ".join(columns)
    cursor = connection.execute(
        f"select {expression} from unnest({arrays}) with ordinality as given({names}, place) order by place",
        [[None if value is None else float(value) for value in column] for column in zip(*rows, strict=True)],
    )
    return [row[0] for row in cursor]


def counts(number: int, smallest: int = 0, seed: int = 7, largest: float = 5.5) -> list[tuple[int, int, int, int]]:
    """Random two-by-two tables (a, n1, b, n2), from tiny to large bases, with rates near 0 and 1 among them.

    Args:
        number: of tables.
        smallest: numerator that is still drawn.
        seed: of the generator.
        largest: base, as a power of ten.
    """
    draw = np.random.default_rng(seed)
    tables: list[tuple[int, int, int, int]] = []
    while len(tables) < number:
        n1, n2 = (int(10 ** draw.uniform(0.5, largest)) for _ in range(2))
        a, b = (int(draw.binomial(n, draw.beta(0.7, 0.7))) for n in (n1, n2))
        if min(a, b) >= smallest:
            tables.append((a, n1, b, n2))
    return tables


def rates(tables: Sequence[tuple[int, int, int, int]]) -> list[Table]:
    return [(a / n1, n1, b / n2, n2) for a, n1, b, n2 in tables]


def swapped(row: Table) -> Table:
    """The same table, groups exchanged."""
    return row[2], row[3], row[0], row[1]
