"""What the files have cost, who has sent them, and for how many ethnicity is declared: against a second count from the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from disturbed import administrator
from psycopg.rows import DictRow, dict_row

from wres import build, run, warehouse
from wres.load import feed_files
from wres.settings import Settings

YEAR = 2025
INTAKE = (
    "stg_ops__current_content", "stg_ops__source", "stg_ops__rejected_row", "stg_ops__file_note", "stg_ops__restated_content",
    "int_quality__intake",
)  # fmt: skip


def feed(folder: Path, source: str) -> pd.DataFrame:
    """All rows of a source's text files, and the name of the file that each stands in."""
    tables = [
        pd.read_csv(file, dtype=str, keep_default_na=False).assign(file_name=file.name)
        for file in sorted((folder / source).glob("*.csv"))
    ]
    return pd.concat(tables, ignore_index=True)


@pytest.mark.parametrize(
    ("source", "identifier"),
    [("employee_relations", "case_id"), ("recruitment", "vacancy_id")],
    ids=lambda value: value,
)
def test_the_tracker_tells_a_nil_return_from_a_file(
    whole_standard_feeds: Path, analyst: psycopg.Connection[DictRow], source: str, identifier: str
) -> None:
    rows = feed(whole_standard_feeds, source)
    if source == "recruitment":
        rows["period"] = (
            rows["period_end"].map(lambda day: "-".join(reversed(day.split("/"))) if "/" in day else day).str[:7]
        )
    else:
        rows["period"] = rows["file_name"].str.extract(r"(\d{4}-\d\d)")[0]
    nil = rows.groupby(["org_code", "period"])[identifier].agg(lambda names: (names == "nil_return").all())
    tracked = analyst.execute(
        "select org_code, period, status from published.submission where source = %s and first_received_on is not null",
        [source],
    ).fetchall()
    assert {(row["org_code"], row["period"]): row["status"] == "nil_return" for row in tracked} == nil.to_dict()
    assert nil.any() and not nil.all()


def test_every_trust_is_asked_for_its_return(analyst: psycopg.Connection[DictRow], whole_standard_feeds: Path) -> None:
    sent = {
        *feed(whole_standard_feeds, "wres_return").loc[lambda rows: rows["wres_year"] == str(YEAR), "org_code"],
        *(file.stem.rpartition("_")[2] for file in (whole_standard_feeds / "wres_return").glob(f"*_{YEAR}_*.xlsx")),
    }
    tracked = analyst.execute(
        "select org_code, status, due_on from published.submission where source = 'wres_return' and period = %s",
        [str(YEAR)],
    ).fetchall()
    assert {row["org_code"] for row in tracked if row["status"] == "received"} == sent
    silent = {row["org_code"] for row in tracked if row["status"] == "not_submitted"}
    assert silent and {str(row["due_on"]) for row in tracked} == {f"{YEAR}-08-31"}
    missing = analyst.execute(
        "select distinct org_code from published.data_quality where rule_id = 'V42' and wres_year = %s and indicator_code = '2'"
        " and org_code <> 'ENGLAND'",
        [YEAR],
    ).fetchall()
    assert {row["org_code"] for row in missing} <= silent


def test_the_declaration_rate_is_that_of_the_returns(
    analyst: psycopg.Connection[DictRow], whole_standard_feeds: Path
) -> None:
    returns = feed(whole_standard_feeds, "wres_return")
    heads = returns[
        (returns["data_item"] == "headcount") & ~returns["slice"].str.endswith("senior_medical_manager")
    ].copy()
    for group in ("white", "bme", "unknown"):
        heads[group] = heads[group].astype(int)
    sums = heads.groupby(["org_code", "wres_year"])[["white", "bme", "unknown"]].sum()
    shown = analyst.execute(
        "select org_code, wres_year, unknown_count, total_count, declared_pct, change_1y_points from restricted.declaration_rate"
        " where level = 'organisation' and population = 'staff' and basis = 'return' and status = 'ok'"
    ).fetchall()
    known = {(row["org_code"], row["wres_year"]): row for row in shown}
    declared = 100 * (sums["white"] + sums["bme"]) / sums.sum(axis=1)
    assert len(declared) > 20
    for (code, year), pct in declared.items():
        row = known[(code, int(year))]
        assert row["declared_pct"] == pytest.approx(pct, abs=1e-9)
        before = declared.get((code, str(int(year) - 1)))
        assert row["change_1y_points"] == (None if before is None else pytest.approx(pct - before, abs=1e-9))


def test_in_how_many_rows_about_people_a_rule_fails_is_not_published(whole_standard: Settings) -> None:
    """A row of one organisation's file is a person, or a case: how many there are wrong is for those who see the file."""
    with administrator(whole_standard) as connection, connection.transaction(force_rollback=True):
        connection.execute("update ops.gate_result set success = false, unexpected_count = 2 where release_id = 1")
        told = connection.execute(
            "select source, gate, array_agg(distinct unexpected_count) from published.gate_result group by source, gate"
        ).fetchall()
        public = connection.execute(
            "select source from ops.source where disclosure_policy = 'already_public'"
        ).fetchall()
    expected = {source: [2] if source is None or (source,) in public else [None] for source, _, _ in told}
    assert {source: counts for source, _, counts in told} == expected
    assert {"workforce", "employee_relations", "wres_return", None} <= expected.keys()


def test_rows_set_aside_notes_and_restatements_reach_their_organisation(
    whole_standard: Settings, whole_standard_feeds: Path, copy_warehouse: Callable[[Settings], Settings], tmp_path: Path
) -> None:
    """A corrected extract of one trust: one category that nobody knows, one with local detail, and never the values.

    Last of all: a copy ends the sessions of the original.
    """
    of = copy_warehouse(whole_standard)
    staff = feed(whole_standard_feeds, "workforce").drop(columns="file_name")
    staff = staff[(staff["snapshot_date"] == f"{YEAR}-03-31") & (staff["code_system"] != "1995")]
    org_code = staff["org_code"].value_counts().loc[lambda rows: rows >= 100].index[0]
    own = staff[staff["org_code"] == org_code].reset_index(drop=True)
    own.loc[0, "ethnic_category"] = "Martian"
    own.loc[1, "ethnic_category"] = "AS"
    folder = tmp_path / "workforce"
    folder.mkdir()
    own.to_csv(folder / f"workforce_{YEAR}-03_{org_code}.csv", index=False)
    (verdict,) = run.load_and_judge(of, feed_files(of, [tmp_path]), None, lambda text: None).verdicts
    assert (verdict.state, verdict.rows_rejected) == ("accepted", 1)

    result = build.dbt(of, "run", "--select", *INTAKE)
    assert result.success, result.exception
    with warehouse.connect(of, "wres_gate", autocommit=True) as connection:
        connection.row_factory = dict_row
        found = connection.execute(
            "select * from intermediate.int_quality__intake where org_code = %s and source = 'workforce' order by rule_id, kind",
            [org_code],
        ).fetchall()
    assert [(row["rule_id"], row["kind"], row["severity"], row["place_count"], row["period"]) for row in found] == [
        ("V13", "note", "warning", 1, f"{YEAR}-03"),
        ("V13", "rows", "error", 1, f"{YEAR}-03"),
        ("V44", "restated", "info", 1, f"{YEAR}-03"),
    ]
    assert {row["wres_year"] for row in found} == {YEAR}
    assert "martian" not in repr(found).lower() and str(own.loc[0, "person_id"]) not in repr(found)
