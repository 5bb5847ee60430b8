"""The annual return of one organisation, pre-filled from a release, as a workbook that loads back to the same figures.

``figures`` reads a release, ``form`` lays its counts out as the lines of the feed ``wres_return``, ``checks`` puts them to the
rules that the loader will put them to, ``workbook`` writes the file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from wres import publish
from wres.annual_return.checks import Check, checks
from wres.annual_return.figures import Figures, ReturnError, read_figures
from wres.annual_return.form import Line, lines
from wres.annual_return.workbook import workbook
from wres.settings import Settings

__all__ = ["AnnualReturn", "Check", "Line", "ReturnError", "annual_return", "check_path", "write_return"]


@dataclass(frozen=True)
class AnnualReturn:
    """A return as it was written.

    Attributes:
        figures: of the year: whose, from which release and basis.
        lines: data rows of the sheet ``Return``.
        previous: lines of the year before; none where the release has no figures of it.
        checks: what the rules say about the lines.
    """

    figures: Figures
    lines: tuple[Line, ...]
    previous: tuple[Line, ...]
    checks: tuple[Check, ...]


def annual_return(
    settings: Settings, org_code: str, wres_year: int, *, basis: str | None = None, release: int | None = None
) -> AnnualReturn:
    """Fill in a return from the true counts of a release.

    Args:
        settings: the warehouse.
        org_code: organisation, in any case.
        wres_year: year of the return.
        basis: ``return`` or ``records``; by default what the organisation has returned, else its records.
        release: number of the release; by default the current one.

    Raises:
        ReturnError: the release has no such organisation, year or basis; the message says what there is.
        publish.PublishError: there is no release, or not that one.
    """
    of = publish.queryable(settings, release)
    figures = read_figures(settings, of, org_code, wres_year, basis)
    filled = lines(settings, figures)
    try:
        before = lines(settings, read_figures(settings, of, org_code, wres_year - 1, basis))
    except ReturnError:
        before = ()
    return AnnualReturn(figures, filled, before, checks(settings, figures, filled))


def write_return(settings: Settings, made: AnnualReturn, path: Path, *, force: bool = False) -> None:
    """Write a return to a new file; a finished one stands there, or none.

    Raises:
        ReturnError: the name is not that of a workbook, its folder does not exist, or there is a file and not ``force``.
    """
    check_path(path, force=force)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(workbook(settings, made.figures, made.lines, made.previous, made.checks))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def check_path(path: Path, *, force: bool) -> None:
    """See to it that a return may be written there, before anything is computed for it.

    Raises:
        ReturnError: see ``write_return``.
    """
    if path.suffix.lower() != ".xlsx":
        raise ReturnError(f"'{path}' is not the name of a workbook: it has to end in .xlsx.")
    if not path.parent.is_dir():
        raise ReturnError(f"There is no folder '{path.parent}'.")
    if path.is_dir() or (path.exists() and not force):
        raise ReturnError(f"'{path}' exists, and may hold somebody's work. --force overwrites a file.")
