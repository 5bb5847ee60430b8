"""The feeds ``employee_relations`` and ``training``: what happens to people, drawn from the staff of each quarter."""

from __future__ import annotations

import numpy as np

from wres.sample import ethnicity, records
from wres.sample.careers import Integers, People
from wres.sample.employers import Employer, Employers, Quarter
from wres.sample.workforce import PERSON

CASES_HEADER = "org_code,case_id,person_id,process,entered_on,ethnic_category\n"
TRAINING_HEADER = "org_code,person_id,completed_on,is_mandatory,ethnic_category,definition_note\n"
# By process, the chance of a case in a year (White, BME, Unknown).
PROCESSES = {
    "disciplinary": (0.0087, 0.0098, 0.009),
    "grievance": (0.004, 0.0052, 0.004),
    "capability": (0.003, 0.0036, 0.003),
}
RATE_SPREAD, RATIO_SPREAD = 0.2, 0.15
# Of the cases, those of somebody who has one already, and those written down a quarter late.
SECOND_CASE, LATE = 0.03, 0.03
LATE_DAYS = 60
# Chance of a course in a quarter (White, BME, Unknown), and of a mandatory one for everybody.
COURSE, MANDATORY = (0.153, 0.141, 0.13), 0.12
NOTES = (
    "SYNTHETIC: courses of half a day or more",
    "SYNTHETIC: all non-mandatory learning on record",
    "SYNTHETIC: CPD with study leave or funding",
)

_CATEGORIES = records.table(ethnicity.CODES)
_PROCESS_TABLE = records.table(list(PROCESSES))
_FLAGS = records.table(["false", "true"])


def cases(seed: int, plan: Employers, employer: Employer, quarter: Quarter, people: People) -> tuple[bytes, People]:
    """An organisation's cases of a quarter, and the people who entered the disciplinary process (some twice)."""
    rng = np.random.default_rng([seed, 7, employer.number, plan.quarters.index(quarter)])
    lean = np.random.default_rng([seed, 7, employer.number]).normal(0.0, (RATE_SPREAD, RATIO_SPREAD))
    yearly = np.array(list(PROCESSES.values())) * np.exp(lean[0])
    yearly[:, 1] *= np.exp(lean[1])
    if employer.code == plan.no_disciplinary and quarter.wres_year == plan.quarters[-1].wres_year:
        yearly[list(PROCESSES).index("disciplinary")] = 0.0
    edges = np.cumsum(yearly / 4, axis=0)[:, people.group]
    process = (rng.random(len(people)) >= edges).sum(axis=0)
    process[people.bank] = len(PROCESSES)
    who = np.flatnonzero(process < len(PROCESSES))
    who = np.repeat(who, 1 + (rng.random(len(who)) < SECOND_CASE))
    if not len(who):
        return f"{employer.code},nil_return,SYNTHETIC,,{quarter.end},\n".encode("ascii"), people.some(process < 0)
    entered = _day_in(rng, quarter, len(who))
    # A late case stays within the year, so that the year's return need not be mended.
    before = plan.quarters[max(0, plan.quarters.index(quarter) - 1)]
    if quarter.start.month != 4 and employer.exists(before):
        late = rng.random(len(who)) < LATE
        entered = np.where(late, records.day(quarter.start) - rng.integers(1, LATE_DAYS, len(who)), entered)
    text = records.lines(
        len(who),
        employer.code,
        records.numbers(f"SYNTHETIC-{employer.code}-{quarter}-", np.arange(len(who)), 6),
        records.numbers(PERSON, people.number[who]),
        _PROCESS_TABLE.take(process[who]),
        records.dates(np.maximum(entered, people.joined[who])),
        _CATEGORIES.take(people.category[who]),
    )
    return text, people.some(process == list(PROCESSES).index("disciplinary"))


def courses(seed: int, plan: Employers, employer: Employer, quarter: Quarter, people: People) -> tuple[bytes, People]:
    """An organisation's courses of a quarter, and the people who took one that is not mandatory."""
    rng = np.random.default_rng([seed, 8, employer.number, plan.quarters.index(quarter)])
    lean = np.random.default_rng([seed, 8, employer.number]).normal(0.0, (RATE_SPREAD, RATIO_SPREAD / 3))
    chance = np.array(COURSE) * np.exp(lean[0] - RATE_SPREAD**2 / 2)
    chance[1] *= np.exp(lean[1])
    draws = rng.random((2, len(people)))
    own = ~people.bank
    chosen = [own & (draws[0] < chance[people.group]), own & (draws[1] < MANDATORY)]
    who = np.concatenate([np.flatnonzero(one) for one in chosen])
    if not len(who):
        note = NOTES[employer.number % len(NOTES)]
        return f"{employer.code},nil_return,{quarter.end},false,,{note}\n".encode("ascii"), people.some(chosen[0])
    mandatory = np.arange(len(who)) >= chosen[0].sum()
    completed = np.maximum(_day_in(rng, quarter, len(who)), people.joined[who])
    text = records.lines(
        len(who),
        employer.code,
        records.numbers(PERSON, people.number[who]),
        records.dates(completed),
        _FLAGS.take(mandatory),
        _CATEGORIES.take(people.category[who]),
        NOTES[employer.number % len(NOTES)],
    )
    return text, people.some(chosen[0])


def _day_in(rng: np.random.Generator, quarter: Quarter, count: int) -> Integers:
    first, last = records.day(quarter.start), records.day(quarter.end)
    return rng.integers(first, last + 1, count)
