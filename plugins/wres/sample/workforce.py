"""The feeds ``workforce``, a row a person, and ``workforce_counts``, from organisations without a person-level extract."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from wres.sample import ethnicity, jobs, records
from wres.sample.careers import FTE, Integers, People
from wres.sample.employers import Employer, Employers, Quarter

HEADER = (
    "snapshot_date,org_code,person_id,ethnic_category,staff_group,occupation_code,pay_band,medical_grade,"
    "is_medical_manager,is_bank_only,gender,fte,hourly_rate_gbp,joined_on,band_start_date,overseas_joined_on,code_system\n"
)
COUNTS_HEADER = "snapshot_date,org_code,staff_block,pay_band,ethnic_category,headcount,note\n"
PERSON = "SYNTHETIC-"
# Pay rises with the years in a band, up to this many, by this part a year; and everybody's with each financial year.
MOST_STEPS, STEP, PAY_RISE = 5, 0.035, 1.045

_CATEGORIES = records.table(ethnicity.CODES)
_GENDERS = records.table(["Male", "Female"])
# By is_bank_only + 2 × is_medical_manager.
_FLAGS = records.table(["N,N", "N,Y", "Y,N", "Y,Y"])
_FTE = records.table([f"{value:.2f}" for value in FTE])
_JOBS = [
    records.table(
        [
            f"{job.staff_group},{job.occupation},{labels[job.band] if job.band >= 0 else ''},{job.grade}"
            for job in jobs.JOBS
        ]
    )
    for labels in jobs.BAND_LABELS
]


def feed(plan: Employers, quarter: Quarter, staff: dict[str, People]) -> Iterator[bytes]:
    """The file of a quarter, organisation by organisation, of those that send people."""
    yield HEADER.encode("ascii")
    for employer in plan.reporting(quarter):
        if employer.sends_people:
            yield lines(employer, quarter, staff[employer.code])


def lines(employer: Employer, quarter: Quarter, people: People) -> bytes:
    """An organisation's lines."""
    years = (records.day(quarter.end) - people.band_start) // 365
    steps = np.clip(years, 0, MOST_STEPS)
    return records.lines(
        len(people),
        f"{quarter.end},{employer.code}",
        records.numbers(PERSON, people.number),
        _CATEGORIES.take(people.category),
        _JOBS[employer.number % len(_JOBS)].take(people.job),
        _FLAGS.take(people.bank + 2 * people.manager),
        _GENDERS.take(people.woman),
        _FTE.take(people.fte),
        _pay(quarter).take(people.job.astype(np.int64) * (MOST_STEPS + 1) + steps),
        records.dates(people.joined),
        records.dates(people.band_start),
        records.dates(people.overseas),
        "",
    )


@cache
def _pay(quarter: Quarter) -> records.Text:
    """Pounds an hour by job and years in the band."""
    rise = PAY_RISE ** (quarter.wres_year - jobs.LEVEL_YEAR)
    steps = range(MOST_STEPS + 1)
    return records.table([f"{job.pay * rise * (1 + STEP * step):.2f}" for job in jobs.JOBS for step in steps])


def counts_feed(plan: Employers, quarter: Quarter, tables: dict[str, Integers]) -> bytes:
    """Head counts by row of indicator 1 and group, of organisations that send nothing finer; empty rows left out."""
    rows = [
        [quarter.end, one.code, block, jobs.label(one.number, block, row), name, count, "SYNTHETIC"]
        for one in plan.reporting(quarter)
        if not one.sends_people
        for (block, row), heads in zip(jobs.ROWS, tables[one.code].tolist(), strict=True)
        for name, count in zip(ethnicity.GROUP_LABELS, heads, strict=True)
        if count
    ]
    return records.csv_text(COUNTS_HEADER, rows)
