"""The whole standard from all feeds: every indicator at every level, each figure equal to a second count from the files."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow, tuple_row
from recompute import Recomputation
from recompute_figures import GROUPS, Key, Part

LEVELS = {"organisation", "icb", "region", "org_type", "england"}
FROM_RECORDS = {"1", "2", "3", "4", "9", "DR"}
FROM_SURVEY = {"5", "6", "7", "8"}
SEED = 20250331
KEY = ("level", "org_code", "as_at", "indicator_code", "slice", "basis", "denominator", "organisation_basis", "scope")
COUNTS = [f"{group}_{what}" for group in GROUPS for what in ("count", "base")]


def values(connection: psycopg.Connection[DictRow], query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    return connection.cursor(row_factory=tuple_row).execute(query, arguments or None).fetchall()


@pytest.fixture(scope="module")
def drawn(analyst: psycopg.Connection[DictRow]) -> list[DictRow]:
    """A few figures of each indicator, basis, level, kind of period and organisation basis, in an order drawn by the seed."""
    rows = analyst.execute(
        f"""
        select * from (
            select *, row_number() over (
                partition by indicator_code, basis, level, organisation_basis, period_kind
                order by md5(%s || concat_ws('|', {", ".join(KEY)}))
            ) as place
            from restricted.indicator_result
        ) as numbered where place <= 4
        """,
        [str(SEED)],
    ).fetchall()
    random.Random(SEED).shuffle(rows)
    return rows


def key_of(row: DictRow) -> Key:
    return Key(**{name: row[name] for name in KEY})


def disagreements(rows: list[DictRow], recomputation: Recomputation) -> list[str]:
    return [
        f"{key_of(row)}: {'; '.join(found)}"
        for row in rows
        if (found := recomputation.figure(key_of(row)).differences(row))
    ]


@pytest.mark.parametrize("schema", ["restricted", "published"])
def test_every_indicator_at_every_level(analyst: psycopg.Connection[DictRow], schema: str) -> None:
    found = set(values(analyst, f"select distinct indicator_code, level, period_kind from {schema}.indicator_result"))
    annual = {(indicator, level, "annual") for indicator in FROM_RECORDS | FROM_SURVEY for level in LEVELS}
    assert found == annual | {(indicator, level, "quarterly") for indicator in FROM_RECORDS for level in LEVELS}


def test_every_indicator_has_a_figure_at_every_level_in_three_years(analyst: psycopg.Connection[DictRow]) -> None:
    found = set(
        values(
            analyst,
            "select distinct indicator_code, level, wres_year from restricted.indicator_result"
            " where status = 'ok' and period_kind = 'annual' and organisation_basis = 'as_reported'",
        )
    )
    counted = {
        (indicator, level, year) for indicator in FROM_RECORDS for level in LEVELS for year in (2023, 2024, 2025)
    }
    assert counted <= found
    # Areas have survey figures where answers are at hand person by person, which is the last survey here.
    assert {(indicator, "organisation", year) for indicator in FROM_SURVEY for year in (2023, 2024, 2025)} <= found
    assert {(indicator, level, 2025) for indicator in FROM_SURVEY for level in LEVELS} <= found


def test_both_bases_stand_side_by_side(analyst: psycopg.Connection[DictRow]) -> None:
    found = set(values(analyst, "select distinct indicator_code, basis from restricted.indicator_result"))
    both = {(indicator, basis) for indicator in FROM_RECORDS | FROM_SURVEY for basis in ("return", "records")}
    assert found == both | {(indicator, "survey") for indicator in FROM_SURVEY}


def test_twenty_figures_equal_a_second_count_from_the_files(drawn: list[DictRow], recomputation: Recomputation) -> None:
    chosen = [row for row in drawn if row["level"] == "organisation"][:20]
    assert {row["basis"] for row in chosen} >= {"return", "records"}
    assert not disagreements(chosen, recomputation), f"seed {SEED}"


def test_hundreds_of_figures_of_every_kind_equal_it_too(drawn: list[DictRow], recomputation: Recomputation) -> None:
    kinds = {(row["indicator_code"], row["basis"], row["level"], row["period_kind"]) for row in drawn}
    assert len(drawn) > 400
    assert len(kinds) > 100
    found = disagreements(drawn, recomputation)
    assert not found, f"seed {SEED}: {len(found)} of {len(drawn)} figures\n" + "\n".join(found[:20])


def test_the_second_count_leaves_no_figure_out(
    analyst: psycopg.Connection[DictRow], recomputation: Recomputation
) -> None:
    """Whatever the files give of an organisation is published as it reported it, and nothing that they do not give."""
    published = set(
        values(
            analyst,
            "select distinct indicator_code, slice, basis, org_code, as_at from restricted.indicator_result"
            " where level = 'organisation' and organisation_basis = 'as_reported'"
            " and status not in ('not_submitted', 'not_applicable', 'suppressed_source')",
        )
    )
    given = {key for key, part in recomputation.parts.items() if key[3] != "ENGLAND" and part.status == "ok"}
    assert published <= given
    # A step of which one side is empty is a count and no figure.
    lacking = {key for key in given - published if not (key[0] == "DR" and _one_sided(recomputation.parts[key]))}
    assert not lacking


def _one_sided(part: Part) -> bool:
    return 0 in (part.value[:2].sum(), part.base[:2].sum())


@pytest.mark.parametrize("indicator", ["1", "9"])
def test_white_bme_and_unknown_are_all_there_is(analyst: psycopg.Connection[DictRow], indicator: str) -> None:
    wrong = values(
        analyst,
        """
        select count(*) filter (where white_count + bme_count + coalesce(unknown_count, 0) is distinct from white_base
            or white_base is distinct from bme_base), count(*) filter (where white_count is not null)
        from restricted.indicator_result
        where indicator_code = %s and status <> 'not_submitted'
        """,
        indicator,
    )
    assert wrong[0][0] == 0
    assert wrong[0][1] > 1000


def test_the_blocks_make_the_workforce(analyst: psycopg.Connection[DictRow]) -> None:
    """And bands the block: senior medical managers, who are among the consultants, are never added."""
    rows = analyst.execute(
        """
        select level, org_code, as_at, period_kind, basis, scope, organisation_basis, slice, white_base::integer as heads,
            (workforce_white_count + workforce_bme_count + workforce_unknown_count)::integer as workforce
        from restricted.indicator_result
        where indicator_code = '1' and denominator = 'all_staff' and level = 'organisation' and white_base is not null
        """
    ).fetchall()
    by_figure: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in rows:
        *figure, name, heads, workforce = row.values()
        by_figure.setdefault(tuple(figure), {})[name] = heads
        by_figure[tuple(figure)]["workforce"] = workforce
    assert len(by_figure) > 200
    managers = 0
    for heads in by_figure.values():
        blocks = {name for name in heads if "." not in name and name not in ("all", "workforce")}
        assert sum(heads[block] for block in blocks) == heads["all"] == heads["workforce"]
        for block in blocks:
            parts = {name: number for name, number in heads.items() if name.startswith(f"{block}.")}
            managers += parts.pop(f"{block}.senior_medical_manager", 0)
            parts.pop(f"{block}.band_8a_to_vsm", 0)
            assert sum(parts.values()) == heads[block]
    assert managers


@pytest.fixture(scope="module")
def sums(analyst: psycopg.Connection[DictRow], recomputation: Recomputation) -> dict[str, dict[tuple[Any, ...], list]]:
    """By level, the sum of the published organisations for each area and figure; whole organisations only."""
    rows = analyst.execute(
        f"""
        select org_code, as_at, period_kind, indicator_code, slice, basis, denominator, {", ".join(COUNTS)}
        from restricted.indicator_result
        where level = 'organisation' and organisation_basis = 'as_reported' and white_count is not null and white_base is not null
        """
    ).fetchall()
    found: dict[str, dict[tuple[Any, ...], list]] = {level: {} for level in LEVELS}
    for row in rows:
        org, on, *figure = list(row.values())[:7]
        areas = recomputation.areas(org, on)
        for level, area in areas.items():
            for scope in recomputation.organisations[org].scopes:
                totals = found[level].setdefault((area, scope, on, *figure), [0] * len(COUNTS))
                for place, name in enumerate(COUNTS):
                    totals[place] += row[name] or 0
    return found


@pytest.mark.parametrize("level", sorted(LEVELS - {"organisation"}))
def test_organisations_add_up_to_their_areas(
    analyst: psycopg.Connection[DictRow], sums: dict[str, dict[tuple[Any, ...], list]], level: str
) -> None:
    rows = analyst.execute(
        f"""
        select org_code, scope, as_at, period_kind, indicator_code, slice, basis, denominator, {", ".join(COUNTS)}
        from restricted.indicator_result
        where level = %s and organisation_basis = 'as_reported' and aggregation = 'pooled' and white_count is not null
        """,
        [level],
    ).fetchall()
    published = {tuple(row.values())[:8]: [row[name] or 0 for name in COUNTS] for row in rows}
    expected = {key: totals for key, totals in sums[level].items() if key in published}
    assert len(published) > 1000
    assert published == expected
    # An area has no row that nobody is in, nor a wider scope that has the same members; it lacks no other.
    lacking = {key for key, totals in sums[level].items() if key not in published and any(totals)}
    assert {key[1] for key in lacking} <= {"trusts_and_icbs", "all"}
    for key in lacking:
        narrower = "trusts" if key[1] == "trusts_and_icbs" else "trusts_and_icbs"
        assert sums[level][key] == sums[level].get(
            (key[0], narrower, *key[2:]), sums[level].get((key[0], "trusts", *key[2:]))
        )


def test_one_row_of_each_figure_is_the_headline(analyst: psycopg.Connection[DictRow]) -> None:
    """With numbers before without; the narrowest scope; survey, return, records; all staff; with "don't know".

    Of areas, the survey stands for itself even where it has no result: a few organisations' answers are no area.
    """
    wrong = values(
        analyst,
        """
        with ranked as (
            select *, row_number() over (
                partition by level, org_code, wres_year, as_at, period_kind, indicator_code, slice
                order by
                    level <> 'organisation' and indicator_code in ('5', '6', '7', '8') and basis <> 'survey',
                    level <> 'organisation' and indicator_code in ('5', '6', '7', '8') and basis <> 'survey',
                    coalesce(white_count, white_pct, bme_pct) is null,
                    array_position(array['trusts', 'trusts_and_icbs', 'all'], scope),
                    array_position(array['survey', 'return', 'records'], basis),
                    array_position(array['all_staff', 'yes_no_dk', 'not_applicable', 'known_only', 'yes_no'], denominator)
            ) = 1 as expected
            from restricted.indicator_result
            where organisation_basis = 'as_reported'
        )
        select indicator_code, level, basis, denominator, scope, status, is_headline, count(*)
        from ranked where is_headline <> expected group by 1, 2, 3, 4, 5, 6, 7
        """,
    )
    assert wrong == []
    current = "select count(*) from restricted.indicator_result where is_headline and organisation_basis = 'current'"
    assert values(analyst, current) == [(0,)]
    once = """
        select count(*) from (
            select 1 from published.indicator_result where organisation_basis = 'as_reported'
            group by level, org_code, wres_year, as_at, period_kind, indicator_code, slice
            having count(*) filter (where is_headline) <> 1
        ) as figure
    """
    assert values(analyst, once) == [(0,)]


def test_differences_of_the_two_bases_are_listed_and_nothing_else(
    analyst: psycopg.Connection[DictRow], recomputation: Recomputation
) -> None:
    listed = {
        tuple(row.values())[:5]: (row["observed"], row["expected"])
        for row in analyst.execute(
            "select org_code, as_at, indicator_code, slice, ethnicity_group, observed, expected"
            " from restricted.data_quality where rule_id = 'D01'"
        )
    }
    expected = {}
    for (indicator, name, basis, org, on), stated in recomputation.parts.items():
        recorded = recomputation.parts.get((indicator, name, "records", org, on))
        if basis != "return" or indicator not in ("1", "2", "3", "4", "9") or recorded is None:
            continue
        if stated.status == "not_submitted" or recorded.status == "not_submitted":
            continue
        for place, group in enumerate(GROUPS):
            pair = (stated.value[place], recorded.value[place])
            bases = (stated.base[place], recorded.base[place]) if indicator in "234" else (0, 0)
            # Both values; of equal counts out of different bases, the bases.
            if differing := [two for two in (pair, bases) if two[0] != two[1]]:
                expected[org, on, indicator, name, group] = differing[0]
    assert {key[2] for key in expected} >= {"1", "2", "3", "4"}
    assert listed == expected


def test_no_bme_person_appointed_is_no_ratio_and_says_so(analyst: psycopg.Connection[DictRow]) -> None:
    rows = analyst.execute(
        "select status, status_reason, ratio, ratio_low, ratio_high, bme_pct, evidence, four_fifths, p_value"
        " from restricted.indicator_result where indicator_code = '2' and bme_count = 0 and bme_base > 0 and white_base > 0"
    ).fetchall()
    assert len(rows) > 10
    for row in rows:
        assert (row["status"], row["bme_pct"], row["evidence"]) == ("not_calculable", 0, "too_few")
        assert (row["ratio"], row["ratio_low"], row["ratio_high"], row["four_fifths"]) == (None, None, None, None)
        assert row["status_reason"].endswith(".")
        assert "BME" in row["status_reason"]


def test_a_silent_trust_has_not_submitted(analyst: psycopg.Connection[DictRow], recomputation: Recomputation) -> None:
    reported = {key[3] for key in recomputation.parts if key[2] in ("return", "records")}
    silent = {
        code
        for code, of in recomputation.organisations.items()
        if code not in reported and recomputation.areas(code, date(2023, 3, 31)) and of.is_trust
    }
    assert len(silent) == 1
    rows = analyst.execute(
        "select wres_year, indicator_code, status, status_reason, white_count, ratio, evidence from restricted.indicator_result"
        " where org_code = %s and level = 'organisation' and organisation_basis = 'as_reported' and period_kind = 'annual'"
        " and basis <> 'survey' and is_headline",
        list(silent),
    ).fetchall()
    found = {(row["wres_year"], row["indicator_code"]) for row in rows}
    assert found == {(year, indicator) for year in (2023, 2024, 2025) for indicator in FROM_RECORDS}
    for row in rows:
        assert (row["status"], row["white_count"], row["ratio"]) == ("not_submitted", None, None)
        assert row["status_reason"].endswith(".")


def test_nothing_to_report_is_a_zero(analyst: psycopg.Connection[DictRow], recomputation: Recomputation) -> None:
    """In a return by `nil_return`; in the records by a row of that name, which also covers its quarter."""
    returns = recomputation.rows("wres_return", "wres_year")
    nothing = returns[returns["data_item"] == "nil_return"]
    assert len(nothing)
    for org, year in zip(nothing["org_code"], nothing["wres_year"], strict=True):
        row = analyst.execute(
            "select status, white_count, bme_count, white_base from restricted.indicator_result where indicator_code = '3'"
            " and basis = 'return' and org_code = %s and wres_year = %s and organisation_basis = 'as_reported'",
            [org, int(year)],
        ).fetchone()
        assert row is not None
        assert (row["white_count"], row["bme_count"], row["status"]) == (0, 0, "not_calculable")
        assert row["white_base"] > 0
    for source, indicator, identifier in (("training", "4", "person_id"), ("employee_relations", "3", "case_id")):
        rows = recomputation.rows(source, None)
        quiet = rows[(rows[identifier] == "nil_return") & (rows["_period"] == "2025-03")]["org_code"]
        found = values(
            analyst,
            "select distinct status from restricted.indicator_result where indicator_code = %s and basis = 'records'"
            " and org_code = any(%s) and as_at = '2025-03-31' and organisation_basis = 'as_reported'",
            indicator,
            list(quiet),
        )
        assert found
        assert ("not_submitted",) not in found


def test_steps_multiply_to_the_whole_way(analyst: psycopg.Connection[DictRow]) -> None:
    rows = analyst.execute(
        """
        select
            max(ratio) filter (where split_part(slice, '.', 2) = 'lower_to_upper') as whole,
            max(ratio) filter (where split_part(slice, '.', 2) = 'lower_to_middle')
            * max(ratio) filter (where split_part(slice, '.', 2) = 'middle_to_upper') as product
        from restricted.indicator_result
        where indicator_code = 'DR' and slice ~ '(lower|middle|upper)'
        group by
            level, org_code, as_at, period_kind, basis, scope, organisation_basis,
            split_part(slice, '.', 1), split_part(slice, '.', 3)
        having count(*) = 3 and min(least(white_count, bme_count, white_base, bme_base)) > 0
        """
    ).fetchall()
    assert len(rows) > 200
    assert max(abs(row["whole"] / row["product"] - 1) for row in rows) < 1e-12


def test_published_counts_are_controlled(analyst: psycopg.Connection[DictRow]) -> None:
    """Of records nothing from 1 to 7 and no exact number outside England, and no p-value anywhere; returns are public."""
    counts = [*COUNTS, *(f"workforce_{group}_count" for group in GROUPS)]
    exact = " or ".join(f"{name} % 5 <> 0" for name in counts)
    records = values(
        analyst,
        f"select count(*) filter (where {exact}), count(*) filter (where p_value is not null), count(white_count), count(*)"
        " from published.indicator_result where basis = 'records' and level <> 'england'",
    )
    assert records[0][:2] == (0, 0)
    assert 0 < records[0][2] < records[0][3]
    england = values(
        analyst,
        f"select count(*) filter (where {exact}), count(*) filter (where p_value is not null)"
        " from published.indicator_result where basis = 'records' and level = 'england'",
    )
    assert england[0][0] > 0
    assert england[0][1] == 0
    differing = values(
        analyst,
        f"""
        select count(*) from published.indicator_result as shown inner join restricted.indicator_result as exact
            using ({", ".join(KEY)}, period_kind)
        where shown.basis = 'return' and ({" or ".join(f"shown.{name} is distinct from exact.{name}" for name in counts)})
        """,
    )
    assert differing == [(0,)]


def test_published_figures_follow_from_published_counts(analyst: psycopg.Connection[DictRow]) -> None:
    """What would be computed from a hidden count is hidden; what is shown is the arithmetic of what is shown."""
    rows = analyst.execute(
        "select * from published.indicator_result where basis = 'records' and indicator_code in ('2', '3', '4')"
        " and (white_count is not null or bme_count is not null or ratio is not null)"
    ).fetchall()
    assert len(rows) > 100
    for row in rows:
        if row["status"] == "suppressed":
            assert (row["ratio"], row["ratio_low"], row["evidence"]) == (None, None, "too_few")
        for group in ("white", "bme"):
            count, base, share = (row[f"{group}_{what}"] for what in ("count", "base", "pct"))
            if count is None or base is None:
                assert share is None
            elif base:
                assert float(share) == pytest.approx(100 * float(count) / float(base), abs=0.05 + 1e-9)
        if row["ratio"] is not None:
            assert None not in (row["white_count"], row["white_base"], row["bme_count"], row["bme_base"])
            white, bme = (float(row[f"{group}_count"] / row[f"{group}_base"]) for group in ("white", "bme"))
            expected = bme / white if row["indicator_code"] == "3" else white / bme
            assert float(row["ratio"]) == pytest.approx(expected, abs=0.005 + 1e-9)


@pytest.mark.parametrize("schema", ["restricted", "published"])
def test_nothing_is_infinite_or_no_number(analyst: psycopg.Connection[DictRow], schema: str) -> None:
    columns = values(
        analyst,
        "select table_name, string_agg(quote_ident(column_name), ',') from information_schema.columns"
        " where table_schema = %s and data_type in ('double precision', 'numeric', 'real') group by 1",
        schema,
    )
    assert len(columns) > 10
    for table, names in columns:
        odd = " or ".join(f"{name} in ('NaN', 'Infinity', '-Infinity')" for name in names.split(","))
        assert values(analyst, f"select count(*) from {schema}.{table} where {odd}") == [(0,)], table
