"""The command line in this process, on the warehouse of a test; and small changes of a workbook."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
from click.testing import CliRunner, Result

from wres.cli import main
from wres.settings import Settings


def environment(of: Settings) -> dict[str, str]:
    """What tells a command which warehouse it is about."""
    return {
        "WRES_HOME": str(of.home),
        "WRES_PROJECT": str(of.project),
        "WRES_WAREHOUSE_URL": of.warehouse_url or "",
        "WRES_REPLICA_URL": of.replica_url or "",
        "WRES_BROKER_URL": of.broker_url or "",
        "WRES_AIRFLOW_HOST": of.airflow_host,
        "WRES_KEEP_RELEASES": str(of.keep_releases),
        "WRES_WORKBOOK_MEGABYTES": str(of.workbook_megabytes),
    }


def wres(of: Settings, *arguments: object) -> Result:
    """Run ``wres`` with these arguments; anything but an exit code is a fault and comes through."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment(of))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def changed_workbook(original: Path, copy: Path, change: Callable[[Any], None]) -> Path:
    """A copy of a workbook with a change made to it."""
    book = openpyxl.load_workbook(original)
    change(book)
    copy.parent.mkdir(parents=True, exist_ok=True)
    book.save(copy)
    return copy


def benchmark_cell(original: Path, header: str, number: int = 0) -> tuple[str, str, int, str, float]:
    """Sheet, organisation, row and column (as spreadsheets write them) and value of the n-th figure under a header."""
    book = openpyxl.load_workbook(original)
    for sheet in book.worksheets:
        for column in sheet.iter_cols(min_row=1):
            if column[0].value != header:
                continue
            for cell in column[1:]:
                if isinstance(cell.value, float) and number == 0:
                    return sheet.title, str(sheet.cell(cell.row, 1).value), cell.row, cell.column_letter, cell.value
                number -= isinstance(cell.value, float)
    raise AssertionError(f"No figure {number} under {header} in {original.name}.")


def folder_with(folder: Path, *files: Path, source: str = "staff_survey") -> Path:
    """A landing folder of copies of these files."""
    (folder / source).mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder / source / file.name)
    return folder
