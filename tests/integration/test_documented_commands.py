"""Every command of the tutorial and the how-to pages, run as it stands there, page by page, by a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import environment

from wres.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
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
    for example in blocks(page, "python"):
        subprocess.run(
            [sys.executable, "-c", example],
            cwd=checkout,
            env={**os.environ, **environment(of), "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"},
            check=True,
            capture_output=True,
            text=True,
        )
    made = re.findall(r"`?([\w.]+\.(?:xlsx|html|tar\.gz))`?$", script, re.MULTILINE)
    assert all((checkout / name).stat().st_size > 1000 for name in made), made


def test_every_page_of_the_two_is_tried() -> None:
    assert len(PAGES) > 5
    assert all(blocks(page, "sh") for page in PAGES)
