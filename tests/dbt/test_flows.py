"""What happens in a window: appointments, cases, training and answers, counted again in Python after each delivery.

A warehouse lives through seven quarters at once, an eighth, a correction and its withdrawal. After each the figures must be
those of the rows in force, and the loads of before must not have been read again.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import psycopg
import pytest
from deliveries import deliver, make, prepare, query

from wres import build, warehouse
from wres.settings import Settings

FLOWS = tuple(
    f"{layer}/{source}"
    for layer in ("staging", "intermediate")
    for source in ("recruitment", "employee_relations", "training", "survey_responses")
)
BASES = (
    "staging/wres_return",
    "staging/workforce",
    "staging/workforce_counts",
    "intermediate/workforce",
    "intermediate/wres_return",
    "marts/indicators/indicator_definition.sql",
)
STEPS = ("seven quarters", "eighth quarter", "correction", "withdrawal")
QUARTERS = tuple(
    date(year, month, day) for year in (2022, 2023, 2024) for month, day in ((3, 31), (6, 30), (9, 30), (12, 31))
)[1:9]
ORGANISATIONS = ("RAA", "RBB", "RCC")
GROUPS = ("white", "bme", "unknown")
CATEGORIES = {"A": "white", "CL": "white", "H": "bme", "SC": "bme", "Z": "unknown", "": "unknown"}
STAFF = {"White": 300, "BME": 200, "Unknown": 50}
# Raw tables that are counted when a load arrives, with the column that tells one row's people from another's.
TRAPPED = {
    "training__completion": "person_id",
    "recruitment__vacancy": "vacancy_id",
    "survey_responses__respondent": "respondent_id",
}
TRAP = "TRAP"

Figures = dict[tuple[Any, ...], tuple[Any, ...]]
Rows = list[dict[str, str]]


@dataclass
class Warehouse:
    """What was delivered, and which load is in force for each content."""

    of: Settings
    rows: dict[tuple[str, int], Rows] = field(default_factory=dict)
    current: dict[tuple[str, str, str], int] = field(default_factory=dict)
    figures: dict[str, dict[str, Figures]] = field(default_factory=dict)
    expected: dict[str, dict[str, Figures]] = field(default_factory=dict)
    versions: dict[str, dict[tuple[Any, ...], str]] = field(default_factory=dict)

    def take(self, source: str, table: str, rows: Rows) -> int:
        load_id = deliver(self.of, source, table, rows)
        self.rows[source, load_id] = rows
        for row in rows:
            self.current[source, row["_period"], row["org_code"].strip()] = load_id
        return load_id

    def in_force(self, source: str) -> Iterator[tuple[str, int, int, dict[str, str]]]:
        """Organisation, load, number and row of what counts."""
        for (of, load_id), rows in self.rows.items():
            if of == source:
                for number, row in enumerate(rows):
                    org_code = row["org_code"].strip()
                    if self.current.get((source, row["_period"], org_code)) == load_id:
                        yield org_code, load_id, number, row


def quarter_end(day: date) -> date:
    month = (day.month + 2) // 3 * 3
    return date(day.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def window(as_at: date) -> tuple[date, date]:
    """First and last day of the twelve months."""
    after = as_at + timedelta(days=1)
    return after.replace(year=after.year - 1), as_at


def day_of(text: str) -> date:
    return date.fromisoformat(text) if "-" in text else date(int(text[6:]), int(text[3:5]), int(text[:2]))


def months(first: date, last: date) -> set[tuple[int, int]]:
    return {
        (month // 12, month % 12) for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    }


def windows(reached: dict[str, set[date]]) -> Iterator[tuple[str, date]]:
    """Every organisation and quarter end that data reach, to the newest of all unless it stopped a year before."""
    newest = max(max(days) for days in reached.values())
    for org_code, days in reached.items():
        as_at = quarter_end(min(days))
        while as_at <= newest:
            if as_at <= max(days) or window(as_at)[0] <= max(days):
                yield org_code, as_at
            as_at = quarter_end(as_at + timedelta(days=1))


def events_of(rng: random.Random, source: str, org_code: str, quarter: date, people: int) -> Rows:
    """A quarter's file of one organisation: some events late, some people twice, some not to be counted."""
    period = f"{quarter:%Y-%m}"
    rows = []
    for _ in range(people):
        late = rng.random() < 0.2
        day = quarter - timedelta(days=rng.randrange(120 if late else 90))
        who = {
            "_period": period,
            "org_code": rng.choice([org_code, f" {org_code}"]),
            "person_id": f"P{rng.randrange(60)}",
            "ethnic_category": rng.choice(list(CATEGORIES)),
        }
        on = rng.choice([day.isoformat(), f"{day:%d/%m/%Y}"])
        if source == "training":
            rows.append(who | {"completed_on": on, "is_mandatory": rng.choice(["y", "n", "", "No", "TRUE"])})
        else:
            process = rng.choice(["disciplinary", "Disciplinary ", "capability"])
            rows.append(who | {"case_id": f"C{len(rows)}", "process": process, "entered_on": on})
    return rows


def nothing(source: str, org_code: str, quarter: date) -> Rows:
    """A file that says that nothing happened."""
    row = {"_period": f"{quarter:%Y-%m}", "org_code": org_code, "ethnic_category": ""}
    if source == "training":
        return [row | {"person_id": "nil_return", "completed_on": quarter.isoformat(), "is_mandatory": ""}]
    return [row | {"case_id": "NIL_RETURN", "person_id": "", "process": "", "entered_on": quarter.isoformat()}]


def vacancies(rng: random.Random, org_code: str, first: date, last: date, number: int) -> Rows:
    """Vacancies of a period, each with two categories."""
    kinds = [
        ("non_clinical", "Band 5"),
        ("Clinical_Non_Medical", "8A"),
        ("clinical_non_medical", "Very Senior Manager"),
        ("medical_dental", "Senior medical manager"),
        ("medical_dental", "Specialty Doctor"),
        ("medical_dental", ""),
    ]
    rows = []
    for vacancy in range(number):
        block, band = rng.choice(kinds)
        for category in rng.sample(list(CATEGORIES), 2):
            shortlisted = rng.randrange(9)
            rows.append({
                "_period": f"{last:%Y-%m}", "org_code": org_code, "vacancy_id": f"V{vacancy}",
                "period_start": first.isoformat(), "period_end": f"{last:%d/%m/%Y}", "staff_block": block, "pay_band": band,
                "ethnic_category": category, "is_international": rng.choice(["", "no", "Y"]), "applied": "",
                "shortlisted": str(shortlisted), "appointed": str(rng.randrange(shortlisted + 1)),
            })  # fmt: skip
    return rows


def no_vacancies(org_code: str, first: date, last: date) -> Rows:
    return [
        {
            "_period": f"{last:%Y-%m}",
            "org_code": org_code,
            "vacancy_id": "nil_return",
            "period_start": first.isoformat(),
            "period_end": last.isoformat(),
        }
    ]


def answers(rng: random.Random, org_code: str, people: int) -> Rows:
    how_often = ["never", "Never", "1-2", "3 to 5", "More than 10", ""]
    return [
        {
            "_period": "2023", "survey_year": "2023", "org_code": org_code, "respondent_id": f"R{number}",
            "ethnic_background": rng.choice(["white_british", "asian_indian", ""]), "weight": "2.5",
            "q14a": rng.choice(how_often), "q14b": rng.choice(how_often), "q14c": rng.choice(how_often),
            "q15": rng.choice(["Yes", "no", "Don't know", ""]), "q16b": rng.choice(["yes", "No", ""]),
        }
        for number in range(people)
    ]  # fmt: skip


def people_counted(kept: Warehouse, source: str) -> Figures:
    """Indicators 3 and 4 from the rows in force: people, each once in twelve months, by the group of the newest event."""
    column = "completed_on" if source == "training" else "entered_on"
    spoken_for: dict[str, set[date]] = defaultdict(set)
    events: dict[str, list[tuple[date, int, int, str, str]]] = defaultdict(list)
    for org_code, load_id, number, row in kept.in_force(source):
        spoken_for[org_code].add(quarter_end(day_of(row["_period"] + "-01")))
        if "nil_return" in (row["person_id"], row.get("case_id", "").lower()):
            continue
        day = day_of(row[column])
        spoken_for[org_code].add(quarter_end(day))
        if (
            row.get("is_mandatory", "n") in ("n", "", "No")
            and row.get("process", "disciplinary").strip().lower() == "disciplinary"
        ):
            events[org_code].append((day, load_id, number, row["person_id"], CATEGORIES[row["ethnic_category"]]))
    found: Figures = {}
    for org_code, as_at in windows(spoken_for):
        first, last = window(as_at)
        quarters = {quarter_end(date(year, month + 1, 1)) for year, month in months(first, last)}
        newest = {who: group for day, _, _, who, group in sorted(events[org_code]) if first <= day <= last}
        is_covered = quarters <= spoken_for[org_code]
        for group, staff in zip(GROUPS, STAFF.values(), strict=True):
            counts = (sum(of == group for of in newest.values()), staff) if is_covered else (None, None)
            found[org_code, as_at, "all", group] = (*counts, "ok" if is_covered else "not_submitted")
    return found


def posts_counted(kept: Warehouse) -> Figures:
    """Indicator 2 from the rows in force."""
    rows: dict[str, list[tuple[date, date, dict[str, str]]]] = defaultdict(list)
    for org_code, _, _, row in kept.in_force("recruitment"):
        rows[org_code].append((day_of(row["period_start"]), day_of(row["period_end"]), row))
    always = ("all", "clinical", "non_clinical", "clinical_non_medical", "medical_dental", "excluding_international")
    bands = {"Band 5": "band_5", "8A": "band_8a", "Very Senior Manager": "vsm", "": "other",
             "Senior medical manager": "senior_medical_manager", "Specialty Doctor": "non_consultant_career_grade"}  # fmt: skip
    found: Figures = {}
    for org_code, as_at in windows({org_code: {last for _, last, _ in mine} for org_code, mine in rows.items()}):
        first, last = window(as_at)
        inside = [each for each in rows[org_code] if first <= each[0] and each[1] <= last]
        periods = {(start, end) for start, end, _ in inside}
        if set().union(*(months(*period) for period in periods)) != months(first, last):
            status = "not_submitted"
        elif any(one[0] <= other[1] and other[0] <= one[1] for one, other in combinations(periods, 2)):
            status = "not_calculable"
        else:
            status = "ok"
        sums: dict[str, Counter[str]] = {name: Counter() for name in always}
        for _, _, row in inside if status == "ok" else ():
            if row["vacancy_id"] == "nil_return":
                continue
            block, band = row["staff_block"].lower(), bands[row["pay_band"]]
            slices = ["all", block, f"{block}.{band}"]
            slices += ["clinical"] if block != "non_clinical" else []
            slices += ["medical_dental.consultants"] if band == "senior_medical_manager" else []
            slices += ["excluding_international"] if row["is_international"] != "Y" else []
            group = CATEGORIES[row["ethnic_category"]]
            for name in slices:
                counts = sums.setdefault(name, Counter())
                counts[f"appointed {group}"] += int(row["appointed"])
                counts[f"shortlisted {group}"] += int(row["shortlisted"])
        for name, counts in sums.items():
            for group in GROUPS:
                pair = (
                    (counts[f"appointed {group}"], counts[f"shortlisted {group}"]) if status == "ok" else (None, None)
                )
                found[org_code, as_at, name, group] = (*pair, status)
    return found


def answers_counted(kept: Warehouse) -> Figures:
    """Indicators 5 to 8 from the rows in force; the newer denominator of 7."""

    def experienced(answer: str) -> bool | None:
        return None if not answer else answer.lower() != "never"

    def either(one: bool | None, other: bool | None) -> bool | None:
        return True if one or other else None if None in (one, other) else False

    def said_yes(answer: str) -> bool | None:
        return None if not answer else answer.lower() == "yes"

    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for org_code, _, _, row in kept.in_force("survey_responses"):
        group = {"white_british": "white", "asian_indian": "bme", "": "unknown"}[row["ethnic_background"]]
        managers, colleagues = experienced(row["q14b"]), experienced(row["q14c"])
        for item, counted in {
            ("5", "all"): experienced(row["q14a"]),
            ("6", "all"): either(managers, colleagues),
            ("6", "managers"): managers,
            ("6", "colleagues"): colleagues,
            ("7", "all"): said_yes(row["q15"]),
            ("8", "all"): said_yes(row["q16b"]),
        }.items():
            found[(org_code, *item, group)][0] += counted is True
            found[(org_code, *item, group)][1] += counted is not None
    return {key: tuple(counts) for key, counts in found.items()}


def figures_of(of: Settings, model: str, key: Iterable[str], *values: str) -> Figures:
    """Figures from records: key columns to value columns."""
    columns = tuple(key)
    rows = query(of, f"select * from intermediate.{model} where basis = 'records'")
    found = {tuple(row[column] for column in columns): tuple(row[value] for value in values) for row in rows}
    assert len(found) == len(rows)
    return found


def look(kept: Warehouse, step: str) -> None:
    """Note what the models say now, what the rows in force say, and which version of its rows each fact holds."""
    window_key, values = (
        ("org_code", "as_at", "slice", "ethnicity_group"),
        ("value_count", "base_count", "value_status"),
    )
    kept.figures[step] = {
        "training": figures_of(kept.of, "int_training__access", window_key, *values),
        "employee_relations": figures_of(kept.of, "int_employee_relations__disciplinary", window_key, *values),
        "recruitment": figures_of(kept.of, "int_recruitment__appointment", window_key, *values),
        "survey_responses": figures_of(
            kept.of,
            "int_survey_responses__rate",
            ("org_code", "indicator_code", "slice", "ethnicity_group"),
            "value_count",
            "base_count",
        ),
    }
    kept.expected[step] = {
        "training": people_counted(kept, "training"),
        "employee_relations": people_counted(kept, "employee_relations"),
        "recruitment": posts_counted(kept),
        "survey_responses": answers_counted(kept),
    }
    kept.versions[step] = {
        tuple(row["place"].split("/")): row["version"]
        for name, place in {
            "int_training__person_quarter": "concat_ws('/', org_code, _period, as_at, person_id)",
            "int_training__window_count": "concat_ws('/', org_code, as_at, ethnic_key)",
            "int_recruitment__period_count": "concat_ws('/', org_code, _period, staff_block, pay_row, is_international,"
            " ethnic_key)",
        }.items()
        for row in query(
            kept.of, f"select '{name}/' || {place} as place, xmin::text as version from intermediate.{name}"
        )
    }


def set_trap(connection: psycopg.Connection) -> None:
    """Double every raw row of the loads so far: whoever reads them again counts too much."""
    for table, column in TRAPPED.items():
        names = [row[0] for row in connection.execute(f"select attname from pg_attribute where attrelid = 'raw.{table}'::regclass"
                                                      " and attnum > 0 and not attisdropped")]  # fmt: skip
        cells = ", ".join(f"'{TRAP}' || {name}" if name == column else name for name in names)
        connection.execute(f"insert into raw.{table} ({', '.join(names)}) select {cells} from raw.{table}")


def release_trap(connection: psycopg.Connection) -> None:
    for table, column in TRAPPED.items():
        connection.execute(f"delete from raw.{table} where {column} like '{TRAP}%'")


@pytest.fixture(scope="module")
def kept(new_warehouse: Callable[..., Settings]) -> Warehouse:
    """A warehouse through all its steps, with what it said after each."""
    of = new_warehouse()
    prepare(of)
    assert build.dbt(of, "seed", "--select", "path:seeds/indicators").success
    kept, rng = Warehouse(of), random.Random(7)
    kept.take("workforce_counts", "headcount", [
        {"_period": f"{quarter:%Y-%m}", "snapshot_date": quarter.isoformat(), "org_code": org_code,
         "staff_block": "non_clinical", "pay_band": "Band 5", "ethnic_category": group, "headcount": str(number)}
        for quarter in QUARTERS for org_code in ORGANISATIONS for group, number in STAFF.items()
    ])  # fmt: skip

    def quarter_of_files(quarter: date) -> None:
        first = quarter_end(quarter - timedelta(days=100)) + timedelta(days=1)
        for source, table in (("training", "completion"), ("employee_relations", "case")):
            rows = events_of(rng, source, "RAA", quarter, 60)
            # RBB skips a quarter and sends nothing that falls in it; RCC has one in which nothing happened.
            if quarter != QUARTERS[3]:
                rows += [
                    row
                    for row in events_of(rng, source, "RBB", quarter, 60)
                    if quarter_end(day_of(row.get("completed_on") or row["entered_on"])) != QUARTERS[3]
                ]
            rows += (
                nothing(source, "RCC", quarter)
                if quarter == QUARTERS[4]
                else events_of(rng, source, "RCC", quarter, 25)
            )
            kept.take(source, table, rows)
        posts = vacancies(rng, "RAA", first, quarter, 30)
        posts += vacancies(rng, "RBB", first, quarter, 30) if quarter != QUARTERS[3] else []
        posts += (
            no_vacancies("RCC", first, quarter) if quarter == QUARTERS[4] else vacancies(rng, "RCC", first, quarter, 5)
        )
        kept.take("recruitment", "vacancy", posts)

    for quarter in QUARTERS[:7]:
        quarter_of_files(quarter)
    # Whole years: one organisation has nothing else, the other a quarter as well that lies in the year.
    for year in (2022, 2023):
        for org_code in ("RYEAR", "RTWICE"):
            kept.take("recruitment", "vacancy", vacancies(rng, org_code, date(year, 4, 1), date(year + 1, 3, 31), 9))
    kept.take("recruitment", "vacancy", vacancies(rng, "RTWICE", date(2023, 4, 1), date(2023, 6, 30), 9))
    kept.take("survey_responses", "respondent", [*answers(rng, "RAA", 80), *answers(rng, "RBB", 80)])
    make(of, (*BASES, *FLOWS))
    look(kept, STEPS[0])

    with warehouse.connect(of, "wres_loader", autocommit=True) as connection:
        set_trap(connection)
        quarter_of_files(QUARTERS[7])
        make(of, FLOWS)
        look(kept, STEPS[1])
        release_trap(connection)

        corrected = [
            kept.take("training", "completion", events_of(rng, "training", "RAA", QUARTERS[5], 40)),
            kept.take("recruitment", "vacancy", vacancies(rng, "RAA", date(2023, 7, 1), QUARTERS[5], 8)),
            kept.take("survey_responses", "respondent", answers(rng, "RBB", 50)),
        ]
        make(of, FLOWS)
        look(kept, STEPS[2])

        connection.execute("update ops.load set state = 'rejected' where load_id = any(%s)", [corrected])
        connection.execute("delete from ops.load_content where load_id = any(%s)", [corrected])
    for source, load_id in list(kept.rows):
        if load_id in corrected:
            del kept.rows[source, load_id]
    kept.current = {
        (source, row["_period"], row["org_code"].strip()): load_id
        for (source, load_id), rows in sorted(kept.rows.items(), key=lambda item: item[0][1])
        for row in rows
    }
    make(of, FLOWS)
    look(kept, STEPS[3])
    return kept


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("source", ["training", "employee_relations", "recruitment", "survey_responses"])
def test_figures_are_those_of_the_rows_in_force(kept: Warehouse, source: str, step: str) -> None:
    assert kept.figures[step][source] == kept.expected[step][source]


def test_the_story_has_every_kind_of_window(kept: Warehouse) -> None:
    """Otherwise the comparison above would compare nothing with nothing."""
    figures = kept.figures["eighth quarter"]
    march = date(2024, 3, 31)
    for source in ("training", "employee_relations"):
        assert figures[source]["RAA", march, "all", "white"][2] == "ok"
        assert figures[source]["RBB", date(2023, 12, 31), "all", "white"] == (None, None, "not_submitted")
        assert figures[source]["RCC", march, "all", "bme"][2] == "ok"
    posts = figures["recruitment"]
    assert posts["RYEAR", march, "all", "white"][2] == "ok"
    assert posts["RYEAR", date(2023, 6, 30), "all", "white"][2] == "not_submitted"
    assert posts["RTWICE", march, "all", "white"] == (None, None, "not_calculable")
    assert posts["RAA", march, "excluding_international", "bme"][1] < posts["RAA", march, "all", "bme"][1]
    assert any(name == "medical_dental.consultants" for _, _, name, _ in posts)


def test_a_window_says_what_it_lacks(kept: Warehouse) -> None:
    reasons = {
        (row["model"], row["org_code"], row["as_at"]): row["status_reason"]
        for row in query(
            kept.of,
            "select 'training' as model, org_code, as_at, status_reason from intermediate.int_training__access"
            " where basis = 'records' union select 'recruitment', org_code, as_at, status_reason"
            " from intermediate.int_recruitment__appointment where basis = 'records'",
        )
    }
    december, march = date(2023, 12, 31), date(2024, 3, 31)
    gap = "do not cover the twelve months: January 2023 to March 2023 missing."
    assert reasons["training", "RBB", december] == f"Training records {gap}"
    assert reasons["recruitment", "RBB", december] == f"Recruitment records {gap}"
    assert "overlap" in str(reasons["recruitment", "RTWICE", march])
    assert reasons["training", "RAA", march] is reasons["recruitment", "RAA", march] is None


def test_a_new_quarter_leaves_what_was_counted_as_it_is(kept: Warehouse) -> None:
    """Rows keep the transaction that wrote them; windows that a late event of the new file touches are counted again."""
    before, after = kept.versions["seven quarters"], kept.versions["eighth quarter"]
    touched = {date(2023, 12, 31).isoformat(), date(2024, 3, 31).isoformat()}
    kept_as_is = {place for place in before if place[0] != "int_training__window_count" or place[2] not in touched}
    assert {place[0] for place in kept_as_is} == {
        "int_training__person_quarter", "int_training__window_count", "int_recruitment__period_count"
    }  # fmt: skip
    assert {place: after.get(place) for place in kept_as_is} == {place: before[place] for place in kept_as_is}
    assert len(after) > len(before)


def test_a_correction_touches_its_organisation_alone(kept: Warehouse) -> None:
    before, after = kept.versions["eighth quarter"], kept.versions["correction"]
    others = {place for place in before if place[1] != "RAA"}
    assert others and {place: after.get(place) for place in others} == {place: before[place] for place in others}
    earlier = {place for place in before if place[0] == "int_training__window_count" and place[2] < "2023-06"}
    assert earlier and all(after[place] == before[place] for place in earlier)
    for source in ("training", "recruitment", "survey_responses"):
        assert kept.figures["correction"][source] != kept.figures["eighth quarter"][source]


def test_a_withdrawn_correction_leaves_no_trace(kept: Warehouse) -> None:
    assert kept.figures["withdrawal"] == kept.figures["eighth quarter"]
    loads = query(
        kept.of,
        "select distinct _load_id from intermediate.int_training__person_quarter union"
        " select distinct _load_id from intermediate.int_recruitment__period_count union"
        " select distinct _load_id from intermediate.int_survey_responses__answer_count",
    )
    assert {row["_load_id"] for row in loads} <= set(kept.current.values())
