"""The feeds about people, quarter by quarter: who works where, and what follows from it up to the year's returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from wres.sample import board, careers, events, recruitment, reference, responses, returns, workforce
from wres.sample.careers import Careers, Integers, People
from wres.sample.employers import Employers, Quarter
from wres.sample.survey import Questionnaire

Files = Iterator[tuple[str, str, Callable[[], bytes | Iterable[bytes]]]]


def feeds(seed: int, plan: Employers, questionnaire: Questionnaire) -> Files:
    """Source, file name and content of every feed about people. Each has to be made before the next is asked for."""
    boards = board.Boards(seed, plan)
    collected = returns.Returns(plan, questionnaire.population)
    printed: list[list[object]] = []
    for quarter, staff in Careers(seed, plan).quarters():
        heads = {code: careers.counts(people) for code, people in staff.items()}
        yield "workforce", f"workforce_{quarter}.csv", partial(workforce.feed, plan, quarter, staff)
        counts = partial(workforce.counts_feed, plan, quarter, heads)
        yield "workforce_counts", f"workforce_counts_{quarter}.csv", counts
        members, seats = boards.feed(quarter)
        yield "board", f"board_{quarter}.csv", partial(bytes, members)
        yield from _of_year(seed, plan, quarter, staff, heads, collected)
        if quarter.closes_year:
            figures = collected.figures(quarter, heads, seats)
            yield from _returns(plan, quarter, figures)
            trusts = (figures[one.code] for one in plan.reporting(quarter) if one.organisation.is_trust)
            printed += reference.lines(quarter.wres_year, trusts)
    responses_of = np.random.default_rng([seed, 9])
    respondents = partial(responses.feed, responses_of, questionnaire, plan.surveyed)
    yield "survey_responses", f"survey_responses_{questionnaire.year}.csv", respondents
    vintage = plan.quarters[-1].wres_year
    yield "reference_results", f"reference_results_{vintage}.csv", partial(reference.feed, vintage, printed)


def _of_year(
    seed: int,
    plan: Employers,
    quarter: Quarter,
    staff: dict[str, People],
    heads: dict[str, Integers],
    collected: returns.Returns,
) -> Files:
    """The feeds whose windows are years; what they hold is collected for the returns as it is written."""

    def hired() -> Iterator[bytes]:
        yield recruitment.HEADER.encode("ascii")
        for employer in plan.reporting(quarter):
            text, sums = recruitment.block(seed, plan, employer, quarter, heads[employer.code])
            collected.year(employer.code).recruitment.append(sums)
            yield text

    def disciplined() -> Iterator[bytes]:
        yield events.CASES_HEADER.encode("ascii")
        for employer in plan.reporting(quarter):
            text, people = events.cases(seed, plan, employer, quarter, staff[employer.code])
            collected.year(employer.code).disciplined.append(people)
            yield text

    def trained() -> Iterator[bytes]:
        yield events.TRAINING_HEADER.encode("ascii")
        for employer in plan.reporting(quarter):
            text, people = events.courses(seed, plan, employer, quarter, staff[employer.code])
            collected.year(employer.code).trained.append(people)
            yield text

    yield "recruitment", f"recruitment_{quarter}.csv", hired
    yield "employee_relations", f"employee_relations_{quarter}.csv", disciplined
    yield "training", f"training_{quarter}.csv", trained


def _returns(plan: Employers, quarter: Quarter, figures: dict[str, returns.Figures]) -> Files:
    year = quarter.wres_year
    lines = {code: list(returns.rows(plan, code, year, of)) for code, of in figures.items()}
    together = [line for code, own in lines.items() if code not in plan.workbooks for line in own]
    yield "wres_return", f"wres_return_{year}.csv", partial(returns.national, together)
    for code in plan.workbooks:
        if code in lines:
            yield "wres_return", f"wres_return_{year}_{code}.xlsx", partial(returns.workbook, lines[code])
