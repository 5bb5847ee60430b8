"""From the text of board registers and returns to who sits on the board, beside the workforce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deliveries import deliver, make, prepare, query

from wres.settings import Settings

PATHS = (
    "staging/board",
    "staging/workforce",
    "staging/workforce_counts",
    "staging/wres_return",
    "intermediate/workforce",
    "intermediate/board",
)


@pytest.fixture(scope="module")
def of(new_warehouse: Callable[..., Settings]) -> Settings:
    """The organisation of the methodology (2.6): 3,000 / 1,000 / 120 staff, a board of 11 / 1 / 1; and one that lacks staff."""
    made = new_warehouse()
    prepare(made)
    member = {"_period": "2024-03", "as_at": "31/03/2024", "org_code": "RAA", "is_voting": "Y", "is_executive": "N",
              "ethnic_category": "A", "code_system": ""}  # fmt: skip
    register = [
        *(member | {"member_id": f"M{number}", "is_executive": "yes" if number < 6 else "no"} for number in range(11)),
        member | {"member_id": "M11", "ethnic_category": "1", "code_system": "1995", "is_voting": "0"},
        member | {"member_id": "M12", "ethnic_category": "", "is_executive": "1"},
        member | {"member_id": "M1", "org_code": "RBB"},
    ]
    deliver(made, "board", "member", register)
    # Of an earlier quarter and loaded later: it replaces nothing.
    older = [row | {"_period": "2023-12", "as_at": "2023-12-31"} for row in register if row["org_code"] == "RBB"]
    deliver(made, "board", "member", older)
    count = {"_period": "2024-03", "snapshot_date": "2024-03-31", "org_code": "RAA", "staff_block": "non_clinical",
             "pay_band": "Band 5"}  # fmt: skip
    deliver(made, "workforce_counts", "headcount", [
        count | {"ethnic_category": group, "headcount": number}
        for group, number in (("White", "3000"), ("BME", "1000"), ("Unknown", "120"))
    ])  # fmt: skip
    item = {"_period": "2024", "wres_year": "2024", "org_code": "RAA", "indicator": "9", "data_item": "members"}
    deliver(made, "wres_return", "item", [
        item | {"slice": "board.total", "white": "10", "bme": "2", "unknown": "1"},
        item | {"slice": "board.voting", "white": "10", "bme": "1", "unknown": "1"},
        item | {"slice": "board.non_voting", "white": "0", "bme": "1", "unknown": "0"},
        item | {"slice": "board.executive", "white": "5", "bme": "", "unknown": "1"},
        item | {"slice": "", "data_item": "workforce", "white": "2900", "bme": "1100", "unknown": "100"},
        item | {"org_code": "RBB", "slice": "board.total", "white": "9", "bme": "0", "unknown": "0"},
    ])  # fmt: skip
    make(made, PATHS)
    return made


def composition(of: Settings, org_code: str, basis: str, day: str = "2024-03-31") -> dict[str, Any]:
    """Parts of the board to (White, BME, Unknown, all members, status)."""
    rows = query(
        of,
        "select slice, min(value_status) as status, min(base_count) as base,"
        " array_agg(value_count order by array_position(array['white', 'bme', 'unknown'], ethnicity_group)) as counts"
        " from intermediate.int_board__composition"
        f" where org_code = '{org_code}' and basis = '{basis}' and as_at = '{day}' group by slice",
    )
    return {str(row["slice"]).removeprefix("board."): (*row["counts"], row["base"], row["status"]) for row in rows}  # type: ignore[misc]


def test_a_register_divides_the_board_twice(of: Settings) -> None:
    assert composition(of, "RAA", "records") == {
        "total": (11, 1, 1, 13, "ok"),
        "voting": (11, 0, 1, 12, "ok"),
        "non_voting": (0, 1, 0, 1, "ok"),
        "executive": (6, 0, 1, 7, "ok"),
        "non_executive": (5, 1, 0, 6, "ok"),
    }


def test_a_return_says_what_it_says(of: Settings) -> None:
    assert composition(of, "RAA", "return") == {
        "total": (10, 2, 1, 13, "ok"),
        "voting": (10, 1, 1, 12, "ok"),
        "non_voting": (0, 1, 0, 1, "ok"),
        "executive": (None, None, None, None, "not_submitted"),
        "non_executive": (None, None, None, None, "not_submitted"),
    }
    assert composition(of, "RBB", "return")["total"] == (9, 0, 0, 9, "ok")


def test_the_board_is_compared_with_the_workforce_of_its_basis_and_day(of: Settings) -> None:
    rows = query(
        of,
        "select org_code, basis, as_at::text, value_status, status_reason,"
        " array_agg(workforce_count order by array_position(array['white', 'bme', 'unknown'], ethnicity_group)) as staff"
        " from intermediate.int_board__composition where slice = 'board.total' group by 1, 2, 3, 4, 5 order by 1, 2, 3",
    )
    alone = "No workforce of that day was submitted to compare the board with."
    assert [tuple(row.values()) for row in rows] == [
        ("RAA", "records", "2024-03-31", "ok", None, [3000, 1000, 120]),
        ("RAA", "return", "2024-03-31", "ok", None, [2900, 1100, 100]),
        ("RBB", "records", "2023-12-31", "ok", alone, [None, None, None]),
        ("RBB", "records", "2024-03-31", "ok", alone, [None, None, None]),
        ("RBB", "return", "2024-03-31", "ok", alone, [None, None, None]),
    ]


def test_a_newer_register_replaces_the_month_and_no_other(
    of: Settings, copy_warehouse: Callable[[Settings], Settings]
) -> None:
    copy = copy_warehouse(of)
    member = {"_period": "2024-03", "as_at": "2024-03-31", "org_code": "RBB", "is_voting": "", "is_executive": "true"}
    deliver(copy, "board", "member", [
        member | {"member_id": "M1", "ethnic_category": "PC"}, member | {"member_id": "M2", "ethnic_category": "B"},
    ])  # fmt: skip
    make(copy, PATHS)
    assert composition(copy, "RBB", "records")["total"] == (1, 1, 0, 2, "ok")
    assert composition(copy, "RBB", "records")["voting"] == (0, 0, 0, 0, "not_applicable")
    assert composition(copy, "RBB", "records", "2023-12-31")["total"] == (1, 0, 0, 1, "ok")
    assert composition(copy, "RAA", "records")["total"] == (11, 1, 1, 13, "ok")
