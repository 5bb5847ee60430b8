"""Synthetic organisations: who exists, where, since when, what became of them; and the three feeds that say so."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, product

import numpy as np

# Region code, name, and the letter the trust file uses for it.
REGIONS = {
    "Y56": ("London", "H"),
    "Y58": ("South West", "K"),
    "Y59": ("South East", "J"),
    "Y60": ("Midlands", "F"),
    "Y61": ("East of England", "G"),
    "Y62": ("North West", "B"),
    "Y63": ("North East and Yorkshire", "D"),
}
NO_REGION = ("QZZ", "Special Health Authorities and other statutory bodies")
MOST_AREAS = 42  # Integrated care boards in England
SURVEYED_BOARDS = 2
FIRST_PARTS = (
    "Alder Amber Bracken Bramble Cinder Dapple Elder Fern Gorse Hazel Ivory Juniper Kestrel Larch Maple Nettle Osier "
    "Plover Quince Rowan Sorrel Teasel Umber Vetch Willow Yarrow"
)
LAST_PARTS = (
    "combe dale fold garth haven holt hythe keld leigh mere minster mouth ness pool rigg scar shaw stead thorpe "
    "thwaite toft wath wick worth"
)


WORKFORCE_HEADER = (
    "DATE NHSE_REGION_CODE NHSE_REGION_NAME ICS_CODE ICS_NAME ORG_CODE ORG_NAME ORG_TYPE "
    "FTE_DAYS_LOST FTE_DAYS_AVAILABLE SICKNESS_ABSENCE_RATE_PERCENT"
)


@dataclass(frozen=True)
class Group:
    """A benchmarking group: its name in the survey, its sheet, the workforce type, its weight and size."""

    name: str
    sheet: str
    org_type: str
    title: str
    share: float
    respondents: int


ACUTE = Group(
    "Acute and Acute & Community Trusts",
    "Acute&Acute Community Trusts",
    "Acute",
    "University Hospitals NHS Foundation Trust",
    0.58,
    4000,
)
MENTAL_HEALTH = Group(
    "Mental Health & Learning Disability and Mental Health, Learning Disability & Community Trusts",
    "MH&LD, MH, LD&Community Trusts",
    "Mental Health",
    "Mental Health NHS Foundation Trust",
    0.24,
    3000,
)
COMMUNITY = Group(
    "Community Trusts",
    "Community Trusts",
    "Community Provider Trust",
    "Community Health NHS Trust",
    0.07,
    1800,
)
SPECIALIST = Group(
    "Acute Specialist Trusts",
    "Acute Specialist Trusts",
    "Acute",
    "Orthopaedic Hospital NHS Trust",
    0.06,
    1700,
)
AMBULANCE = Group(
    "Ambulance Trusts",
    "Ambulance Trusts",
    "Ambulance",
    "Ambulance Service NHS Trust",
    0.05,
    2600,
)
BOARDS = Group("ICBs", "", "Integrated Care Board", "", 0.0, 180)
TRUST_GROUPS = (ACUTE, SPECIALIST, MENTAL_HEALTH, COMMUNITY, AMBULANCE)


@dataclass(frozen=True)
class Area:
    """An integrated care board's area; ``name`` is how survey and workforce files print it."""

    code: str
    name: str
    region: str


@dataclass(frozen=True)
class Organisation:
    """A trust, or a board as an employer. Dates are ``YYYYMMDD``; ``closed`` is empty while it is open."""

    code: str
    name: str
    group: Group
    area: Area
    opened: str
    closed: str = ""
    earlier_name: str = ""
    earlier_area: Area | None = None
    respondents: int = 0
    few_bme: bool = False

    @property
    def is_trust(self) -> bool:
        return self.group is not BOARDS


@dataclass(frozen=True)
class Register:
    """Everything the feeds are written from. ``surveyed`` is in code order; ``successions`` are (old, new, date)."""

    areas: list[Area]
    surveyed: list[Organisation]
    closed: list[Organisation]
    boards: list[Organisation]
    successions: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def trusts(self) -> list[Organisation]:
        return [organisation for organisation in self.surveyed if organisation.is_trust]


def draw(rng: np.random.Generator, trusts: int, first_year: int, last_year: int) -> Register:
    """Make up the organisations of a country with ``trusts`` open trusts."""
    areas, earlier_areas = _areas(trusts)
    places = _places(rng)
    codes = _codes()
    groups = _groups(rng, trusts)
    where = [areas[index % len(areas)] for index in range(trusts)]
    sizes = rng.lognormal(0.0, 0.5, trusts)
    merger_year = min(first_year + 2, last_year)
    opened: list[Organisation] = []
    for index, (group, area) in enumerate(zip(groups, where, strict=True)):
        name = f"{next(places)} SYNTHETIC {group.title}"
        # One trust has moved to another region, and some boards have taken in a part of another's area.
        earlier_area = where[index - 1] if index == 3 else None
        if earlier_area is None and index // len(areas) % 2 == 0:
            earlier_area = earlier_areas.get(area.code)
        opened.append(
            Organisation(
                code=next(codes),
                name=name,
                group=group,
                area=area,
                # The third trust is the one a merger makes within the span of years.
                opened=f"{merger_year}0401" if index == 2 else f"{rng.integers(1991, 2009)}0401",
                earlier_name=name.replace(" SYNTHETIC", " and District SYNTHETIC") if index % 14 == 0 else "",
                earlier_area=earlier_area,
                respondents=max(250, round(group.respondents * sizes[index])),
                few_bme=index % 20 == 4,
            )
        )
    closed, successions = _mergers(opened, codes, places, first_year, merger_year)
    boards = [
        Organisation(
            code=area.code,
            name=f"NHS {area.name} ICB",
            group=BOARDS,
            area=area,
            opened="20220701",
            respondents=int(rng.integers(60, 400)),
        )
        for area in areas
    ]
    surveyed = sorted([*opened, *boards[:SURVEYED_BOARDS]], key=lambda organisation: organisation.code)
    return Register(areas, surveyed, closed, boards, successions)


def feeds(
    rng: np.random.Generator, register: Register, first_year: int, last_year: int
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """File names of the source ``organisations`` with the functions that give their bytes."""
    earlier, later = f"{first_year + 1}-02", f"{last_year + 1}-06"
    yield f"etr_{earlier}_synthetic.csv", partial(_trust_file, register, earlier, current=False)
    yield f"etr_{later}_synthetic.csv", partial(_trust_file, register, later, current=True)
    yield "succarc_synthetic.csv", partial(_successor_file, register)
    workforce = partial(_workforce_file, rng, register, last_year + 1)
    yield f"nhs_sickness_absence_{last_year + 1}-03_synthetic.csv", workforce


def _areas(trusts: int) -> tuple[list[Area], dict[str, Area]]:
    """Areas spread over the regions in turn, and for some the area that a board since merged into it had."""
    areas, earlier = [], {}
    # Real codes have three or five characters; no real three-character code is QS, QX or QY with a digit.
    short = (f"Q{letter}{digit}" for letter, digit in product("SXY", "23456789"))
    for index in range(min(max(len(REGIONS), trusts // 4), MOST_AREAS)):
        region = list(REGIONS)[index % len(REGIONS)]
        number = index // len(REGIONS) + 1
        code = f"ZQ{index:02d}S" if index % 3 == 1 else next(short, f"ZQ{index:02d}T")
        areas.append(Area(code, f"SYNTHETIC {REGIONS[region][0]} {number}", region))
        if index % 4 == 0:
            earlier[code] = Area(f"ZQ{index:02d}E", f"SYNTHETIC Former {REGIONS[region][0]} {number}", region)
    return areas, earlier


def _places(rng: np.random.Generator) -> Iterator[str]:
    """Names of places that do not exist."""
    first, last = FIRST_PARTS.split(), LAST_PARTS.split()
    names = [start + end for start, end in product(first, last)]
    return (names[position] for position in rng.permutation(len(names)))


def _codes() -> Iterator[str]:
    """Codes shaped like real ones that no real trust has: Z first, and mostly three characters, every tenth five."""
    letters = "ABCDEFGHJKLMNPRSTUVY"
    short = (f"Z{letter}{last}" for last, letter in product("0123456789" + letters, letters))
    long = (f"ZX{a}{digit}{b}" for a, digit, b in product(letters, "0123456789", letters))
    while True:
        # The third code of each ten is long, so that the trust made by a merger has one, as real new trusts do.
        block = [*islice(short, 9)]
        yield from (*block[:2], next(long), *block[2:])


def _groups(rng: np.random.Generator, trusts: int) -> list[Group]:
    """A benchmarking group for each trust: at least one of each group, the rest by its share, in random order."""
    shares = np.array([group.share for group in TRUST_GROUPS])
    wanted = shares / shares.sum() * (trusts - len(TRUST_GROUPS))
    counts = np.floor(wanted).astype(int)
    for position in np.argsort(counts - wanted, kind="stable")[: trusts - len(TRUST_GROUPS) - counts.sum()]:
        counts[position] += 1
    groups = [group for group, count in zip(TRUST_GROUPS, counts + 1, strict=True) for _ in range(count)]
    return [groups[position] for position in rng.permutation(trusts)]


def _mergers(
    opened: list[Organisation], codes: Iterator[str], places: Iterator[str], first_year: int, merger_year: int
) -> tuple[list[Organisation], list[tuple[str, str, str]]]:
    """Closed trusts and what became of them: a chain, a survivor that keeps its code, a new code, a split."""

    def shut(like: Organisation, since: str, until: str) -> Organisation:
        name = f"{next(places)} SYNTHETIC {like.group.title}"
        return Organisation(next(codes), name, like.group, like.area, opened=since, closed=until)

    end, survivor, made, first_part, second_part = opened[:5]
    old = shut(end, "19930401", f"{first_year - 4}0331")
    link = shut(end, f"{first_year - 4}0401", f"{first_year - 1}0930")
    absorbed = shut(survivor, "19940401", f"{first_year}0331")
    left, right = (shut(made, "19950401", f"{merger_year}0331") for _ in range(2))
    divided = shut(first_part, "20020401", f"{first_year}0930")
    successions = [
        (old.code, link.code, f"{first_year - 4}0401"),
        (link.code, end.code, f"{first_year - 1}1001"),
        # A pair with two dates, of which the later holds.
        (absorbed.code, survivor.code, f"{first_year}0331"),
        (absorbed.code, survivor.code, f"{first_year}0401"),
        (left.code, made.code, f"{merger_year}0401"),
        (right.code, made.code, f"{merger_year}0401"),
        (divided.code, first_part.code, f"{first_year}1001"),
        (divided.code, second_part.code, f"{first_year}1001"),
        # The official file holds codes that point at themselves, and readers of it drop them. As this file has no
        # names, this row is also where its content says what it is.
        ("SYNTHETIC", "SYNTHETIC", f"{first_year}0401"),
    ]
    return [old, link, absorbed, left, right, divided], successions


def _trust_file(register: Register, vintage: str, *, current: bool) -> bytes:
    """The ODS file of trusts as it stood at the end of month ``vintage``: 27 quoted columns, no header."""
    until = vintage.replace("-", "") + "31"
    rows = [
        _trust_row(trust, until, current=current)
        for trust in sorted([*register.trusts, *register.closed], key=lambda trust: trust.code)
        if trust.opened <= until
    ]
    # Wales has neither region nor board: placeholders once, blank now.
    region, board = ("", "") if current else ("W00", "Q99")
    rows.append(_row("ZW0", "SYNTHETIC CYMRU NHS TRUST", region, board, "ZZ9 9ZZ", "19990401", "", current, "W"))
    # The official files ended lines this way in 2022 and that way in 2026.
    newline = "\r\n" if current else "\n"
    return "".join('"' + '","'.join(row) + '"' + newline for row in rows).encode("ascii")


def _trust_row(trust: Organisation, until: str, *, current: bool) -> list[str]:
    name = trust.name if current else trust.earlier_name or trust.name
    area = trust.area if current else trust.earlier_area or trust.area
    closed = trust.closed if trust.closed <= until else ""
    postcode = f"ZZ{len(trust.name) % 9 + 1} {len(area.name) % 9}ZZ"
    letter = REGIONS[area.region][1]
    return _row(trust.code, name.upper(), area.region, area.code, postcode, trust.opened, closed, current, letter)


def _row(
    code: str,
    name: str,
    region: str,
    area: str,
    postcode: str,
    opened: str,
    closed: str,
    current: bool,
    letter: str,
) -> list[str]:
    # 01632 960 is kept free of subscribers for use in fiction.
    telephone = "01632 960000" if current else ""
    address = ["TRUST HEADQUARTERS", "1 EXAMPLE ROAD", "", name.split()[0], ""]
    middle = ["", "", "", "", "", telephone, "", "", "", "1" if current else "0", ""]
    return [code, name, region, area, *address, postcode, opened, closed, *middle, letter, "", "", ""]


def _successor_file(register: Register) -> bytes:
    """The ODS file of successors: five quoted columns, no header."""
    rows = [f'"{old}","{new}","R","{date}",""\r\n' for old, new, date in sorted(register.successions)]
    return "".join(rows).encode("ascii")


def _workforce_file(rng: np.random.Generator, register: Register, year: int) -> bytes:
    """The monthly sickness absence file of March ``year``, which gives organisations their type, region and board."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(WORKFORCE_HEADER.split())
    national = (*NO_REGION, *NO_REGION, "ZT150", "SYNTHETIC Shared Services Authority", "Others")
    rows = [(national, 1000)]
    for organisation in [*register.trusts, *register.boards]:
        area, org_type = organisation.area, organisation.group.org_type
        place = (area.region, REGIONS[area.region][0], area.code, area.name)
        rows.append(((*place, organisation.code, organisation.name, org_type), organisation.respondents))
    for labels, respondents in sorted(rows):
        # About half of the staff answer the survey, and March has 31 days.
        available = respondents * 1.8 * 31 * rng.uniform(0.9, 1.1)
        lost = available * rng.uniform(0.035, 0.065)
        figures = [f"{lost:.5f}", f"{available:.5f}", f"{100 * lost / available:.2f}"]
        writer.writerow([f"31/03/{year}", *labels, *figures])
    return text.getvalue().encode("ascii")
