"""From the text of workforce extracts, counts and returns to rows, tiers and the whole workforce, counted again in Python."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from deliveries import deliver, make, prepare, query

from wres import build, load, warehouse
from wres.settings import Settings

PATHS = (
    "staging/workforce",
    "staging/workforce_counts",
    "staging/wres_return",
    "intermediate/workforce",
)
# What files write, and what the standard makes of it: stated here once more, apart from the seeds.
ETHNICITIES = {
    ("A", ""): "white", ("CL", ""): "white", ("White", ""): "white", ("0", "1995"): "white", ("T", ""): "white",
    ("H", ""): "bme", ("SC", ""): "bme", ("BME", ""): "bme", ("1", "1995"): "bme", ("r", ""): "bme", ("W", ""): "bme",
    ("Z", ""): "unknown", ("99", ""): "unknown", ("", ""): "unknown", ("9", "1995"): "unknown", ("", "1995"): "unknown",
}  # fmt: skip
BLOCKS = {
    ("Nursing and Midwifery Registered", ""): "clinical_non_medical",
    ("Students", "G0A"): "clinical_non_medical",
    ("", "N6A"): "clinical_non_medical",
    ("", "H1A"): "clinical_non_medical",
    ("Administrative  and Clerical", ""): "non_clinical",
    (" ", "G2A"): "non_clinical",
    ("Medical and Dental", ""): "medical_dental",
    ("", "001"): "medical_dental",
}
BANDS = {
    "under 1": "under_1", "Band 2": "band_2", "Band 5": "band_5", "5": "band_5", "Band 6": "band_6", "Band 7": "band_7",
    "8A": "band_8a", "Band 8 - Range A": "band_8a", "Band 8d": "band_8d", "Band 9": "band_9", "Very Senior Manager": "vsm",
    "Non AfC Grade": "other_pay",
}  # fmt: skip
GRADES = {
    "Consultant": "consultants",
    "Associate Specialist": "non_consultant_career_grade",
    "Core Training": "trainee_grades",
    "Hospital Practitioner / Clinical Assistant": "other",
    "": "other",
}
LOWER, MIDDLE = ("under_1", "band_2", "band_5"), ("band_6", "band_7")
UPPER = ("band_8a", "band_8d", "band_9", "vsm")
ORGANISATIONS = ("RAA", "RBB", "RCC")
QUARTERS = {"2023-12": date(2023, 12, 31), "2024-03": date(2024, 3, 31)}


def people(period: str, org_code: str, number: int, seed: int) -> list[dict[str, str]]:
    """Rows of an extract, of every kind there is."""
    draw = random.Random(f"{period} {org_code} {seed}")
    as_at = QUARTERS[period]
    rows = []
    for person in range(number):
        (ethnicity, system), (group, occupation) = draw.choice(list(ETHNICITIES)), draw.choice(list(BLOCKS))
        is_medical = BLOCKS[group, occupation] == "medical_dental"
        rows.append({
            "_period": period, "snapshot_date": draw.choice([as_at.isoformat(), f"{as_at:%d/%m/%Y}"]),
            "org_code": draw.choice([org_code, f" {org_code}"]), "person_id": f"P{person}",
            "ethnic_category": ethnicity, "code_system": system, "staff_group": group, "occupation_code": occupation,
            "pay_band": "" if is_medical else draw.choice(list(BANDS)),
            "medical_grade": draw.choice(list(GRADES)) if is_medical else draw.choice(["", "Consultant"]),
            "is_medical_manager": draw.choice(["", "N", "yes"]), "is_bank_only": draw.choice(["", "no", "0", "Y"]),
            "overseas_joined_on": draw.choice(["", "", "2020-11-30", "30/11/2023", "2021-03-31", "01/04/2021"]),
        })  # fmt: skip
    return rows


def counted(rows: list[dict[str, str]]) -> Counter[tuple[Any, ...]]:
    """Employed people by organisation, day, block, row, manager, group and whether they are recent recruits from overseas."""
    heads: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        if row["is_bank_only"] == "Y":
            continue
        as_at = QUARTERS[row["_period"]]
        block = BLOCKS[row["staff_group"], row["occupation_code"]]
        pay_row = GRADES[row["medical_grade"]] if block == "medical_dental" else BANDS[row["pay_band"]]
        came = {"": None, "2020-11-30": date(2020, 11, 30), "30/11/2023": date(2023, 11, 30),
                "2021-03-31": date(2021, 3, 31), "01/04/2021": date(2021, 4, 1)}[row["overseas_joined_on"]]  # fmt: skip
        is_recent = came is not None and came > as_at.replace(year=as_at.year - 3)
        is_manager = pay_row == "consultants" and row["is_medical_manager"] == "yes"
        group = ETHNICITIES[row["ethnic_category"], row["code_system"]]
        heads[row["org_code"].strip(), as_at, block, pay_row, is_manager, group, is_recent] += 1
    return heads


@pytest.fixture(scope="module")
def delivered() -> list[dict[str, str]]:
    """Two quarters of three organisations. RCC sends bank staff alone for the second, and so has no extract for it."""
    rows = [
        row
        for number, org_code in enumerate(ORGANISATIONS)
        for period in QUARTERS
        for row in people(period, org_code, 900 + 100 * number, 1)
    ]
    for row in rows:
        if row["org_code"].strip() == "RCC" and row["_period"] == "2024-03":
            row["is_bank_only"] = "Y"
    return rows


@pytest.fixture(scope="module")
def of(new_warehouse: Callable[..., Settings], delivered: list[dict[str, str]]) -> Settings:
    """A warehouse with those extracts, counts of RBB, which has an extract, and of RCC, which has none, and a return of RAA."""
    made = new_warehouse()
    prepare(made)
    deliver(made, "workforce", "staff", delivered)
    count = {"_period": "2024-03", "snapshot_date": "2024-03-31", "org_code": "RCC", "staff_block": "non_clinical",
             "pay_band": "Band 5", "ethnic_category": "White", "headcount": "40"}  # fmt: skip
    deliver(made, "workforce_counts", "headcount", [
        count,
        count | {"ethnic_category": "BME", "headcount": "20"},
        count | {"pay_band": "vsm", "headcount": "3"},
        count | {"staff_block": "medical_dental", "pay_band": "consultants", "ethnic_category": "BME", "headcount": "6"},
        count | {"org_code": "RBB", "headcount": "9999"},
    ])  # fmt: skip
    item = {"_period": "2024", "org_code": "RAA", "wres_year": "2024", "indicator": "1", "data_item": "headcount",
            "slice": "clinical_non_medical.band_5", "white": "2000", "bme": "1000", "unknown": "7"}  # fmt: skip
    deliver(made, "wres_return", "item", [
        item,
        item | {"slice": "clinical_non_medical.band_6", "white": "1500", "bme": "450", "unknown": "0"},
        item | {"slice": "clinical_non_medical.vsm", "white": "400", "bme": "60", "unknown": "0"},
        item | {"slice": "medical_dental.consultants", "white": "50", "bme": "30", "unknown": "0"},
        item | {"slice": "medical_dental.senior_medical_manager", "white": "5", "bme": "1", "unknown": "0"},
    ])  # fmt: skip
    make(made, PATHS)
    return made


@pytest.fixture(scope="module")
def heads(delivered: list[dict[str, str]]) -> Counter[tuple[Any, ...]]:
    return counted(delivered)


def slices(of: Settings, model: str, org_code: str, basis: str) -> dict[str, dict[str, Any]]:
    """Figures of one organisation on 31 March 2024: slice to its counts by group, its base by group and its status."""
    found: dict[str, dict[str, Any]] = {}
    for row in query(
        of,
        f"select * from intermediate.{model} where org_code = '{org_code}' and basis = '{basis}' and as_at = '2024-03-31'",
    ):
        figure = found.setdefault(str(row["slice"]), {"counts": {}, "bases": {}, "workforce": {}})
        figure["counts"][row["ethnicity_group"]] = row["value_count"]
        figure["bases"][row["ethnicity_group"]] = row["base_count"]
        figure["workforce"][row["ethnicity_group"]] = row["workforce_count"]
        figure["status"], figure["reason"] = row["value_status"], row["status_reason"]
    return found


def test_everybody_employed_is_counted_once_in_the_row_of_the_standard(
    of: Settings, heads: Counter[tuple[Any, ...]]
) -> None:
    rows = query(
        of,
        "select org_code, as_at, staff_block, pay_row, is_senior_medical_manager, ethnicity_group, is_recent_overseas_recruit,"
        " sum(headcount)::integer as headcount from intermediate.int_workforce__staff_count group by 1, 2, 3, 4, 5, 6, 7",
    )
    assert {tuple(row.values())[:-1]: row["headcount"] for row in rows} == heads


def test_the_ethnic_code_is_kept_in_full(of: Settings) -> None:
    codes = query(of, "select distinct ethnic_key, ethnic_code from intermediate.int_workforce__staff_count")
    assert {("c", "cl"), ("s", "sc"), ("1995:1", "1"), ("99", None), ("1995:9", None)} <= {
        (row["ethnic_key"], row["ethnic_code"]) for row in codes
    }


def test_rows_add_up_to_blocks_bands_and_the_whole(of: Settings, heads: Counter[tuple[Any, ...]]) -> None:
    def expected(chosen: Callable[[str, str, bool], bool]) -> dict[str, int]:
        sums = dict.fromkeys(("white", "bme", "unknown"), 0)
        for (org_code, as_at, block, pay_row, is_manager, group, _), number in heads.items():
            if (org_code, as_at) == ("RAA", date(2024, 3, 31)) and chosen(block, pay_row, is_manager):
                sums[group] += number
        return sums

    found = slices(of, "int_workforce__representation", "RAA", "records")
    cases: dict[str, Callable[[str, str, bool], bool]] = {
        "all": lambda block, pay_row, is_manager: True,
        "clinical_non_medical": lambda block, pay_row, is_manager: block == "clinical_non_medical",
        "medical_dental": lambda block, pay_row, is_manager: block == "medical_dental",
        "non_clinical.band_8a": lambda block, pay_row, is_manager: (block, pay_row) == ("non_clinical", "band_8a"),
        "non_clinical.other_pay": lambda block, pay_row, is_manager: (block, pay_row) == ("non_clinical", "other_pay"),
        "all.band_5": lambda block, pay_row, is_manager: pay_row == "band_5",
        "all.band_8a_to_vsm": lambda block, pay_row, is_manager: pay_row in UPPER,
        "non_clinical.band_8a_to_vsm": lambda block, pay_row, is_manager: block == "non_clinical" and pay_row in UPPER,
        "medical_dental.consultants": lambda block, pay_row, is_manager: pay_row == "consultants",
        "medical_dental.senior_medical_manager": lambda block, pay_row, is_manager: is_manager,
        "medical_dental.other": lambda block, pay_row, is_manager: pay_row == "other",
    }
    for name, chosen in cases.items():
        counts = expected(chosen)
        assert found[name]["counts"] == counts, name
        assert found[name]["bases"] == dict.fromkeys(counts, sum(counts.values())), name
        assert found[name]["workforce"] == expected(cases["all"]), name
        assert (found[name]["status"], found[name]["reason"]) == ("ok", None), name
    # 14 bands of two blocks, their senior bands and other pay; medical rows; each band and senior bands of both; blocks; all.
    assert len(found) == 2 * (14 + 1 + 1) + 5 + (14 + 1) + 3 + 1
    empty = found["clinical_non_medical.band_8b"]
    assert (empty["status"], empty["reason"]) == ("not_applicable", "Nobody is in this row.")
    assert empty["counts"] == empty["bases"] == dict.fromkeys(("white", "bme", "unknown"), 0)


def test_counts_speak_only_where_there_is_no_extract(of: Settings, heads: Counter[tuple[Any, ...]]) -> None:
    totals = {
        (row["org_code"], row["source"]): row["headcount"]
        for row in query(
            of,
            "select org_code, source, sum(headcount)::integer as headcount from intermediate.int_workforce__workforce"
            " where basis = 'records' and as_at = '2024-03-31' group by 1, 2",
        )
    }
    in_extract = Counter[str]()
    for (org_code, as_at, *_), number in heads.items():
        in_extract[org_code] += number if as_at == date(2024, 3, 31) else 0
    assert totals == {
        ("RAA", "workforce"): in_extract["RAA"],
        ("RBB", "workforce"): in_extract["RBB"],
        ("RCC", "workforce_counts"): 69,
    }
    manager = slices(of, "int_workforce__representation", "RCC", "records")["medical_dental.senior_medical_manager"]
    assert manager["status"] == "not_submitted"
    assert set(manager["counts"].values()) == {None}


def test_the_return_stands_beside_the_records(of: Settings) -> None:
    found = slices(of, "int_workforce__representation", "RAA", "return")
    assert found["all"]["counts"] == {"white": 3950, "bme": 1540, "unknown": 7}
    assert found["medical_dental"]["counts"] == {"white": 50, "bme": 30, "unknown": 0}
    assert found["medical_dental.senior_medical_manager"]["counts"] == {"white": 5, "bme": 1, "unknown": 0}
    assert found["medical_dental.senior_medical_manager"]["workforce"] == found["all"]["counts"]
    assert "non_clinical.other_pay" not in found


def test_tiers_of_the_methodology(of: Settings) -> None:
    found = slices(of, "int_workforce__disparity", "RAA", "return")
    for block in ("all", "clinical_non_medical"):
        for step, higher, lower in (
            ("lower_to_middle", (1500, 450), (2000, 1000)),
            ("middle_to_upper", (400, 60), (1500, 450)),
            ("lower_to_upper", (400, 60), (2000, 1000)),
            ("band_5_to_band_6", (1500, 450), (2000, 1000)),
        ):
            figure = found[f"{block}.{step}"]
            assert figure["counts"] == dict(zip(("white", "bme"), higher, strict=True))
            assert figure["bases"] == dict(zip(("white", "bme"), lower, strict=True))
    assert found["non_clinical.lower_to_upper"]["status"] == "not_applicable"
    # Nobody is in band 9 here; another organisation of the area may fill that side, and the figure judges the sum.
    assert found["all.band_9_to_vsm"]["status"] == "ok"
    assert found["all.band_9_to_vsm"]["counts"] == {"white": 400, "bme": 60}
    assert not [name for name in found if "overseas" in name]


def test_tiers_of_records_leave_out_recent_recruits_from_overseas_on_request(
    of: Settings, heads: Counter[tuple[Any, ...]]
) -> None:
    found = slices(of, "int_workforce__disparity", "RBB", "records")
    for block in ("all", "clinical_non_medical", "non_clinical"):
        for step, higher, lower in (
            ("lower_to_middle", MIDDLE, LOWER), ("middle_to_upper", UPPER, MIDDLE), ("lower_to_upper", UPPER, LOWER),
        ):  # fmt: skip
            for suffix, with_recent in (("", True), (".excluding_recent_overseas", False)):
                for part, rows in (("counts", higher), ("bases", lower)):
                    expected = Counter({"white": 0, "bme": 0})
                    for (org_code, as_at, own, pay_row, _, group, is_recent), number in heads.items():
                        if (
                            (org_code, as_at) == ("RBB", date(2024, 3, 31))
                            and own != "medical_dental"
                            and block in ("all", own)
                            and pay_row in rows
                            and group != "unknown"
                            and (with_recent or not is_recent)
                        ):
                            expected[group] += number
                    assert found[f"{block}.{step}{suffix}"][part] == expected, (block, step, suffix, part)


STAFF_COUNT = "select * from intermediate.int_workforce__staff_count"
CONTENT = "select * from intermediate.int_workforce__staff_content"


def table(of: Settings, statement: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in query(of, statement)), key=repr)


def counted_in(of: Settings) -> dict[tuple[Any, ...], set[Any]]:
    """Which transaction has written the counts of each content."""
    rows = query(of, "select _load_id, _period, org_code, xmin::text as x from intermediate.int_workforce__staff_count")
    written: dict[tuple[Any, ...], set[Any]] = {}
    for row in rows:
        written.setdefault((row["_load_id"], row["_period"], row["org_code"]), set()).add(row["x"])
    return written


def test_corrections_and_withdrawals_count_afresh_what_they_restate(
    of: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    copy = copy_warehouse(of)
    before = counted_in(copy)
    assert len(before) == 5
    correction = deliver(copy, "workforce", "staff", people("2023-12", "RBB", 80, 2))
    make(copy, PATHS)
    after = counted_in(copy)
    first = next(iter(before))[0]
    kept = {key: value for key, value in before.items() if key != (first, "2023-12", "RBB")}
    assert {key: value for key, value in after.items() if key[0] == first} == kept
    assert [key for key in after if key[0] != first] == [(correction, "2023-12", "RBB")]

    load.withdraw(copy, correction, "sent by mistake")
    make(copy, PATHS)
    again = counted_in(copy)
    assert set(again) == set(before)
    assert {key: value for key, value in again.items() if key in kept} == kept
    stepwise = table(copy, STAFF_COUNT), table(copy, CONTENT)
    assert stepwise == (table(of, STAFF_COUNT), table(of, CONTENT))

    make(copy, PATHS)
    assert counted_in(copy) == again
    make(copy, PATHS, "--full-refresh")
    assert (table(copy, STAFF_COUNT), table(copy, CONTENT)) == stepwise


def compiled(of: Settings, model: str) -> str:
    return next(of.home.joinpath("dbt").rglob(f"compiled/**/{model}.sql")).read_text()


def scans(plan: Any) -> list[dict[str, Any]]:
    """The nodes of a plan that read a table."""
    return ([plan] if "Relation Name" in plan else []) + [
        node for part in plan.get("Plans", []) for node in scans(part)
    ]


def test_a_new_quarter_reads_its_own_rows_alone(
    of: Settings, copy_warehouse: Callable[[Settings], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copy_warehouse(of)
    months = [f"20{year}-{month}" for year in range(10, 20) for month in ("03", "09")]
    for month in months:
        monkeypatch.setitem(QUARTERS, month, date(int(month[:4]), int(month[5:]), 28))
        rows = people(month, "RAA", 30, 3)
        deliver(copy, "workforce", "staff", [row | {"person_id": f"{n}"} for n in range(100) for row in rows])
    make(copy, PATHS)
    new = deliver(copy, "workforce", "staff", people("2024-03", "RDD", 50, 4))
    make(copy, PATHS)
    for model in ("int_workforce__staff_count", "int_workforce__staff_content"):
        statement = compiled(copy, model)
        assert f"any('{{{new}}}'::bigint[])" in statement
        with warehouse.connect(copy, "wres_transformer", autocommit=True) as connection:
            (plan,) = connection.execute(f"explain (analyze, format json) {statement}").fetchone()  # type: ignore[misc]
        plan = json.loads(plan) if isinstance(plan, str) else plan
        read = [node for node in scans(plan[0]["Plan"]) if node["Relation Name"] == "workforce__staff"]
        assert read
        for node in read:
            rows_seen = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            assert "Index" in node["Node Type"] or "Bitmap" in node["Node Type"], model
            assert rows_seen <= 50 + node["Actual Loops"], model
    # An organisation of bank staff alone has nothing to count: it is not looked for again and again.
    make(copy, PATHS)
    assert "any('{}'::bigint[])" in compiled(copy, "int_workforce__staff_count")


def test_a_count_that_loses_somebody_fails_the_build(
    of: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    copy = copy_warehouse(of)
    name = "int_workforce__staff_count_loses_nobody"
    assert build.dbt(copy, "test", "--select", name).success
    with warehouse.connect(copy, "wres_transformer", autocommit=True) as connection:
        connection.execute(
            "delete from intermediate.int_workforce__staff_count where ctid in"
            " (select ctid from intermediate.int_workforce__staff_count where pay_row = 'vsm' limit 1)"
        )
    assert not build.dbt(copy, "test", "--select", name).success
