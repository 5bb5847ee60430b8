"""Whatever order files, corrections, withdrawals and builds come in, the figures are those of the rows in force."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from deliveries import deliver, make, prepare, query

from wres import load
from wres.settings import Settings

PATHS = ("staging/workforce", "staging/workforce_counts", "staging/wres_return", "intermediate/workforce")
QUARTERS = {"2023-09": "2023-09-30", "2023-12": "2023-12-31", "2024-03": "2024-03-31"}
ORGANISATIONS = ("RAA", "RBB", "RCC")
GROUPS = {"A": "white", "C": "white", "H": "bme", "N": "bme", "Z": "unknown"}
COUNTED = ("staff_content", "staff_count", "pay_count", "representation", "disparity")
DELIVERIES = 9

Content = tuple[str, str]
Rows = list[dict[str, str]]


def extract(draw: random.Random, contents: list[Content]) -> Rows:
    """People of some quarters of some organisations, as many as chance wants."""
    return [
        {
            "_period": period, "snapshot_date": QUARTERS[period], "org_code": org_code, "person_id": f"P{number}",
            "ethnic_category": draw.choice(list(GROUPS)), "staff_group": "Nursing and Midwifery Registered",
            "pay_band": draw.choice(["Band 5", "Band 6", "Band 8a"]), "gender": draw.choice(["Female", "Male"]),
            "hourly_rate_gbp": draw.choice(["17.20", "31.05"]),
        }
        for period, org_code in contents
        for number in range(draw.randint(20, 60))
    ]  # fmt: skip


def tables(of: Settings) -> dict[str, Counter[str]]:
    """Every row of what is counted from people and of what is made of the counts, as text."""
    return {
        name: Counter(
            str(row["content"])
            for row in query(of, f"select counted::text as content from intermediate.int_workforce__{name} as counted")
        )
        for name in COUNTED
    }


@pytest.fixture(scope="module")
def empty(new_warehouse: Callable[..., Settings]) -> Settings:
    of = new_warehouse()
    prepare(of)
    return of


@pytest.mark.parametrize("seed", [1, 2])
def test_any_history_gives_the_figures_of_the_rows_in_force(
    empty: Settings, copy_warehouse: Callable[[Settings], Settings], seed: int
) -> None:
    of, draw = copy_warehouse(empty), random.Random(seed)
    everything = [(period, org_code) for period in QUARTERS for org_code in ORGANISATIONS]
    accepted: dict[int, dict[Content, Rows]] = {}
    for number in range(DELIVERIES):
        # One content or several; before long most of them restate what another file holds, old quarters too.
        contents = draw.sample(everything, draw.choice([1, 1, 2, 4]))
        rows = extract(draw, contents)
        accepted[deliver(of, "workforce", "staff", rows)] = {
            content: [row for row in rows if (row["_period"], row["org_code"]) == content] for content in contents
        }
        if number in (3, 6):
            taken_back = draw.choice(list(accepted))
            load.withdraw(of, taken_back, "sent by mistake")
            del accepted[taken_back]
        if number in (2, 5):
            make(of, PATHS, *(["--full-refresh"] if draw.random() < 0.3 else []))
    make(of, PATHS)

    in_force: dict[Content, Rows] = {}
    for load_id in sorted(accepted):
        in_force |= accepted[load_id]
    expected = {content: Counter(GROUPS[row["ethnic_category"]] for row in rows) for content, rows in in_force.items()}
    found: dict[Content, Counter[str]] = {}
    for row in query(
        of,
        "select _period, org_code, ethnicity_group, sum(headcount)::integer as people"
        " from intermediate.int_workforce__staff_count group by 1, 2, 3",
    ):
        counts = found.setdefault((str(row["_period"]), str(row["org_code"])), Counter())
        counts[str(row["ethnicity_group"])] = int(str(row["people"]))
    assert found == expected

    grown = tables(of)
    assert all(grown.values())
    make(of, PATHS, "--full-refresh")
    assert tables(of) == grown
