"""What goes wrong in real feeds, put into synthetic ones on request. Each kind stands in one place, to be looked at:

- old codes: one organisation's quarter has the ethnic category in the digits of 1995, and says so.
- old codes unmarked: a few rows of another have such digits and say nothing.
- unknown codes: a few rows have a category or a band that no list knows.
- duplicates: a few rows of a quarter stand in it twice.
- a missing quarter: an organisation leaves out the people, cases and courses of one.
- a late correction: long after, an organisation sends a quarter again in a file of its own, without some leavers.
- swapped columns: White and BME have changed places in indicators 5 to 8 of one return.
- an impossible return, in a file of its own: more BME people appointed than shortlisted.
- a missing return: an organisation that has records sends none for a year.
- Windows-1252: an organisation's board, in a file of its own, in the code page of an old spreadsheet.
- British dates: a quarter's recruitment begins with a byte order mark and writes dates as day/month/year.

None of it touches the people of a 31 March, so that a return still equals its records where both exist.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from wres.sample import ethnicity
from wres.sample.employers import Employer, Employers
from wres.sample.population import SKIPPED, WHITE

Make = Callable[[], bytes | Iterable[bytes]]
Files = Iterator[tuple[str, str, Make]]
Row = dict[str, str]

# A code of 1995 for those of 2001; whoever is in none of these is "other".
LEGACY = {"M": "1", "N": "2", "P": "3", "H": "4", "J": "5", "K": "6", "R": "7"}
UNKNOWN_CATEGORIES, UNKNOWN_BANDS = ("X", "QQ", "British Isles"), ("Grade H", "Band 5/6")
# Of an organisation's rows; of all rows of a file it is far below 1%.
FEW = 0.01
TITLE = "Non-Executive Director \N{EN DASH} people"


@dataclass(frozen=True)
class Spot:
    """One kind of dirt in one file.

    Attributes:
        file: source and file name.
        code: whose rows.
        change: what becomes of them; no rows at all are left out.
        moved_to: name of a file of their own, instead of ``file``.
        comes_late: that file is the last of all, and ``file`` keeps the rows as they were.
        encoding: of that file.
    """

    file: tuple[str, str]
    code: str
    change: Callable[[list[Row]], list[Row]]
    moved_to: str = ""
    comes_late: bool = False
    encoding: str = "ascii"


def _legacy_codes(rows: list[Row]) -> list[Row]:
    return [row | {"ethnic_category": _legacy(row["ethnic_category"]), "code_system": "1995"} for row in rows]


def _unmarked_legacy_codes(rows: list[Row]) -> list[Row]:
    return [row | {"ethnic_category": _legacy(row["ethnic_category"])} for row in _few(rows)] + _others(rows)


def _unknown_codes(rows: list[Row]) -> list[Row]:
    few = _few(rows)
    categories = [
        row | {"ethnic_category": UNKNOWN_CATEGORIES[place % len(UNKNOWN_CATEGORIES)]}
        for place, row in enumerate(few[::2])
    ]
    bands = [row | {"pay_band": UNKNOWN_BANDS[place % len(UNKNOWN_BANDS)]} for place, row in enumerate(few[1::2])]
    return categories + bands + _others(rows)


def _duplicates(rows: list[Row]) -> list[Row]:
    return rows + _few(rows)


def _missing(rows: list[Row]) -> list[Row]:
    return []


def _correction(rows: list[Row]) -> list[Row]:
    return _others(rows)


def _swapped(rows: list[Row]) -> list[Row]:
    return [row | ({"white": row["bme"], "bme": row["white"]} if row["data_item"] == "pct" else {}) for row in rows]


def _more_appointed_than_shortlisted(rows: list[Row]) -> list[Row]:
    shortlisted = next(row for row in rows if row["data_item"] == "shortlisted" and not row["slice"])
    wrong = [row for row in rows if row["data_item"] == "appointed" and not row["slice"]]
    more = {"bme": str(int(shortlisted["bme"]) + 10)}
    more["total"] = str(sum(int(cell) for cell in (wrong[0]["white"], more["bme"], wrong[0]["unknown"])))
    return [row | (more | {"supplied_value": ""} if row in wrong else {}) for row in rows]


def _windows_1252(rows: list[Row]) -> list[Row]:
    return [row | ({"role_title": TITLE} if row["role_title"] == "Non-Executive Director" else {}) for row in rows]


def spots(plan: Employers) -> list[Spot]:
    """Where the dirt lies. The fewer organisations there are, the more of it one of them has."""
    first, second, third = plan.quarters[:3]
    year, last_year = first.wres_year, plan.quarters[-1].wres_year
    people = _trusts_first(one for one in plan.reporting(first) if one.sends_people and one.exists(plan.quarters[-1]))
    # Returns that stand in the file of all.
    returns, last_returns = (
        _trusts_first(one for one in plan.reporting(quarter) if one.code not in plan.workbooks)
        for quarter in (plan.quarters[3], plan.quarters[-1])
    )

    def whose(of: list[Employer], number: int) -> str:
        return of[number % len(of)].code

    def file(source: str, period: object) -> tuple[str, str]:
        return source, f"{source}_{period}.csv"

    late, gone, page = whose(people, 1), whose(people, 3), whose(people, 2)
    moved = whose(returns, 1)
    return [
        Spot(file("workforce", second), whose(people, 0), _legacy_codes),
        Spot(file("workforce", second), whose(people, 1), _unmarked_legacy_codes),
        Spot(file("workforce", second), whose(people, 2), _unknown_codes),
        Spot(file("workforce", third), whose(people, 0), _duplicates),
        *(Spot(file(source, third), gone, _missing) for source in ("workforce", "employee_relations", "training")),
        Spot(file("workforce", first), late, _correction, f"workforce_{first}_{late}_corrected.csv", comes_late=True),
        Spot(file("wres_return", last_year), whose(last_returns, 0), _swapped),
        Spot(file("wres_return", year), moved, _more_appointed_than_shortlisted, f"wres_return_{year}_{moved}.csv"),
        Spot(file("wres_return", last_year), whose(last_returns, 2), _missing),
        Spot(file("board", second), page, _windows_1252, f"board_{second}_{page}.csv", encoding="cp1252"),
    ]


def dirty(files: Files, plan: Employers) -> Files:
    """The files with the dirt in them, and the files that there are because of it."""
    lie = spots(plan)
    british = "recruitment", f"recruitment_{plan.quarters[1]}.csv"
    own: dict[str, bytes] = {}
    for source, name, make in files:
        here = [spot for spot in lie if spot.file == (source, name)]
        if (source, name) == british:
            yield source, name, partial(_british_dates, make)
        else:
            yield source, name, partial(_soiled, make, here, own) if here else make
        for spot in here:
            if spot.moved_to and not spot.comes_late:
                yield source, spot.moved_to, partial(own.__getitem__, spot.moved_to)
    for spot in lie:
        if spot.comes_late:
            yield spot.file[0], spot.moved_to, partial(own.__getitem__, spot.moved_to)


def _british_dates(make: Make) -> Iterator[bytes]:
    """Recruitment whose periods are written 01/07/2023, in UTF-8 with a byte order mark."""
    yield b"\xef\xbb\xbf"
    header, blocks = _blocks(make())
    yield _text(header, None)
    for _, block in blocks:
        rows = _rows(header, block)
        turned = [
            row | {name: "/".join(reversed(row[name].split("-"))) for name in ("period_start", "period_end")}
            for row in rows
        ]
        yield _text(header, turned)


def _soiled(make: Make, here: list[Spot], own: dict[str, bytes]) -> Iterator[bytes]:
    """A file's content with its spots; rows that belong in a file of their own go to ``own``."""
    header, blocks = _blocks(make())
    yield _text(header, None)
    for code, block in blocks:
        for spot in here:
            if spot.code == code:
                changed = spot.change(_rows(header, block))
                if spot.moved_to:
                    own[spot.moved_to] = _text(header, None) + _text(header, changed, spot.encoding)
                if not spot.comes_late:
                    block = b"" if spot.moved_to else _text(header, changed)
        yield block


def _blocks(content: bytes | Iterable[bytes]) -> tuple[list[str], Iterator[tuple[str, bytes]]]:
    """The header's names, and the lines of each organisation."""
    if isinstance(content, bytes):
        header, *lines = content.splitlines(keepends=True)
        blocks: Iterator[bytes] = iter(lines)
    else:
        blocks = iter(content)
        header = next(blocks)
    names = header.decode("ascii").strip().split(",")
    place = names.index("org_code")

    def code(block: bytes) -> str:
        return block.split(b",", place + 1)[place].decode("ascii")

    return names, ((owner, b"".join(parts)) for owner, parts in groupby((one for one in blocks if one), code))


def _rows(header: list[str], block: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(block.decode("ascii"), newline=""), fieldnames=header))


def _text(header: list[str], rows: list[Row] | None, encoding: str = "ascii") -> bytes:
    """Rows as text; the header itself when there are none to write."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    if rows is None:
        writer.writeheader()
    else:
        writer.writerows(rows)
    return text.getvalue().encode(encoding)


def _few(rows: list[Row]) -> list[Row]:
    """The first rows, at least two."""
    return rows[: max(2, int(FEW * len(rows)))]


def _others(rows: list[Row]) -> list[Row]:
    return rows[len(_few(rows)) :]


def _legacy(category: str) -> str:
    group = ethnicity.GROUP_OF[ethnicity.CODES.index(category)]
    return "0" if group == WHITE else "9" if group == SKIPPED else LEGACY.get(category[:1], "8")


def _trusts_first(employers: Iterable[Employer]) -> list[Employer]:
    return sorted(employers, key=lambda one: not one.organisation.is_trust)
