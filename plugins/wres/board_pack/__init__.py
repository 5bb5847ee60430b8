"""The board pack: one page per organisation and WRES year, in words, tables and charts, from what is published.

``facts`` reads ``published`` as ``bi_reader``, ``sentences`` puts figures into words, ``charts`` draws them, ``page`` fills the
template, ``pdf`` prints the page where a browser is installed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wres.board_pack.facts import PackError, read_facts
from wres.board_pack.page import render
from wres.board_pack.pdf import chromium, print_pdf
from wres.settings import Settings

__all__ = ["PackError", "Packs", "chromium", "write_pack", "write_packs"]


@dataclass(frozen=True)
class Packs:
    """What was written: pages, PDFs, of which release."""

    pages: tuple[Path, ...]
    pdfs: tuple[Path, ...]
    release_id: int
    is_synthetic: bool


def write_pack(
    settings: Settings,
    org_code: str,
    wres_year: int,
    path: Path,
    *,
    pdf: bool = True,
    force: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Packs:
    """Write the pack of an organisation, and its PDF beside it if a browser is there.

    Args:
        settings: the warehouse.
        org_code: organisation, in any case.
        wres_year: year of the pack.
        path: the page, ending in .html; or a folder, made if it is not there, that gets ``<code>_<year>.html``.
        pdf: whether a PDF is wanted.
        force: overwrite what is there.
        say: is told each step.

    Raises:
        PackError: no such organisation or year, or ``path`` cannot be written; then nothing is.
        publish.PublishError: nothing is published.
    """
    browser = chromium() if pdf else None
    is_page = path.suffix.lower() in (".html", ".htm")
    if path.is_file() and not is_page:
        raise PackError(f"'{path}' is a file, and neither a folder nor the name of a page (.html).")
    page = path if is_page else path / f"{org_code.strip().upper()}_{wres_year}.html"
    targets = (page, page.with_suffix(".pdf")) if browser else (page,)
    _check_place(path if path.is_dir() else path.parent)
    for each in targets:
        if each.is_dir() or (each.exists() and not force):
            raise PackError(f"'{each}' exists; --force overwrites a file.")
    (facts,) = read_facts(settings, wres_year, org_code, say)
    with _incoming(page.parent if page.parent.is_dir() else path.parent, page) as folder:
        say("writing the page")
        parts = [folder / each.name for each in targets]
        parts[0].write_text(render(facts), encoding="utf-8")
        if browser:
            say("printing the PDF")
            print_pdf(browser, *parts)
        page.parent.mkdir(exist_ok=True)
        for part, each in zip(parts, targets, strict=True):
            part.replace(each)
    return Packs(targets[:1], targets[1:], facts.release["release_id"], facts.release["is_synthetic"])


def write_packs(
    settings: Settings,
    wres_year: int,
    folder: Path,
    *,
    pdf: bool = False,
    say: Callable[[str], None] = lambda text: None,
    written: Callable[[int, int, str], None] = lambda number, total, code: None,
) -> Packs:
    """Write the packs of all organisations with a figure of the year into a new folder, as ``<code>_<year>.html``.

    The queries are as many as for one. The folder gets its name when all packs are complete: what fails leaves none.

    Args:
        settings: the warehouse.
        wres_year: year of the packs.
        folder: where to; must not exist, or be empty.
        pdf: whether PDFs are wanted, a second or two each.
        say: is told each step.
        written: is told after each pack: its number, of how many, whose.

    Raises:
        PackError: no figure of that year, or the folder cannot be written.
        publish.PublishError: nothing is published.
    """
    _check_place(folder.parent)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PackError(
            f"'{folder}' exists and is not empty: packs of all organisations go into a folder of their own."
        )
    browser = chromium() if pdf else None
    everyone = read_facts(settings, wres_year, None, say)
    names = []
    with _incoming(folder.parent, folder) as incoming:
        packs = incoming / "packs"
        packs.mkdir()
        for number, facts in enumerate(everyone, start=1):
            code = facts.organisation["org_code"]
            page = packs / f"{code}_{wres_year}.html"
            page.write_text(render(facts), encoding="utf-8")
            if browser:
                print_pdf(browser, page, page.with_suffix(".pdf"))
            names.append(page.name)
            written(number, len(everyone), code)
        packs.replace(folder)
    pages = tuple(folder / name for name in names)
    printed = tuple(page.with_suffix(".pdf") for page in pages) if browser else ()
    release = everyone[0].release
    return Packs(pages, printed, release["release_id"], release["is_synthetic"])


def _check_place(folder: Path) -> None:
    """Before anything is read: the folder exists and may be written to."""
    if not folder.is_dir():
        raise PackError(f"There is no folder '{folder}'.")
    if not os.access(folder, os.W_OK):
        raise PackError(f"'{folder}' may not be written to.")


@contextmanager
def _incoming(parent: Path, target: Path) -> Iterator[Path]:
    """A folder beside the target, gone at the end, whatever happens."""
    try:
        with tempfile.TemporaryDirectory(dir=parent, prefix=".incoming-") as folder:
            yield Path(folder)
    except OSError as error:
        raise PackError(f"'{target}' cannot be written: {error.strerror or error}.") from error
