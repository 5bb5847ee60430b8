"""Which year, quarter, window, basis and denominator a figure belongs to, and what changes when a file comes or goes."""

from __future__ import annotations

import itertools
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, tuple_row
from recompute import Recomputation
from recompute_cells import day, ethnic_group, month_end, year_before
from recompute_figures import GROUPS, Key
from whole_standard import PERIODS, together

from wres import build, diff, load, run, warehouse
from wres.disclosure import stage
from wres.load import feed_files
from wres.sample import write_sample
from wres.settings import Settings

KEY = (
    "level, org_code, wres_year, as_at, period_kind, indicator_code, slice, basis, denominator, scope, aggregation,"
    " organisation_basis"
)
Z = 1.959963984540054


def count(analyst: psycopg.Connection[DictRow], condition: str, *arguments: Any) -> int:
    query = f"select count(*) from restricted.indicator_result where {condition}"
    return analyst.cursor(row_factory=tuple_row).execute(query, arguments or None).fetchone()[0]  # type: ignore[index]


# Keys and time of what is published.


def test_the_wres_year_ends_with_the_first_31_march_on_or_after_the_day(analyst: psycopg.Connection[DictRow]) -> None:
    assert (
        count(analyst, "wres_year <> extract(year from as_at + interval '9 months' - interval '1 day')::integer") == 0
    )
    days = analyst.execute("select distinct as_at, wres_year from restricted.indicator_result").fetchall()
    for row in days:
        assert row["wres_year"] == row["as_at"].year + (row["as_at"] > date(row["as_at"].year, 3, 31))
    assert {row["as_at"].month for row in days} == {3, 6, 9, 12}


def test_annual_figures_are_of_31_march_and_quarterly_ones_of_a_quarters_end(
    analyst: psycopg.Connection[DictRow],
) -> None:
    assert count(analyst, "period_kind = 'annual' and to_char(as_at, 'MM-DD') <> '03-31'") == 0
    ends = "('03-31', '06-30', '09-30', '12-31')"
    assert count(analyst, f"period_kind = 'quarterly' and to_char(as_at, 'MM-DD') not in {ends}") == 0


def test_quarterly_figures_come_from_records_alone(analyst: psycopg.Connection[DictRow]) -> None:
    # A trust that sent nothing of a quarter has a row that says so under the basis it would have come from.
    assert count(analyst, "period_kind = 'quarterly' and basis <> 'records'") == 0
    assert count(analyst, "period_kind = 'annual' and basis = 'return'") > 0


def test_the_survey_indicators_are_never_quarterly(analyst: psycopg.Connection[DictRow]) -> None:
    assert count(analyst, "period_kind = 'quarterly' and indicator_code in ('5', '6', '7', '8')") == 0


def test_31_march_has_both_kinds_and_they_agree(analyst: psycopg.Connection[DictRow]) -> None:
    columns = (
        "level, org_code, indicator_code, slice, denominator, scope, organisation_basis, as_at,"
        " white_count, bme_base, ratio, status"
    )
    kinds = [
        f"select {columns} from restricted.indicator_result where basis = 'records' and period_kind = '{kind}'"
        " and to_char(as_at, 'MM-DD') = '03-31' and indicator_code not in ('5', '6', '7', '8')"
        for kind in ("annual", "quarterly")
    ]
    for one, other in (kinds, kinds[::-1]):
        assert analyst.execute(f"select count(*) as rows from ({one} except {other}) as d").fetchone() == {"rows": 0}
    assert analyst.execute(f"select count(*) > 1000 as many from ({kinds[0]}) as d").fetchone() == {"many": True}


def test_a_survey_belongs_to_the_year_after(analyst: psycopg.Connection[DictRow]) -> None:
    survey = "indicator_code in ('5', '6', '7', '8')"
    assert count(analyst, f"{survey} and wres_year <> survey_year + 1") == 0
    assert count(analyst, f"{survey} and basis <> 'return' and survey_year is null and status <> 'not_submitted'") == 0
    assert count(analyst, f"{survey} and as_at <> make_date(survey_year + 1, 3, 31)") == 0
    assert count(analyst, f"not {survey} and survey_year is not null") == 0


def test_windows_count_twelve_months_by_the_day_of_the_event(
    analyst: psycopg.Connection[DictRow], whole_standard_feeds: Path
) -> None:
    """Counted here by hand: people with a course, people in a disciplinary process, posts; late rows by their own day."""
    courses = _events(whole_standard_feeds, "training", "completed_on")
    courses = courses[courses["is_mandatory"].isin(["false", "no"]) & (courses["person_id"] != "nil_return")]
    cases = _events(whole_standard_feeds, "employee_relations", "entered_on")
    cases = cases[(cases["process"] == "disciplinary") & (cases["case_id"] != "nil_return")]
    late = cases[[not _same_quarter(on, stamp) for on, stamp in zip(cases["on"], cases["file"], strict=True)]]
    posts = _events(whole_standard_feeds, "recruitment", "period_end")
    posts = posts[posts["vacancy_id"] != "nil_return"]
    seen = 0
    for row in analyst.execute(
        "select * from restricted.indicator_result where level = 'organisation' and organisation_basis = 'as_reported'"
        " and basis = 'records' and period_kind = 'quarterly' and indicator_code in ('2', '3', '4') and slice = 'all'"
        " and white_count is not null"
    ):
        of = {"2": posts, "3": cases, "4": courses}[row["indicator_code"]]
        mine = of[
            (of["org_code"] == row["org_code"]) & (of["on"] > year_before(row["as_at"])) & (of["on"] <= row["as_at"])
        ]
        for group in GROUPS:
            chosen = mine[mine["group"] == group]
            number = chosen["appointed"].astype(int).sum() if of is posts else chosen["person_id"].nunique()
            assert row[f"{group}_count"] == int(number), (row["org_code"], row["as_at"], row["indicator_code"], group)
        seen += 1
    assert seen > 100
    assert len(late) > 0


def _events(folder: Path, source: str, column: str) -> pd.DataFrame:
    frames = [
        pd.read_csv(file, dtype=str, keep_default_na=False).assign(file=file.stem)
        for file in sorted((folder / source).glob("*.csv"))
    ]
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(on=rows[column].map(day), group=rows["ethnic_category"].map(ethnic_group))


def _same_quarter(on: date, stem: str) -> bool:
    year, month = re.search(r"(\d{4})-(\d\d)", stem).groups()  # type: ignore[union-attr]
    return (on.year, (on.month + 2) // 3) == (int(year), int(month) // 3)


def test_windows_stand_over_the_head_count_of_the_day(analyst: psycopg.Connection[DictRow]) -> None:
    differing = """
        select count(*) as differing
        from restricted.indicator_result as window_of
        inner join restricted.indicator_result as staff
            using (level, org_code, as_at, period_kind, basis, scope, organisation_basis, slice)
        where window_of.indicator_code in ('3', '4') and staff.indicator_code = '1' and staff.denominator = 'all_staff'
            and level = 'organisation' and basis = 'records' and window_of.white_base is not null
            and (window_of.white_base, window_of.bme_base, window_of.unknown_base)
            is distinct from (staff.white_count, staff.bme_count, staff.unknown_count)
    """
    assert analyst.execute(differing).fetchone() == {"differing": 0}
    assert count(analyst, "indicator_code in ('3', '4') and basis = 'records' and white_base is not null") > 200


def test_a_window_that_is_not_covered_is_not_submitted_and_names_what_is_missing(
    analyst: psycopg.Connection[DictRow],
) -> None:
    rows = analyst.execute(
        "select status, status_reason, white_count from restricted.indicator_result where indicator_code in ('2', '3', '4')"
        " and basis = 'records' and as_at = '2022-09-30' and level = 'organisation' and organisation_basis = 'as_reported'"
    ).fetchall()
    assert len(rows) > 20
    for row in rows:
        assert (row["status"], row["white_count"]) == ("not_submitted", None)
        assert re.search(r"(March|June) 2022 missing\.$", row["status_reason"])


def test_changes_compare_with_the_same_figure_a_year_before(analyst: psycopg.Connection[DictRow]) -> None:
    """On the same basis, definition, denominator and kind of period; the test is of the ratio of both ratios."""
    join = f"""
        from (select * from restricted.indicator_result where organisation_basis = 'as_reported') as now
        left join restricted.indicator_result as before
            on {" and ".join(f"now.{name} = before.{name}" for name in KEY.split(", ") if name not in ("wres_year", "as_at"))}
            and before.as_at = (now.as_at + interval '1 day' - interval '1 year' - interval '1 day')::date
            and before.wres_year = now.wres_year - 1 and before.definition_version = now.definition_version
    """
    wrong = analyst.execute(
        f"select count(*) as wrong {join}"
        " where coalesce(abs(now.change_1y / (now.ratio / before.ratio) - 1) > 1e-12, now.change_1y is not null)"
    ).fetchone()
    assert wrong == {"wrong": 0}
    missed = analyst.execute(
        f"select count(*) as missed {join} where now.change_1y is null and now.status = 'ok' and before.status = 'ok'"
    ).fetchone()
    assert missed == {"missed": 0}
    pairs = analyst.execute(
        "select now.change_1y, now.change_p_value, now.ratio_low as now_low, now.ratio_high as now_high,"
        f" before.ratio_low, before.ratio_high {join}"
        " where now.change_p_value is not null and now.indicator_code <> '1' order by md5(now.org_code || now.slice) limit 200"
    ).fetchall()
    assert len(pairs) == 200
    for pair in pairs:
        errors = [
            math.log(high / low) / 2 / Z
            for low, high in ((pair["now_low"], pair["now_high"]), (pair["ratio_low"], pair["ratio_high"]))
        ]
        z = math.log(pair["change_1y"]) / math.hypot(*errors)
        assert pair["change_p_value"] == pytest.approx(math.erfc(abs(z) / math.sqrt(2)), rel=1e-7)


def test_known_only_leaves_unknown_out_on_both_sides(analyst: psycopg.Connection[DictRow]) -> None:
    rows = analyst.execute(
        """
        select known.*, staff.white_base as staff_base, staff.unknown_count as unknown, staff.ratio as staff_ratio
        from restricted.indicator_result as known
        inner join restricted.indicator_result as staff
            using (level, org_code, as_at, period_kind, indicator_code, slice, basis, scope, aggregation, organisation_basis)
        where known.denominator = 'known_only' and staff.denominator = 'all_staff' and known.status = 'ok'
            and level = 'organisation' and organisation_basis = 'as_reported' and period_kind = 'quarterly'
        """
    ).fetchall()
    assert len(rows) > 1000
    assert {row["indicator_code"] for row in rows} == {"1", "9"}
    for row in rows:
        base = row["white_count"] + row["bme_count"]
        workforce = row["workforce_white_count"] + row["workforce_bme_count"]
        assert (row["white_base"], row["bme_base"]) == (base, base)
        assert row["staff_base"] == base + row["unknown"]
        assert (row["unknown_count"], row["unknown_pct"], row["workforce_unknown_count"]) == (None, None, None)
        share, whole = float(row["bme_count"] / base), float(row["workforce_bme_count"] / workforce)
        assert row["ratio"] == pytest.approx(share / whole, rel=1e-12)
        assert row["gap_points"] == pytest.approx(100 * (share - whole), rel=1e-9, abs=1e-9)
    assert any(row["unknown"] > 0 and row["ratio"] != row["staff_ratio"] for row in rows)


def test_denominators_belong_to_their_indicators(analyst: psycopg.Connection[DictRow]) -> None:
    found = analyst.execute(
        "select indicator_code, array_agg(distinct denominator order by denominator) as rules"
        " from restricted.indicator_result group by 1"
    ).fetchall()
    expected = {name: ["not_applicable"] for name in ("2", "3", "4", "5", "6", "8", "DR")}
    shares = {name: ["all_staff", "known_only"] for name in ("1", "9")}
    assert {row["indicator_code"]: row["rules"] for row in found} == expected | shares | {"7": ["yes_no_dk"]}


def test_rows_of_todays_organisations_are_never_the_headline(analyst: psycopg.Connection[DictRow]) -> None:
    assert count(analyst, "organisation_basis = 'current'") > 1000
    assert count(analyst, "organisation_basis = 'current' and is_headline") == 0


# What a correction, a withdrawal, a new quarter and counting afresh change.

# Quarters before the one that is corrected, of which no test needs the snapshots.
BEGINNING = ("2023-06", "2023-09")
CORRECTED = date(2023, 12, 31)
NEW = date(2025, 6, 30)
COMPARED = diff.COMPARISONS


@dataclass
class History:
    """A small warehouse, built one change after the other; the tables of each state are kept in a schema of its name."""

    of: Settings
    folder: Path
    states: dict[str, Recomputation] = field(default_factory=dict)
    organisation: str = ""

    def __post_init__(self) -> None:
        self.connection = psycopg.connect(self.of.warehouse_url or "", autocommit=True)

    def load(self, files: list[Path]) -> list[int]:
        loaded = run.load_and_judge(self.of, feed_files(self.of, files), None, lambda text: None)
        assert not loaded.rejected, [verdict.problems for verdict in loaded.rejected]
        return [verdict.load_id for verdict in loaded.verdicts]

    def keep(self, state: str, files: list[Path], *, afresh: bool = False) -> None:
        """Build the candidate and keep its tables, and what it was counted from.

        All but the last without dbt's tests, which take most of the time and change nothing.
        """
        with warehouse.writer(self.of):
            if afresh:
                self.connection.execute("delete from ops.counted_by")
                build.build(self.of)
            else:
                for command in ("run",) if self.states else ("seed", "run"):
                    assert build.dbt(self.of, command).success
                stage.hide(self.of)
                assert build.dbt(self.of, "run", "--select", "source:ops.hidden_count+").success
        self.states[state] = Recomputation(files)
        self.connection.execute(sql.SQL("create schema {}").format(sql.Identifier(state)))
        for schema, table in self.tables():
            self.connection.execute(
                sql.SQL("create table {} as table {}").format(
                    sql.Identifier(state, f"{schema}_{table}"), sql.Identifier(schema, table)
                )
            )

    def tables(self) -> list[tuple[str, str]]:
        return self.connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('intermediate', 'marts') order by 1, 2"
        ).fetchall()  # type: ignore[return-value]

    def rows_that_differ(
        self, one: str, other: str, *, without: tuple[str, ...] = (), where: str = "true"
    ) -> list[Any]:
        """Keys (level, code, day, kind, indicator, slice) of the figures that two states do not share."""
        columns = [
            name
            for (name,) in self.connection.execute(
                "select column_name from information_schema.columns where table_schema = 'marts'"
                " and table_name = 'restricted_indicator_result' order by ordinal_position"
            )
            if name not in without
        ]
        listed = ", ".join(columns)
        states = [
            f"select {listed} from {state}.marts_restricted_indicator_result where {where}" for state in (one, other)
        ]
        return self.connection.execute(
            "select distinct level, org_code, as_at, period_kind, indicator_code, slice, basis, organisation_basis from ("
            f"(({states[0]}) except ({states[1]})) union all (({states[1]}) except ({states[0]}))) as differing"
        ).fetchall()


@pytest.fixture(scope="module")
def history(new_warehouse: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> History:
    """Five trusts over two years; then a late correction; then that withdrawn and a new quarter; then all afresh."""
    folder = tmp_path_factory.mktemp("history")
    write_sample(folder, trusts=5, first_year=2023, last_year=2024, staff=60, seed=4)
    for source in ("survey_responses", "reference_results", "staff_survey", "wres_return"):
        shutil.rmtree(folder / source)
    together(folder, BEGINNING)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    of = History(new_warehouse(), folder)
    of.load(files)
    of.keep("before", files)
    of.organisation = _corrected(of.states["before"])
    corrections = _corrections(folder, of.organisation)
    loaded = of.load(corrections)
    of.keep("corrected", [*files, *corrections])
    for load_id in loaded:
        load.withdraw(of.of, load_id, "sent by mistake")
    news = _next_quarter(folder)
    of.load(news)
    of.keep("later", [*files, *news])
    of.keep("afresh", [*files, *news], afresh=True)
    return of


def _corrected(counted: Recomputation) -> str:
    """The largest organisation whose staff are known person by person and that no merger touches."""
    reporting = {org for _, _, _, org, _ in counted.parts}
    merging = {old: news for old, news in counted.successors.items() if old in reporting and len(news) == 1}
    touched = {*merging, *itertools.chain.from_iterable(merging.values())}
    # Steps without recent recruits from overseas exist where there are records of people.
    step = "all.lower_to_middle.excluding_recent_overseas"
    sizes = {
        org: part.base.sum()
        for (_, name, _, org, on), part in counted.parts.items()
        if (name, on) == (step, CORRECTED) and org not in touched
    }
    return max(sizes, key=lambda org: sizes[org])


def _corrections(folder: Path, org: str) -> list[Path]:
    """One organisation's snapshot and courses of an old quarter again: half of the White staff are BME, a third untrained."""
    staff = _rows(next((folder / "workforce").glob("*.csv")))
    staff = staff[(staff["org_code"] == org) & (staff["snapshot_date"] == f"{CORRECTED}")].reset_index(drop=True)
    staff.loc[(staff.index % 2 == 0) & (staff["ethnic_category"] == "A"), "ethnic_category"] = "N"
    courses = _rows(folder / "training" / f"training_{CORRECTED:%Y-%m}.csv")
    courses = courses[courses["org_code"] == org].reset_index(drop=True)
    written = []
    for source, rows in (("workforce", staff), ("training", courses[courses.index % 3 != 0])):
        written.append(folder / source / f"{source}_{CORRECTED:%Y-%m}_corrected.csv")
        rows.to_csv(written[-1], index=False)
    return written


def _next_quarter(folder: Path) -> list[Path]:
    """The last quarter's rows three months on."""
    written = []
    for source in (*PERIODS, "employee_relations", "training"):
        if source in PERIODS:
            rows = _rows(folder / source / f"{source}_all_quarters.csv")
            rows = rows[rows[PERIODS[source]] == "2025-03-31"]
        else:
            rows = _rows(folder / source / f"{source}_2025-03.csv")
        written.append(folder / source / f"{source}_2025-06.csv")
        rows.map(_three_months_on).to_csv(written[-1], index=False)
    return written


def _rows(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def _three_months_on(text: str) -> str:
    """A day of the last quarter three months later; anything else as it is."""
    if not re.fullmatch(r"2025-0[123]-\d\d", text):
        return text
    on = date.fromisoformat(text)
    return f"{on.replace(day=1, month=on.month + 3):%Y-%m}-{min(on.day, month_end(2025, on.month + 3).day):02d}"


def reached(history: History, on: date) -> set[tuple[str, str]]:
    """The organisation that is corrected and its areas, of the day and of today, as (level, code)."""
    counted = history.states["before"]
    org = history.organisation
    areas = set(counted.areas(org, on).items()) | set(counted.areas(org, counted.as_of, open_only=False).items())
    return {("organisation", org), *areas}


def test_a_late_correction_changes_its_organisation_and_its_areas_and_nothing_else(history: History) -> None:
    changed = history.rows_that_differ("before", "corrected", without=COMPARED)
    windows = {CORRECTED, date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30)}
    assert {(row[0], row[1]) for row in changed} == reached(history, CORRECTED)
    assert {row[6] for row in changed} == {"records"}
    assert {row[7] for row in changed} == {"as_reported", "current"}
    for row in changed:
        assert row[2] in (windows if row[4] == "4" else {CORRECTED}), row
    assert {row[4] for row in changed if row[2] == CORRECTED} >= {"1", "9", "DR"}
    assert {row[2] for row in changed if row[4] == "4"} >= windows - {CORRECTED}


def test_a_correction_reaches_the_change_a_year_later(history: History) -> None:
    changed = history.rows_that_differ("before", "corrected", without=COMPARED[:3], where="level = 'organisation'")
    later = {row for row in changed if row[2] == date(2024, 12, 31)}
    assert {row[1] for row in later} == {history.organisation}
    assert {row[4] for row in later} >= {"1", "9"}


def test_corrected_figures_equal_the_second_count(history: History) -> None:
    counted = history.states["corrected"]
    with history.connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        rows = cursor.execute(
            "select * from corrected.marts_restricted_indicator_result where org_code = %s and as_at = %s or org_code = 'ENGLAND'"
            " and indicator_code = '4' order by md5(indicator_code || slice) limit 300",
            [history.organisation, CORRECTED],
        ).fetchall()
    names = (
        "level",
        "org_code",
        "as_at",
        "indicator_code",
        "slice",
        "basis",
        "denominator",
        "organisation_basis",
        "scope",
    )
    assert len(rows) > 200
    assert not [
        (row["slice"], found)
        for row in rows
        if (found := counted.figure(Key(**{name: row[name] for name in names})).differences(row))
    ]


def test_a_withdrawn_load_takes_its_rows_back_and_a_new_quarter_leaves_the_old_alone(history: History) -> None:
    """In every column: figures, changes, peers and reasons are those of the day before the correction."""
    assert history.rows_that_differ("before", "later", where=f"as_at < '{NEW}'") == []


def test_a_new_quarter_is_quarterly_and_of_the_next_year(history: History) -> None:
    rows = history.connection.execute(
        "select distinct indicator_code, level, period_kind, wres_year, basis from later.marts_restricted_indicator_result"
        " where as_at = %s and status <> 'not_submitted'",
        [NEW],
    ).fetchall()
    assert {row[2:] for row in rows} == {("quarterly", 2026, "records")}
    assert {row[0] for row in rows} == {"1", "2", "3", "4", "9", "DR"}
    assert {row[1] for row in rows} == {"organisation", "icb", "region", "org_type", "england"}


def test_counting_afresh_gives_the_same_tables(history: History) -> None:
    """All of them: what was counted load by load, and what is published of it."""
    tables = history.tables()
    assert ("intermediate", "int_workforce__staff_count") in tables
    for schema, table in tables:
        # Sums of double precision follow the order of the rows in their last digits, and in nothing else.
        columns = history.connection.execute(
            "select string_agg(case when data_type = 'double precision' then format('round(%%I::numeric, 9)', column_name)"
            " else format('%%I', column_name) end, ', ') from information_schema.columns"
            " where table_schema = 'later' and table_name = %s",
            [f"{schema}_{table}"],
        ).fetchone()
        assert columns is not None
        states = [f"select row({columns[0]})::text from {state}.{schema}_{table}" for state in ("later", "afresh")]
        for one, other in (states, states[::-1]):
            differing = history.connection.execute(f"select count(*) from ({one} except all {other}) as d").fetchone()
            assert differing == (0,), table
