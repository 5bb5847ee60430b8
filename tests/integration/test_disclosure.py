"""Disclosure control of the whole standard: what the build hides stays hidden, and an audit finds each way of giving it away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from candidates import administrator
from commands import wres

from wres.bench.disclosing import under
from wres.disclosure import days, stage
from wres.disclosure.audit import audit_release
from wres.disclosure.schemes import NHS_ROUND5, suppress_below
from wres.exit_codes import BLOCKED, WRONG_USE
from wres.registry import PUBLIC
from wres.settings import Settings

# Two quarters: few have sent something for the first.
FEW, MANY = "2024-09-30", "2024-12-31"
ANNUAL = "2024-03-31"
TABLE = "release_0001.indicator_result"
ROUNDED = "5 * round({}::numeric / 5)"


@pytest.fixture(scope="module")
def released(whole_standard: Settings, copy_warehouse: Callable[[Settings], Settings]) -> Settings:
    return copy_warehouse(whole_standard)


@pytest.fixture
def release(released: Settings) -> Iterator[Callable[..., Settings]]:
    """release(day, change): the release with a day's published figures changed, until the test ends."""
    with administrator(released) as connection:
        connection.execute(f"create temporary table kept as select * from {TABLE} where as_at in ('{FEW}', '{MANY}')")

        def changed(day: str, change: str) -> Settings:
            connection.execute(
                f"update {TABLE} as shown set {change} from release_0001.restricted_indicator_result as truth"
                f" where shown.as_at = '{day}' and shown.basis = 'records' and "
                + " and ".join(
                    f"shown.{name} = truth.{name}"
                    for name in (
                        "level", "org_code", "as_at", "period_kind", "indicator_code", "slice", "basis", "denominator",
                        "scope", "aggregation", "organisation_basis",
                    )
                )
            )  # fmt: skip
            return released

        yield changed
        connection.execute(f"delete from {TABLE} where as_at in ('{FEW}', '{MANY}')")
        connection.execute(f"insert into {TABLE} select * from kept")


def test_nothing_follows_from_the_release(released: Settings) -> None:
    """Every day tried anew, not taken from what the gate has passed."""
    with administrator(released) as connection:
        connection.execute("delete from ops.audited_day")
    result = wres(released, "audit")
    assert result.exit_code == 0 and result.output.endswith("None can be narrowed to fewer than 5 people.\n")
    number, verdict = audit_release(released)
    assert (number, verdict.summary()["days"], verdict.summary()["scheme"]) == (1, 12, "nhs_round5")
    assert verdict.summary()["protected"] > 1_000 and verdict.summary()["narrowest"] >= 5 - 1e-6
    with administrator(released) as connection:
        # What control has proved is found by the search of the audit itself, too.
        kept = connection.execute("select count(proofs), count(*) from ops.controlled_day").fetchone()
        connection.execute("create temporary table kept as select as_at, proofs from ops.controlled_day")
        connection.execute("update ops.controlled_day set proofs = null; delete from ops.audited_day")
        assert audit_release(released)[1].summary()["leaks"] == 0
        connection.execute(
            "update ops.controlled_day set proofs = kept.proofs from kept where kept.as_at = controlled_day.as_at"
        )
        stored = connection.execute("select leaks, protected from ops.disclosure_audit order by audit_id").fetchall()
    # A day of which there are returns alone has nothing to control.
    assert kept == (11, 11)
    assert len(stored) >= 4 and all(
        leaks == 0 and protected == verdict.summary()["protected"] for leaks, protected in stored
    )


def test_without_complementary_suppression_it_fails(release: Callable[..., Settings]) -> None:
    """Small counts are hidden, and nothing else."""
    shown = ", ".join(
        f"{group}_{what} = case when truth.{group}_{what} = 0 or truth.{group}_{what} >= 8"
        f" then {ROUNDED.format(f'truth.{group}_{what}')} end"
        for group in ("white", "bme", "unknown")
        for what in ("count", "base")
    )
    result = wres(release(FEW, shown), "audit", "--json")
    assert result.exit_code == BLOCKED
    leaks = json.loads(result.stdout)["audit"]["leaks"]
    assert len(leaks) > 100 and {leak["as_at"] for leak in leaks} == {FEW}
    assert {leak["level"] for leak in leaks} >= {"organisation", "region"}
    assert all(leak["high"] - leak["low"] < 5 for leak in leaks)


def test_with_totals_that_are_not_rounded_it_fails(release: Callable[..., Settings]) -> None:
    shown = ", ".join(
        f"{group}_base = case when shown.indicator_code = '1' then truth.{group}_base else shown.{group}_base end"
        for group in ("white", "bme", "unknown")
    )
    result = wres(release(MANY, shown), "audit")
    assert result.exit_code == BLOCKED and f" {MANY} " in result.output


@pytest.mark.parametrize(
    ("table", "count", "key"),
    [
        (
            "indicator_group_result",
            "group_count",
            (
                "level",
                "org_code",
                "as_at",
                "indicator_code",
                "slice",
                "stratum",
                "scope",
                "group_scheme",
                "ethnic_group",
            ),
        ),
        (
            "recruitment_funnel",
            "appointed_count",
            ("level", "org_code", "as_at", "slice", "scope", "employers", "group_scheme", "ethnic_group"),
        ),
    ],
)
def test_finer_groups_as_they_are_are_found(released: Settings, table: str, count: str, key: tuple[str, ...]) -> None:
    """A table of its own shows small counts, of which some stand in no table of the indicators."""
    schema = "release_0001"
    with administrator(released) as connection:
        connection.execute(f"create temporary table kept as select * from {schema}.{table} where as_at = '{ANNUAL}'")
        connection.execute(
            f"update {schema}.{table} as shown set {count} = truth.{count} from {schema}.restricted_{table} as truth"
            f" where shown.as_at = '{ANNUAL}' and shown.group_scheme = 'six_group' and shown.level = 'organisation' and "
            + " and ".join(f"shown.{name} = truth.{name}" for name in key)
        )
        result = wres(released, "audit", "--json")
        connection.execute(f"delete from {schema}.{table} where as_at = '{ANNUAL}'")
        connection.execute(f"insert into {schema}.{table} select * from kept")
    assert result.exit_code == BLOCKED
    leaks = json.loads(result.stdout)["audit"]["leaks"]
    assert {leak["as_at"] for leak in leaks} == {ANNUAL}
    assert any(leak["member"].startswith("bme/six_group/") for leak in leaks)


def test_the_release_before_is_read_by_the_policy_that_it_names(released: Settings) -> None:
    """As after a change of the policy: the release is of another one than what is built now."""
    change = "update ops.release_input set disclosure_policy = %s where disclosure_policy = %s"
    with administrator(released) as connection:
        connection.execute(change, ["suppress_below_11", "nhs_round5"])
        before = stage.day_of(released, NHS_ROUND5, date.fromisoformat(MANY)).before
        connection.execute(change, ["nhs_round5", "suppress_below_11"])
        assert before is not None and before.scheme == suppress_below(11) and len(before.cells) > 100
        assert days.tables_of_release(connection, 1) == days.Tables("release_0001", NHS_ROUND5)
        assert days.tables_of_release(connection, 99) is None


def test_nothing_tells_a_hidden_row_that_is_empty_from_one_that_is_not(released: Settings) -> None:
    """By its status, or by being there: every area and organisation has all rows of indicator 1, but for medical managers where
    nobody has counted them."""
    with administrator(released) as connection:
        told = connection.execute(
            """
            select
                count(*) filter (where p.status = 'not_applicable'), count(*) filter (where p.status = 'suppressed'),
                array_agg(distinct coalesce(p.status_reason, ''))
            from published.indicator_result as p
            inner join restricted.indicator_result as r
                using (
                    level, org_code, as_at, period_kind, indicator_code, slice, basis, denominator, scope, aggregation,
                    organisation_basis
                )
            where p.basis = 'records' and p.indicator_code in ('1', '9', 'DR') and r.status = 'not_applicable'
                and num_nulls(p.white_count, p.white_base, p.bme_count, p.bme_base)
                    > num_nulls(r.white_count, r.white_base, r.bme_count, r.bme_base)
            """
        ).fetchone()
        rows = connection.execute(
            "select array_agg(distinct slices) from (select count(distinct slice) as slices from published.indicator_result"
            " where basis = 'records' and indicator_code = '1' and denominator = 'all_staff'"
            " and slice !~ 'senior_medical_manager'"
            " group by level, org_code, scope, as_at, period_kind, organisation_basis"
            " having count(distinct slice) > 1) as counted"
        ).fetchone()
    assert told is not None and told[0] == 0 and told[1] > 50
    assert told[2] == ["Hidden by disclosure control: the figure rests on few people."]
    assert rows is not None and len(rows[0]) == 1


def test_it_says_what_a_release_publishes_unread(released: Settings) -> None:
    """Where an organisation has decided for rounding alone; and of a release that does not say, of which it may be so."""
    for policy, unread in (
        ("nhs_round5", ["retention", "promotion", "time_in_band", "pay_gap"]),
        (None, ["retention", "promotion", "time_in_band", "pay_gap"]),
        ("hidden", []),
    ):
        with administrator(released) as connection:
            connection.execute(
                "update ops.release_input set unaudited_policy = %s where disclosure_policy <> 'already_public'",
                [policy],
            )
        assert json.loads(wres(released, "audit", "--json").stdout)["audit"]["unread"] == unread
        told = "Not read, and published by rounding alone: retention, promotion, time_in_band, pay_gap."
        assert (told in wres(released, "audit").output) == bool(unread)


def test_a_release_that_is_not_there(released: Settings) -> None:
    result = wres(released, "audit", 99)
    assert result.exit_code == WRONG_USE and "Release 99 does not exist" in result.output


def test_each_source_has_a_policy_and_readers_of_its_own(warehouse_home: Settings, tmp_path: Path) -> None:
    """Recruitment is public and stands beside returns; who is in post is for analysts alone; the rest is controlled."""
    of = replace(warehouse_home, project=under(warehouse_home, NHS_ROUND5.name, tmp_path).project)
    for source, before, after in (
        ("recruitment", f"policy: {NHS_ROUND5.name}", f"policy: {PUBLIC}"),
        ("workforce", "visible_to: [bi_reader, analyst]", "visible_to: [analyst]"),
    ):
        path = of.sources / f"{source}.yml"
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))
    for words in (["sample", str(of.landing), "--trusts", "5", "--years", "2024-2024", "--staff", "300"], ["run"]):
        result = wres(of, *words)
        assert result.exit_code == 0, result.output
    with administrator(of) as connection:
        connection.execute("delete from ops.audited_day")
        result = wres(of, "audit")
        assert result.exit_code == 0 and "None can be narrowed to fewer than 5 people." in result.output
        shown = connection.execute(
            "select indicator_code, count(*) filter (where bme_count between 1 and 7), count(bme_count)"
            " from published.indicator_result where basis = 'records' and level = 'organisation'"
            " and org_code in (select org_code from intermediate.int_workforce__staff_content) group by indicator_code"
        ).fetchall()
        small = {code: few for code, few, _ in shown}
        assert small["2"] > 5 and small["4"] == 0
        assert {code for code, _, any_of in shown if not any_of} == {"1", "DR"}
        both = connection.execute(
            "select count(*) from intermediate.int_disclosure__cell as record"
            " inner join intermediate.int_disclosure__cell as sent"
            " using (population, level, org_code, scope, organisation_basis, as_at, slice, member)"
            " where record.basis = 'records' and record.disclosure_policy = %s and sent.basis = 'return'",
            [PUBLIC],
        ).fetchone()
        assert both[0] > 0
