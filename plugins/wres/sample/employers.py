"""Who sends the feeds of a quarter, how large they are, and which of them play a part that a reader should meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from wres.sample.organisations import Organisation, Register

# Of the staff of a trust made by a merger, what each predecessor had; and of the two that share out a third's staff,
# what each had from it.
MERGED_SHARES = (0.6, 0.4)
DIVIDED_SHARE = 0.2
GROWTH_PER_QUARTER = 0.006
FEWEST_STAFF = 12


@dataclass(frozen=True)
class Quarter:
    """Three months that end on ``end``; ``start`` is their first day."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.end:%Y-%m}"

    @property
    def wres_year(self) -> int:
        """Year of the first 31 March on or after the quarter's end."""
        return self.end.year + (self.end.month > 3)

    @property
    def closes_year(self) -> bool:
        return self.end.month == 3

    @property
    def moment(self) -> float:
        """The last day in years, whole on 31 March: 2023.5 is the end of September 2023."""
        return 2000 + (self.end - date(2000, 3, 31)).days / 365.25


@dataclass(frozen=True)
class Employer:
    """An organisation as an employer.

    Attributes:
        number: position in the country, from which its people's identifiers are made.
        staff: head count at the end of the last quarter, had it not closed before.
        inherits: from which organisations it takes staff over when they close, and what share of them.
        sends_people: has a person-level extract; otherwise it sends head counts.
    """

    number: int
    organisation: Organisation
    staff: float
    inherits: dict[str, float] = field(default_factory=dict)
    sends_people: bool = True

    @property
    def code(self) -> str:
        return self.organisation.code

    def exists(self, quarter: Quarter) -> bool:
        end = f"{quarter.end:%Y%m%d}"
        return self.organisation.opened <= end and (not self.organisation.closed or self.organisation.closed >= end)


@dataclass(frozen=True)
class Employers:
    """Every employer of the span of years, in code order, and the parts some of them play, as codes.

    Attributes:
        silent: exists, and sends nothing at all.
        differs: its return differs from its records by a few heads.
        no_bme_appointed: appoints no BME candidate in the first WRES year.
        no_disciplinary: had no disciplinary case in the last WRES year and says so in its return.
        workbooks: send their return as a workbook each.
        surveyed: have respondents of their own in the feed of survey responses.
    """

    employers: list[Employer]
    quarters: list[Quarter]
    silent: str
    differs: str
    no_bme_appointed: str
    no_disciplinary: str
    workbooks: tuple[str, ...]
    surveyed: tuple[str, ...]

    def reporting(self, quarter: Quarter) -> list[Employer]:
        return [one for one in self.employers if one.exists(quarter) and one.code != self.silent]


def plan(register: Register, first_year: int, last_year: int, staff: int) -> Employers:
    """Give every organisation its staff and its part. ``staff`` is the mean of open trusts in the last quarter."""
    quarters = list(_quarters(first_year, last_year))
    span = f"{quarters[0].end:%Y%m%d}"
    closing = {one.code: one for one in register.closed if one.closed >= span}
    heirs: dict[str, list[str]] = {code: [] for code in closing}
    for old, new, _ in register.successions:
        if old in closing:
            heirs[old].append(new)
    # Respondents follow the size of a trust, so that the survey and the workforce describe the same one.
    trusts = register.trusts
    per_respondent = staff / (sum(one.respondents for one in trusts) / len(trusts))
    size = {one.code: max(FEWEST_STAFF, one.respondents * per_respondent) for one in register.surveyed}
    inherits: dict[str, dict[str, float]] = {one.code: {} for one in register.surveyed}
    merged: dict[str, int] = {}
    for old, successors in heirs.items():
        if len(successors) == 1:
            heir = successors[0]
            place = merged[heir] = merged.get(heir, -1) + 1
            size[old] = size[heir] * MERGED_SHARES[place]
            inherits[heir][old] = 1.0
        else:
            size[old] = sum(DIVIDED_SHARE * size[heir] for heir in successors)
            for heir in successors:
                inherits[heir][old] = DIVIDED_SHARE * size[heir] / size[old]

    quiet = [one.code for one in trusts if not inherits[one.code]] + [one.code for one in trusts if inherits[one.code]]
    silent, counted, differs, no_disciplinary = quiet[:4]
    counts_only = {counted, quiet[5]} if len(quiet) > 8 else {counted}
    taken = {silent, counted, differs, no_disciplinary}
    ordinary = [one.code for one in trusts if one.code not in taken and one.opened <= span] or quiet[-1:]
    everyone = sorted([*register.surveyed, *closing.values()], key=lambda one: one.code)
    return Employers(
        employers=[
            Employer(number, one, size[one.code], inherits.get(one.code, {}), one.code not in counts_only)
            for number, one in enumerate(everyone)
        ],
        quarters=quarters,
        silent=silent,
        differs=differs,
        no_bme_appointed=min(ordinary, key=lambda code: size[code]),
        no_disciplinary=no_disciplinary,
        workbooks=(differs, no_disciplinary, *ordinary[1:2]),
        surveyed=(*sorted(code for code in quiet[2:4]), *(one.code for one in register.surveyed if not one.is_trust)),
    )


def _quarters(first_year: int, last_year: int) -> Iterator[Quarter]:
    """From April of the first survey year to March after the last one."""
    for year in range(first_year, last_year + 1):
        starts = [date(year, 4, 1), date(year, 7, 1), date(year, 10, 1), date(year + 1, 1, 1), date(year + 1, 4, 1)]
        for start, following in pairwise(starts):
            yield Quarter(start, following - timedelta(days=1))
