"""The tables of a benchmark: verdicts, numbers, and the places of the page that they are written to."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import workbooks

from wres.bench import NAMED, PARTS, SIZED, command
from wres.bench.alternatives import first
from wres.bench.loading import _with_comment
from wres.bench.report import NATIONAL, QUICK, Figure, figures, shown, table, write_block
from wres.cli import main
from wres.readers.content import Workbook
from wres.readers.opening import open_content
from wres.settings import settings

PLACES = [*((part, NATIONAL) for part in (*SIZED, *NAMED)), *((part, QUICK) for part in PARTS)]


@pytest.mark.parametrize(
    ("figure", "row"),
    [
        (Figure("swap", 0.4, most=1), "| swap | 0.4 s | ≤ 1 s | met |"),
        (Figure("swap", 1.0, most=1), "| swap | 1 s | ≤ 1 s | met |"),
        (Figure("swap", 1.01, most=1, note="readers"), "| swap | 1.01 s | ≤ 1 s | missed: readers |"),
        (Figure("rate", 0.71, "×", least=0.7, note="why"), "| rate | 0.71 × | ≥ 0.7 × | met |"),
        (Figure("rate", 0.69, "×", least=0.7), "| rate | 0.69 × | ≥ 0.7 × | missed |"),
        (Figure("rows", 1_537_699, "rows"), "| rows | 1,537,699 rows |  |  |"),
    ],
)
def test_a_figure_says_whether_it_meets_its_target(figure: Figure, row: str) -> None:
    assert figure.row() == row
    assert figures([figure]).splitlines()[-1] == row


def test_numbers_have_three_digits_that_count() -> None:
    assert [shown(value) for value in (0.04567, 1.234, 99.94, 123.4, 1_234_567.8)] == [
        "0.0457",
        "1.23",
        "99.9",
        "123",
        "1,234,568",
    ]
    assert table(("Way", "Seconds"), [("load", 1.234)]) == "| Way | Seconds |\n|---|---:|\n| load | 1.23 |"


@pytest.mark.parametrize(("part", "size"), PLACES, ids=lambda value: getattr(value, "name", value))
def test_every_part_has_its_place_on_the_page_and_leaves_the_others(tmp_path: Path, part: str, size: object) -> None:
    of = replace(settings(), project=tmp_path)
    (tmp_path / "docs").mkdir()
    page = Path(shutil.copy(settings().project / "docs" / "performance.md", tmp_path / "docs"))
    before = page.read_text()
    write_block(of, part, size, "one\n\ntwo")  # type: ignore[arg-type]
    once = page.read_text()
    write_block(of, part, size, "three")  # type: ignore[arg-type]
    again = page.read_text()
    assert "one\n\ntwo" in once
    assert again == once.replace("one\n\ntwo", "three")
    begin, end = before.split(f"<!-- bench {part} {size.name} -->")  # type: ignore[attr-defined]
    assert again.startswith(begin)
    assert again.endswith(end.partition("<!-- end")[2])


def test_the_command_knows_every_part() -> None:
    (option,) = (option for option in main.commands["bench"].params if option.name == "parts")
    assert list(option.type.choices) == list(PARTS)  # type: ignore[attr-defined]


def test_a_page_without_the_place_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "performance.md").write_text("nothing\n")
    with pytest.raises(ValueError, match="has no markers <!-- bench load quick -->"):
        write_block(replace(settings(), project=tmp_path), "load", QUICK, "text")
    assert (tmp_path / "docs" / "performance.md").read_text() == "nothing\n"


def test_a_cut_file_has_the_rows_and_columns_asked_for(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("a,b,c\n1,2,3\n4,5,6\n7,8,9\n")
    assert first(tmp_path / "all.csv", 2, tmp_path / "cut.csv", (2, 0)).read_text() == "c,a\n3,1\n6,4\n"


def test_a_workbook_with_a_comment_is_the_same_workbook_in_other_bytes(tmp_path: Path) -> None:
    path = workbooks.benchmark().write(tmp_path / "benchmark.xlsx")
    sheets = open_content(settings(), path)
    path.write_bytes(_with_comment(path.read_bytes(), b"round 1"))
    again = open_content(settings(), path)
    assert isinstance(again, Workbook)
    assert again == sheets


def test_a_command_that_fails_says_what_it_wrote(tmp_path: Path) -> None:
    of = replace(settings(), home=tmp_path / "home")
    assert command.wres(of, "--help") > 0
    with pytest.raises(RuntimeError, match=r"wres run .*nowhere ended with 2:\n(.|\n)*nowhere"):
        command.wres(of, "run", str(tmp_path / "nowhere"))
