"""``wres bench``: what the warehouse costs on this machine, part by part, always beside what a user would otherwise run.

Seconds differ between machines and hours; the ratios to something run in the same minutes are what to compare.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from wres import postgres
from wres.bench import building, chain, disclosing, lists, loading, orchestrated
from wres.bench.report import NATIONAL, QUICK, Say, Size, machine, write_block
from wres.settings import Settings

_Part = Callable[[Settings, Size, Path, Say], str]
PARTS: dict[str, _Part] = {
    "load": loading.measure,
    "build": building.measure,
    "chain": chain.measure,
    "airflow": orchestrated.measure,
    "lists": lists.measure,
    "disclosure": disclosing.measure,
}
# The others, but for those that are named, have a size of their own.
SIZED = ("load", "build")
# Takes the better part of an hour, at national size two, and is measured only where it is named.
NAMED = ("disclosure",)


def bench(settings: Settings, parts: Collection[str], *, full: bool, write: bool, say: Say) -> str:
    """Measure parts, each on an embedded server of its own, and return their tables as Markdown.

    Args:
        settings: for the project's folder; the user's own warehouse is not touched.
        parts: names of ``PARTS``; none means all but ``NAMED``, and at national size those that have a size.
        full: the size of England in place of one that takes minutes.
        write: put each part's tables into ``docs/performance.md`` as soon as they are there.
        say: told what is being done.
    """
    size = NATIONAL if full else QUICK
    texts = []
    for part in parts or (SIZED if full else [part for part in PARTS if part not in NAMED]):
        with tempfile.TemporaryDirectory(prefix="wres-bench-") as folder:
            of = replace(settings, home=Path(folder) / "home", warehouse_url=None)
            try:
                text = PARTS[part](of, size, Path(folder), say)
            finally:
                postgres.stop(of)
        text = f"On {datetime.now(UTC):%d %B %Y}, {machine()}. {text}"
        texts.append(f"## {part}\n\n{text}")
        if write:
            write_block(settings, part, size if part in (*SIZED, *NAMED) else QUICK, text)
    return "\n\n".join(texts)
