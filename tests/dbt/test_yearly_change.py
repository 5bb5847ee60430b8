"""The simple slopes of yearly_change on a real server: the methodology's values, and scipy and statsmodels on random panels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
import numpy as np
import psycopg
import pytest
import statsmodels.api as sm
from psycopg.rows import dict_row
from scipy import stats

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros"
BASIS = """(
    select '2' as indicator_code, 'all' as slice, '2.1' as definition_version, 'return' as basis
)"""
CHECK = {
    "A": (1.90, 1.75, 1.70),
    "B": (1.40, 1.45, 1.30),
    "C": (2.10, 1.80, 1.62),
    "D": (1.20, 1.22, 1.26),
    "E": (1.75, 1.70, 1.56),
    "F": (1.55, 1.50, 1.51),
}
# Organisation, type, BME share of its workforce, year, value.
Row = tuple[str, str, float | None, int, float]


class _Exceptions:
    """dbt's `exceptions` in a macro's context."""

    @staticmethod
    def raise_compiler_error(message: str) -> None:
        raise ValueError(message)


def yearly_change(connection: psycopg.Connection, rows: Sequence[Row], *, policy: str = "already_public") -> dict:
    """Rows of restricted_yearly_change by (kind of grouping, group)."""
    values = ", ".join(
        f"('{code}', '{kind}', {'null' if share is None else repr(share)}::double precision, {year}, {value!r}::double precision)"
        for code, kind, share, year, value in rows
    )
    series = f"""(
        select '2' as indicator_code, 'all' as slice, '2.1' as definition_version, 'return' as basis, 'ratio' as scale, org_code,
            org_type, null as region_name, bme_share_pct, wres_year, value, '{policy}' as disclosure_policy, false as is_synthetic
        from (values {values}) as given (org_code, org_type, bme_share_pct, wres_year, value)
    )"""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals.update(exceptions=_Exceptions, ref={"int_change__basis": BASIS}.__getitem__, relation=series)
    text = "".join(
        path.read_text() for folder in ("statistics", "indicators") for path in sorted((MACROS / folder).glob("*.sql"))
    )
    query = environment.from_string(text + "{{ yearly_change(relation, published=false) }}").render()
    with connection.cursor(row_factory=dict_row) as cursor:
        return {(row["grouping_kind"], row["group_name"]): row for row in cursor.execute(query).fetchall()}


def check_rows(copies: int = 1) -> list[Row]:
    return [
        (f"{code}{copy}", "AC" if code in "AC" else "rest", None, 2016 + place, value)
        for copy in range(copies)
        for code, values in CHECK.items()
        for place, value in enumerate(values)
    ]


def test_slopes_of_the_methodology(connection: psycopg.Connection) -> None:
    found = yearly_change(connection, check_rows())
    row = found["overall", "all"]
    assert (row["organisations"], row["observations"], row["first_year"], row["last_year"]) == (6, 18, 2016, 2018)
    assert row["mean_slope"] == pytest.approx(-0.079167, abs=5e-7)
    assert row["slope_se"] == pytest.approx(0.037780, abs=5e-7)
    assert row["slope_t"] == pytest.approx(-2.09544, abs=5e-6)
    assert row["slope_p"] == pytest.approx(0.09027, abs=5e-6)
    assert (row["slope_low"], row["slope_high"]) == pytest.approx((-0.17628, 0.01795), abs=5e-6)
    assert (row["status"], row["model_status"]) == ("ok", "not_fitted")
    few = found["org_type", "AC"]
    assert (few["status"], few["mean_slope"], few["difference_from_others"]) == ("too_few_organisations", None, None)


def test_a_group_against_the_rest_of_the_methodology(connection: psycopg.Connection) -> None:
    """{A, C} and the rest, three times over, so that both are organisations enough."""
    row = yearly_change(connection, check_rows(3))["org_type", "AC"]
    assert row["difference_from_others"] == pytest.approx(-0.13625, abs=1e-9)
    assert row["mean_slope"] == pytest.approx(-0.17, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_slopes_equal_scipy_and_statsmodels(connection: psycopg.Connection, seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows: list[Row] = []
    slopes, kinds, shares = [], [], []
    for place in range(60):
        years = np.sort(draw.choice(np.arange(2015, 2026), draw.integers(2, 10), replace=False))
        kind, share = ("Acute", "Ambulance", "Other")[place % 3], float(draw.uniform(3, 60))
        values = draw.normal(1.4, 0.3) + draw.normal(-0.02, 0.05) * (years - 2015) + draw.normal(0, 0.1, len(years))
        rows += [(f"R{place}", kind, share, int(year), float(value)) for year, value in zip(years, values, strict=True)]
        slopes.append(np.polyfit(years - years.mean(), values, 1)[0])
        kinds.append(kind)
        shares.append(share)
    found = yearly_change(connection, rows)
    slope, kind, share = np.array(slopes), np.array(kinds), np.array(shares)
    for group in ("all", "Acute", "Ambulance", "Other"):
        row = found["overall" if group == "all" else "org_type", group]
        inside = slope if group == "all" else slope[kind == group]
        test = stats.ttest_1samp(inside, 0)
        interval = test.confidence_interval(0.95)
        assert row["organisations"] == len(inside)
        assert row["mean_slope"] == pytest.approx(inside.mean(), rel=1e-9)
        assert row["slope_se"] == pytest.approx(stats.sem(inside), rel=1e-9)
        assert (row["slope_t"], row["slope_p"]) == pytest.approx((test.statistic, test.pvalue), rel=1e-8)
        assert (row["slope_low"], row["slope_high"]) == pytest.approx((interval.low, interval.high), rel=1e-8)
        if group != "all":
            line = sm.OLS(slope, sm.add_constant((kind == group).astype(float))).fit()
            low, high = line.conf_int()[1]
            assert row["difference_from_others"] == pytest.approx(line.params[1], rel=1e-8)
            assert (row["difference_low"], row["difference_high"]) == pytest.approx((low, high), rel=1e-7)
            assert row["difference_p"] == pytest.approx(line.pvalues[1], rel=1e-7)
    line = stats.linregress(share / 10, slope)
    row = found["bme_share", "per 10 points"]
    assert (row["mean_slope"], row["slope_se"], row["slope_p"]) == pytest.approx(
        (line.slope, line.stderr, line.pvalue), rel=1e-7
    )


def test_organisations_that_all_change_alike_have_no_test(connection: psycopg.Connection) -> None:
    rows: list[Row] = [(f"R{place}", "Acute", None, year, year - 2020.0) for place in range(6) for year in (2020, 2021)]
    row = yearly_change(connection, rows)["overall", "all"]
    assert (row["mean_slope"], row["slope_se"], row["slope_t"], row["slope_p"], row["status"]) == (
        1,
        0,
        None,
        None,
        "ok",
    )
