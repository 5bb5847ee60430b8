"""The arithmetic of figures and results on a real server, where dbt's unit tests, which compare doubles exactly, cannot go.

The macros are rendered from their own files; what they read is given as rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import jinja2
import psycopg
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from wres import warehouse
from wres.settings import Settings

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros"

DEFINITIONS = """(
    select i.indicator_code, 'not_applicable' as denominator, i.indicator_code || '.1' as definition_version,
        2016 as valid_from_year, null::integer as valid_to_year, i.ratio_direction, 11 as min_base, 100 as approximate_base_from
    from (values ('2', 'white_over_bme'), ('5', 'bme_over_white')) as i (indicator_code, ratio_direction)
)"""
NO_ORGANISATIONS = """(
    select null::text as org_code, 1 as version, null::date as valid_from, null::date as valid_to, null::text as org_type
    where false
)"""


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
    environment.globals["ref"] = {"indicator_definition": DEFINITIONS, "dim_organisation": NO_ORGANISATIONS}.__getitem__
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
            wres_year - 1 as survey_year, false as is_synthetic
        from (values {rows}) as given (indicator_code, ethnicity_group, wres_year, value_count, rate, base_count)
    ) as given"""


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
    assert row["p_value"] == pytest.approx(proportions_ztest([0, 10], [45, 100])[1])


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
