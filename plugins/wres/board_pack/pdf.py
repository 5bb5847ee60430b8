"""A page as PDF, by the Chromium of this machine: what the browser shows, with bookmarks and tags for screen readers."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from wres.board_pack.facts import PackError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
_SECONDS = 120


def chromium() -> str | None:
    """Path of a browser of the Chromium family, or None where none is installed."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def print_pdf(browser: str, page: Path, path: Path) -> None:
    """Print a page to ``path``.

    Raises:
        PackError: the browser ends without a PDF, or takes longer than two minutes.
    """
    # The browser's sandbox needs a user of its own; the page that it opens is ours, and may run and fetch nothing.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="wres-browser-") as profile:
        command = [
            browser, "--headless", "--disable-gpu", *sandbox, f"--user-data-dir={profile}", "--no-pdf-header-footer",
            "--generate-pdf-document-outline", f"--print-to-pdf={path}", page.resolve().as_uri(),
        ]  # fmt: skip
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise PackError(
                f"{browser} had no PDF of {page.name} after {_SECONDS} s; --no-pdf leaves it out."
            ) from error
    if ended.returncode or not path.exists():
        last = (ended.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise PackError(f"{browser} made no PDF of {page.name} ({last}); --no-pdf leaves it out.")
