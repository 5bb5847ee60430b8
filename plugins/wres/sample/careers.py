"""Synthetic careers: people who join, move up and leave from quarter to quarter, as arrays of small integers.

Nobody is an object here: an organisation's staff is one set of arrays, carried from quarter to quarter, and 1.4 million
people take some thirty megabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from wres.sample import ethnicity, jobs, records
from wres.sample.employers import GROWTH_PER_QUARTER, Employer, Employers, Quarter
from wres.sample.population import BME, BME_SHARE

Integers = npt.NDArray[np.integer]
Rates = npt.NDArray[np.float64]

PEOPLE_PER_ORGANISATION = 1_000_000
NEVER = np.iinfo(np.int32).min
# How far regions lie apart is taken from the survey; spread of organisations within one, in log odds.
LEAN_SPREAD = 0.3
UNKNOWN_SHARE, UNKNOWN_SPREAD = 0.036, 0.35
# White people's chance of a promotion is the job's own.
BME_PROMOTION = 0.75
SETTLED_DAYS = 300
BANK_SHARE, BANK_LEAVE, BANK_BME = 0.06, 0.06, 0.42
MANAGER_CHANCE = {False: 0.055, True: 0.035}
FTE = (1.0, 0.9, 0.8, 0.6, 0.5, 0.4)
FTE_CUMULATIVE = np.cumsum((0.62, 0.06, 0.13, 0.12, 0.05, 0.02))
MEAN_YEARS, MOST_YEARS = 7.0, 38.0


@dataclass
class People:
    """Staff of one organisation: arrays of one length, one element a person.

    Attributes:
        number: identifies a person for good, wherever they go.
        job, category, fte: positions in ``jobs.JOBS``, ``ethnicity.CODES`` and ``FTE``.
        joined, band_start, overseas: days since 1 January 1970; ``overseas`` is ``NEVER`` for most.
    """

    number: Integers
    job: Integers
    category: Integers
    woman: npt.NDArray[np.bool_]
    manager: npt.NDArray[np.bool_]
    bank: npt.NDArray[np.bool_]
    fte: Integers
    joined: Integers
    band_start: Integers
    overseas: Integers

    def __len__(self) -> int:
        return len(self.number)

    @property
    def group(self) -> Integers:
        return ethnicity.GROUP_OF[self.category]

    def some(self, which: npt.NDArray[np.bool_]) -> People:
        return People(*(getattr(self, one.name)[which] for one in fields(self)))

    @staticmethod
    def together(parts: list[People]) -> People:
        return People(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(People)))


class Careers:
    """The staff of every employer, quarter after quarter.

    Each employer has a generator of its own, so that its people do not depend on who else exists.
    """

    def __init__(self, seed: int, plan: Employers) -> None:
        self.plan = plan
        self._rng = {one.code: np.random.default_rng([seed, 4, one.number]) for one in plan.employers}
        self._next = {one.code: one.number * PEOPLE_PER_ORGANISATION for one in plan.employers}
        self._shares, self._offset, self._lean, self._unknown = {}, {}, {}, {}
        for one in plan.employers:
            rng = self._rng[one.code]
            shares = jobs.shares(jobs.MIX[one.organisation.group])
            varied = shares * rng.gamma(40.0, 1 / 40.0, len(shares))
            self._shares[one.code] = varied / varied.sum()
            # Where a share gives half a person, chance says once and for all whether it is one or none.
            self._offset[one.code] = rng.random(len(shares))
            self._lean[one.code] = _logit(BME_SHARE[one.organisation.area.region]) + rng.normal(0.0, LEAN_SPREAD)
            self._unknown[one.code] = min(0.25, UNKNOWN_SHARE * rng.lognormal(0.0, UNKNOWN_SPREAD))
        self._staff: dict[str, People] = {}

    def quarters(self) -> Iterator[tuple[Quarter, dict[str, People]]]:
        """Each quarter with the staff on its last day by organisation, in code order."""
        for quarter in self.plan.quarters:
            self._hand_over(quarter)
            present = [one for one in self.plan.employers if one.exists(quarter)]
            wanted = np.stack([self._wanted(one, quarter) for one in present])
            levels = self._levels(present, wanted, quarter)
            for one, posts, level in zip(present, wanted, levels, strict=True):
                self._move(one, quarter, posts, level)
            yield quarter, {one.code: self._staff[one.code] for one in present}

    def _hand_over(self, quarter: Quarter) -> None:
        """Staff of organisations that have closed go to their successors."""
        closed = [one for one in self.plan.employers if one.code in self._staff and not one.exists(quarter)]
        for old in closed:
            people = self._staff.pop(old.code)
            heirs = [one for one in self.plan.employers if old.code in one.inherits]
            edges = np.cumsum([heir.inherits[old.code] for heir in heirs])[:-1]
            fate = np.searchsorted(edges, self._rng[old.code].random(len(people)), side="right")
            for place, heir in enumerate(heirs):
                before = [self._staff[heir.code]] if heir.code in self._staff else []
                self._staff[heir.code] = People.together([*before, people.some(fate == place)])

    def _wanted(self, employer: Employer, quarter: Quarter) -> Integers:
        """Posts by job."""
        quarters = self.plan.quarters
        staff = employer.staff / (1 + GROWTH_PER_QUARTER) ** (len(quarters) - 1 - quarters.index(quarter))
        for old in self.plan.employers:
            if old.exists(quarter):
                staff -= old.staff * employer.inherits.get(old.code, 0.0)
        posts = np.floor(staff * self._shares[employer.code] + self._offset[employer.code])
        return posts.astype(np.int64)

    def _levels(self, present: list[Employer], wanted: Integers, quarter: Quarter) -> Rates:
        """BME share by organisation and job, so shifted that all organisations pooled give the level of the date."""
        years = quarter.moment - jobs.LEVEL_YEAR
        national = _logit(np.array([job.bme for job in jobs.JOBS]) / 100) + jobs.RISE_PER_YEAR * years
        target = 1 / (1 + np.exp(-national)) * wanted.sum(axis=0)
        lean = np.array([self._lean[one.code] for one in present])[:, None]
        low, high = np.full(len(target), -12.0), np.full(len(target), 12.0)
        for _ in range(40):
            middle = (low + high) / 2
            rates: Rates = 1 / (1 + np.exp(-lean - middle))
            short = (rates * wanted).sum(axis=0) < target
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return rates

    def _move(self, employer: Employer, quarter: Quarter, wanted: Integers, level: Rates) -> None:
        """One quarter of leaving, promotion and joining."""
        rng, code = self._rng[employer.code], employer.code
        people = self._staff.get(code)
        if people is None:
            self._staff[code] = self._recruit(employer, quarter, wanted, level, None)
            return
        chance = rng.random(len(people))
        leave = np.where(people.bank, BANK_LEAVE, jobs.LEAVE_CHANCE[people.job])
        promote = jobs.PROMOTION_CHANCE[people.job] * np.where(people.group == BME, BME_PROMOTION, 1.0)
        promote[people.bank | (people.band_start > records.day(quarter.start) - SETTLED_DAYS)] = 0.0
        rises = np.flatnonzero((chance >= leave) & (chance < leave + promote))
        people.job[rises] = jobs.FOLLOWING[people.job[rises]]
        people.band_start[rises] = records.day(quarter.start) + rng.integers(0, _days(quarter), len(rises))
        people = people.some(chance >= leave)
        joiners = self._recruit(employer, quarter, wanted, level, people)
        self._staff[code] = People.together([people, joiners])

    def _recruit(
        self, employer: Employer, quarter: Quarter, wanted: Integers, level: Rates, people: People | None
    ) -> People:
        """Joiners for the vacant posts; with no ``people`` yet the whole staff, who joined over many years."""
        rng = self._rng[employer.code]
        unknown = self._unknown[employer.code]
        kinds = len(jobs.JOBS)
        bank_wanted = round(BANK_SHARE * int(wanted.sum()))
        if people is None:
            vacant, bme_wanted, on_bank = wanted, level * wanted, 0
        else:
            own = ~people.bank
            filled = np.bincount(people.job[own], minlength=kinds)
            vacant = np.where(jobs.IS_OPEN, np.maximum(wanted - filled, 0), 0)
            here = np.bincount(people.job[own & (people.group == BME)], minlength=kinds)
            bme_wanted = level * np.maximum(wanted, filled) - here
            on_bank = int(people.bank.sum())
        # Those who join make up what the organisation's level lacks, so that levels follow the published years.
        bme = np.clip(bme_wanted / np.maximum(vacant, 1) / (1 - unknown), 0.02, 0.95)
        job = np.repeat(np.arange(kinds), vacant)
        share = bme[job]
        bank = rng.choice(kinds, max(0, bank_wanted - on_bank), p=self._bank_jobs(employer))
        is_bank = np.arange(len(job) + len(bank)) >= len(job)
        job, share = np.concatenate([job, bank]), np.concatenate([share, np.full(len(bank), BANK_BME)])
        count = len(job)
        is_bme = rng.random(count) < share
        group = np.where(rng.random(count) < unknown, ethnicity.UNKNOWN, is_bme)
        end = records.day(quarter.end)
        if people is None:
            years = np.minimum(rng.exponential(MEAN_YEARS, count), MOST_YEARS)
            joined = (end - 365.25 * years).astype(np.int32)
            band_start = (joined + (end - joined) * rng.random(count) ** 1.5).astype(np.int32)
        else:
            joined = band_start = (records.day(quarter.start) + rng.integers(0, _days(quarter), count)).astype(np.int32)
        from_overseas = (group == BME) & (rng.random(count) < jobs.OVERSEAS[job]) & ~is_bank
        consultant = (job == jobs.CONSULTANT) & ~is_bank
        manager_chance = np.where(is_bme, MANAGER_CHANCE[True], MANAGER_CHANCE[False])
        first = self._next[employer.code]
        self._next[employer.code] += count
        return People(
            number=np.arange(first, first + count, dtype=np.int32),
            job=job.astype(np.uint8),
            category=ethnicity.draw(rng, group),
            woman=rng.random(count) < np.array([one.women for one in jobs.JOBS])[job],
            manager=consultant & (rng.random(count) < manager_chance),
            bank=is_bank,
            fte=np.searchsorted(FTE_CUMULATIVE[:-1], rng.random(count), side="right").astype(np.uint8),
            joined=joined,
            band_start=band_start.copy(),
            overseas=np.where(from_overseas, joined, NEVER).astype(np.int32),
        )

    def _bank_jobs(self, employer: Employer) -> Rates:
        """The bank is made of nurses, support workers and clerks."""
        usual = np.array([job.row in ("band_2", "band_3", "band_5", "band_6") for job in jobs.JOBS])
        shares = self._shares[employer.code] * usual
        return shares / shares.sum()


def counts(people: People) -> Integers:
    """Head count by row of indicator 1 (``jobs.ROWS``) and group; the senior medical managers' row is a subset."""
    own = people.some(~people.bank)
    rows, groups = len(jobs.ROWS), len(ethnicity.GROUP_LABELS)
    table = np.bincount(jobs.ROW_OF_JOB[own.job] * groups + own.group, minlength=rows * groups).reshape(rows, groups)
    managers = own.some(own.manager)
    table[jobs.ROWS.index((jobs.MEDICAL, "senior_medical_manager"))] = np.bincount(managers.group, minlength=groups)
    return table


def _logit(share: float | Rates) -> float | Rates:
    return np.log(share / (1 - share))


def _days(quarter: Quarter) -> int:
    return (quarter.end - quarter.start).days + 1
