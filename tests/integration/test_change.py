"""Change over time and reconciliation on the whole standard: slopes once more from the files, and published figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg.rows import DictRow
from recompute import Recomputation
from recompute_figures import Key
from scipy import stats

from wres import growth
from wres.settings import Settings

YEARS = (2023, 2024, 2025)
MEASURES = {
    "1": ("all.band_8a_to_vsm", "all_staff", "white_pct"),
    "2": ("all", "not_applicable", "ratio"),
    "4": ("all", "not_applicable", "ratio"),
    "9": ("board.total", "all_staff", "bme_pct"),
}


@pytest.fixture(scope="module")
def panels(recomputation: Recomputation) -> dict[str, pd.DataFrame]:
    """By indicator, what trusts of today returned: columns org_code, wres_year, value; from the files."""
    trusts = {
        recomputation.today(code)
        for code, of in recomputation.organisations.items()
        if of.is_trust and any(recomputation.areas(code, date(year, 3, 31)) for year in YEARS)
    }
    found = {}
    for indicator, (part, denominator, column) in MEASURES.items():
        rows = []
        for code in sorted(trusts):
            for year in YEARS:
                key = Key("organisation", code, date(year, 3, 31), indicator, part, "return", denominator, "current")
                figure = recomputation.figure(key)
                value = getattr(figure, column)
                if value is not None and figure.status in ("ok", "zero_numerator", "not_calculable"):
                    rows.append((code, year, float(value)))
        found[indicator] = pd.DataFrame(rows, columns=["org_code", "wres_year", "value"])
    return found


def overall(analyst: psycopg.Connection[DictRow], indicator: str) -> DictRow:
    row = analyst.execute(
        "select * from restricted.yearly_change where indicator_code = %s and slice = %s and grouping_kind = 'overall'"
        " and scale <> 'log_ratio' and is_headline",
        [indicator, MEASURES[indicator][0]],
    ).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize("indicator", MEASURES)
def test_the_average_yearly_change_equals_pandas(
    analyst: psycopg.Connection[DictRow], panels: dict[str, pd.DataFrame], indicator: str
) -> None:
    by_trust = panels[indicator].groupby("org_code").filter(lambda rows: len(rows) >= 2).groupby("org_code")
    slopes = by_trust.apply(lambda rows: np.polyfit(rows["wres_year"] - 2023, rows["value"], 1)[0])
    row = overall(analyst, indicator)
    assert (row["basis"], row["organisations"], row["observations"]) == ("return", len(slopes), by_trust.size().sum())
    assert len(slopes) >= 8
    assert row["mean_slope"] == pytest.approx(slopes.mean(), rel=1e-9)
    assert row["slope_se"] == pytest.approx(stats.sem(slopes), rel=1e-9)
    interval = stats.t.interval(0.95, len(slopes) - 1, slopes.mean(), stats.sem(slopes))
    assert (row["slope_low"], row["slope_high"]) == pytest.approx(interval, rel=1e-8)
    assert row["slope_p"] == pytest.approx(stats.ttest_1samp(slopes, 0).pvalue, rel=1e-7)


@pytest.mark.parametrize("indicator", MEASURES)
def test_the_model_is_of_the_same_trusts(
    analyst: psycopg.Connection[DictRow], panels: dict[str, pd.DataFrame], indicator: str
) -> None:
    observations = [
        growth.Observation(row.org_code, row.wres_year, row.value) for row in panels[indicator].itertuples()
    ]
    model, row = growth.mixed_model(observations), overall(analyst, indicator)
    # On the edge of a singular covariance the last digits of the figures decide what it is called.
    whole = {"ok", "singular"}
    assert (row["model_status"] in whole) == (model.status in whole)
    assert row["model_organisations"] == model.organisations
    assert model.slope is not None
    assert (row["model_slope"], row["model_se"]) == pytest.approx((model.slope, model.se), rel=1e-4)


def test_every_growth_model_was_tried_and_the_step_is_on_record(
    whole_standard: Settings, analyst: psycopg.Connection[DictRow]
) -> None:
    for schema in ("restricted", "published"):
        rows = analyst.execute(f"select model_status, model_note, model_slope from {schema}.yearly_change").fetchall()
        assert len(rows) > 100
        assert "not_fitted" not in {row["model_status"] for row in rows}
        assert all(row["model_note"].endswith(".") for row in rows)
        assert all((row["model_slope"] is None) == (row["model_status"] in
                   ("too_few_organisations", "no_spread", "not_converged")) for row in rows)  # fmt: skip
    with psycopg.connect(whole_standard.warehouse_url or "") as connection:
        steps = connection.execute(
            "select step, status from ops.outcome where source is null order by outcome_id"
        ).fetchall()
    assert [step for step in steps if step[0] != "gate"][-3:] == [("build", "ok"), ("growth", "ok"), ("publish", "ok")]


def test_public_growth_is_the_true_one_rounded(analyst: psycopg.Connection[DictRow]) -> None:
    key = "indicator_code, slice, definition_version, scale, grouping_kind, group_name"
    rows = analyst.execute(
        f"select true_one.*, public.mean_slope as shown, public.slope_p as shown_p, public.model_slope as shown_model,"
        f" public.model_p as shown_model_p, public.status as shown_status from restricted.yearly_change as true_one"
        f" full join published.yearly_change as public using ({key}) where true_one.basis in ('return', 'survey')"
        # The BME share of a workforce may be known from rounded records alone.
        " and grouping_kind <> 'bme_share'"
    ).fetchall()
    assert sum(row["status"] == "ok" for row in rows) > 20
    for row in rows:
        assert row["shown_status"] == row["status"]
        # Sums in another order may differ in the last digit.
        for true, shown in (("slope_p", "shown_p"), ("model_p", "shown_model_p")):
            assert row[shown] == (row[true] and pytest.approx(row[true], rel=1e-5))
        for true, shown in (("mean_slope", "shown"), ("model_slope", "shown_model")):
            if row[true] is not None:
                assert row[shown] == pytest.approx(row[true], abs=0.00500001)
                assert row[shown] == round(row[shown], 2)


def test_there_is_nothing_to_fit_without_a_candidate(new_warehouse: Callable[..., Settings]) -> None:
    with pytest.raises(growth.GrowthError, match="run `wres build` first"):
        growth.fit(new_warehouse())


def test_changes_have_a_status_and_a_sentence(analyst: psycopg.Connection[DictRow]) -> None:
    rows = analyst.execute(
        "select change_status, count(*) as figures, count(change_1y) as changes, count(change_1y_low) as intervals,"
        " count(*) filter (where change_reason is not null) as reasons from restricted.indicator_result"
        " where change_3y is null group by change_status"
    ).fetchall()
    found = {row["change_status"]: row for row in rows}
    assert {"ok", "no_figure", "no_earlier_figure"} <= set(found)
    for status, row in found.items():
        assert (row["changes"] > 0) == (status in ("ok", "unreliable")), status
    assert found["no_earlier_figure"]["reasons"] == found["no_earlier_figure"]["figures"]
    assert found["ok"]["intervals"] > 1000


def test_figures_of_the_synthetic_publisher_agree_and_no_real_one_is_near(
    analyst: psycopg.Connection[DictRow], recomputation: Recomputation
) -> None:
    rows = analyst.execute("select * from published.reconciliation").fetchall()
    assert {(row["publisher"], row["is_synthetic"]) for row in rows} == {("SYNTHETIC publisher", True)}
    assert {row["status"] for row in rows} <= {"agrees", "not_comparable"}
    agreeing = [row for row in rows if row["status"] == "agrees"]
    assert len(agreeing) >= 10
    for row in agreeing:
        denominator = "all_staff" if row["indicator_code"] in ("1", "9") else "not_applicable"
        key = Key(
            "england",
            "ENGLAND",
            date(row["wres_year"], 3, 31),
            row["indicator_code"],
            row["slice"],
            "return",
            denominator,
        )
        assert row["computed_value"] == pytest.approx(getattr(recomputation.figure(key), row["measure"]), abs=0.0050001)
