"""Organisations that merge, split, close or were never English: what becomes of their counts in areas and today's codes."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest
from psycopg.rows import DictRow
from recompute import Recomputation
from recompute_figures import GROUPS
from whole_standard import CLOSED, OTHER_BODY, UNKNOWN, WELSH

HEADS = tuple(f"{group}_count" for group in GROUPS)
BEFORE, BETWEEN, AFTER = date(2023, 6, 30), date(2023, 12, 31), date(2025, 3, 31)


@pytest.fixture(scope="module")
def merger(recomputation: Recomputation) -> tuple[str, str, str]:
    """The trust that went first, the one it went into, and the new code into which that went."""
    (pair,) = [
        (old, middle)
        for old, news in recomputation.successors.items()
        for middle in news
        if len(news) == 1 and _closed_in_sample(recomputation, old) and middle in recomputation.successors
    ]
    return *pair, recomputation.today(pair[0])


@pytest.fixture(scope="module")
def split(recomputation: Recomputation) -> tuple[str, list[str]]:
    (old,) = [code for code, news in recomputation.successors.items() if len(news) > 1]
    return old, sorted(recomputation.successors[old])


def _closed_in_sample(recomputation: Recomputation, code: str) -> bool:
    of = recomputation.organisations.get(code)
    return of is not None and of.closed is not None and of.closed >= date(2022, 6, 30)


def row(
    analyst: psycopg.Connection[DictRow],
    code: str,
    on: date,
    organisation_basis: str,
    level: str = "organisation",
    **more: str,
) -> DictRow | None:
    key = {
        "indicator_code": "1",
        "slice": "all",
        "denominator": "all_staff",
        "basis": "records",
        "scope": "trusts",
        "period_kind": "quarterly",
        **more,
    }
    return analyst.execute(
        "select * from restricted.indicator_result"
        " where level = %s and org_code = %s and as_at = %s and organisation_basis = %s and "
        + " and ".join(f"{name} = %s" for name in key),
        [level, code, on, organisation_basis, *key.values()],
    ).fetchone()


def heads(found: DictRow | None) -> tuple[int, ...]:
    assert found is not None
    return tuple(int(found[name]) for name in HEADS)


def total(*of: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sum(numbers) for numbers in zip(*of, strict=True))


@pytest.mark.parametrize(
    "figure",
    [
        {"indicator_code": "1", "slice": "all"},
        {"indicator_code": "1", "slice": "clinical_non_medical.band_5"},
        {"indicator_code": "9", "slice": "board.total"},
        {"indicator_code": "2", "slice": "all", "denominator": "not_applicable"},
        {"indicator_code": "4", "slice": "all", "denominator": "not_applicable"},
        {"indicator_code": "DR", "slice": "all.lower_to_middle", "denominator": "not_applicable"},
    ],
    ids=lambda figure: f"{figure['indicator_code']} {figure['slice']}",
)
def test_a_merged_trust_has_its_predecessors_counts_through_the_chain(
    analyst: psycopg.Connection[DictRow], merger: tuple[str, str, str], figure: dict[str, str]
) -> None:
    first, second, new = merger
    counted = HEADS if figure["indicator_code"] != "DR" else HEADS[:2]
    parts = [row(analyst, code, BEFORE, "as_reported", **figure) for code in (first, second)]
    merged = row(analyst, new, BEFORE, "current", **figure)
    assert merged is not None
    assert merged["status"] in ("ok", "zero_numerator", "not_calculable")
    for name in [*counted, *(name.replace("count", "base") for name in counted)]:
        assert merged[name] == sum(part[name] for part in parts if part), name
    # One of two: neither old code has a figure of today, nor had the new one any of its own before it opened.
    assert row(analyst, first, BEFORE, "current", **figure) is None
    assert row(analyst, second, BEFORE, "current", **figure) is None
    assert row(analyst, new, BEFORE, "as_reported", **figure) is None


def test_a_ratio_of_a_merged_trust_is_of_its_sums(
    analyst: psycopg.Connection[DictRow], merger: tuple[str, str, str]
) -> None:
    """Never an average: 1 of the sums lies between the two, and is neither's."""
    figure = {"slice": "clinical_non_medical"}
    first, second, new = merger
    merged = row(analyst, new, BEFORE, "current", **figure)
    assert merged is not None
    assert merged["bme_pct"] == pytest.approx(100 * float(merged["bme_count"] / merged["bme_base"]), rel=1e-12)
    whole = float(merged["workforce_bme_count"]) / sum(float(merged[f"workforce_{name}"]) for name in HEADS)
    assert merged["ratio"] == pytest.approx(merged["bme_pct"] / 100 / whole, rel=1e-12)
    shares = [row(analyst, code, BEFORE, "as_reported", **figure)["bme_pct"] for code in (first, second)]  # type: ignore[index]
    assert merged["bme_pct"] != pytest.approx(sum(shares) / 2)


def test_a_chain_moves_on_step_by_step(analyst: psycopg.Connection[DictRow], merger: tuple[str, str, str]) -> None:
    first, second, new = merger
    assert row(analyst, first, BETWEEN, "as_reported") is None
    assert heads(row(analyst, new, BETWEEN, "current")) == heads(row(analyst, second, BETWEEN, "as_reported"))
    assert heads(row(analyst, new, AFTER, "current")) == heads(row(analyst, new, AFTER, "as_reported"))
    assert row(analyst, second, AFTER, "as_reported") is None


def test_a_trust_that_nothing_happened_to_is_the_same_on_both_bases(
    analyst: psycopg.Connection[DictRow],
    recomputation: Recomputation,
    merger: tuple[str, str, str],
    split: tuple[str, list[str]],
) -> None:
    changed = [*merger, split[0], *split[1], CLOSED]
    columns = "indicator_code, slice, basis, denominator, as_at, period_kind, white_count, bme_count, white_base, ratio, status"
    both = [
        f"select org_code, {columns} from restricted.indicator_result where level = 'organisation'"
        f" and organisation_basis = '{basis}' and basis <> 'survey' and org_code <> all(%(changed)s) and org_code <> %(heir)s"
        for basis in ("as_reported", "current")
    ]
    given = {"changed": changed, "heir": recomputation.today(CLOSED)}
    for one, other in (both, both[::-1]):
        differing = analyst.execute(f"select count(*) as rows from ({one} except {other}) as d", given).fetchone()
        assert differing == {"rows": 0}


def test_a_split_stays_with_the_old_code_and_says_so(
    analyst: psycopg.Connection[DictRow], split: tuple[str, list[str]]
) -> None:
    old, news = split
    on = date(2022, 6, 30)
    reported, current = (row(analyst, old, on, basis) for basis in ("as_reported", "current"))
    assert heads(current) == heads(reported)
    assert reported is not None
    assert reported["status_reason"] is None
    assert current is not None
    assert "split" in current["status_reason"]
    for new in news:
        own, today = (row(analyst, new, on, basis) for basis in ("as_reported", "current"))
        assert heads(today) == heads(own)
        assert today is not None
        assert old in today["status_reason"]
        # Afterwards nothing is lacking.
        later = row(analyst, new, AFTER, "current")
        assert later is not None
        assert later["status_reason"] is None


def test_totals_lose_nobody_by_a_merger_or_a_split(analyst: psycopg.Connection[DictRow]) -> None:
    for on in (date(2022, 6, 30), BEFORE, BETWEEN, AFTER):
        reported, current = (
            row(analyst, "ENGLAND", on, basis, level="england") for basis in ("as_reported", "current")
        )
        assert heads(reported) == heads(current)


@pytest.mark.parametrize("code", [WELSH, CLOSED, UNKNOWN])
def test_welsh_closed_and_unknown_organisations_are_in_no_area(
    analyst: psycopg.Connection[DictRow], recomputation: Recomputation, code: str
) -> None:
    """Each reported heads for 31 March 2025: it has its own figures, and England is the sum of the others."""
    own = row(analyst, code, AFTER, "as_reported")
    assert sum(heads(own)) > 0
    assert recomputation.areas(code, AFTER) == {}
    england = row(analyst, "ENGLAND", AFTER, "as_reported", level="england", scope="all")
    counted = {
        found["org_code"]: heads(found)
        for found in analyst.execute(
            "select * from restricted.indicator_result where level = 'organisation' and as_at = %s and indicator_code = '1'"
            " and slice = 'all' and denominator = 'all_staff' and basis = 'records' and period_kind = 'quarterly'"
            " and organisation_basis = 'as_reported'",
            [AFTER],
        )
    }
    assert code in counted
    english = {org: number for org, number in counted.items() if org not in (WELSH, CLOSED, UNKNOWN)}
    assert heads(england) == total(*english.values())


def test_each_scope_adds_its_own_organisations(
    analyst: psycopg.Connection[DictRow], recomputation: Recomputation
) -> None:
    found = {
        scope: heads(row(analyst, "ENGLAND", AFTER, "as_reported", level="england", scope=scope))
        for scope in ("trusts", "trusts_and_icbs", "all")
    }
    boards = [code for code, of in recomputation.organisations.items() if of.kind == "Integrated Care Board"]
    of_boards = [row(analyst, code, AFTER, "as_reported") for code in boards]
    reporting = [heads(one) for one in of_boards if one is not None]
    assert reporting
    assert found["trusts_and_icbs"] == total(found["trusts"], *reporting)
    other = row(analyst, OTHER_BODY, AFTER, "as_reported")
    assert found["all"] == total(found["trusts_and_icbs"], heads(other))
    # A body without region or board is England's alone.
    assert set(recomputation.areas(OTHER_BODY, AFTER)) == {"england", "org_type"}
    # Where nobody joins them, the wider scopes are not repeated.
    regions = analyst.execute(
        "select org_code, array_agg(distinct scope) as scopes from restricted.indicator_result where level = 'region'"
        " and as_at = %s and indicator_code = '1' and organisation_basis = 'as_reported' group by 1",
        [AFTER],
    ).fetchall()
    with_boards = {
        recomputation.areas(code, AFTER)["region"] for code in boards if row(analyst, code, AFTER, "as_reported")
    }
    assert {one["org_code"] for one in regions if "trusts_and_icbs" in one["scopes"]} == with_boards
    assert not [one for one in regions if "all" in one["scopes"]]


def test_areas_are_those_of_the_day_and_on_the_current_basis_those_of_today(
    analyst: psycopg.Connection[DictRow], recomputation: Recomputation
) -> None:
    moved = [
        code
        for code, of in recomputation.organisations.items()
        if of.is_open(AFTER) and recomputation.areas(code, BEFORE).get("region") != recomputation.areas(code, AFTER).get("region")
        and recomputation.areas(code, BEFORE)
    ]  # fmt: skip
    assert moved
    for code in moved:
        then, now = (recomputation.areas(code, on)["region"] for on in (BEFORE, AFTER))
        own = heads(row(analyst, code, BEFORE, "as_reported"))
        sums = {
            (region, basis): heads(row(analyst, region, BEFORE, basis, level="region"))
            for region in (then, now)
            for basis in ("as_reported", "current")
        }
        assert total(sums[then, "current"], own) == sums[then, "as_reported"]
        assert total(sums[now, "as_reported"], own) == sums[now, "current"]
