"""The feed ``board``: who sits on the board at the end of each quarter. Seats stay, people change now and then."""

from __future__ import annotations

import numpy as np

from wres.sample import ethnicity, records
from wres.sample.careers import Integers
from wres.sample.employers import Employer, Employers, Quarter
from wres.sample.population import BME, BME_SHARE, shifted

HEADER = "as_at,org_code,member_id,role_title,is_voting,is_executive,ethnic_category\n"
# Title, voting, executive. A board has all of the first, and each of the others by chance.
SEATS = (
    ("Chair", True, False),
    *(("Non-Executive Director", True, False),) * 5,
    ("Chief Executive", True, True),
    ("Chief Finance Officer", True, True),
    ("Chief Nurse", True, True),
    ("Chief Medical Officer", True, True),
)
OTHER_SEATS = (
    ("Chief Operating Officer", True, True),
    ("Chief People Officer", False, True),
    ("Director of Strategy", False, True),
    ("Associate Non-Executive Director", False, False),
)
OTHER_SEAT_CHANCE = 0.7
# % BME of all members on 31 March; executives are fewer.
LEVEL = {2018: 7.4, 2019: 8.4, 2021: 12.6, 2022: 13.2, 2023: 15.6, 2024: 16.5, 2026: 17.6}
EXECUTIVE, NON_EXECUTIVE = 0.75, 1.25
UNKNOWN_SHARE = 0.05
REPLACED = 0.05
# Newcomers bring a board to the level that the country has by then.
NEWCOMERS = 1.4
# By view of indicator 9, which members it counts: (is_voting, is_executive) -> bool.
VIEWS = {
    "board.total": lambda voting, executive: True,
    "board.voting": lambda voting, executive: voting,
    "board.non_voting": lambda voting, executive: not voting,
    "board.executive": lambda voting, executive: executive,
    "board.non_executive": lambda voting, executive: not executive,
}


class Boards:
    """The boards of every employer, carried from quarter to quarter."""

    def __init__(self, seed: int, plan: Employers) -> None:
        self.plan = plan
        self._rng = {one.code: np.random.default_rng([seed, 5, one.number]) for one in plan.employers}
        self._seats: dict[str, list[tuple[str, bool, bool]]] = {}
        # By seat: which person since the first, and the position of their category.
        self._members: dict[str, list[tuple[int, int]]] = {}

    def feed(self, quarter: Quarter) -> tuple[bytes, dict[str, Integers]]:
        """The file of a quarter, and members by organisation: view x group."""
        present = self.plan.reporting(quarter)
        national = float(np.interp(quarter.moment, list(LEVEL), list(LEVEL.values()))) / 100
        regions = np.array([BME_SHARE[one.organisation.area.region] for one in present])
        shares = shifted(np.log(regions / (1 - regions)), np.ones(len(present)), national)
        rows: list[list[object]] = []
        counts = {}
        for employer, share in zip(present, shares.tolist(), strict=True):
            self._change(employer, share)
            counts[employer.code] = self._write(rows, employer, quarter)
        return records.csv_text(HEADER, rows), counts

    def _change(self, employer: Employer, share: float) -> None:
        rng, code = self._rng[employer.code], employer.code
        first = code not in self._seats
        if first:
            others = [seat for seat in OTHER_SEATS if rng.random() < OTHER_SEAT_CHANCE]
            self._seats[code] = [*SEATS, *others]
            self._members[code] = [(0, 0)] * len(self._seats[code])
        last = max(number for number, _ in self._members[code])
        for place, (_, _, executive) in enumerate(self._seats[code]):
            chance = share * (EXECUTIVE if executive else NON_EXECUTIVE) * (1 if first else NEWCOMERS)
            draws = rng.random(3)
            if first or draws[0] < REPLACED:
                last += 1
                group = ethnicity.UNKNOWN if draws[1] < UNKNOWN_SHARE else BME * (draws[2] < min(chance, 0.9))
                self._members[code][place] = (last, int(ethnicity.draw(rng, np.array([group]))[0]))

    def _write(self, rows: list[list[object]], employer: Employer, quarter: Quarter) -> Integers:
        counts = np.zeros((len(VIEWS), len(ethnicity.GROUP_LABELS)), dtype=np.int64)
        seats, members = self._seats[employer.code], self._members[employer.code]
        for (title, voting, executive), (number, category) in zip(seats, members, strict=True):
            member = f"SYNTHETIC-{employer.code}-{number:02d}"
            flags = ["yes" if flag else "no" for flag in (voting, executive)]
            rows.append([quarter.end, employer.code, member, title, *flags, ethnicity.CODES[category]])
            belongs = [view(voting, executive) for view in VIEWS.values()]
            counts[belongs, ethnicity.GROUP_OF[category]] += 1
        return counts
