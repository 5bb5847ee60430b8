"""The feed ``survey_responses``: single respondents whose answers add up to what the survey's workbooks print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from wres.sample import records
from wres.sample.population import Counts
from wres.sample.survey import Question, Questionnaire

HEADER = "survey_year,org_code,respondent_id,ethnic_background,weight,q14a,q14b,q14c,q15,q16b,q16a\n"
ITEMS = {
    "q14a": "harassment_public",
    "q14b": "harassment_managers",
    "q14c": "harassment_colleagues",
    "q15": "equal_opportunity",
    "q16b": "discrimination_staff",
    "q16a": "discrimination_public",
}
# Questions that a population answers together: who meets it from managers and who from colleagues.
TOGETHER = ("q14b", "q14c")
Answers = list[str]


def feed(rng: np.random.Generator, questionnaire: Questionnaire, codes: Sequence[str]) -> bytes:
    """Respondents of these organisations in the survey's last year, group by group."""
    organisations = [one.code for one in questionnaire.population.organisations]
    rows = (
        [questionnaire.year, code, f"SYNTHETIC-{code}-{number:05d}", *cells]
        for code in codes
        for number, cells in enumerate(_respondents(rng, questionnaire, organisations.index(code)), 1)
    )
    return records.csv_text(HEADER, rows)


def _respondents(rng: np.random.Generator, questionnaire: Questionnaire, place: int) -> Iterator[list[str]]:
    """Cells after the identifier. Which answers meet in one person is chance; how many give each is not."""
    questions = {question.row.item: question for question in questionnaire.questions.values()}
    combined = questionnaire.population.answers[questionnaire.year]["harassment_staff"]
    for group, count in enumerate(questionnaire.respondents[place].tolist()):
        background = _spread(rng, questions["ethnic_group"], place, group, count)
        answers = {
            column: _spread(rng, questions[item], place, group, count)
            for column, item in ITEMS.items()
            if column not in TOGETHER
        }
        managers, colleagues = (questions[ITEMS[column]] for column in TOGETHER)
        answers |= dict(zip(TOGETHER, _paired(rng, managers, colleagues, combined, place, group, count), strict=True))
        for number in range(count):
            yield [background[number], "1.00", *(answers[column][number] for column in ITEMS)]


def _labels(question: Question) -> list[str]:
    return [label.removeprefix("% ") for label in question.labels[:-1]]


def _spread(rng: np.random.Generator, question: Question, place: int, group: int, count: int) -> Answers:
    """An answer for each of ``count`` people, empty for those who skipped the question."""
    given = np.repeat(_labels(question), question.counts[place, group]).tolist()
    padded = given + [""] * (count - len(given))
    return [padded[position] for position in rng.permutation(count)]


def _paired(
    rng: np.random.Generator,
    managers: Question,
    colleagues: Question,
    combined: Counts,
    place: int,
    group: int,
    count: int,
) -> tuple[Answers, Answers]:
    """Answers on managers and colleagues whose union, those who met it from either, is the combined figure."""
    never, *often = (_labels(managers)[0], *_labels(managers)[1:])
    by_managers, by_colleagues = (
        rng.permutation(np.repeat(often, one.counts[place, group, 1:])).tolist() for one in (managers, colleagues)
    )
    nobody, either = combined[place, group].tolist()
    both = len(by_managers) + len(by_colleagues) - either
    only_colleagues = len(by_colleagues) - both
    first = by_managers + [never] * (only_colleagues + nobody)
    second = by_colleagues[:both] + [never] * (len(by_managers) - both) + by_colleagues[both:] + [never] * nobody
    skipped = [""] * (count - len(first))
    order = rng.permutation(count)
    return [(first + skipped)[at] for at in order], [(second + skipped)[at] for at in order]
