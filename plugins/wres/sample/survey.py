"""Synthetic survey workbooks in the official layouts: detailed by organisation, detailed national, benchmark."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import groupby
from typing import cast

import numpy as np
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from wres.registry import MapRow, Scale, SurveyWorkbook, registry, survey_map, survey_scales
from wres.sample.organisations import AMBULANCE, BOARDS, REGIONS, TRUST_GROUPS, Register
from wres.sample.population import BME, WHITE, Counts, Population, benchmark_counts
from wres.settings import settings

Cells = list[list[float | int | str]]

# The year whose official layout the map lists in full: every detailed workbook is written in it.
LAYOUT_YEAR = 2024
FEWEST_ANSWERS = 10
SUPPRESSED = "-"
SUPPRESSION_NOTE = (
    "\nNote: In order to the preserve anonymity of individual staff, where there were fewer than 10 responses to a "
    "question results are not displayed"
)
NOTES = (
    "SYNTHETIC data: drawn at random in the layout of the official workbook. No figure here describes a real "
    "organisation or real people."
)

# The four White groups of the ethnicity question, then its fourteen others, as shares of White and of BME staff.
WHITE_SHARES = (0.9, 0.015, 0.002, 0.083)
BME_SHARES = (0.02, 0.015, 0.02, 0.035, 0.29, 0.055, 0.025, 0.025, 0.18, 0.205, 0.05, 0.02, 0.02, 0.04)
# Ground named by those discriminated against (White, BME, no ethnic group given).
GROUND = {
    "discrimination_ground_ethnicity": (0.23, 0.84, 0.54),
    "discrimination_ground_gender": (0.26, 0.13, 0.2),
    "discrimination_ground_religion": (0.03, 0.07, 0.05),
    "discrimination_ground_sexual_orientation": (0.06, 0.02, 0.04),
    "discrimination_ground_disability": (0.14, 0.05, 0.1),
    "discrimination_ground_age": (0.24, 0.11, 0.19),
    "discrimination_ground_other": (0.33, 0.15, 0.27),
}
VIOLENCE = {
    "violence_public": (0.14, 0.16, 0.15),
    "violence_managers": (0.005, 0.013, 0.009),
    "violence_colleagues": (0.013, 0.028, 0.02),
}
# Usual answers to questions outside the WRES; a scale without a line here has no usual answer.
USUAL = {
    "patient_contact": (68, 12, 20),
    "how_often": (10, 22, 36, 22, 10),
    "agreement": (5, 12, 23, 43, 17),
    "satisfaction": (9, 17, 26, 36, 12),
    "contracted_hours": (21, 79),
    "frequency": (94, 3.5, 1, 0.7, 0.8),
    "gender": (75, 21, 0.4, 0.2, 3.4),
    "yes_no_prefer_not_to_say": (92, 4, 4),
    "age": (1, 16, 26, 25, 30, 2),
    "sexual_orientation": (88, 3, 3, 1, 5),
    "score": (67, 33),
}
# Asked only of those who gave this answer to an earlier question.
FOLLOWS = {"Q11e": ("Q11d", 0), "Q23b": ("Q23a", 0), "Q23c": ("Q23a", 0), "Q23d": ("Q23a", 0), "Q31b": ("Q31a", 0)}
# Breakdowns of the national workbook beside area and ethnic group: the question each comes from, and its subgroups
# where they are not printed like the answers.
BREAKDOWNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Full time / Part time": ("Q10a", ("Part time (Up to 29 hours)", "Full time (30 or more hours)")),
    "Gender": ("Q27a", ()),
    "Age": ("Q27c", ()),
    "Long lasting health conditions or illnesses": (
        "Q31a",
        (
            "Staff with one or more long lasting health conditions or illnesses",
            "Staff without a long lasting health condition or illness",
        ),
    ),
    "Recruited from outside UK (International recruitment)": ("Q34b", ()),
}
ETHNIC_SUMMARY = ("White staff", "Staff from all other ethnic groups combined")


@dataclass(frozen=True)
class Question:
    """One question of the detailed workbooks with its answers, organisations x 3 groups x answers.

    A question that prints one answer only (a ground, a score) has the remainder as a second, unprinted one.
    """

    row: MapRow
    scale: Scale
    counts: Counts

    @property
    def labels(self) -> list[str]:
        return list(self.scale.printed(self.row.question))


class Questionnaire:
    """Every question of the survey's last year, answered by one population."""

    def __init__(self, rng: np.random.Generator, register: Register, first_year: int, last_year: int) -> None:
        self._rng = rng
        self._register = register
        self.year = last_year
        self._first_year = first_year

    @cached_property
    def population(self) -> Population:
        years = range(self._first_year, self.year + 1)
        return Population(self._rng, self._register.surveyed, years)

    @cached_property
    def respondents(self) -> Counts:
        return self.population.respondents[self.year]

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Questions by code, in the order of the workbook."""
        folder = settings().sources
        scales = survey_scales(folder, "staff_survey")
        asked: dict[str, Question] = {}
        for row in survey_map(folder, "staff_survey"):
            if row.first_year <= LAYOUT_YEAR <= row.last_year:
                asked[row.question] = Question(row, scales[row.scale], self._answers(row, scales[row.scale], asked))
        return asked

    def _answers(self, row: MapRow, scale: Scale, asked: dict[str, Question]) -> Counts:
        known = self.population.answers[self.year]
        item = row.item or ""
        if item in known:
            return known[item]
        if item == "ethnic_group":
            return self._ethnic_groups()
        if item in GROUND:
            by = (known[one][:, :, 0] for one in ("discrimination_public", "discrimination_staff"))
            discriminated = _at_least_once(*by)
            yes = self._rng.binomial(discriminated, GROUND[item])
            return np.stack([yes, discriminated - yes], axis=2)
        if item in VIOLENCE:
            base = self._rng.binomial(self.respondents, 0.985)
            experienced = self._rng.binomial(base, VIOLENCE[item])
            times = self._rng.multinomial(experienced, (0.6, 0.22, 0.08, 0.1))
            return np.concatenate([(base - experienced)[:, :, None], times], axis=2)
        return self._usual(row, scale, self._base(row, asked))

    def _base(self, row: MapRow, asked: dict[str, Question]) -> Counts:
        """How many answer a question outside the WRES."""
        if row.item and row.item.endswith("_reported"):
            kind = row.item.removesuffix("_reported")
            experiences = [one for one in asked.values() if one.row.item and one.row.item.startswith(kind)]
            return _at_least_once(*(one.counts[:, :, 1:].sum(axis=2) for one in experiences))
        if row.question in FOLLOWS:
            earlier, answer = FOLLOWS[row.question]
            return asked[earlier].counts[:, :, answer]
        return self._rng.binomial(self.respondents, self._rng.uniform(0.96, 0.99))

    def _usual(self, row: MapRow, scale: Scale, base: Counts) -> Counts:
        answers = max(2, len(scale.labels) - 1)
        usual = np.array(USUAL.get(row.scale, (1.0,) * answers))
        question = self._rng.dirichlet(60 * usual / usual.sum()) + 1e-6
        # Organisations differ a little around what is usual for the question.
        shares = self._rng.dirichlet(200 * question / question.sum(), size=(len(base), 1))
        counts: Counts = self._rng.multinomial(base, shares)
        return counts

    def _ethnic_groups(self) -> Counts:
        white = self._rng.multinomial(self.respondents[:, WHITE], WHITE_SHARES)
        other = self._rng.multinomial(self.respondents[:, BME], BME_SHARES)
        counts = np.zeros((len(white), 3, len(WHITE_SHARES) + len(BME_SHARES)), dtype=np.int64)
        counts[:, WHITE, : len(WHITE_SHARES)] = white
        counts[:, BME, len(WHITE_SHARES) :] = other
        return counts


def detailed_layout(name: str) -> SurveyWorkbook:
    """The registered layout of a detailed workbook: its key columns, rows and years."""
    return cast(SurveyWorkbook, registry(settings())["staff_survey"].layout(name))


def feeds(
    rng: np.random.Generator, questionnaire: Questionnaire, register: Register
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """File names of the source ``staff_survey`` with the functions that give their bytes.

    ``rng`` is the questionnaire's own: what it draws follows the answers.
    """
    last_year = questionnaire.year
    detailed = f"SYNTHETIC NSS{last_year % 100:02d} detailed spreadsheets"
    yield f"{detailed} organisational results.xlsx", partial(_organisational, questionnaire, register)
    yield f"{detailed} national results.xlsx", partial(_national, rng, questionnaire, register)
    yield f"SYNTHETIC Benchmark report Excel data {last_year}.xlsx", partial(_benchmark, questionnaire, register)


def _organisational(questionnaire: Questionnaire, register: Register) -> bytes:
    keys: Cells = []
    for organisation in register.surveyed:
        group, area = organisation.group, organisation.area
        region = SUPPRESSED if group is BOARDS else REGIONS[area.region][0]
        ics = SUPPRESSED if group in (BOARDS, AMBULANCE) else area.name
        weighting = "Unweighted" if group is BOARDS else "Occupation Group"
        keys.append([organisation.code, organisation.name, group.name, region, ics, weighting])
    questions = questionnaire.questions
    blocks = {code: _printed(question, question.counts.sum(axis=1)) for code, question in questions.items()}
    return _detailed(questionnaire, "Organisational results", "detailed_organisational", keys, blocks)


def _national(rng: np.random.Generator, questionnaire: Questionnaire, register: Register) -> bytes:
    """England and its breakdowns: areas are sums of trusts, other subgroups share out the national answers."""
    trusts = questionnaire.population.is_trust
    questions = questionnaire.questions
    regions = [code for code in REGIONS if any(trust.area.region == code for trust in register.trusts)]
    areas = [area for area in register.areas if any(trust.area == area for trust in register.trusts)]
    surveyed = register.surveyed
    members = [
        *(trusts & [one.area.region == region for one in surveyed] for region in regions),
        *(trusts & [one.area == area and one.group is not AMBULANCE for one in surveyed] for area in areas),
    ]
    ethnicity = next(question for question in questions.values() if question.row.item == "ethnic_group")
    people = questionnaire.respondents[trusts].sum(axis=0)
    groups = ethnicity.counts[trusts].sum(axis=0)

    subgroups: list[tuple[str, str]] = [("", "")]
    subgroups += [("Region", REGIONS[region][0]) for region in regions]
    subgroups += [("ICS", area.name) for area in areas]
    subgroups += [("Ethnic background (detailed)", label) for label in _subgroup_names(ethnicity)]
    subgroups += [("Ethnic background (summary)", name) for name in ETHNIC_SUMMARY]
    for breakdown, (code, names) in BREAKDOWNS.items():
        subgroups += [(breakdown, name) for name in names or _subgroup_names(questions[code])]

    blocks = {}
    for code, question in questions.items():
        national = question.counts[trusts].sum(axis=0)
        everyone = national.sum(axis=0)
        rows = [everyone, *(question.counts[member].sum(axis=(0, 1)) for member in members)]
        if question is ethnicity:
            # The official workbook leaves a question out of its own breakdown.
            rows += [np.zeros_like(everyone)] * len(everyone)
        else:
            white = _shared_out(rng, national[WHITE], groups[WHITE, : len(WHITE_SHARES)])
            rows += [*white, *_shared_out(rng, national[BME], groups[BME, len(WHITE_SHARES) :])]
        rows += [national[WHITE], national[BME]]
        for own, _ in BREAKDOWNS.values():
            sizes = questions[own].counts[trusts].sum(axis=(0, 1))
            if code == own:
                rows += [np.zeros_like(everyone)] * len(sizes)
            else:
                # The last subgroup is of those who did not say, and is not printed.
                rows += [*_shared_out(rng, everyone, np.append(sizes, people.sum() - sizes.sum()))][:-1]
        blocks[code] = _printed(question, np.array(rows))

    all_staff, breakdowns = "Organisation Size and Occupation Group", "Organisation Size"
    keys: Cells = [["National", *names, breakdowns if names[0] else all_staff] for names in subgroups]
    return _detailed(questionnaire, "National results", "detailed_national", keys, blocks)


def _benchmark(questionnaire: Questionnaire, register: Register) -> bytes:
    """White and BME rates as proportions, a sheet for each benchmarking group, a column for each year."""
    population = questionnaire.population
    measures = {year: benchmark_counts(answers) for year, answers in population.answers.items()}
    names = measures[questionnaire.year]
    columns = [(name, group, year) for name in names for group in (WHITE, BME) for year in measures]
    workbook, content = new_workbook()
    for group in TRUST_GROUPS:
        sheet = workbook.add_worksheet(group.sheet)
        sheet.write_string(0, 0, "Organisation code")
        for column, (name, ethnic, year) in enumerate(columns, 1):
            sheet.write_string(0, column, f"{name}_eth_summary_{ethnic + 1}_{year}")
        members = [index for index, one in enumerate(register.surveyed) if one.group is group]
        for row, index in enumerate(members, 1):
            sheet.write_string(row, 0, register.surveyed[index].code)
            for column, (name, ethnic, year) in enumerate(columns, 1):
                numerator, base = (int(counts[index, ethnic]) for counts in measures[year][name])
                if base >= FEWEST_ANSWERS:
                    sheet.write_number(row, column, numerator / base)
                elif base:
                    sheet.write_string(row, column, SUPPRESSED)
    notes = workbook.add_worksheet("Notes")
    notes.write_string(1, 1, f"NHS Staff Survey {questionnaire.year} - Benchmark report data (SYNTHETIC)")
    notes.write_string(3, 1, NOTES)
    workbook.close()
    return content.getvalue()


def _detailed(questionnaire: Questionnaire, title: str, layout: str, keys: Cells, blocks: dict[str, Cells]) -> bytes:
    """A detailed workbook: notes, then the sheets of the map with ``keys`` at the left of every row."""
    described = detailed_layout(layout)
    workbook, content = new_workbook()
    notes = workbook.add_worksheet("Notes")
    notes.write_string(1, 1, f"NHS Staff Survey {questionnaire.year} - Detailed Spreadsheets (SYNTHETIC)")
    notes.write_string(3, 1, title)
    notes.write_string(4, 1, NOTES)
    heading = workbook.add_format({"text_wrap": True, "valign": "top"})
    for name, group in groupby(questionnaire.questions.values(), key=lambda question: question.row.sheet or ""):
        asked = list(group)
        sheet = workbook.add_worksheet(name)
        sheet.write_string(0, 0, f"NHS Staff Survey {questionnaire.year} - WEIGHTED Results (SYNTHETIC)")
        sheet.write_string(1, 0, f"{name} {asked[0].row.question}-{asked[-1].row.question}")
        sheet.merge_range(2, 0, 3, 1, SUPPRESSION_NOTE, heading)
        _write_row(sheet, described.label_row - 1, 0, list(described.keys.values()))
        for row, key in enumerate(keys, described.first_data_row - 1):
            _write_row(sheet, row, 0, key)
        column = len(described.keys)
        for question in asked:
            width = len(question.labels)
            text = f"{question.row.question} - {question.row.text_contains or 'Synthetic question'}"
            sheet.merge_range(0, column, 3, column + width - 1, text, heading)
            _write_row(sheet, described.label_row - 1, column, question.labels)
            for row, cells in enumerate(blocks[question.row.question], described.first_data_row - 1):
                _write_row(sheet, row, column, cells)
            column += width
    workbook.close()
    return content.getvalue()


def _printed(question: Question, counts: Counts) -> Cells:
    """Percentages (or a score of 0 to 10) and base for each row of ``counts`` (rows x answers), small bases hidden."""
    base = counts.sum(axis=1)
    printed = len(question.scale.labels) - 1
    scale = 10 if question.row.scale == "score" else 100
    shares = scale * counts[:, :printed] / np.maximum(base, 1)[:, None]
    cells: Cells = []
    for share, answers in zip(shares.tolist(), base.tolist(), strict=True):
        if answers >= FEWEST_ANSWERS:
            cells.append([*share, answers])
        elif question.row.item in GROUND and answers:
            # Here the official workbook hides the percentage alone.
            cells.append([SUPPRESSED, answers])
        else:
            cells.append([SUPPRESSED] * (printed + 1))
    return cells


def _shared_out(rng: np.random.Generator, counts: Counts, sizes: Counts) -> Counts:
    """Answers of a whole dealt out to its subgroups: subgroups x answers, none with more answers than people."""
    left = sizes.copy()
    dealt = np.zeros((len(sizes), len(counts)), dtype=np.int64)
    for answer, count in enumerate(counts):
        dealt[:, answer] = rng.multivariate_hypergeometric(left, count, method="marginals")
        left -= dealt[:, answer]
    return dealt


def _at_least_once(*counts: Counts) -> Counts:
    """How many had at least one of several experiences: between the largest and the sum, about halfway."""
    largest: Counts = np.maximum.reduce(counts)
    return largest + (np.sum(counts, axis=0) - largest) // 2


def _subgroup_names(question: Question) -> list[str]:
    return [label.removeprefix("% ") for label in question.labels[:-1]]


def _write_row(sheet: Worksheet, row: int, column: int, cells: Sequence[float | int | str]) -> None:
    for position, cell in enumerate(cells, column):
        if isinstance(cell, str):
            if cell:
                sheet.write_string(row, position, cell)
        else:
            sheet.write_number(row, position, cell)


def new_workbook() -> tuple[xlsxwriter.Workbook, io.BytesIO]:
    """A workbook in memory whose time of creation is fixed, so that the same seed gives the same bytes."""
    content = io.BytesIO()
    workbook = xlsxwriter.Workbook(content, {"in_memory": True})
    workbook.set_properties({"title": "SYNTHETIC", "created": datetime(2000, 1, 1, tzinfo=UTC)})
    return workbook, content
