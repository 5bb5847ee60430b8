"""Every command of the tutorial and the how-to pages, run as it stands there, page by page, by a shell.

What needs several machines is in blocks of ``bash``, which are not run here: tests/e2e/test_workers.py has it on one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from commands import environment

from wres import warehouse
from wres.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
CONNECT = PROJECT / "docs" / "how_to" / "connect_a_tool.md"
PAGES = [PROJECT / "docs" / "tutorial.md", *sorted((PROJECT / "docs" / "how_to").glob("*.md"))]
# The first step of .ci/run itself.
NOT_RUN = {"make check"}
# The server of the page that moves to one.
SERVER = re.compile(r"'postgresql://admin:…@[^']+'")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a fresh clone, whose sources may be changed."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copytree(PROJECT / "sources", folder / "sources")
    for name in ("Makefile", "dbt_project", "expectations", "dags", "plugins", "docs", "pyproject.toml"):
        (folder / name).symlink_to(PROJECT / name)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_runs_as_it_stands(
    page: Path,
    checkout: Path,
    published_sample: Settings,
    copy_warehouse: Callable[[Settings], Settings],
    new_warehouse: Callable[..., Settings],
    tmp_path: Path,
) -> None:
    """The sample of the tests is that of the tutorial, so that what it loads is known already, and built."""
    of = copy_warehouse(published_sample)
    script = "\n".join(blocks(page, "sh"))
    if SERVER.search(script):
        empty = new_warehouse()
        script = SERVER.sub(f"'{empty.warehouse_url}'", script)
        # Logins belong to the server of all the tests: the new home has to know their passwords.
        shutil.copytree(empty.home, tmp_path / "wres_on_the_server", dirs_exist_ok=True)
    for number, example in enumerate(blocks(page, "csv")):
        (checkout / ("extract.csv" if not number else f"extract_{number}.csv")).write_text(example, encoding="utf-8")
    lines = [line for line in script.splitlines() if line.strip() not in NOT_RUN]
    ran = subprocess.run(
        ["bash", "-euc", "\n".join(lines)],
        cwd=checkout,
        env={
            **os.environ,
            **environment(of),
            "WRES_PROJECT": str(checkout),
            "HOME": str(tmp_path),
            "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    made = re.findall(r"`?([\w.]+\.(?:xlsx|html|tar\.gz))`?$", script, re.MULTILINE)
    assert all((checkout / name).stat().st_size > 1000 for name in made), made


@pytest.fixture
def question(published_sample: Settings, tmp_path: Path) -> list[tuple[Any, ...]]:
    """The rows of the page's own query, which lies in ``indicator_8.sql`` as the page says."""
    (query,) = blocks(CONNECT, "sql")
    (tmp_path / "indicator_8.sql").write_text(query, encoding="utf-8")
    with psycopg.connect(warehouse.dsn(published_sample, "bi_reader")) as reader:
        return reader.execute(query).fetchall()


PROGRAMS = [
    *(
        pytest.param("python", text, id="polars" if "polars" in text else "pandas")
        for text in blocks(CONNECT, "python")
    ),
    *(pytest.param("r", text, id="R") for text in blocks(CONNECT, "r")),
]


@pytest.mark.parametrize(("language", "program"), PROGRAMS)
def test_program_reads_what_is_published(
    language: str, program: str, question: list[tuple[Any, ...]], published_sample: Settings, tmp_path: Path
) -> None:
    """The programs of the page, as they stand: the figure with its interval, and who is hidden, by name and status alone."""
    command = [sys.executable, "-c", program] if language == "python" else ["Rscript", "-e", program]
    if language == "r" and not _r_is_ready():
        pytest.skip("R with DBI and a driver is not installed (Debian: apt-get install r-cran-dbi r-cran-rpostgresql)")
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env={
            **os.environ,
            **environment(published_sample),
            "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    [own] = [row for row in question if row[0] == "ZB0"]
    assert None not in own[1:5], "the example has a figure and an interval"
    [line] = [line for line in ran.stdout.splitlines() if "ZB0" in line]
    assert [float(number) for number in re.findall(r"\d+\.\d+", line)] == pytest.approx(own[1:5])
    hidden = {(code, status) for code, ratio, *_, status in question if ratio is None}
    assert hidden
    for code, status in hidden:
        assert re.search(rf"\b{code}\b.*\b{status}\b", ran.stdout), f"{code} {status}: {ran.stdout}"


def _r_is_ready() -> bool:
    ready = 'quit(status = !(requireNamespace("DBI") && (requireNamespace("RPostgres") || requireNamespace("RPostgreSQL"))))'
    return (
        bool(shutil.which("Rscript")) and not subprocess.run(["Rscript", "-e", ready], capture_output=True).returncode
    )


def test_every_page_of_the_two_is_tried() -> None:
    assert len(PAGES) > 5
    assert all(blocks(page, "sh") for page in PAGES)
