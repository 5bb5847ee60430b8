"""Part ``lists``: whether the lists of those that differ from their peers can be believed, on simulated systems."""

from __future__ import annotations

from pathlib import Path

from wres import false_discovery, run, warehouse
from wres.bench.report import Say, Size
from wres.load import feed_files
from wres.sample import write_sample
from wres.settings import Settings

_SIMULATIONS = 100


def measure(settings: Settings, size: Size, folder: Path, say: Say) -> str:
    """Count what is found and what is wrongly named, over many seeds with planted outliers."""
    sample = folder / "sample"
    write_sample(sample, trusts=8, first_year=size.last_year, last_year=size.last_year, staff=50)
    run.load_and_judge(settings, feed_files(settings, [sample]), None, say)
    run.build_and_publish(settings, say)
    say(f"lists: {_SIMULATIONS} simulated systems")
    with warehouse.connect(settings, "wres_transformer", autocommit=True) as connection:
        tallies = false_discovery.measure(connection, settings.project, range(_SIMULATIONS))
    return false_discovery.report(tallies, _SIMULATIONS)
