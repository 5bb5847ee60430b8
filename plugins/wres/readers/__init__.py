"""Readers turn one file into rows of text with their places, or say everything that is wrong with it.

Each reader handles one kind of layout of the registry. What a cell means is not decided here: staging casts, the gate judges.
"""

from __future__ import annotations

from pathlib import Path

from wres.problems import FileRejected, Problem
from wres.readers import benchmark_workbook, delimited, survey_workbook
from wres.readers.content import Batch, Content, Text, Workbook, marked
from wres.readers.opening import open_content
from wres.readers.packed import plain_name
from wres.registry import BenchmarkWorkbook, Delimited, Layout, Source, SurveyWorkbook
from wres.settings import Settings

__all__ = ["Batch", "read", "read_content"]


def read(settings: Settings, source: Source, path: Path, name: str, period: str | None = None) -> Batch:
    """Read a file of a source under whichever of its layouts fits best.

    Args:
        settings: where the maps are.
        source: the registered source.
        path: the archived file.
        name: the file's name as it was sent (it may hold the period, and messages name it).
        period: fallback when neither content nor name gives one (``2024`` or ``2024-06``).

    Raises:
        FileRejected: with all the problems found, when the file cannot become rows.
    """
    return read_content(settings, source, open_content(settings, path), plain_name(name), period)


def read_content(settings: Settings, source: Source, content: Content, name: str, period: str | None) -> Batch:
    """The same, once the file is open."""
    fits = [(layout, _fit(settings, source, layout, content, name)) for layout in source.layouts]
    layout, fit = max(fits, key=lambda pair: pair[1])
    if fit <= 0:
        if isinstance(content, Text) and (problem := delimited.wrong_separator(content)):
            raise FileRejected(problem)
        known = "; ".join(f"{layout.name} ({', '.join(layout.files)})" for layout in source.layouts)
        unread = isinstance(content, Workbook) and all(
            isinstance(layout, Delimited) and layout.sheet is None for layout in source.layouts
        )
        raise FileRejected(
            Problem(
                rule="V11",
                scope="file",
                message=f"no layout registered for {source.name} fits this file"
                + (": it is a workbook, and only text files are read" if unread else ""),
                action=f"{'Save the sheet as CSV UTF-8' if unread else 'Check that the file belongs to this source'}."
                f" Its layouts: {known}.",
            )
        )
    if isinstance(layout, Delimited):
        batch = delimited.read(settings, source, layout, content, name, period)
    else:
        assert isinstance(content, Workbook), "a layout fits only content of its kind"
        if isinstance(layout, SurveyWorkbook):
            batch = survey_workbook.read(settings, source, layout, content, name, period)
        else:
            batch = benchmark_workbook.read(layout, content)
    batch.is_synthetic = isinstance(content, Workbook) and marked(content, source.synthetic_marker)
    return batch


def _fit(settings: Settings, source: Source, layout: Layout, content: object, name: str) -> float:
    reader = {
        SurveyWorkbook: survey_workbook.fit,
        BenchmarkWorkbook: benchmark_workbook.fit,
        Delimited: delimited.fit,
    }[type(layout)]
    return reader(settings, source, layout, content, name)  # type: ignore[operator]
