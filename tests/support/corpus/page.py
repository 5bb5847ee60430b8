"""The tables of docs/bad_files.md, made from the corpus. Written anew by ``PYTHONPATH=tests/support python -m corpus.page``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from corpus import CASES, Case
from wres.problems import shown

PAGE = Path(__file__).parents[3] / "docs" / "bad_files.md"
_BEGINS = "<!-- From here on written from the corpus of the tests: see tests/support/corpus/page.py. -->\n"


def tables() -> str:
    """A table a theme, in the order in which the modules add their cases."""
    parts = []
    for theme, cases in groupby(CASES, key=lambda case: case.theme):
        lines = [_row(case) for case in cases]
        parts += [f"## {theme}", "", "| What | Sent as | Becomes | Said of it |", "|---|---|---|---|", *lines, ""]
    return "\n".join(parts)


def page() -> str:
    """The page as it has to be: its text by hand, then the tables."""
    return PAGE.read_text(encoding="utf-8").partition(_BEGINS)[0] + _BEGINS + "\n" + tables()


def _row(case: Case) -> str:
    cells = (case.what, case.source, case.verdict, " … ".join(case.says))
    return "| " + " | ".join(shown(cell).replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
