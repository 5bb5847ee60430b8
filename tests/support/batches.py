"""What a reader gives to ``COPY``, as the rows it becomes."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from wres import readers, registry
from wres.problems import FileRejected, Problem
from wres.readers import Batch
from wres.settings import Settings

_STAMP = "7,f00"


def read(
    of: Settings, path: Path, source: str = "staff_survey", name: str | None = None, period: str | None = None
) -> tuple[Batch, list[tuple[Any, ...]]]:
    """A batch read to its end, and its rows: sheet, row number, the layout's raw columns in their order."""
    batch = readers.read(of, registry.registry(of)[source], path, name or path.name, period)
    text = "".join(batch.blocks(_STAMP))
    rows = []
    for number, load_id, sha256, sheet, *cells in csv.reader(io.StringIO(text, newline=""), strict=True):
        assert f"{load_id},{sha256}" == _STAMP
        by_column = dict(zip(batch.columns, cells, strict=True))
        rows.append(
            (sheet or None, int(number), *(by_column.get(column) or None for column in batch.layout.raw_columns))
        )
    assert len(rows) == batch.count
    return batch, rows


def refused(
    of: Settings, path: Path, source: str = "staff_survey", name: str | None = None, period: str | None = None
) -> tuple[Problem, ...]:
    """The problems a file is rejected with; each has to say what is wrong and what to do."""
    with pytest.raises(FileRejected) as caught:
        read(of, path, source, name, period)
    for problem in caught.value.problems:
        assert problem.severity == "error", "a rejection lists what it is rejected for"
        assert len(problem.message) > 10
        assert problem.action.endswith(".")
    return caught.value.problems


def said(problems: tuple[Problem, ...] | list[Problem]) -> list[tuple[str, str, str]]:
    """Rule, place and cause of each problem."""
    return [(problem.rule, problem.place(), problem.message) for problem in problems]


def organisations(batch: Batch) -> set[str]:
    """The organisations that a batch states, of whatever period."""
    return {organisation for _, organisation in batch.contents}
