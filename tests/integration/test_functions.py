"""How cells are read: the functions that the raw gate and staging share, on what files hold and on what they should not."""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from wres import warehouse
from wres.settings import Settings, settings

SPACES = ("{}", " {}", "{} ", "\t{}", "{}\r\n", "\u00a0{}\u00a0")
# Numerals that Python and some regular expressions take for digits; nobody types them into a return on purpose.
FOREIGN = ("５", "٥", "²", "½", "Ⅴ", "५")
MARKERS = (
    "-",
    "*",
    "NA",
    "N/A",
    "<5",
    "?5",
    "4*",
    "43+",
    "?",
    "#N/A",
    "#DIV/0!",
    "…",
    "~",
    "\\",
    "'",
    '"',
    "NULL",
    "\U0001f600",
)
SEEDS = settings().project / "dbt_project/seeds/people"


@pytest.fixture(scope="module")
def connection(new_warehouse: Callable[..., Settings]) -> Iterator[psycopg.Connection]:
    """As the role that builds staging: it must be able to call them."""
    with warehouse.connect(new_warehouse(), "wres_transformer", autocommit=True) as of:
        yield of


def results(connection: psycopg.Connection, function: str, cells: Sequence[str | None]) -> list[Any]:
    rows = connection.execute(
        f"select ops.{function}(cell) from unnest(%s::text[]) with ordinality as given (cell, place) order by place",  # type: ignore[arg-type]
        [list(cells)],
    ).fetchall()
    return [row[0] for row in rows]


def differences(cells: Sequence[str | None], found: Sequence[Any], expected: Sequence[Any]) -> dict[str | None, Any]:
    pairs = zip(cells, found, expected, strict=True)
    return {cell: (got, wanted) for cell, got, wanted in pairs if got != wanted or type(got) is not type(wanted)}


def test_dates_in_both_forms(connection: psycopg.Connection) -> None:
    pick = random.Random(20260331)
    days = [date(1900, 1, 1) + timedelta(days=pick.randrange(73_000)) for _ in range(200)]
    days += [date(2024, 2, 29), date(2000, 2, 29), date(1999, 12, 31), date(2024, 3, 31), date(2026, 1, 1)]
    cells, expected = [], []
    for number, day in enumerate(days):
        space = SPACES[number % len(SPACES)]
        for text in (f"{day:%Y-%m-%d}", f"{day:%d/%m/%Y}", f"{day:%Y-%m-%d}T00:00:00", f"{day:%Y-%m-%d} 00:00:00"):
            cells.append(space.format(text))
            expected.append(day)
    assert differences(cells, results(connection, "as_date", cells), expected) == {}


@pytest.mark.parametrize("style", ["ISO, DMY", "ISO, MDY", "German, YMD", "SQL, MDY"])
def test_dates_do_not_depend_on_the_session(connection: psycopg.Connection, style: str) -> None:
    with connection.transaction():
        connection.execute("select set_config('datestyle', %s, true)", [style])
        found = connection.execute(
            "select ops.as_date('01/02/2024') = make_date(2024, 2, 1), ops.as_date('2024-02-01')::text is not null"
        )
        assert found.fetchone() == (True, True)


def test_what_is_no_date_is_null(connection: psycopg.Connection) -> None:
    cells = [
        *(
            "31/02/2024",
            "2024-02-30",
            "29/02/2023",
            "1900-02-29",
            "00/01/2024",
            "2024-00-10",
            "2024-13-01",
            "31/04/2024",
            "0000-01-01",
        ),
        *(
            "2024-3-31",
            "31/3/2024",
            "1/1/2024",
            "31-03-2024",
            "31.03.2024",
            "2024/03/31",
            "20240331",
            "31/03/24",
            "03/31/2024",
        ),
        *("31 March 2024", "March 2024", "2024", "45382", "45382.0", "2024-03-31T12:30:00", "2024-03-31T00:00:00Z"),
        *(
            "2024-03-31 00:00:01",
            "31/03/2024 00:00:00",
            "2024-03-31x",
            "x2024-03-31",
            "2024-03-31\n2024-03-31",
            "2024--03-31",
        ),
        *(
            "now",
            "today",
            "infinity",
            "-infinity",
            "epoch",
            "yesterday",
            "allballs",
            "-2024-03-31",
            "2024-03-31 BC",
            "12024-03-31",
        ),
        *("２０２４-03-31", "2024‐03‐31", "", " ", "\u00a0", None, *MARKERS, *FOREIGN),
        *("9" * 100_000, "2024-03-31" * 1_000),
    ]
    assert differences(cells, results(connection, "as_date", cells), [None] * len(cells)) == {}


def test_numbers(connection: psycopg.Connection) -> None:
    plain = [
        "0",
        "00",
        "7",
        "-7",
        "+7",
        "1000000",
        "0.5",
        ".5",
        "5.",
        "-0.25",
        "12345678901234567890",
        "1.23456789012345678901",
    ]
    plain += [str(Decimal(number) / 8) for number in range(-200, 200, 7)]
    cells = [space.format(text) for text, space in itertools.product(plain, SPACES)]
    expected = [Decimal(text) for text, _ in itertools.product(plain, SPACES)]
    assert differences(cells, results(connection, "as_number", cells), expected) == {}


def test_what_is_no_plain_number_is_null(connection: psycopg.Connection) -> None:
    cells = [
        *(
            "1.2.3",
            "1e3",
            "1E3",
            "1e-7",
            "1,234",
            "1 234",
            "1'234",
            "12%",
            "£5",
            "5p",
            "0x1F",
            "1_000",
            "--5",
            "5-",
            "+-5",
            ".",
            "-",
            "+",
            "-.",
        ),
        *(
            "inf",
            "Infinity",
            "nan",
            "NaN",
            "true",
            "one",
            "5 or 6",
            "5\n6",
            "(5)",
            "5/10",
            "1:2",
            "",
            " ",
            "\t",
            "\u00a0",
            None,
        ),
        *("−5", "5\u200b", *MARKERS, *FOREIGN, "1" + FOREIGN[0]),
        *("9" * 200_000, "0." + "1" * 20_000, "-" + "1" * 100),
    ]
    assert differences(cells, results(connection, "as_number", cells), [None] * len(cells)) == {}


@pytest.mark.parametrize(
    ("policy", "level", "shown"),
    [
        ("already_public", "organisation", [0, 1, 5, 7, 8, 10, 11, 12, 15]),
        ("nhs_round5", "organisation", [0, 10, 15]),
        ("nhs_round5", "england", [0, 1, 5, 7, 8, 10, 11, 12, 15]),
        ("suppress_below_11", "organisation", [0, 11, 12, 15]),
        ("suppress_below_11", "england", [0, 11, 12, 15]),
        ("suppress_below_8", "organisation", [0, 8, 10, 11, 12, 15]),
        ("suppress_below_k", "organisation", [0]),
        (None, "england", [0]),
    ],
)
def test_what_a_policy_may_leave_as_it_is(
    connection: psycopg.Connection, policy: str | None, level: str, shown: list[int]
) -> None:
    """The gate's half of the macro controlled_count."""
    may = "select people from unnest(%s::integer[]) as people where ops.may_be_shown(people, %s, %s) order by people"
    found = connection.execute(may, [[0, 1, 5, 7, 8, 10, 11, 12, 15], policy, level]).fetchall()
    assert [people for (people,) in found] == shown
    assert connection.execute("select ops.may_be_shown(null, %s, %s)", [policy, level]).fetchone() == (True,)


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("already_public", [0, 1, 5, 7, 8, 10, 11]),
        ("nhs_round5", [0, 10]),
        ("hidden", []),
        ("suppress_below_11", []),
        ("suppress_below_k", []),
        (None, []),
    ],
)
def test_what_only_rounding_protects(connection: psycopg.Connection, policy: str | None, shown: list[int]) -> None:
    may = "select people from unnest(%s::integer[]) as people where ops.may_be_shown_unaudited(people, %s) order by people"
    assert [people for (people,) in connection.execute(may, [[0, 1, 5, 7, 8, 10, 11], policy]).fetchall()] == shown
    assert connection.execute("select ops.may_be_shown_unaudited(null, %s)", [policy]).fetchone() == (True,)


def test_flags(connection: psycopg.Connection) -> None:
    spellings = {True: ("y", "yes", "true", "1"), False: ("n", "no", "false", "0")}
    cells, expected = [], []
    for value, words in spellings.items():
        for word, change, space in itertools.product(words, (str.lower, str.upper, str.title), SPACES):
            cells.append(space.format(change(word)))
            expected.append(value)
    assert differences(cells, results(connection, "as_flag", cells), expected) == {}
    blank: list[str | None] = [None, "", " ", "\t", "\u00a0"]
    assert results(connection, "as_flag", blank) == [False] * len(blank)
    unreadable = [
        "2",
        "-1",
        "10",
        "01",
        "1.0",
        "yess",
        "ye s",
        "not",
        "oui",
        "x",
        "✓",
        "yes no",
        "t r u e",
        *MARKERS,
        *FOREIGN,
    ]
    assert differences(unreadable, results(connection, "as_flag", unreadable), [None] * len(unreadable)) == {}


def test_label_key_folds_case_and_white_space(connection: psycopg.Connection) -> None:
    labels = {
        "Band 8a": "band 8a",
        "  BAND \t 8A\r\n": "band 8a",
        "Band\u00a08 -\u00a0Range A": "band 8 - range a",
        "\ufeffVery  Senior   Manager": "very senior manager",
        "Add Prof Scientific and Technic ": "add prof scientific and technic",
        '100% O\'Brien "x" \\ %s {table} ;--': '100% o\'brien "x" \\ %s {table} ;--',
        "É": "é",
        "": None,
        " \t\r\n\u00a0\u200b": None,
    }
    assert differences(list(labels), results(connection, "label_key", list(labels)), list(labels.values())) == {}
    assert results(connection, "label_key", [None]) == [None]
    keys = [key for key in labels.values() if key]
    assert results(connection, "label_key", keys) == keys, "a key is its own key"


def ethnic_keys(connection: psycopg.Connection, cells: Sequence[str | None], code_system: str | None) -> list[Any]:
    rows = connection.execute(
        "select ops.ethnic_key(cell, %s::text) from unnest(%s::text[]) with ordinality as given (cell, place) order by place",
        [code_system, list(cells)],
    ).fetchall()
    return [row[0] for row in rows]


LETTERS = "ABCDEFGHJKLMNPRSZ"


@pytest.mark.parametrize("code_system", [None, "", "2001", "2021", "group"])
def test_ethnic_key_takes_the_national_character(connection: psycopg.Connection, code_system: str | None) -> None:
    second = "0123456789ABCDEFGHJKLMNPQRSTWXYZ"
    cells = list(LETTERS) + [f"{letter}{other}" for letter in LETTERS if letter != "N" for other in second]
    cells = [cell for cell in cells if cell not in ("DK",)] + ["N1", "n9", " ca ", "\tSc", "z "]
    expected = [cell.strip()[0].lower() for cell in cells]
    assert differences(cells, ethnic_keys(connection, cells, code_system), expected) == {}


def test_ethnic_key_leaves_what_is_no_code(connection: psycopg.Connection) -> None:
    """Read by the first letter, "not known" would be African, and "don't know" White and Black Caribbean."""
    cells = [
        "NA",
        "N/A",
        "n/a",
        "NK",
        "NS",
        "NR",
        "ND",
        "DK",
        "I",
        "O",
        "Q",
        "IA",
        "Q1",
        "UK",
        "XX",
        "A12",
        "A-",
        "A*",
        "?",
        "0",
        "9",
        "1995:0",
        "98",
    ]
    assert ethnic_keys(connection, cells, None) == [cell.lower() for cell in cells]
    assert ethnic_keys(connection, ["T", "W", "99"], None) == ["t", "w", "99"]
    assert ethnic_keys(connection, ["White  British", " BME"], "group") == ["white british", "bme"]


def test_ethnic_key_of_the_old_digits(connection: psycopg.Connection) -> None:
    for system in ("1995", " 1995 "):
        assert ethnic_keys(connection, list("0123456789"), system) == [f"1995:{digit}" for digit in range(10)]
    assert ethnic_keys(connection, ["", None, "NULL"], "1995") == ["1995:9"] * 3
    assert ethnic_keys(connection, ["99", "A", "Z"], "1995") == ["1995:99", "1995:a", "1995:z"], (
        "codes of another scheme are unknown"
    )


def test_blank_ethnicity_is_not_known(connection: psycopg.Connection) -> None:
    assert ethnic_keys(connection, [None, "", "  ", "\u00a0", "null", "NULL"], None) == ["99"] * 6


def test_seed_of_ethnic_categories_holds_the_codes(connection: psycopg.Connection) -> None:
    """Each code and label of the methodology reaches its group through the key."""
    with (SEEDS / "ethnic_category.csv").open(newline="") as file:
        seed = {row["ethnic_key"]: row for row in csv.DictReader(file)}
    white, bme, unknown = "ABC", "DEFGHJKLMNPRS", "Z"
    by_group = {
        "white": [*white, "T", "C3", "CN", "White"],
        "bme": [*bme, "W", "SC", "PA", "GF", "BME"],
        "unknown": [*unknown, "99", "", "Unknown"],
    }
    for group, cells in by_group.items():
        assert {seed[key]["wres_group"] for key in ethnic_keys(connection, cells, None)} == {group}
    digits = [seed[key]["wres_group"] for key in ethnic_keys(connection, list("0123456789"), "1995")]
    assert digits == ["white", *["bme"] * 8, "unknown"]
    assert seed["r"]["six_group"] == "Asian"
    # A label leads to itself, whatever it looks like: a seed row that no cell reaches would be a trap.
    labels = [row["label"] for key, row in seed.items() if row["code_system"] in ("2021", "survey", "group")]
    assert {key for key in ethnic_keys(connection, labels, None) if key not in seed} == set()
    unreachable = [key for key in seed if ":" not in key[:5] and ethnic_keys(connection, [key], None) != [key]]
    assert unreachable == []


@pytest.mark.parametrize("seed", ["staff_group", "pay_band", "medical_grade", "ethnic_detail", "occupation_code"])
def test_keys_of_a_seed_are_keys(connection: psycopg.Connection, seed: str) -> None:
    with (SEEDS / f"{seed}.csv").open(newline="") as file:
        keys = [next(iter(row.values())) for row in csv.DictReader(file)]
    assert results(connection, "label_key", keys) == keys
    assert len(set(keys)) == len(keys)
    assert "null" not in keys, "dbt reads the word as nothing"


def test_functions_are_inlined(connection: psycopg.Connection) -> None:
    """A call a cell would cost more than reading the file: the planner must see through each of them."""
    calls = ("label_key(cell)", "as_date(cell)", "as_flag(cell)", "as_number(cell)", "ethnic_key(cell, cell)")
    selected = ", ".join(f"ops.{call}" for call in calls)
    plan = connection.execute(f"explain (verbose) select {selected} from unnest(array['a']) as given (cell)").fetchall()  # type: ignore[arg-type]
    assert "ops." not in str(plan)
