"""The feed ``wres_return``: each organisation's return of a WRES year, counted from the same people as the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import xlsxwriter

from wres.sample import ethnicity, jobs, records
from wres.sample.board import VIEWS
from wres.sample.careers import Integers, People
from wres.sample.employers import Employers, Quarter
from wres.sample.population import BME, SKIPPED, WHITE, Counts, Population, benchmark_counts
from wres.sample.recruitment import BLOCKS
from wres.sample.survey import FEWEST_ANSWERS, new_workbook

HEADER = "org_code,wres_year,indicator,slice,data_item,white,bme,unknown,total,supplied_value,note\n"
NOTE = "SYNTHETIC"
SURVEY_INDICATORS = {5: "har_from_pat", 6: "har_from_staff", 7: "equal", 8: "q16b"}
# What the return of one organisation has more, or less, of than its records: block, row, group, heads.
SLIPS = (
    (jobs.CLINICAL, "band_5", WHITE, 3),
    (jobs.NON_CLINICAL, "band_3", BME, -1),
    (jobs.MEDICAL, "trainee_grades", BME, 2),
)
_NO_SUBSET = np.array([row != "senior_medical_manager" for _, row in jobs.ROWS])

Cell = str | int | Decimal
Row = list[Cell]


@dataclass
class Year:
    """What happened in one organisation since April: sums of recruitment, and who was disciplined or trained."""

    recruitment: list[Integers] = field(default_factory=list)
    disciplined: list[People] = field(default_factory=list)
    trained: list[People] = field(default_factory=list)


@dataclass(frozen=True)
class Figures:
    """The counts of one return, each by group (White, BME, Unknown).

    Attributes:
        heads: rows of indicator 1 (``jobs.ROWS``) x group.
        recruitment: staff block x (shortlisted, appointed) x group.
        board: views of indicator 9 x group.
        survey: indicator to (answers, base), White and BME; without those that the benchmark workbook does not show.
    """

    heads: Integers
    recruitment: Integers
    disciplined: Integers
    trained: Integers
    board: Integers
    survey: dict[int, tuple[Counts, Counts]]

    @property
    def workforce(self) -> Integers:
        return _workforce(self.heads)


class Returns:
    """Collects a year's events and gives the returns at its end."""

    def __init__(self, plan: Employers, population: Population) -> None:
        self.plan = plan
        self._population = population
        self._years: dict[str, Year] = {}

    def year(self, code: str) -> Year:
        return self._years.setdefault(code, Year())

    def figures(self, quarter: Quarter, heads: dict[str, Integers], boards: dict[str, Integers]) -> dict[str, Figures]:
        """The figures of every organisation's return on 31 March; the next year begins empty."""
        found = {}
        for employer in self.plan.reporting(quarter):
            year = self.year(employer.code)
            own = heads[employer.code].copy()
            if employer.code == self.plan.differs:
                for block, row, group, more in SLIPS:
                    place = jobs.ROWS.index((block, row))
                    own[place, group] = max(0, own[place, group] + more)
            staff = _workforce(own)
            found[employer.code] = Figures(
                heads=own,
                recruitment=np.sum(year.recruitment, axis=0),
                # Some have left since, or say another group: a return leaves out those beyond its staff.
                disciplined=np.minimum(_once(year.disciplined), staff),
                trained=np.minimum(_once(year.trained), staff),
                board=boards[employer.code],
                survey=self._survey(employer.code, quarter.wres_year - 1),
            )
        self._years = {}
        return found

    def _survey(self, code: str, year: int) -> dict[int, tuple[Counts, Counts]]:
        """What is filled in centrally from the benchmark workbook, in which boards have no sheet."""
        codes = [one.code for one in self._population.organisations]
        if code not in codes or not self._population.is_trust[codes.index(code)]:
            return {}
        measures = benchmark_counts(self._population.answers[year])
        place, found = codes.index(code), {}
        for indicator, name in SURVEY_INDICATORS.items():
            answers, base = (counts[place, :SKIPPED] for counts in measures[name])
            if (base >= FEWEST_ANSWERS).all():
                found[indicator] = (answers, base)
        return found


def rows(plan: Employers, code: str, wres_year: int, figures: Figures) -> Iterator[Row]:
    """The data rows of one return, in the order of the form."""

    def row(indicator: int, slice_: str, item: str, counts: Iterable[int], supplied: Decimal | str = "") -> Row:
        white, bme, unknown = (int(count) for count in counts)
        total = white + bme + unknown
        return [code, wres_year, str(indicator), slice_, item, white, bme, unknown, total, supplied, NOTE]

    for (block, name), heads in zip(jobs.ROWS, figures.heads, strict=True):
        yield row(1, f"{block}.{name}", "headcount", heads, share(heads))
    slices = {"": figures.recruitment.sum(axis=0), **dict(zip(BLOCKS, figures.recruitment, strict=True))}
    for slice_, (shortlisted, appointed) in slices.items():
        yield row(2, slice_, "shortlisted", shortlisted)
        yield row(2, slice_, "appointed", appointed, ratio(appointed, shortlisted, WHITE, BME))
    workforce = figures.workforce
    yield row(3, "", "workforce", workforce)
    if figures.disciplined.any() or code != plan.no_disciplinary:
        supplied = ratio(figures.disciplined, workforce, BME, WHITE)
        yield row(3, "", "entered_disciplinary", figures.disciplined, supplied)
    else:
        yield [code, wres_year, "3", "", "nil_return", "", "", "", "", "", NOTE]
    yield row(4, "", "workforce", workforce)
    yield row(4, "", "accessed_training", figures.trained, ratio(figures.trained, workforce, WHITE, BME))
    for indicator in SURVEY_INDICATORS:
        cells: list[Cell] = ["", ""]
        if indicator in figures.survey:
            answers, base = figures.survey[indicator]
            cells = [rounded(100 * int(a), int(b), 2) for a, b in zip(answers, base, strict=True)]
        yield [code, wres_year, str(indicator), "", "pct", *cells, "", "", "", NOTE]
    for view, members in zip(VIEWS, figures.board, strict=True):
        yield row(9, view, "members", members, _gap(members, workforce))
    yield row(9, "", "workforce", workforce)


def national(lines: Iterable[Row]) -> bytes:
    """A CSV file of returns."""
    return records.csv_text(HEADER, lines)


def workbook(lines: list[Row]) -> bytes:
    """A return as the workbook that a trust fills in: the figures, and a sheet of checks that nobody reads in."""
    book, content = new_workbook()
    sheet = book.add_worksheet("Return")
    form: list[Row] = [[*HEADER.strip().split(",")], *lines]
    for number, line in enumerate(form):
        _write(sheet, number, line)
    totals = {line[8] for line in lines if line[4] == "workforce"}
    checks = [
        ("Check (SYNTHETIC)", "Result"),
        ("Lines of the return", str(len(lines))),
        ("Workforce is the same in indicators 3, 4 and 9", "passed" if len(totals) == 1 else "failed"),
    ]
    sheet = book.add_worksheet("Checks")
    for number, cells in enumerate(checks):
        _write(sheet, number, cells)
    book.close()
    return content.getvalue()


def share(counts: Integers) -> Decimal | str:
    """BME as a percentage of all, to 1 decimal; empty where there is nobody."""
    return rounded(100 * int(counts[BME]), int(counts.sum()), 1)


def ratio(part: Integers, whole: Integers, over: int, under: int) -> Decimal | str:
    """Rate of group ``over`` ÷ rate of group ``under``, to 2 decimals; empty where it cannot be calculated."""
    return rounded(int(part[over]) * int(whole[under]), int(part[under]) * int(whole[over]), 2)


def rounded(numerator: int, denominator: int, places: int) -> Decimal | str:
    """A quotient rounded half away from zero, as on the form; empty where there is none."""
    if not denominator:
        return ""
    return (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _gap(members: Integers, workforce: Integers) -> Decimal | str:
    """Board % BME − workforce % BME, in points to 1 decimal."""
    board, staff = int(members.sum()), int(workforce.sum())
    return rounded(100 * (int(members[BME]) * staff - int(workforce[BME]) * board), board * staff, 1)


def _workforce(heads: Integers) -> Integers:
    """People by group, of all rows of indicator 1 but the subset."""
    total: Integers = heads[_NO_SUBSET].sum(axis=0)
    return total


def _once(parts: list[People]) -> Integers:
    """People by group, each once."""
    people = People.together(parts)
    _, first = np.unique(people.number, return_index=True)
    counts: Integers = np.bincount(people.group[first], minlength=len(ethnicity.GROUP_LABELS))
    return counts


def _write(sheet: xlsxwriter.worksheet.Worksheet, number: int, cells: Iterable[Cell]) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, str):
            if cell:
                sheet.write_string(number, column, cell)
        else:
            sheet.write_number(number, column, float(cell))
