"""The arithmetic of figures and results on a real server, where dbt's unit tests, which compare doubles exactly, cannot go.

The macros are rendered from their own files; what they read is given as rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import jinja2
import numpy as np
import psycopg
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from wres import warehouse
from wres.settings import Settings

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros"

DEFINITIONS = """(
    select i.indicator_code, i.denominator, i.version as definition_version, 2016 as valid_from_year,
        i.valid_to_year::integer as valid_to_year, i.ratio_direction, i.min_base::integer as min_base,
        100 as approximate_base_from, i.minimum_cases::integer as minimum_cases, i.averaging_years
    from (
        values
        ('1', 'all_staff', '1.1', null, 'bme_over_workforce', null, null, 1),
        ('2', 'not_applicable', '2.1', null, 'white_over_bme', null, null, 1),
        ('3', 'not_applicable', '3.1', 2018, 'bme_over_white', null, 10, 2),
        ('3', 'not_applicable', '3.2', null, 'bme_over_white', null, 10, 1),
        ('4', 'not_applicable', '4.1', null, 'white_over_bme', null, null, 1),
        ('5', 'not_applicable', '5.1', null, 'bme_over_white', 11, null, 1),
        ('9', 'all_staff', '9.1', null, 'bme_over_workforce', null, null, 1),
        ('DR', 'not_applicable', 'DR.1', null, 'white_over_bme', null, null, 1)
    ) as i (indicator_code, denominator, version, valid_to_year, ratio_direction, min_base, minimum_cases, averaging_years)
)"""
NO_UNITS = """(
    select null::text as level, null::text as unit_code, null::text as scope, null::date as as_at,
        null::text as organisation_basis, null::boolean as is_same_on_both
    where false
)"""
NO_ORGANISATIONS = """(
    select null::text as org_code, 1 as version, null::date as valid_from, null::date as valid_to, null::text as org_type
    where false
)"""

NO_MODES = "(select null::text as org_code, null::integer as survey_year, null::text as survey_mode where false)"


class _Exceptions:
    """dbt's `exceptions` in a macro's context."""

    @staticmethod
    def raise_compiler_error(message: str) -> None:
        raise ValueError(message)


def render(call: str) -> str:
    """SQL of a macro call, with the definitions and organisations of this file in place of dbt's relations."""
    files = [
        *sorted(MACROS.glob("statistics/*.sql")),
        *sorted(MACROS.glob("indicators/*.sql")),
        MACROS / "organisation_as_at.sql",
    ]
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals["exceptions"] = _Exceptions
    environment.globals["ref"] = {
        "indicator_definition": DEFINITIONS,
        "dim_organisation": NO_ORGANISATIONS,
        "int_indicators__unit": NO_UNITS,
        "survey_mode": NO_MODES,
    }.__getitem__
    text = "".join(path.read_text() for path in files)
    return environment.from_string(text + "{{ " + call + " }}").render().strip()


def counts(groups: list[tuple[str, str, int, int | None, float | None, int]]) -> str:
    """Rows of the count fact: (indicator, group, WRES year, count, rate, base) of one organisation."""
    rows = ", ".join(
        f"('{indicator}', '{group}', {year}, {count if count is not None else 'null'}::numeric,"
        f" {rate if rate is not None else 'null'}::double precision, {base}::numeric)"
        for indicator, group, year, count, rate, base in groups
    )
    return f"""(
        select 'organisation' as level, 'RA' as org_code, wres_year, make_date(wres_year, 3, 31) as as_at,
            'annual' as period_kind, indicator_code, 'all' as slice, 'survey' as basis,
            'not_applicable' as denominator, 'trusts' as scope,
            'organisation' as aggregation, 'as_reported' as organisation_basis, ethnicity_group, value_count, base_count, rate,
            'reported' as base_source, 'ok' as value_status, null::text as status_reason,
            'already_public' as disclosure_policy, '2024' as source_vintage, true as is_default_vintage,
            wres_year - 1 as survey_year, false as is_synthetic, null::text as definition_version,
            null::numeric as workforce_count, null::numeric as workforce_base
        from (values {rows}) as given (indicator_code, ethnicity_group, wres_year, value_count, rate, base_count)
    ) as given"""


def records(indicator: str, slice_: str, groups: dict[str, tuple], version: str | None = None) -> str:
    """Rows of the count fact: by group (count, base, workforce count, workforce base), of one organisation in 2024."""
    rows = ", ".join(
        f"('{group}', " + ", ".join(f"{value if value is not None else 'null'}::numeric" for value in values) + ")"
        for group, values in groups.items()
    )
    denominator = "all_staff" if indicator in ("1", "9") else "not_applicable"
    return f"""(
        select 'organisation' as level, 'RA' as org_code, 2024 as wres_year, date '2024-03-31' as as_at,
            'annual' as period_kind, '{indicator}' as indicator_code, '{slice_}' as slice, 'records' as basis,
            '{denominator}' as denominator, 'trusts' as scope, 'organisation' as aggregation,
            'as_reported' as organisation_basis, ethnicity_group, value_count, base_count, null::double precision as rate,
            'reported' as base_source, 'ok' as value_status, null::text as status_reason,
            'nhs_round5' as disclosure_policy, 'latest' as source_vintage, true as is_default_vintage,
            null::integer as survey_year, false as is_synthetic,
            {f"'{version}'" if version else "null"}::text as definition_version, workforce_count, workforce_base
        from (values {rows}) as given (ethnicity_group, value_count, base_count, workforce_count, workforce_base)
    ) as given"""


def result(connection: psycopg.Connection, given: str) -> dict:
    """The figure beside its evidence, as analysts see it."""
    figures = "(" + render(f'indicator_figure("""{given}""")') + ") as figures"
    (row,) = connection.execute(render(f'indicator_result("""{figures}""", published=false)')).fetchall()
    return row


@pytest.fixture(scope="module")
def connection(new_warehouse: Callable[..., Settings]) -> Iterator[psycopg.Connection]:
    with warehouse.connect(new_warehouse(), "wres_transformer", autocommit=True) as open_connection:
        open_connection.row_factory = psycopg.rows.dict_row
        yield open_connection


def figure(connection: psycopg.Connection, given: str) -> dict:
    (row,) = connection.execute(render(f'indicator_figure("""{given}""")')).fetchall()
    return row


RATES = [("5", "bme", 2025, None, 0.2, 1000), ("5", "white", 2025, None, 0.15, 1000)]
COUNTS = [("2", "white", 2025, 200, None, 1000), ("2", "bme", 2025, 150, None, 1000)]


@pytest.mark.parametrize("given", [RATES, COUNTS], ids=["rates", "counts"])
def test_ratio_interval_of_the_methodology(connection: psycopg.Connection, given: list) -> None:
    row = figure(connection, counts(given))
    assert row["status"] == "ok"
    assert row["ratio"] == pytest.approx(1.33333, abs=5e-6)
    assert row["ratio_se"] == pytest.approx(0.098319, abs=5e-7)
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((1.09964, 1.61670), abs=5e-6)
    assert row["p_value"] == pytest.approx(0.003256, abs=5e-7)
    assert (row["top_events"], row["bottom_events"]) == pytest.approx((200, 150))


def test_gap_interval_of_the_methodology_belongs_to_the_survey(connection: psycopg.Connection) -> None:
    row = figure(connection, counts(RATES))
    assert (row["gap_points"], row["gap_low"], row["gap_high"]) == pytest.approx((5, 1.670, 8.323), abs=5e-4)
    row = figure(connection, counts(COUNTS))
    assert (row["gap_points"], row["gap_low"], row["gap_high"]) == (None, None, None)


@pytest.mark.parametrize(("white", "bme"), [((31, 640), (47, 212)), ((6, 11), (5, 4000)), ((999, 1000), (1, 30))])
def test_figures_equal_statsmodels(
    connection: psycopg.Connection, white: tuple[int, int], bme: tuple[int, int]
) -> None:
    (b, n2), (a, n1) = white, bme
    row = figure(connection, counts([("5", "white", 2025, b, None, n2), ("5", "bme", 2025, a, None, n1)]))
    ratio = Table2x2([[a, n1 - a], [b, n2 - b]], shift_zeros=False)
    assert row["ratio"] == pytest.approx(ratio.riskratio)
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx(ratio.riskratio_confint())
    gap = confint_proportions_2indep(a, n1, b, n2, method="newcomb", compare="diff")
    assert (row["gap_low"], row["gap_high"]) == pytest.approx((100 * gap[0], 100 * gap[1]))
    assert row["p_value"] == pytest.approx(proportions_ztest([a, b], [n1, n2])[1])


def test_a_rate_of_zero_has_a_gap_with_limits_and_a_p_value(connection: psycopg.Connection) -> None:
    row = figure(connection, counts([("5", "white", 2025, 10, None, 100), ("5", "bme", 2025, 0, None, 45)]))
    assert (row["status"], row["ratio"], row["ratio_low"], row["ratio_se"]) == ("zero_numerator", None, None, None)
    gap = confint_proportions_2indep(0, 45, 10, 100, method="newcomb", compare="diff")
    assert (row["gap_low"], row["gap_high"]) == pytest.approx((100 * gap[0], 100 * gap[1]))
    # 3.1 are expected where nobody is: the exact test.
    assert row["p_value"] == pytest.approx(stats.fisher_exact([[0, 45], [10, 90]]).pvalue)


def test_change_in_a_year_of_the_methodology(connection: psycopg.Connection) -> None:
    given = counts([
        ("5", "bme", 2024, 300, None, 1000), ("5", "white", 2024, 180, None, 900),
        ("5", "bme", 2025, 280, None, 1000), ("5", "white", 2025, 220, None, 950),
    ])  # fmt: skip
    figures = "(" + render(f'indicator_figure("""{given}""")') + ") as figures"
    query = render(f'indicator_result("""{figures}""", published=false)')
    rows = {row["wres_year"]: row for row in connection.execute(query).fetchall()}
    assert rows[2024]["ratio"] == pytest.approx(1.5)
    assert rows[2024]["change_1y"] is None
    assert rows[2025]["change_1y"] == pytest.approx(0.80606, abs=5e-6)
    assert rows[2025]["change_p_value"] == pytest.approx(0.05711, abs=5e-6)
    assert rows[2025]["change_p_value"] == pytest.approx(2 * stats.norm.sf(1.90250), abs=1e-6)
    assert (rows[2025]["change_1y_low"], rows[2025]["change_1y_high"]) == pytest.approx((0.64552, 1.00653), abs=5e-6)
    assert (rows[2025]["change_3y"], rows[2025]["change_3y_status"]) == (None, "no_earlier_figure")
    assert rows[2024]["change_reason"] == "There is no figure of 31 March 2023. There is no figure of 31 March 2021."


def test_changes_in_one_year_and_in_three_equal_scipy(connection: psycopg.Connection) -> None:
    draw = np.random.default_rng(20)
    years = range(2017, 2026)
    tables = {
        year: [(int(draw.binomial(n, draw.uniform(0.05, 0.6))) + 1, n) for n in draw.integers(80, 5000, 2).tolist()]
        for year in years
    }
    given = counts([
        ("5", group, year, *(count, None), base)
        for year, groups in tables.items()
        for group, (count, base) in zip(("bme", "white"), groups, strict=True)
    ])  # fmt: skip
    figures = "(" + render(f'indicator_figure("""{given}""")') + ") as figures"
    query = render(f'indicator_result("""{figures}""", published=false)')
    rows = {row["wres_year"]: row for row in connection.execute(query).fetchall()}
    ratios = {
        year: Table2x2([[a, n1 - a], [b, n2 - b]], shift_zeros=False) for year, ((a, n1), (b, n2)) in tables.items()
    }
    compared = 0
    for year, row in rows.items():
        for back, p_value in ((1, "change_p_value"), (3, "change_3y_p_value")):
            change = f"change_{back}y"
            if year - back not in ratios:
                assert row[change] is row[p_value] is row[f"{change}_low"] is None
                continue
            now, then = ratios[year], ratios[year - back]
            error = np.hypot(now.log_riskratio_se, then.log_riskratio_se)
            log_change = now.log_riskratio - then.log_riskratio
            assert row[change] == pytest.approx(np.exp(log_change), rel=1e-9)
            assert row[p_value] == pytest.approx(2 * stats.norm.sf(abs(log_change) / error), rel=1e-6)
            limits = np.exp(stats.norm.interval(0.95, log_change, error))
            assert (row[f"{change}_low"], row[f"{change}_high"]) == pytest.approx(limits, rel=1e-9)
            compared += 1
    assert compared == 8 + 6


# The organisation of the methodology's section 2.6: head count 3,000 White, 1,000 BME, 120 Unknown.
WORKFORCE = {"white": 3000, "bme": 1000, "unknown": 120}


def share(white: int, bme: int, unknown: int) -> dict[str, tuple]:
    """A row or board of these people inside or beside that workforce."""
    people = {"white": white, "bme": bme, "unknown": unknown}
    return {group: (people[group], sum(people.values()), WORKFORCE[group], sum(WORKFORCE.values())) for group in people}


@pytest.mark.parametrize(
    ("indicator", "groups", "expected"),
    [
        ("2", {"white": (240, 1200, None, None), "bme": (120, 900, None, None)}, (1.5000, 1.2264, 1.8346)),
        ("3", {"white": (30, 3000, None, None), "bme": (16, 1000, None, None)}, (1.6000, 0.8759, 2.9227)),
        ("4", {"white": (1500, 3000, None, None), "bme": (460, 1000, None, None)}, (1.0870, 1.0073, 1.1729)),
    ],
)
def test_flows_of_the_methodology(
    connection: psycopg.Connection, indicator: str, groups: dict, expected: tuple[float, float, float]
) -> None:
    row = result(connection, records(indicator, "all", groups))
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == pytest.approx(expected, abs=5e-5)
    assert row["four_fifths"] == {"2": "above", "3": "above", "4": "inside"}[indicator]
    assert row["evidence"] == {"2": "worse", "3": "no_clear_difference", "4": "worse"}[indicator]


def test_the_board_of_the_methodology(connection: psycopg.Connection) -> None:
    row = result(connection, records("9", "board.total", share(11, 1, 1)))
    assert row["gap_points"] == pytest.approx(-16.5795, abs=5e-5)
    assert row["ratio"] == pytest.approx(0.3169, abs=5e-5)
    assert (row["workforce_white_count"], row["workforce_bme_count"], row["workforce_unknown_count"]) == (
        3000,
        1000,
        120,
    )
    assert row["evidence"] is None, "a board is about a dozen people"


def test_the_christie_of_2022(connection: psycopg.Connection) -> None:
    """46.99 % and 14.65 % of those shortlisted were appointed, published as 3.2."""
    groups = {"white": (4699, 10000, None, None), "bme": (1465, 10000, None, None)}
    assert figure(connection, records("2", "all", groups))["ratio"] == pytest.approx(3.2075, abs=5e-5)


@pytest.mark.parametrize(
    ("white", "bme", "expected"),
    [
        ((1500, 2000), (450, 1000), (1.6667, 1.4637, 1.8978)),
        ((400, 1500), (60, 450), (2.0000, 1.4949, 2.6757)),
        ((400, 2000), (60, 1000), (3.3333, 2.5148, 4.4182)),
    ],
)
def test_disparity_ratios_of_the_methodology(
    connection: psycopg.Connection, white: tuple, bme: tuple, expected: tuple
) -> None:
    row = result(connection, records("DR", "clinical.x", {"white": (*white, None, None), "bme": (*bme, None, None)}))
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == pytest.approx(expected, abs=5e-5)
    assert (row["white_pct"], row["bme_pct"], row["is_adjusted"], row["evidence"]) == (None, None, False, "worse")


def test_a_disparity_ratio_with_a_zero_is_adjusted_and_says_so(connection: psycopg.Connection) -> None:
    row = result(connection, records("DR", "all.x", {"white": (12, 300, None, None), "bme": (0, 40, None, None)}))
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == pytest.approx((3.3694, 0.1957, 57.9978), abs=5e-4)
    assert (row["status"], row["is_adjusted"], row["evidence"]) == ("ok", True, "too_few")


@pytest.mark.parametrize(
    ("white", "bme", "status", "words"),
    [
        ((0, 300), (0, 40), "not_applicable", "Nobody is in one of the two tiers."),
        ((5, 300), (0, 0), "zero_denominator", "Nobody of one of the two groups is in either tier."),
    ],
)
def test_tiers_without_anybody(
    connection: psycopg.Connection, white: tuple, bme: tuple, status: str, words: str
) -> None:
    row = result(connection, records("DR", "all.x", {"white": (*white, None, None), "bme": (*bme, None, None)}))
    assert (row["status"], row["status_reason"], row["ratio"], row["is_adjusted"]) == (status, words, None, False)


def test_nobody_appointed_is_a_sentence_and_no_number(connection: psycopg.Connection) -> None:
    row = result(connection, records("2", "all", {"white": (60, 200, None, None), "bme": (0, 45, None, None)}))
    assert (row["status"], row["ratio"], row["ratio_high"], row["four_fifths"]) == ("not_calculable", None, None, None)
    assert row["status_reason"] == (
        "No BME applicant was appointed out of 45; with 95% confidence their rate is below 7.9%. So no ratio exists."
    )
    assert (row["bme_count"], row["bme_base"], row["bme_pct"], row["evidence"]) == (0, 45, 0, "too_few")
    row = result(connection, records("3", "all", {"white": (6, 2000, None, None), "bme": (0, 300, None, None)}))
    assert (row["status"], row["ratio"]) == ("zero_numerator", None)
    assert row["status_reason"].startswith("No BME member of staff entered the process out of 300; with 95% confidence")


def test_fewer_than_ten_cases_are_no_evidence(connection: psycopg.Connection) -> None:
    row = result(connection, records("3", "all", {"white": (5, 3000, None, None), "bme": (5, 500, None, None)}))
    assert row["evidence"] == "worse"
    row = result(connection, records("3", "all", {"white": (4, 3000, None, None), "bme": (5, 200, None, None)}))
    assert row["evidence"] == "too_few"


def test_a_two_year_average_has_the_interval_of_the_two_years(connection: psycopg.Connection) -> None:
    averaged = {"white": (30.5, 3000, None, None), "bme": (15.5, 1000, None, None)}
    row = figure(connection, records("3", "two_year_average", averaged, version="3.1"))
    both_years = Table2x2([[31, 2000 - 31], [61, 6000 - 61]], shift_zeros=False)
    assert row["definition_version"] == "3.1"
    assert row["ratio"] == pytest.approx(both_years.riskratio)
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx(both_years.riskratio_confint())


def test_more_trained_than_staff_is_unreliable_and_no_percentage(connection: psycopg.Connection) -> None:
    row = result(connection, records("4", "all", {"white": (500, 900, None, None), "bme": (210, 200, None, None)}))
    assert (row["status"], row["bme_pct"], row["bme_count"], row["evidence"]) == ("unreliable", None, 210, "too_few")
    assert "More people are counted" in row["status_reason"]


def test_a_senior_row_is_tested_against_the_rest(connection: psycopg.Connection) -> None:
    row = result(connection, records("1", "non_clinical.band_8a", share(180, 20, 4)))
    part, rest = (20, 204), (980, 3916)
    against_rest = Table2x2([[part[0], part[1] - part[0]], [rest[0], rest[1] - rest[0]]], shift_zeros=False)
    weight = 204 / 4120
    carried = [limit / (weight * limit + 1 - weight) for limit in against_rest.riskratio_confint()]
    assert row["ratio"] == pytest.approx((20 / 204) / (1000 / 4120))
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx(carried)
    assert row["gap_points"] == pytest.approx(100 * (20 / 204 - 1000 / 4120))
    assert row["p_value"] == pytest.approx(proportions_ztest([20, 980], [204, 3916])[1])
    assert row["evidence"] == "worse", "below 1 is under-representation, and that is worse"


def test_a_low_band_is_described_and_not_judged(connection: psycopg.Connection) -> None:
    row = result(connection, records("1", "non_clinical.band_2", share(100, 100, 4)))
    assert row["ratio_low"] > 1
    assert row["evidence"] is None


def test_the_whole_workforce_beside_itself(connection: psycopg.Connection) -> None:
    row = result(connection, records("1", "all", share(3000, 1000, 120)))
    assert (row["ratio"], row["ratio_low"], row["ratio_high"], row["gap_points"]) == (1, 1, 1, 0)
    assert row["bme_pct"] == pytest.approx(100 * 1000 / 4120)
    assert row["unknown_pct"] == pytest.approx(100 * 120 / 4120)
