"""What a workbook may take: memory and time, measured from outside, on workbooks that would take all there is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import workbooks
from corpus import sizes
from corpus.sheets import returned

from wres.problems import FileRejected, Problem
from wres.readers.content import Workbook
from wres.readers.opening import open_content
from wres.settings import Settings, settings

LIMITED = replace(settings(), workbook_megabytes=128, workbook_seconds=5)
# Reads a workbook in a process of its own, and prints the verdict and the most memory that it and what it started took.
MEASURED = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from wres.problems import FileRejected
from wres.readers.opening import open_content
from wres.settings import settings
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    verdict = str(len(open_content(replace(settings(), workbook_megabytes=128), Path(sys.argv[1])).sheets))
except FileRejected as refusal:
    verdict = refusal.problems[0].message
own, started = (resource.getrusage(of).ru_maxrss for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print((own - idle) >> 10, started >> 10, verdict)
"""


def measured(path: Path) -> tuple[int, int, str]:
    """Megabytes that reading took in the process that asks and in those it starts, and what came of it."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)],
        env={**os.environ, "PYTHONPATH": str(settings().project / "plugins")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    own, started, verdict = done.stdout.strip().split(" ", 2)
    return int(own), int(started), verdict


def refused(of: Settings, path: Path) -> Problem:
    with pytest.raises(FileRejected) as caught:
        open_content(of, path)
    [problem] = caught.value.problems
    assert problem.rule == "F02"
    return problem


def small_bomb(path: Path) -> None:
    sizes.bomb(path, 100, 2024)


BOMBS: dict[str, Callable[[Path], object]] = {
    "a sheet that unpacks to more than the limit": sizes.zip_bomb,
    "the same, said to be small": sizes.lying_bomb,
    "a sheet that unpacks to just below the limit": small_bomb,
    "a cell in the last corner": sizes.cell_in_the_last_corner,
    "a repeated cell": sizes.repeated_cell,
    "entities in entities": sizes.entities,
    "a blank in the last row": sizes.blank_at_the_bottom,
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_workbook_takes_more_memory_than_the_limit(tmp_path: Path, name: str) -> None:
    path = tmp_path / ("wres_return.ods" if "repeated" in name else "wres_return.xlsx")
    BOMBS[name](path)
    own, started, verdict = measured(path)
    # Of the process itself: the file, at most a quarter of the limit as JSON, and the cells.
    assert (own < 64, started <= 128) == (True, True), f"{own} and {started} MB: {verdict}"
    assert verdict == "5" or "the workbook" in verdict


def test_time_is_limited_too(tmp_path: Path) -> None:
    """A workbook within all other limits that takes longer than is allowed."""
    rows = b"".join(b'<row r="%d">%b</row>' % (row, b'<c t="str"><v>x</v></c>' * 4000) for row in range(10, 500))
    path = sizes.with_rows(tmp_path / "Benchmark.xlsx", rows, 2024)
    problem = refused(replace(settings(), workbook_seconds=1), path)
    assert problem.message == "reading the workbook took more than 1 s of processor time, the most that is allowed"


def test_limits_say_what_they_are_and_can_be_moved(tmp_path: Path) -> None:
    path = tmp_path / "Benchmark.xlsx"
    small_bomb(path)
    problem = refused(replace(LIMITED, workbook_megabytes=64), path)
    assert problem.message == "the workbook unpacks to 100 MB, and 64 MB are the most that is read"
    assert problem.action.startswith("Copy the table alone into a new workbook")
    assert isinstance(open_content(replace(LIMITED, workbook_megabytes=512), path), Workbook)


def test_a_large_table_is_read_within_the_default_limits(tmp_path: Path) -> None:
    """Twenty times the largest official workbook, as much text again, and the figures are those that were written."""
    path = tmp_path / "wres_return.xlsx"
    returned(path, "RAA", lambda _book, page: [page.write_row(row, 0, [row] * 11) for row in range(6, 50_000)])
    content = open_content(settings(), path)
    assert isinstance(content, Workbook)
    cells = content.sheets["Return"]
    assert (len(cells), cells[-1]) == (50_000, [49_999] * 11)


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (settings().workbook_megabytes, settings().workbook_seconds) == (1024, 120)
    monkeypatch.setenv("WRES_WORKBOOK_MEGABYTES", "256")
    monkeypatch.setenv("WRES_WORKBOOK_SECONDS", "7")
    assert (settings().workbook_megabytes, settings().workbook_seconds) == (256, 7)


def test_the_largest_official_workbook_is_far_below(real_data: Path) -> None:
    [path] = (real_data / "staff_survey").glob("*organisational*")
    assert isinstance(open_content(LIMITED, path), Workbook)


@pytest.mark.parametrize("member", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"])
def test_a_workbook_that_lacks_a_part_is_damaged(tmp_path: Path, member: str) -> None:
    path = workbooks.benchmark().write(tmp_path / "Benchmark.xlsx")
    sizes.repacked(path, lambda name, content: None if name == member else content)
    assert refused(settings(), path).message.startswith("the workbook is damaged")
