"""Made-up feeds in the official layouts, so that the whole platform runs before anyone has a file at hand.

Nothing here comes from a real organisation: codes, names and figures are drawn from a seed, national levels alone are
set near published ones. Every file says SYNTHETIC in its content, which is how a load knows it apart from a real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from wres.sample import dirt as soiling
from wres.sample import employers, organisations, peers, people, survey

TRUSTS_ALLOWED = range(5, 601)
MOST_YEARS = 10
STAFF_ALLOWED = range(20, 100_001)

Make = Callable[[], bytes | Iterable[bytes]]


def write_sample(
    directory: Path,
    *,
    trusts: int = 40,
    first_year: int = 2021,
    last_year: int = 2024,
    seed: int = 1,
    staff: int = 7000,
    dirt: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write synthetic feeds into ``directory/<source>/``, a folder then fit to be a landing folder.

    Args:
        directory: folder to write below; made when absent. Files of an earlier call with the same names are replaced.
        trusts: open trusts that take part in the survey; a few closed ones come on top.
        first_year: first survey year of the benchmark workbook's history.
        last_year: survey year of the detailed workbooks, and last year of the history.
        seed: the same arguments give the same bytes.
        staff: mean head count of the open trusts in the last quarter.
        dirt: with what goes wrong in real feeds (``wres.sample.dirt`` lists it).
        progress: told the name of each file before it is made.

    Returns:
        The files written, in the order in which they were made.

    Raises:
        ValueError: a count or a span of years that cannot be written.
    """
    known = survey.detailed_layout("detailed_organisational")
    if trusts not in TRUSTS_ALLOWED:
        raise ValueError(f"trusts must be from {TRUSTS_ALLOWED[0]} to {TRUSTS_ALLOWED[-1]}, not {trusts}")
    if not known.first_year <= last_year <= known.last_year:
        raise ValueError(f"the last survey year must be from {known.first_year} to {known.last_year}, not {last_year}")
    if not 0 <= last_year - first_year < MOST_YEARS:
        raise ValueError(f"survey years {first_year}-{last_year}: from 1 to {MOST_YEARS} years can be written")
    if staff not in STAFF_ALLOWED:
        raise ValueError(f"the mean staff must be from {STAFF_ALLOWED[0]} to {STAFF_ALLOWED[-1]}, not {staff}")

    written = []
    for source, name, make in _files(trusts, first_year, last_year, seed, staff, dirt):
        if progress:
            progress(f"{source}/{name}")
        folder = directory / source
        folder.mkdir(parents=True, exist_ok=True)
        # A landing folder is watched: a file appears in it whole or not at all.
        unfinished = folder / f".{name}.unfinished"
        content = make()
        with unfinished.open("wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
        written.append(unfinished.replace(folder / name))
    return written


def _files(
    trusts: int, first_year: int, last_year: int, seed: int, staff: int, dirt: bool
) -> Iterator[tuple[str, str, Make]]:
    """Source, file name and the function that gives the content, one file after the other."""
    # A generator for each part, so that a change in one feed leaves the others as they were.
    register = organisations.draw(np.random.default_rng([seed, 1]), trusts, first_year, last_year)
    for name, content in organisations.feeds(np.random.default_rng([seed, 2]), register, first_year, last_year):
        yield "organisations", name, content
    yield "peer_groups", f"peer_groups_{last_year + 1}-03.csv", partial(peers.feed, register)
    of_survey = np.random.default_rng([seed, 3])
    questionnaire = survey.Questionnaire(of_survey, register, first_year, last_year)
    for name, content in survey.feeds(of_survey, questionnaire, register):
        yield "staff_survey", name, content
    plan = employers.plan(register, first_year, last_year, staff)
    about_people = people.feeds(seed, plan, questionnaire)
    yield from soiling.dirty(about_people, plan) if dirt else about_people
