"""``benchmark`` on the whole standard: beside ``indicator_result``, and beside numpy and scipy over its rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.rows import DictRow
from scipy import stats
from statsmodels.stats.multitest import multipletests

HEADLINES = "level = 'organisation' and period_kind = 'annual' and is_headline"
SET = ("indicator_code", "slice", "wres_year", "basis", "denominator", "peer_set_kind", "peer_set")


@pytest.fixture(scope="module")
def comparisons(analyst: psycopg.Connection[DictRow]) -> list[DictRow]:
    return analyst.execute("select * from restricted.benchmark").fetchall()


@pytest.mark.parametrize("schema", ["restricted", "published"])
def test_every_headline_is_compared_and_only_they(analyst: psycopg.Connection[DictRow], schema: str) -> None:
    kinds = {row["peer_set_kind"] for row in analyst.execute(f"select distinct peer_set_kind from {schema}.benchmark")}
    assert kinds == {"england", "region", "icb", "org_type", "bme_share_quintile", "size_band", "custom"}
    [row] = analyst.execute(
        f"""
        select
            count(*) filter (where result.org_code is null) as only_compared,
            count(*) filter (where compared.org_code is null and organisation.country = 'England') as only_results,
            count(*) as together
        from (
            select distinct org_code, wres_year, indicator_code, slice, basis, denominator, ratio, status from {schema}.benchmark
        ) as compared
        full join (
            select * from {schema}.indicator_result
            where {HEADLINES} and status not in ('not_applicable', 'not_submitted')
        ) as result
            on (compared.org_code, compared.wres_year, compared.indicator_code, compared.slice, compared.basis,
                compared.denominator, compared.status)
            = (result.org_code, result.wres_year, result.indicator_code, result.slice, result.basis, result.denominator,
                result.status)
            and compared.ratio is not distinct from result.ratio
        left join published.organisation as organisation
            on result.org_code = organisation.org_code and not organisation.is_survey_only
            and coalesce(organisation.closed_on >= result.as_at, true)
        """
    ).fetchall()
    assert (row["only_compared"], row["only_results"]) == (0, 0)
    assert row["together"] > 1000


@pytest.mark.parametrize("schema", ["restricted", "published"])
def test_peers_of_the_same_type_are_those_of_indicator_result(
    analyst: psycopg.Connection[DictRow], schema: str
) -> None:
    rows = analyst.execute(
        f"""
        select compared.peer_median, compared.peer_percentile, result.peer_median as other_median,
            result.peer_percentile as other_percentile
        from {schema}.benchmark as compared
        inner join {schema}.indicator_result as result using (org_code, wres_year, indicator_code, slice)
        where {HEADLINES} and compared.peer_set_kind = 'org_type'
        """
    ).fetchall()
    assert sum(row["peer_median"] is not None for row in rows) > 50
    for row in rows:
        assert (row["other_median"], row["other_percentile"]) == (
            pytest.approx(row["peer_median"]),
            pytest.approx(row["peer_percentile"]),
        )


def test_pooled_figures_of_areas_are_the_areas_own(analyst: psycopg.Connection[DictRow]) -> None:
    rows = analyst.execute(
        """
        select compared.peer_pooled, result.ratio, compared.peer_set_kind
        from restricted.benchmark as compared
        inner join restricted.indicator_result as result
            on result.level = compared.peer_set_kind and result.org_code = compared.peer_set
            and (result.wres_year, result.as_at, result.indicator_code, result.slice, result.basis, result.denominator)
            = (compared.wres_year, compared.as_at, compared.indicator_code, compared.slice, compared.basis,
                compared.denominator)
            and result.scope = 'trusts'
            and result.period_kind = 'annual' and result.organisation_basis = 'as_reported'
        inner join published.organisation on compared.org_code = organisation.org_code
        where compared.peers_count >= 5 and compared.peer_set_kind in ('england', 'region')
            and organisation.org_type <> 'Integrated Care Board' and organisation.known_from = 'ods'
        """
    ).fetchall()
    assert sum(row["peer_pooled"] is not None for row in rows) > 500
    assert [row["peer_pooled"] is None for row in rows] == [row["ratio"] is None for row in rows]
    known = [row for row in rows if row["ratio"] is not None]
    assert [row["peer_pooled"] for row in known] == pytest.approx([row["ratio"] for row in known], rel=1e-12)


def whole_sets(comparisons: list[DictRow]) -> dict[tuple[Any, ...], list[DictRow]]:
    """Sets all of whose figures are headlines and shown, so that their rows are all there is of them."""
    sets: dict[tuple[Any, ...], list[DictRow]] = defaultdict(list)
    for row in comparisons:
        sets[tuple(row[name] for name in SET)].append(row)
    return {
        key: rows
        for key, rows in sets.items()
        if {row["members_count"] for row in rows} == {len(rows)} and rows[0]["peers_count"] >= 5
    }


def test_medians_quartiles_and_percentiles_equal_numpy(comparisons: list[DictRow]) -> None:
    sets = whole_sets(comparisons)
    assert len(sets) > 200
    # Indicator 3 has no ratio in most of these small trusts.
    assert {key[0] for key in sets} >= {"1", "2", "4", "5", "6", "7", "8", "9", "DR"}
    for rows in sets.values():
        ratios = [row["ratio"] for row in rows if row["status"] == "ok"]
        expected = [np.mean(ratios), *np.quantile(ratios, [0.25, 0.5, 0.75])]
        for row in rows:
            assert row["peers_count"] == len(ratios)
            assert [row[f"peer_{name}"] for name in ("mean", "q1", "median", "q3")] == pytest.approx(expected, rel=1e-9)
            if row["status"] == "ok":
                rank = stats.percentileofscore(ratios, row["ratio"], kind="mean")
                assert row["peer_percentile"] == pytest.approx(rank, rel=1e-9)


def test_summed_sets_pool_counts_and_hidden_counts_hide_the_sum(comparisons: list[DictRow]) -> None:
    pooled = 0
    for key, rows in whole_sets(comparisons).items():
        if key[0] in ("2", "3", "4") and key[5] in ("size_band", "custom"):
            counts = [[row[f"{of}"] for row in rows] for of in ("white_count", "white_base", "bme_count", "bme_base")]
            if any(value is None for of in counts for value in of):
                assert rows[0]["peer_pooled"] is None
                continue
            white, white_base, bme, bme_base = (float(sum(of)) for of in counts)
            ratio = (white / white_base) / (bme / bme_base)
            ratio = 1 / ratio if key[0] == "3" else ratio
            assert [row["peer_pooled"] for row in rows] == pytest.approx([ratio] * len(rows), rel=1e-9)
            pooled += 1
    assert pooled > 10


def test_the_list_of_those_that_differ_from_parity_equals_statsmodels(analyst: psycopg.Connection[DictRow]) -> None:
    """All figures with a p-value make up the list of an indicator, slice and year; too few people count as a test lost."""
    rows = analyst.execute(
        f"""
        select compared.*, result.p_value
        from restricted.benchmark as compared
        inner join (select * from restricted.indicator_result where {HEADLINES} and status = 'ok') as result
            using (org_code, indicator_code, slice, wres_year)
        where compared.peer_set_kind = 'england' and result.p_value is not null
        """
    ).fetchall()
    lists = defaultdict(list)
    for row in rows:
        lists[row["indicator_code"], row["slice"], row["wres_year"]].append(row)
    listed = 0
    for family in lists.values():
        p_values = [1.0 if row["parity_p_value"] is None else row["p_value"] for row in family]
        for row, adjusted in zip(family, multipletests(p_values, method="fdr_bh")[1], strict=True):
            if row["parity_p_value"] is not None:
                listed += 1
                assert row["parity_p_adjusted"] == pytest.approx(adjusted, rel=1e-9)
                assert row["differs_from_parity"] == (adjusted <= 0.05)
    assert listed > 300


def test_published_comparisons_are_rounded_and_leave_out_tests_of_controlled_counts(
    analyst: psycopg.Connection[DictRow],
) -> None:
    rows = analyst.execute("select * from published.benchmark").fetchall()
    for row in rows:
        for name in ("ratio", "peer_pooled", "peer_mean", "peer_median", "funnel_low_95", "shrunken_ratio"):
            assert row[name] is None or row[name] == round(row[name], 2)
        if row["basis"] == "records":
            assert (row["z_score"], row["peer_p_value"], row["differs_from_peers"]) == (None, None, None)
        if row["status"] == "suppressed":
            assert row["ratio"] is None and row["peer_percentile"] is None
    assert any(row["basis"] == "records" for row in rows)
    assert any(row["status"] == "suppressed" for row in rows)


@pytest.mark.parametrize("schema", ["restricted", "published"])
@pytest.mark.parametrize(
    "where",
    [
        "org_code = 'ZA0' and indicator_code = '2'",
        "indicator_code = '2' and slice = 'all' and wres_year = 2025",
    ],
)
@pytest.mark.parametrize("table", ["benchmark", "indicator_result"])
def test_look_ups_are_index_scans(analyst: psycopg.Connection[DictRow], schema: str, where: str, table: str) -> None:
    plan = "\n".join(
        row["QUERY PLAN"] for row in analyst.execute(f"explain select * from {schema}.{table} where {where}")
    )
    assert "Index" in plan and "Seq Scan" not in plan, plan
