"""People followed from extract to extract: what is counted of them, through corrections, mergers, splits and lost identifiers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from deliveries import deliver, prepare, query

from wres import build, load, warehouse
from wres.settings import Settings

PATHS = ("staging/workforce", "staging/workforce_counts", "staging/wres_return", "intermediate/workforce")
MODELS = ("int_movement__person", "int_movement__pair", "int_movement__count", "int_movement__organisation")
BANDS = ("Band 2", "5", "Band 6", "Band 7", "8A", "Very Senior Manager")
ROWS = dict(zip(BANDS, ("band_2", "band_5", "band_6", "band_7", "band_8a", "vsm"), strict=True))
GROUPS = {"A": "white", "H": "bme", "Z": "unknown"}
BLOCKS = {"Nursing and Midwifery Registered": "clinical_non_medical", "Administrative and Clerical": "non_clinical"}
START, END = "2023-03", "2024-03"
DAYS = {"2023-03": "2023-03-31", "2024-03": "2024-03-31", "2023-06": "2023-06-30"}
Person = dict[str, str]
Extract = dict[tuple[str, str], list[Person]]


def person(number: int, draw: random.Random) -> Person:
    return {
        "person_id": f"P{number}",
        "ethnic_category": draw.choices(list(GROUPS), (6, 3, 1))[0],
        "staff_group": draw.choice(list(BLOCKS)),
        "pay_band": draw.choices(BANDS, (5, 6, 4, 3, 2, 1))[0],
        "is_bank_only": "N",
    }


def a_year_later(people: list[Person], first_new: int, draw: random.Random) -> list[Person]:
    """Some leave, some only for the bank, some rise, fall or change their block; some declare their ethnicity; others join."""
    later = []
    for one in people:
        fate = draw.random()
        if fate < 0.12:
            continue
        one = dict(one)
        if fate < 0.15:
            one["is_bank_only"] = "Y"
        elif fate < 0.30:
            one["pay_band"] = BANDS[min(len(BANDS) - 1, BANDS.index(one["pay_band"]) + draw.choice((1, 1, 2)))]
        elif fate < 0.33:
            one["pay_band"] = BANDS[max(0, BANDS.index(one["pay_band"]) - 1)]
        elif fate < 0.36:
            one["staff_group"] = draw.choice(list(BLOCKS))
        if one["ethnic_category"] == "Z" and draw.random() < 0.4:
            one["ethnic_category"] = "H"
        later.append(one)
    return later + [person(first_new + number, draw) for number in range(draw.randint(5, 30))]


def extracts() -> Extract:
    """Organisations that stay, merge, split, change their identifiers, or have one extract alone."""
    draw = random.Random(11)
    first = {
        code: [person(1000 * place + number, draw) for number in range(size)]
        for place, (code, size) in enumerate(
            {"RAA": 200, "RBB": 120, "RCC": 60, "RSS": 90, "RPP": 80, "RLL": 100, "RMM": 50}.items()
        )
    }
    made: Extract = {(START, code): people for code, people in first.items()}
    later = {
        code: a_year_later(people, 50_000 + 1000 * place, draw) for place, (code, people) in enumerate(first.items())
    }
    # RCC goes into RBB. RSS is split between RPP and RTT, which is new. RLL has another staff system. RMM goes into RBM, which
    # gives everybody new numbers. RNN has sent nothing before.
    made[END, "RAA"] = later["RAA"]
    made[END, "RBB"] = later["RBB"] + later["RCC"]
    made[END, "RPP"] = later["RPP"] + later["RSS"][::2]
    made[END, "RTT"] = later["RSS"][1::2]
    made[END, "RLL"] = [one | {"person_id": f"NEW-{one['person_id']}"} for one in later["RLL"]]
    made[END, "RBM"] = [one | {"person_id": f"NEW-{one['person_id']}"} for one in later["RMM"]]
    made[END, "RNN"] = [person(90_000 + number, draw) for number in range(30)]
    return made


def rows_of(people: Extract) -> list[dict[str, str]]:
    return [
        {"_period": period, "snapshot_date": DAYS[period], "org_code": code, "code_system": "", **one}
        for (period, code), every in people.items()
        for one in every
    ]


# Stand-ins for what the organisation files say.
ORGANISATIONS = """
    create table intermediate.int_organisations__successor_step as
    select org_code, new_code, date '2023-10-01' as effective_on, org_code = 'RSS' as is_split
    from (values ('RCC', 'RBB'), ('RSS', 'RPP'), ('RSS', 'RTT'), ('RMM', 'RBM')) as step (org_code, new_code);
    create table intermediate.dim_organisation as
    select org_code, opened_on, date '2000-01-01' as valid_from, null::date as valid_to, 1 as version
    from (values ('RNN', date '2023-07-01'), ('RTT', date '2023-10-01')) as known (org_code, opened_on)
"""


def follow(of: Settings, *options: str) -> None:
    paths = [f"path:models/{path}" for path in ("staging/ops", *PATHS)]
    done = build.dbt(of, "run", *options, "--select", *paths, *MODELS)
    assert done.exception is None, done.exception
    assert [f"{node.node.name}: {node.message}" for node in done.result.results if node.status != "success"] == []


@pytest.fixture(scope="module")
def delivered() -> Extract:
    return extracts()


@pytest.fixture(scope="module")
def of(new_warehouse: Callable[..., Settings], delivered: Extract) -> Settings:
    made = new_warehouse()
    prepare(made)
    with warehouse.connect(made, "wres_transformer", autocommit=True) as connection:
        connection.execute(ORGANISATIONS)
    deliver(made, "workforce", "staff", rows_of(delivered))
    count = {"_period": END, "snapshot_date": DAYS[END], "org_code": "RKK", "staff_block": "non_clinical", "pay_band": "Band 5",
             "ethnic_category": "White", "headcount": "40"}  # fmt: skip
    deliver(made, "workforce_counts", "headcount", [count])
    follow(made)
    return made


def employed(people: list[Person]) -> dict[str, Person]:
    return {one["person_id"]: one for one in people if one["is_bank_only"] != "Y"}


def slices(one: Person) -> set[str]:
    """The slices of a band, counted again: a block, a band of it, a band of all, and the senior bands."""
    block, row = BLOCKS[one["staff_group"]], ROWS[one["pay_band"]]
    senior = {"all.band_8a_to_vsm", f"{block}.band_8a_to_vsm"} if row in ("band_8a", "vsm") else set()
    return {"all", block, f"{block}.{row}", f"all.{row}"} | senior


def expected(before: list[Person], after: list[Person]) -> Counter[tuple[str, str, str]]:
    """People by slice, group and what became of them."""
    first, last = employed(before), employed(after)
    heads: Counter[tuple[str, str, str]] = Counter()
    for number, one in first.items():
        other = last.get(number)
        for slice_ in slices(one):
            key = slice_, GROUPS[one["ethnic_category"]]
            heads[*key, "opening"] += 1
            heads[*key, "opening_band"] += 1
            heads[*key, "stayed"] += other is not None
            heads[*key, "moved_out"] += other is not None and slice_ not in slices(other)
            heads[*key, "promoted"] += other is not None and BANDS.index(other["pay_band"]) > BANDS.index(
                one["pay_band"]
            )
        if other is not None and BANDS.index(other["pay_band"]) > BANDS.index(one["pay_band"]):
            for block in ("all", BLOCKS[one["staff_group"]]):
                step = f"{block}.{ROWS[one['pay_band']]}.to_{ROWS[other['pay_band']]}"
                heads[step, GROUPS[one["ethnic_category"]], "promoted"] += 1
    for number, one in last.items():
        earlier = first.get(number)
        for slice_ in slices(one):
            key = slice_, GROUPS[one["ethnic_category"]]
            heads[*key, "closing"] += 1
            heads[*key, "found"] += earlier is not None
            heads[*key, "moved_in"] += earlier is not None and slice_ not in slices(earlier)
    return +heads


MEASURES = ("opening", "stayed", "moved_out", "closing", "found", "moved_in", "opening_band", "promoted")


def counted(of: Settings, opening: str, closing: str) -> Counter[tuple[str, str, str]]:
    heads: Counter[tuple[str, str, str]] = Counter()
    for row in query(
        of,
        f"select * from intermediate.int_movement__count where opening_org_code = '{opening}' and org_code = '{closing}'"
        f" and _period = '{END}'",
    ):
        for measure in MEASURES:
            heads[str(row["slice"]), str(row["ethnicity_group"]), measure] += int(str(row[f"{measure}_count"]))
    return +heads


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("RAA", "RAA"), ("RBB", "RBB"), ("RCC", "RBB"), ("RSS", "RPP"), ("RSS", "RTT"), ("RPP", "RPP"), ("RLL", "RLL")],
)
def test_everybody_is_followed_to_where_they_are(of: Settings, delivered: Extract, opening: str, closing: str) -> None:
    assert counted(of, opening, closing) == expected(delivered[START, opening], delivered[END, closing])


def test_who_is_compared_with_whom(of: Settings) -> None:
    pairs = query(of, "select opening_org_code, org_code, is_whole from intermediate.int_movement__pair")
    assert {tuple(pair.values()) for pair in pairs} == {
        ("RAA", "RAA", True), ("RBB", "RBB", True), ("RCC", "RBB", True), ("RPP", "RPP", True), ("RLL", "RLL", True),
        ("RSS", "RPP", False), ("RSS", "RTT", False), ("RMM", "RBM", True),
    }  # fmt: skip


def statuses(of: Settings) -> dict[str, tuple[str, str | None]]:
    rows = query(of, f"select * from intermediate.int_movement__organisation where as_at = '{DAYS[END]}'")
    return {str(row["org_code"]): (str(row["value_status"]), row["status_reason"]) for row in rows}  # type: ignore[misc]


def test_what_cannot_be_told_says_why(of: Settings) -> None:
    lost = "too few of its people are found again: their identifiers have changed."
    assert statuses(of) == {
        "RAA": ("ok", None),
        "RBB": ("ok", "With the staff of RCC, which went into it."),
        "RPP": ("ok", "RSS was split: who came from it is neither a joiner nor was at risk of leaving."),
        "RTT": ("not_calculable", "RSS was split: who of its staff would have come here and left is not known."),
        "RLL": (
            "not_calculable",
            "Too few of the people of 31 March 2023 are found again: their identifiers have changed.",
        ),
        "RBM": ("not_calculable", f"RMM went into it, and {lost}"),
        "RNN": ("not_applicable", "It opened on 1 July 2023."),
        "RKK": (
            "not_calculable",
            "Counts of staff do not tell who stayed: that takes extracts of people, a year apart.",
        ),
    }
    first = query(
        of, f"select distinct value_status from intermediate.int_movement__organisation where as_at = '{DAYS[START]}'"
    )
    assert first == [{"value_status": "not_submitted"}]


TABLES = [f"select * from intermediate.{model}" for model in MODELS]


def tables(of: Settings) -> list[list[tuple[Any, ...]]]:
    return [sorted((tuple(row.values()) for row in query(of, statement)), key=repr) for statement in TABLES]


def written(of: Settings, model: str) -> dict[tuple[str, str], set[str]]:
    """Which transactions have written an organisation's rows of a period."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in query(of, f"select org_code, _period, xmin::text as x from intermediate.{model}"):
        found.setdefault((str(row["org_code"]), str(row["_period"])), set()).add(str(row["x"]))
    return found


@pytest.mark.parametrize("period", [START, END])
def test_a_correction_of_either_end_counts_its_pairs_again_and_no_other(
    of: Settings, copy_warehouse: Callable[[Settings], Settings], delivered: Extract, period: str
) -> None:
    copy = copy_warehouse(of)
    before, people = written(copy, "int_movement__count"), written(copy, "int_movement__person")
    corrected = delivered[period, "RBB"][:-7]
    correction = deliver(copy, "workforce", "staff", rows_of({(period, "RBB"): corrected}))
    follow(copy)
    after = written(copy, "int_movement__count")
    assert set(after) == set(before)
    # RBB's own pair; a correction of its later extract also that of RCC, which went into it.
    again = {key for key in after if after[key] != before[key]}
    assert again == {("RBB", END)}
    pairs = {(str(row["opening_org_code"]), str(row["x"])) for row in query(
        copy, "select distinct opening_org_code, xmin::text as x from intermediate.int_movement__count where org_code = 'RBB'"
    )}  # fmt: skip
    kept = {code for code, x in pairs if x in before["RBB", END]}
    assert kept == ({"RCC"} if period == START else set())
    again_people = written(copy, "int_movement__person")
    assert {key for key in people if people[key] != again_people[key]} == {("RBB", period)}
    ends = {START: delivered[START, "RBB"], END: delivered[END, "RBB"], period: corrected}
    assert counted(copy, "RBB", "RBB") == expected(ends[START], ends[END])

    stepwise = tables(copy)
    if period == END:
        follow(copy, "--full-refresh")
        assert tables(copy) == stepwise
    else:
        load.withdraw(copy, correction, "sent by mistake")
        follow(copy)
        assert tables(copy) == tables(of)


def test_a_late_extract_takes_the_successor_s_place(
    of: Settings, copy_warehouse: Callable[[Settings], Settings], delivered: Extract
) -> None:
    """RCC sends an extract of its own after all: its people are followed there, and RBB's are its own again."""
    copy = copy_warehouse(of)
    deliver(copy, "workforce", "staff", rows_of({(END, "RCC"): delivered[START, "RCC"][5:]}))
    follow(copy)
    assert counted(copy, "RCC", "RBB") == Counter()
    assert counted(copy, "RCC", "RCC") == expected(delivered[START, "RCC"], delivered[START, "RCC"][5:])
    assert counted(copy, "RBB", "RBB") == counted(of, "RBB", "RBB")
    assert statuses(copy)["RBB"] == ("ok", None)
    # What has nothing to compare is not looked for again and again.
    follow(copy)
    compiled = next(copy.home.joinpath("dbt").rglob("compiled/**/int_movement__count.sql")).read_text()
    assert compiled.count("any('{}'::bigint[])") == 2
