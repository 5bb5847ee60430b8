"""Retention, promotion, time in band and leadership goals on the whole standard, counted again from the files."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg.rows import DictRow, dict_row
from recompute import Recomputation
from recompute_cells import day, ethnic_group, flag, medical_grade, pay_band, staff_block, year_before
from recompute_figures import BANDS, GROUPS, SENIOR, katz
from statsmodels.duration.survfunc import SurvfuncRight

from wres import build, warehouse
from wres.settings import Settings

Mask = pd.Series
MONTHS_A_DAY = 12 / 365.25


@dataclass(frozen=True)
class Unit:
    """An organisation on a day, everybody in it now or a year before: columns of the year before end in `_before`.

    ``is_whole`` is false for those who came out of an organisation that was split.
    """

    both: pd.DataFrame

    def at(self, end: str, slice_: str) -> Mask:
        """Who is in a slice at one end: '_before' or '_after'."""
        block, row, rank = (self.both[f"{column}{end}"] for column in ("block", "row", "rank"))
        head, _, tail = slice_.partition(".")
        found = block.notna() & ((head == "all") | (block == head))
        if tail == "band_8a_to_vsm":
            return found & row.isin(SENIOR)
        return found & (row == tail) if tail else found & (rank >= -1)

    def count(self, chosen: Mask, end: str) -> list[int]:
        """White, BME, Unknown and all, by the group recorded at that end."""
        numbers = self.both.loc[chosen, f"group{end}"].value_counts()
        return [*(int(numbers.get(group, 0)) for group in GROUPS), int(chosen.sum())]

    def movements(self, slice_: str) -> dict[str, list[int]]:
        first, last = self.at("_before", slice_) & self.both["is_whole"], self.at("_after", slice_)
        is_here, was_here = self.both["block_after"].notna(), self.both["block_before"].notna()
        whole = self.both["is_whole"]
        return {
            "opening": self.count(first, "_before"),
            "stayed": self.count(first & is_here, "_before"),
            "leavers": self.count(first & ~is_here, "_before"),
            "moved_out": self.count(first & is_here & ~self.at("_after", slice_), "_before"),
            "closing": self.count(last, "_after"),
            "joiners": self.count(last & ~was_here, "_after"),
            "transferred": self.count(last & was_here & ~whole, "_after"),
            "moved_in": self.count(last & was_here & whole & ~self.at("_before", slice_), "_after"),
        }

    def promotions(self, slice_: str, to_row: str) -> tuple[list[int], list[int]]:
        base = self.at("_before", slice_) & self.both["is_whole"] & (self.both["rank_before"] >= 0)
        rose = base & (self.both["rank_after"] > self.both["rank_before"])
        if to_row != "any":
            rose &= self.both["row_after"] == to_row
        return self.count(base, "_before"), self.count(rose, "_before")


@pytest.fixture(scope="module")
def people(recomputation: Recomputation) -> pd.DataFrame:
    """Everybody employed, by organisation and day, with group, block, row and rank of the band (-1 without one)."""
    rows = recomputation.rows("workforce", "snapshot_date")
    rows = rows[~rows["is_bank_only"].map(flag)]
    made = pd.DataFrame({"org_code": rows["org_code"].str.strip(), "person": rows["person_id"]})
    made["as_at"] = rows["snapshot_date"].map(day)
    made["group"] = [ethnic_group(*pair) for pair in zip(rows["ethnic_category"], rows["code_system"], strict=True)]
    made["block"] = [staff_block(*pair) for pair in zip(rows["staff_group"], rows["occupation_code"], strict=True)]
    made["row"] = [
        medical_grade(grade) if block == "medical_dental" else pay_band(band)
        for block, band, grade in zip(made["block"], rows["pay_band"], rows["medical_grade"], strict=True)
    ]
    made["rank"] = [BANDS.index(row) if row in BANDS else -1 for row in made["row"]]
    made["since"] = [day(text) if text else None for text in rows["band_start_date"]]
    return made


@pytest.fixture(scope="module")
def steps(whole_standard_feeds: Path) -> dict[str, dict[str, date]]:
    """New codes of each old code, with the first day of the new."""
    found: dict[str, dict[str, date]] = {}
    for file in sorted((whole_standard_feeds / "organisations").glob("succ*")):
        for row in pd.read_csv(file, header=None, dtype=str, keep_default_na=False).itertuples(index=False):
            if re.fullmatch(r"\d{8}", row[3]) and row[0] != row[1]:
                on = date(int(row[3][:4]), int(row[3][4:6]), int(row[3][6:]))
                last_of_month = (on + timedelta(days=1)).day == 1
                found.setdefault(row[0], {})[row[1]] = on + timedelta(days=int(last_of_month))
    return found


@pytest.fixture(scope="module")
def units(people: pd.DataFrame, steps: dict[str, dict[str, date]]) -> dict[tuple[str, date], Unit]:
    """Every organisation and day for which a year can be followed."""
    sent = {key: rows.drop(columns=["org_code", "as_at"]) for key, rows in people.groupby(["org_code", "as_at"])}

    def destinations(code: str, first: date, last: date) -> dict[str, bool]:
        if (code, last) in sent:
            return {code: True}
        onward = [new for new, on in steps.get(code, {}).items() if first < on <= last]
        is_split = len(steps.get(code, {})) > 1
        return {end: whole and not is_split for new in onward for end, whole in destinations(new, first, last).items()}

    def is_lost(old: str, first: date, last: date) -> bool:
        """Too few of an extract's people are found again: nobody, or fewer than half of twenty or more."""
        before = set(sent[old, first]["person"])
        found = sum(len(before & set(sent[end, last]["person"])) for end in destinations(old, first, last))
        return found == 0 or (len(before) >= 20 and found < len(before) / 2)

    made: dict[tuple[str, date], list[pd.DataFrame]] = {}
    lost = set()
    for code, last in sent:
        for old, first in sent:
            if first == year_before(last) and code in (ends := destinations(old, first, last)):
                made.setdefault((code, last), []).append(sent[old, first].assign(is_whole=ends[code]))
                if is_lost(old, first, last):
                    lost.add((code, last))
    found = {}
    for key, before in made.items():
        if key in lost:
            continue
        both = pd.concat(before).merge(sent[key], on="person", how="outer", suffixes=("_before", "_after"))
        both["is_whole"] = both["is_whole"].fillna(True).astype(bool)
        found[key] = Unit(both)
    return found


def figures(analyst: psycopg.Connection[DictRow], table: str, condition: str) -> list[DictRow]:
    return analyst.execute(f"select * from restricted.{table} where {condition}").fetchall()


@pytest.fixture(scope="module")
def retention(analyst: psycopg.Connection[DictRow]) -> dict[tuple[str, date, str], DictRow]:
    rows = figures(analyst, "retention", "level = 'organisation' and period_kind = 'quarterly'")
    return {(row["org_code"], row["as_at"], row["slice"]): row for row in rows}


MEASURES = ("opening", "stayed", "leavers", "moved_out", "closing", "joiners", "transferred", "moved_in")
COUNTED = ("ok", "zero_numerator", "zero_denominator", "not_calculable", "unreliable", "not_applicable")


def test_every_count_of_retention_is_that_of_the_files(
    retention: dict[tuple[str, date, str], DictRow], units: dict[tuple[str, date], Unit]
) -> None:
    counted = {key: row for key, row in retention.items() if row["all_opening_count"] is not None}
    followed = {(code, on) for code, on, _ in counted}
    # A trust that came out of a split alone has no opening of its own, so that it has no figure either.
    assert followed == {
        key for key, unit in units.items() if (unit.both["is_whole"] & unit.both["block_before"].notna()).any()
    }
    assert len(counted) > 3000
    # All staff of everybody, and some hundred rows drawn by a seed.
    drawn = random.Random(20250331).sample(sorted(counted), 400)
    wrong = []
    for code, on, slice_ in {*drawn, *(key for key in counted if key[2] == "all")}:
        row = counted[code, on, slice_]
        ours = {measure: [row[f"{group}_{measure}_count"] for group in (*GROUPS, "all")] for measure in MEASURES}
        theirs = units[code, on].movements(slice_)
        if ours != theirs:
            wrong.append((code, on, slice_, ours, theirs))
    assert wrong == []


def test_rates_and_the_ratio_follow_from_the_counts(retention: dict[tuple[str, date, str], DictRow]) -> None:
    rows = [row for row in retention.values() if row["status"] == "ok"]
    assert len(rows) > 50
    for row in rows:
        mean = {
            group: (row[f"{group}_opening_count"] + row[f"{group}_closing_count"]) / 2 for group in ("white", "bme")
        }
        ratio = katz(row["bme_leavers_count"], mean["bme"], row["white_leavers_count"], mean["white"])
        assert row["bme_leaver_pct"] == pytest.approx(100 * row["bme_leavers_count"] / mean["bme"], rel=1e-12)
        assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == pytest.approx(
            (ratio.ratio, ratio.low, ratio.high), rel=1e-9
        )
        assert row["white_stability_pct"] == pytest.approx(100 * row["white_stayed_count"] / row["white_opening_count"])


def test_a_year_without_its_other_end_has_no_figure_and_says_so(
    retention: dict[tuple[str, date, str], DictRow],
) -> None:
    reasons = {row["status_reason"] for row in retention.values() if row["status"] == "not_submitted"}
    # Snapshots of December 2022, September 2023 and September 2024 lack.
    assert "There is no extract of people of 31 December 2022 to compare with." in reasons
    assert {row["as_at"] for row in retention.values() if row["status"] == "ok"} <= {
        date(2023, 6, 30), date(2024, 3, 31), date(2024, 6, 30), date(2024, 12, 31), date(2025, 3, 31)
    }  # fmt: skip


def test_a_merger_makes_no_leavers(
    retention: dict[tuple[str, date, str], DictRow], analyst: psycopg.Connection[DictRow]
) -> None:
    rows = [row for row in retention.values() if row["slice"] == "all"]
    merged = [row for row in rows if "which went into it" in (row["status_reason"] or "")]
    assert merged and {row["status"] for row in merged} == {"ok"}
    for row in merged:
        assert row["all_stability_pct"] > 75
        assert row["all_leaver_pct"] < 25


def test_where_people_are_not_found_again_there_is_no_figure(retention: dict[tuple[str, date, str], DictRow]) -> None:
    # The sample drops the people of the trust that closes half-way: whose successor it is cannot say who left.
    lost = [row for row in retention.values() if "their identifiers have changed" in (row["status_reason"] or "")]
    assert lost and {row["status"] for row in lost} == {"not_calculable"}
    assert all(row["all_leavers_count"] is None and row["all_leaver_pct"] is None for row in lost)


def test_england_is_the_sum_of_its_trusts(
    analyst: psycopg.Connection[DictRow],
    retention: dict[tuple[str, date, str], DictRow],
    recomputation: Recomputation,
) -> None:
    england = figures(analyst, "retention", "level = 'england' and period_kind = 'quarterly' and scope = 'trusts'")
    assert england
    for row in england:
        members = [
            one
            for (code, on, slice_), one in retention.items()
            if (on, slice_) == (row["as_at"], row["slice"])
            and one["all_opening_count"] is not None
            and recomputation.areas(code, on)
            and "trusts" in recomputation.organisations[code].scopes
        ]
        for measure in MEASURES:
            assert row[f"bme_{measure}_count"] == sum(one[f"bme_{measure}_count"] for one in members)


def test_promotions_are_those_of_the_files(
    analyst: psycopg.Connection[DictRow], units: dict[tuple[str, date], Unit]
) -> None:
    rows = figures(
        analyst, "promotion", "level = 'organisation' and period_kind = 'quarterly' and all_opening_count is not null"
    )
    assert {"any", "band_6"} <= {row["to_row"] for row in rows}
    for row in rows:
        whole = row["slice"] if row["to_row"] == "any" else f"{row['staff_block']}.{row['from_row']}"
        ours = tuple([row[f"{group}_{what}_count"] for group in (*GROUPS, "all")] for what in ("opening", "promoted"))
        assert ours == units[row["org_code"], row["as_at"]].promotions(whole, row["to_row"]), row["slice"]
    seen = {(row["org_code"], row["as_at"], row["slice"]) for row in rows}
    for (code, on), unit in units.items():
        rose = unit.both[
            (unit.both["rank_before"] >= 0)
            & (unit.both["rank_after"] > unit.both["rank_before"])
            & unit.both["is_whole"]
        ]
        if (code, on, "all") in seen:
            assert {(code, on, f"all.{one.row_before}.to_{one.row_after}") for one in rose.itertuples()} <= seen


def spells(unit: Unit, slice_: str, group: str, on: date) -> pd.DataFrame:
    """Entry, exit (months) and promotion of a group in a band, by the methods of decision 25."""
    chosen = unit.both[
        unit.at("_before", slice_)
        & unit.both["is_whole"]
        & (unit.both["group_before"] == group)
        & unit.both["since_before"].notna()
    ]
    first = year_before(on)
    middle = first + timedelta(days=(on - first).days // 2)
    found = []
    for one in chosen.itertuples():
        rose = one.rank_after > one.rank_before
        if one.row_after == one.row_before:
            last = on
        elif isinstance(one.since_after, date) and first < one.since_after <= on:
            last = one.since_after
        else:
            last = middle
        months = (last - one.since_before).days * MONTHS_A_DAY
        entry = np.floor((first - one.since_before).days * MONTHS_A_DAY)
        found.append((entry, np.ceil(months) if rose else np.floor(months), int(rose)))
    return pd.DataFrame(found, columns=["entry", "exit", "event"])


def test_time_in_band_equals_statsmodels(
    analyst: psycopg.Connection[DictRow], units: dict[tuple[str, date], Unit]
) -> None:
    rows = figures(analyst, "time_in_band", "level = 'organisation' and white_people_count is not null")
    compared = 0
    for row in rows:
        unit = units[row["org_code"], row["as_at"]]
        for group in ("white", "bme"):
            given = spells(unit, row["slice"], group, row["as_at"])
            assert row[f"{group}_people_count"] == len(given)
            assert row[f"{group}_promoted_count"] == given["event"].sum()
            given = given[given["exit"] > given["entry"]]
            if not given["event"].any():
                assert row[f"{group}_median_months"] is None
                continue
            curve = SurvfuncRight(given["exit"], given["event"], entry=given["entry"])
            below = curve.surv_times[curve.surv_prob <= 0.5 + 1e-12]
            assert row[f"{group}_median_months"] == (below[0] if len(below) else None), row["slice"]
            with np.errstate(divide="ignore", invalid="ignore"):
                low, high = curve.quantile_ci(0.5, method="cloglog")
            assert row[f"{group}_median_low"] == (None if np.isnan(low) else low)
            assert row[f"{group}_median_high"] == (None if np.isnan(high) or np.isinf(high) else high)
            compared += 1
    assert compared > 50


def goal(posts: float, share: float, target: float, turnover: float, years: int) -> tuple[float, float]:
    """x and H of the methodology, section 6."""
    left = (1 - turnover) ** years
    needed = (target - share * left) / (1 - left)
    return needed, turnover * posts * needed


def test_leadership_goals_follow_from_posts_and_leavers(
    analyst: psycopg.Connection[DictRow], retention: dict[tuple[str, date, str], DictRow]
) -> None:
    rows = figures(analyst, "leadership_goal", "level = 'organisation'")
    results = {
        (row["org_code"], row["as_at"], row["slice"], row["basis"]): row
        for row in figures(
            analyst,
            "indicator_result",
            "level = 'organisation' and indicator_code = '1' and denominator = 'all_staff' and period_kind = 'annual'"
            " and organisation_basis = 'as_reported'",
        )
    }
    assert {row["scenario"] for row in rows} == {"own", "8", "12", "16"}
    assert {row["target_basis"] for row in rows} == {"workforce_all", "workforce_afc"}
    assert {"ok", "unreachable_by_recruitment", "at_or_above_target"} <= {row["status"] for row in rows}
    for row in rows:
        assert row["years"] == row["horizon_year"] - row["wres_year"] > 0
        if row["status"] not in ("ok", "unreachable_by_recruitment"):
            assert row["recruits_needed_per_year"] is None
            continue
        post = results[row["org_code"], row["as_at"], row["slice"], row["basis"]]
        posts = post["white_count"] + post["bme_count"]
        blocks = [
            results[row["org_code"], row["as_at"], block, row["basis"]]
            for block in ("non_clinical", "clinical_non_medical")
        ]
        white, bme = (
            (post["workforce_white_count"], post["workforce_bme_count"])
            if row["target_basis"] == "workforce_all"
            else (sum(one["white_count"] for one in blocks), sum(one["bme_count"] for one in blocks))
        )
        move = retention.get((row["org_code"], row["as_at"], row["slice"]))
        turnover = float(row["scenario"]) / 100 if row["scenario"] != "own" else 0.0
        if row["scenario"] == "own":
            assert move is not None
            turnover = 2 * move["all_leavers_count"] / (move["all_opening_count"] + move["all_closing_count"])
        needed, recruits = goal(
            float(posts), float(post["bme_count"] / posts), float(bme / (white + bme)), turnover, row["years"]
        )
        assert row["bme_share_of_recruits_pct"] == pytest.approx(100 * needed, rel=1e-9)
        assert row["recruits_needed_per_year"] == pytest.approx(recruits, rel=1e-9)
        assert (row["status"] == "ok") == (needed <= 1)
        if move is not None:
            assert row["current_bme_recruits_count"] == move["bme_joiners_count"] + move["bme_moved_in_count"]


def test_nothing_of_real_organisations_is_in_a_release_of_made_up_files(analyst: psycopg.Connection[DictRow]) -> None:
    for schema in ("restricted", "published"):
        rows = analyst.execute(f"select distinct level, is_synthetic from {schema}.leadership_goal").fetchall()
        assert rows and {row["is_synthetic"] for row in rows} == {True}
        assert "strategy_2019" not in {row["level"] for row in rows}


HIDING = {
    "retention": ("opening", "closing", "stayed", "leavers"),
    "promotion": ("opening", "promoted"),
}


@pytest.mark.parametrize("table", ["retention", "promotion", "time_in_band", "pay_gap"])
def test_what_the_audit_does_not_read_is_not_published(analyst: psycopg.Connection[DictRow], table: str) -> None:
    """Rows are there and say where their figures are, but for those which are there where somebody is."""
    shown = [row["row"] for row in analyst.execute(f"select to_jsonb(p) as row from published.{table} as p")]
    true_ones = [row["row"] for row in analyst.execute(f"select to_jsonb(r) as row from restricted.{table} as r")]
    # Steps that were made, pay outside the bands, people in a band.
    telling = {
        "retention": lambda row: row["slice"].endswith(("other_pay", "senior_medical_manager")),
        "promotion": lambda row: row["to_row"] != "any",
        "time_in_band": lambda row: row["slice"] != "all",
        "pay_gap": lambda row: row["population"] != "all",
    }[table]
    assert len(shown) > 30 and any(map(telling, true_ones)) and not any(map(telling, shown))
    organisations = [
        {(row["org_code"], row["as_at"]) for row in rows if row["level"] == "organisation"}
        for rows in (true_ones, shown)
    ]
    assert table == "pay_gap" or organisations[0] == organisations[1]
    figures_of = re.compile(r".*(_count|_pct|_months|_low|_high|_gbp)|ratio|p_value")
    for row in shown:
        numbers = {name: value for name, value in row.items() if figures_of.fullmatch(name)}
        assert len(numbers) > 10 and set(numbers.values()) == {None}, row
        # Whether an organisation can be followed is told, and nothing of its people.
        assert row["status"] in ("suppressed", "not_submitted", "not_calculable", "not_applicable")
        assert row["status"] == "suppressed" or row.get("slice") == "all"
    reasons = {row["status_reason"] for row in shown if row["status"] == "suppressed"}
    assert reasons == {
        "Hidden by disclosure control: the audit does not read what this figure rests on. Analysts find it in restricted."
    }


@pytest.fixture(scope="module")
def rounded(
    whole_standard: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> Iterator[psycopg.Connection[DictRow]]:
    """A copy whose organisation has decided that rounding alone is enough: its tables are those of ``marts``."""
    copy = copy_warehouse(whole_standard)
    with psycopg.connect(copy.warehouse_url or "", autocommit=True, row_factory=dict_row) as connection:
        connection.execute("update ops.source set unaudited_policy = disclosure_policy")
        done = build.dbt(
            copy,
            "run",
            "--select",
            "int_movement__area_count",
            "int_movement__area_count_controlled",
            *HIDING,
            "pay_gap",
        )
        assert done.success
        yield connection


@pytest.mark.parametrize(("table", "measures"), HIDING.items())
def test_published_counts_are_rounded_and_hide_what_rests_on_few(
    rounded: psycopg.Connection[DictRow], table: str, measures: tuple[str, ...]
) -> None:
    key = "level, org_code, as_at, period_kind, slice, scope"
    pairs = rounded.execute(
        f"select to_jsonb(p) as shown, to_jsonb(r) as true from marts.{table} as p"
        f" inner join restricted.{table} as r using ({key})"
    ).fetchall()
    assert len(pairs) > 1000
    pct = {"retention": "leaver_pct", "promotion": "promotion_pct"}[table]
    for pair in pairs:
        shown, true = pair["shown"], pair["true"]
        for group in (*GROUPS, "all"):
            for measure in measures:
                count = true[f"{group}_{measure}_count"]
                hidden = count is None or 1 <= count <= 7 or shown[f"{group}_{measure}_count"] is None
                assert shown[f"{group}_{measure}_count"] == (None if hidden else 5 * _half_up(count / 5)), pair
            if any(shown[f"{group}_{measure}_count"] is None for measure in measures):
                assert shown[f"{group}_{pct}"] is None
            if table == "retention":
                assert (shown[f"{group}_stayed_count"] is None) == (shown[f"{group}_leavers_count"] is None)
        if any(shown[f"{group}_{measure}_count"] is None for group in ("white", "bme") for measure in measures):
            assert shown["ratio"] is shown["ratio_low"] is shown["ratio_high"] is None
        assert shown["p_value"] is None


@pytest.mark.parametrize("table", HIDING)
@pytest.mark.parametrize("group", ["white", "bme"])
def test_movements_of_staff_who_are_hidden_are_hidden(
    rounded: psycopg.Connection[DictRow], table: str, group: str
) -> None:
    """Whoever is in the row at the end is a count of staff that the indicators show or hide."""
    of_hidden = rounded.execute(
        f"""
        select count(*) as rows, count(movement.{group}_opening_count) as shown
        from marts.{table} as movement
        inner join ops.hidden_count as staff using (level, org_code, scope, as_at, slice)
        where staff.population = 'staff' and staff.organisation_basis = 'as_reported' and staff.member = '{group}'
            and staff.treatment = 'hidden'
        """
    ).fetchone()
    assert of_hidden is not None and of_hidden["rows"] > 100 and of_hidden["shown"] == 0


def test_pay_of_few_people_is_hidden_where_rounding_is_to_be_enough(rounded: psycopg.Connection[DictRow]) -> None:
    """No count of 1 to 7, none but multiples of five, England's too, and no average of so few anywhere."""
    columns = ("people_count", "rated_count", "unrated_count", "base_people_count", "population_count")
    shown = " union all ".join(f"select {column} as number from marts.pay_gap" for column in columns)
    counts = rounded.execute(
        "select count(*) filter (where number between 1 and 7 or mod(number, 5) <> 0) as wrong, count(number) as shown"
        f" from ({shown}) as counts"
    ).fetchone()
    assert counts is not None and counts["wrong"] == 0 and counts["shown"] > 1000
    averages = rounded.execute(
        """
        select count(public.mean_hourly_gbp) as shown, count(*) filter (
            where (true_one.rated_count between 1 and 7 and public.mean_hourly_gbp is not null)
                or (least(true_one.rated_count, true_one.base_rated_count) between 1 and 7 and public.median_gap_pct is not null)
        ) as wrong
        from marts.pay_gap as public
        inner join restricted.pay_gap as true_one using (level, org_code, as_at, scope, population, base_group, ethnic_group)
        """
    ).fetchone()
    assert averages is not None and averages["wrong"] == 0 and averages["shown"] > 100


def _half_up(value: float) -> int:
    return int(np.floor(value + 0.5))


def test_the_strategy_s_tables_come_out_of_a_release_of_real_files(
    whole_standard: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    """Tables 2 and 3 of A Model Employer, from the seeded inputs, where the content in force is not synthetic."""
    copy = copy_warehouse(whole_standard)
    printed = _with_real_content(copy)
    assert {(row["org_code"], row["horizon_year"]): row["printed"] for row in printed} == {
        ("TRUSTS", 2023): (56, "1 in 3"), ("TRUSTS", 2028): (41, "1 in 4"), ("TRUSTS", 2033): (36, "1 in 5"),
        ("CCGS", 2023): (18, "1 in 6"), ("CCGS", 2028): (16, "1 in 7"),
        ("RRV", 2028): (19, "6 in 10"), ("RTD", 2028): (3, "1 in 9"),
    }  # fmt: skip


def _with_real_content(of: Settings) -> list[dict[str, Any]]:
    """Goals of the strategy as the model gives them once the contents are said to be real, each beside what is printed."""
    with psycopg.connect(of.warehouse_url or "", autocommit=True) as administrator:
        administrator.execute("update staging.stg_ops__current_content set is_synthetic = false")
        for table in ("restricted_indicator_result", "restricted_retention"):
            administrator.execute(f"create table marts.{table} as select * from release_0001.{table}")
            administrator.execute(f"alter table marts.{table} owner to wres_transformer")
    done = build.dbt(of, "run", "--select", "restricted_leadership_goal")
    assert done.success
    with warehouse.connect(of, "wres_transformer", autocommit=True) as connection:
        connection.row_factory = psycopg.rows.dict_row  # type: ignore[assignment]
        rows: list[dict[str, Any]] = connection.execute(
            "select goal.*, seed.printed_recruits, seed.printed_share from marts.restricted_leadership_goal as goal"
            " inner join intermediate.leadership_strategy_goal as seed using (org_code, slice, horizon_year)"
            " where goal.level = 'strategy_2019'"
        ).fetchall()  # type: ignore[assignment]
    for row in rows:
        tenths = f"{round(row['bme_share_of_recruits_pct'] / 10)} in 10"
        share = f"1 in {row['recruits_one_in']}" if row["recruits_one_in"] > 1 else tenths
        row["printed"] = (round(row["recruits_needed_per_year"]), share)
        assert row["printed"] == (row["printed_recruits"], row["printed_share"])
        assert row["is_synthetic"] is False
    return rows
