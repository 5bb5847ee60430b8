"""Every step leaves a row in ``ops.outcome``: the health of the warehouse is a SQL query."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import psycopg

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass
class Outcome:
    """What a step did; filled by the step while it runs."""

    status: Status = "ok"
    rows_in: int | None = None
    rows_out: int | None = None
    message: str | None = None


@contextmanager
def step(
    connection: psycopg.Connection, name: str, *, source: str | None = None, period: str | None = None
) -> Iterator[Outcome]:
    """Time a step and record it in its own transaction, also when it fails. The connection must be in autocommit."""
    outcome, started = Outcome(), time.monotonic()
    try:
        yield outcome
    except BaseException as error:
        outcome.status, outcome.message = "failed", outcome.message or f"{type(error).__name__}: {error}"[:500]
        raise
    finally:
        if not connection.closed and not connection.broken:
            connection.execute(
                "insert into ops.outcome (source, period, step, status, rows_in, rows_out, seconds, message)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    source,
                    period,
                    name,
                    outcome.status,
                    outcome.rows_in,
                    outcome.rows_out,
                    time.monotonic() - started,
                    outcome.message,
                ],
            )
