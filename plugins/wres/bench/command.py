"""Commands of the warehouse as a user types them: a process of their own, in a home of their own."""

from __future__ import annotations

import os
import subprocess
import sys

from wres.bench import alternatives
from wres.settings import Settings

# Enough for a report of what went wrong, which stands at the end.
_SHOWN_CHARACTERS = 4_000


def environment(of: Settings) -> dict[str, str]:
    """The variables of such a process: the embedded server of that home, whatever the user's own warehouse is."""
    variables = {**os.environ, "WRES_HOME": str(of.home), "WRES_PROJECT": str(of.project)}
    variables.pop("WRES_WAREHOUSE_URL", None)
    return variables


def wres(of: Settings, *arguments: str) -> float:
    """Seconds of ``wres`` with some arguments, imports included.

    Raises:
        RuntimeError: the command failed; with the end of what it wrote.
    """

    def typed() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "wres", *arguments],
            env=environment(of),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            written = done.stdout[-_SHOWN_CHARACTERS:]
            raise RuntimeError(f"wres {' '.join(arguments)} ended with {done.returncode}:\n{written}")

    return alternatives.seconds(typed)
