"""Finer groups, the recruitment funnel and the pay gap: equal to a second count from the files, and to the standard's counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg.rows import DictRow
from recompute import Recomputation
from recompute_figures import katz
from recompute_groups import Groups, quarters

SEED = "20250331"
BASES = {"white": ("wres", "White"), "white_british": ("white_split", "White British")}


@pytest.fixture(scope="module")
def groups(recomputation: Recomputation) -> Groups:
    return Groups(recomputation)


def drawn(analyst: psycopg.Connection[DictRow], table: str, kinds: str, key: str, each: int) -> list[DictRow]:
    """A few rows of each kind, in an order drawn by the seed."""
    return analyst.execute(
        f"select * from (select *, row_number() over (partition by {kinds} order by md5(%s || concat_ws('|', {key})))"
        f" as place from restricted.{table}) as numbered where place <= {each}",
        [SEED],
    ).fetchall()


def rows_of(analyst: psycopg.Connection[DictRow], query: str) -> list[DictRow]:
    return analyst.execute(query).fetchall()


def test_random_groups_equal_a_second_count_from_the_files(
    analyst: psycopg.Connection[DictRow], groups: Groups
) -> None:
    key = "org_code, scope, as_at, indicator_code, slice, stratum, group_scheme, ethnic_group"
    rows = drawn(analyst, "indicator_group_result", "level, indicator_code, group_scheme, left(stratum, 3)", key, 4)
    assert len(rows) > 150
    assert {(row["level"], row["indicator_code"]) for row in rows} == {
        (level, indicator) for level in ("organisation", "region", "england") for indicator in "1234"
    }
    ratios = 0
    for row in rows:
        place = (row["level"], row["org_code"], row["scope"], row["as_at"])
        tally = groups.pooled(*place, row["indicator_code"], row["group_scheme"], row["slice"], row["stratum"])
        value, base = tally[row["ethnic_group"]]
        reference = tally.get(row["reference_group"])
        if row["indicator_code"] == "1":
            total, workforce = (sum(pair[place] for pair in tally.values()) for place in (0, 1))
            assert (row["group_count"], row["group_base"]) == (value, total), row
            assert (row["workforce_count"], row["workforce_base"]) == (base, workforce), row
            expected = (value / total) / (base / workforce) if value else None
        else:
            assert (row["group_count"], row["group_base"]) == (value, base), row
            assert reference is None or (row["reference_count"], row["reference_base"]) == reference, row
            pair = (
                ((*reference, value, base) if row["indicator_code"] != "3" else (value, base, *reference))
                if reference
                else None
            )
            expected = None
            if pair and 0 not in pair and row["ethnic_group"] != row["reference_group"]:
                expected = pair[0] / pair[1] / (pair[2] / pair[3])
                if row["status"] == "ok":
                    known = katz(*pair)
                    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == pytest.approx(
                        (known.ratio, known.low, known.high), rel=1e-9
                    ), row
        if row["ethnic_group"] in ("Unknown", "Not stated", "Not known"):
            expected = None
        assert row["ratio"] == (None if expected is None else pytest.approx(expected, rel=1e-9)), row
        ratios += expected is not None
    assert ratios > 60


def test_the_standard_s_groups_are_those_of_indicator_result(analyst: psycopg.Connection[DictRow]) -> None:
    """White and BME of scheme wres have every count, ratio, interval, p-value and status of the official figure."""
    columns = ("ratio", "ratio_low", "ratio_high", "gap_points", "gap_low", "gap_high", "p_value", "evidence", "status")
    rows = rows_of(
        analyst,
        f"""
        select figure.indicator_code, figure.slice, figure.group_count, standard.bme_count, figure.group_base, standard.bme_base,
            figure.reference_count, standard.white_count,
            {", ".join(f"figure.{c} as g_{c}, standard.{c} as s_{c}" for c in columns)}
        from restricted.indicator_group_result as figure
        inner join restricted.indicator_result as standard
            using (level, org_code, as_at, scope, indicator_code, slice, period_kind, basis)
        where figure.group_scheme = 'wres' and figure.ethnic_group = 'BME' and figure.stratum = 'all'
            and standard.organisation_basis = 'as_reported' and standard.denominator <> 'known_only'
            and figure.reference_count is not null
        """,
    )
    assert len(rows) > 1000
    assert {row["indicator_code"] for row in rows} == set("1234")
    for row in rows:
        assert row["group_count"] == row["bme_count"] and row["reference_count"] == row["white_count"], row
        assert row["group_base"] == row["bme_base"], row
        assert [row[f"g_{c}"] for c in columns] == [
            pytest.approx(row[f"s_{c}"], rel=1e-12) if isinstance(row[f"s_{c}"], float) else row[f"s_{c}"]
            for c in columns
        ], row


def test_groups_of_a_scheme_share_out_white_and_bme_staff(analyst: psycopg.Connection[DictRow]) -> None:
    rows = rows_of(
        analyst,
        """
        with member as (
            select *, case
                when ethnic_group in ('Unknown', 'Not stated', 'Not known') then 'unknown'
                when ethnic_group = 'BME unspecified' then 'bme'
                when ethnic_group = 'Other White' then 'white'
                when ethnic_group like 'White%' and ethnic_group not like 'White and%' then 'white'
                else 'bme' end as standard
            from restricted.indicator_group_result where level = 'organisation' and stratum = 'all'
        )
        select member.indicator_code, group_scheme, sum(group_count) filter (where standard = 'white') as white,
            sum(group_count) filter (where standard = 'bme') as bme, min(result.white_count) as white_count,
            min(result.bme_count) as bme_count
        from member
        inner join restricted.indicator_result as result
            using (level, org_code, as_at, scope, indicator_code, slice, period_kind, basis)
        where result.organisation_basis = 'as_reported' and result.denominator <> 'known_only' and result.white_count is not null
        group by org_code, as_at, member.indicator_code, slice, group_scheme
        """,
    )
    assert len(rows) > 1000
    assert {row["group_scheme"] for row in rows} == {"wres", "six_group", "white_split", "detailed"}
    for row in rows:
        assert (row["white"] or 0, row["bme"] or 0) == (row["white_count"], row["bme_count"]), row


def test_random_funnels_equal_a_second_count_from_the_files(
    analyst: psycopg.Connection[DictRow], groups: Groups
) -> None:
    key = "org_code, scope, as_at, slice, group_scheme, ethnic_group"
    rows = drawn(analyst, "recruitment_funnel", "level, slice, group_scheme", key, 4)
    assert len(rows) > 200
    ratios = 0
    for row in rows:
        funnel = groups.funnel(
            row["level"], row["org_code"], row["scope"], row["as_at"], row["slice"], row["group_scheme"]
        )
        people = funnel.get(row["ethnic_group"], np.zeros(3))
        reference = funnel.get(row["reference_group"], np.zeros(3))
        assert [row["applied_count"], row["shortlisted_count"], row["appointed_count"]] == list(people), row
        for stage, before, after in (("shortlisting", 0, 1), ("appointment", 1, 2), ("overall", 0, 2)):
            if row[f"{stage}_ratio"] is None:
                continue
            ratios += 1
            known = katz(reference[after], reference[before], people[after], people[before])
            found = tuple(row[f"{stage}_ratio{side}"] for side in ("", "_low", "_high"))
            assert found == pytest.approx((known.ratio, known.low, known.high), rel=1e-9), (stage, row)
    assert ratios > 200


def test_the_way_is_the_product_of_its_stages_and_narrows(analyst: psycopg.Connection[DictRow]) -> None:
    (row,) = rows_of(
        analyst,
        """
        select count(*) as ways, max(abs(shortlisting_ratio * appointment_ratio / overall_ratio - 1)) as off,
            count(*) filter (where appointed_count > shortlisted_count or shortlisted_count > applied_count) as widening
        from restricted.recruitment_funnel where shortlisting_ratio * appointment_ratio * overall_ratio is not null
        """,
    )
    assert row["ways"] > 500
    assert row["off"] < 1e-12
    assert row["widening"] == 0


def test_the_second_stage_is_indicator_2(analyst: psycopg.Connection[DictRow]) -> None:
    rows = rows_of(
        analyst,
        """
        select funnel.appointment_ratio, result.ratio, funnel.appointment_ratio_low, result.ratio_low
        from restricted.recruitment_funnel as funnel
        inner join restricted.indicator_result as result using (level, org_code, as_at, scope, slice)
        where funnel.group_scheme = 'wres' and funnel.ethnic_group = 'BME' and funnel.employers = 'all'
            and result.indicator_code = '2' and result.basis = 'records' and result.period_kind = 'quarterly'
            and result.organisation_basis = 'as_reported' and result.ratio is not null
        """,
    )
    assert len(rows) > 300
    for row in rows:
        assert row["appointment_ratio"] == pytest.approx(row["ratio"], rel=1e-12)
        assert row["appointment_ratio_low"] == (row["ratio_low"] and pytest.approx(row["ratio_low"], rel=1e-12))


def pay_of(paid: pd.DataFrame, scheme: str, group: str) -> tuple[pd.DataFrame, pd.Series]:
    """People of a group, and their rates where recorded."""
    people = paid[paid[scheme] == group]
    return people, people["rate"].dropna()


def test_random_pay_gaps_equal_a_second_count_from_the_files(
    analyst: psycopg.Connection[DictRow], groups: Groups
) -> None:
    key = "org_code, scope, as_at, population, base_group, ethnic_group"
    rows = drawn(analyst, "pay_gap", "level, population, base_group", key, 5)
    assert len(rows) > 150
    gaps = 0
    for row in rows:
        paid = groups.paid(row["level"], row["org_code"], row["scope"], row["as_at"], row["population"])
        schemes = [s for s in ("wres", "six_group", "white_split") if row["ethnic_group"] in set(paid[s])]
        people, rates = pay_of(paid, schemes[0], row["ethnic_group"])
        white, base_rates = pay_of(paid, *BASES[row["base_group"]])
        assert (row["people_count"], row["rated_count"]) == (len(people), len(rates)), row
        assert (row["base_people_count"] or 0, row["base_rated_count"] or 0) == (len(white), len(base_rates)), row
        assert (row["population_count"], row["population_rated_count"]) == (
            len(paid),
            int(paid["rate"].notna().sum()),
        ), row
        if len(rates) and len(base_rates):
            gaps += 1
            means, medians = (base_rates.mean(), rates.mean()), (base_rates.median(), rates.median())
            assert (row["base_mean_hourly_gbp"], row["mean_hourly_gbp"]) == pytest.approx(means, rel=1e-9), row
            assert (row["base_median_hourly_gbp"], row["median_hourly_gbp"]) == pytest.approx(medians, rel=1e-9), row
            expected = [100 * (base - pay) / base for base, pay in (means, medians)]
            assert [row["mean_gap_pct"], row["median_gap_pct"]] == pytest.approx(expected, rel=1e-9, abs=1e-9), row
        rated = paid[paid["rate"].notna()]
        if len(rated):
            shares = quarters(rated["rate"].to_numpy(), (rated[schemes[0]] == row["ethnic_group"]).to_numpy())
            assert [row[f"quarter_{place}_pct"] for place in (1, 2, 3, 4)] == pytest.approx(
                shares, rel=1e-9, abs=1e-9
            ), row
    assert gaps > 100


def test_what_is_published_of_groups_hides_few_people(analyst: psycopg.Connection[DictRow]) -> None:
    """No count of 1 to 7, and none but multiples of five below England."""
    counts = {
        "indicator_group_result": ("group_count", "group_base", "reference_count", "reference_base", "workforce_count"),
        "recruitment_funnel": ("applied_count", "shortlisted_count", "appointed_count", "reference_appointed_count"),
    }
    for table, columns in counts.items():
        shown = " union all ".join(
            f"select {column} as number from published.{table} where level <> 'england'" for column in columns
        )
        (row,) = rows_of(
            analyst,
            "select count(*) filter (where number between 1 and 7 or mod(number, 5) <> 0) as wrong, count(number) as shown"
            f" from ({shown}) as counts",
        )
        assert row["wrong"] == 0, table
        assert row["shown"] > 1000, table


# What says by being there that somebody is: a group of everybody, and a slice in which anybody is.
TOLD = {
    "indicator_group_result": (
        "level, org_code, as_at, indicator_code, slice, stratum, scope, group_scheme, ethnic_group",
        "coalesce(public.group_count, 0) = 0"
        " and (public.group_base is null or (public.indicator_code = '1' and public.workforce_count is null))",
    ),
    "recruitment_funnel": (
        "level, org_code, as_at, slice, scope, employers, group_scheme, ethnic_group",
        "public.slice = 'all' and public.applied_count is null"
        " and coalesce(greatest(public.shortlisted_count, public.appointed_count), 0) = 0"
        " and (true_one.applied_count is not null or public.shortlisted_count is null)",
    ),
}


@pytest.mark.parametrize(("table", "key", "hides"), [(table, *of) for table, of in TOLD.items()])
def test_no_row_says_by_being_there_that_somebody_is(
    analyst: psycopg.Connection[DictRow], table: str, key: str, hides: str
) -> None:
    (row,) = rows_of(
        analyst,
        f"""
        select count(public.status) as public, count(*) filter (where public.status is null) as left_out,
            count(*) filter (where public.status is not null and ({hides})) as telling,
            count(*) filter (where true_one.status is null) as strange,
            count(*) filter (where not coalesce(public.is_synthetic, true)) as unmarked
        from restricted.{table} as true_one
        full join published.{table} as public using ({key})
        """,
    )
    assert row["public"] > 1000 and row["left_out"] > 100
    assert row["telling"] == row["strange"] == row["unmarked"] == 0


def test_a_source_without_finer_categories_is_in_no_finer_scheme(analyst: psycopg.Connection[DictRow]) -> None:
    """Organisations that send counts of White, BME and Unknown: in scheme wres alone, and in no sum of the six groups."""
    rows = rows_of(
        analyst,
        """
        select org_code, as_at, bool_or(group_scheme = 'six_group') as has_six from restricted.indicator_group_result
        where level = 'organisation' and indicator_code = '1' group by org_code, as_at
        """,
    )
    assert {row["has_six"] for row in rows} == {True, False}
    bare = rows_of(
        analyst,
        """
        select org_code from restricted.indicator_group_result
        where group_scheme in ('six_group', 'detailed') and level = 'organisation'
        group by org_code, as_at, indicator_code, group_scheme
        having bool_or(ethnic_group = 'BME unspecified' and group_base > 0)
            and not bool_or(ethnic_group in ('Asian', 'Black', 'Mixed', 'Other', 'Indian', 'African') and group_base > 0)
        """,
    )
    assert not bare
