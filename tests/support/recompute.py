"""Every figure of the standard once more, from the files alone: pandas, scipy and statsmodels instead of SQL.

Written from the methodology and the layouts, without a look at the models: a figure on which both agree was counted by
two hands. Plain rather than fast, and it knows nothing but a list of files.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
from recompute_cells import (
    BLOCKS,
    day,
    ethnic_group,
    flag,
    medical_grade,
    month_end,
    pay_band,
    staff_block,
    year_before,
)
from recompute_figures import BANDS, GROUPS, SENIOR, Figure, Key, Part, likelihood, no_evidence, or_none, share, step

TIERS = {"lower": BANDS[:6], "middle": BANDS[6:8], "upper": SENIOR}
GRADES = ("consultants", "senior_medical_manager", "non_consultant_career_grade", "trainee_grades", "other")
NIL = "nil_return"
# White, BME and Unknown heads of each (block, row of the pay scale).
Heads = Mapping[tuple[str, str], np.ndarray]
ABSENT = Part(np.full(3, np.nan), np.full(3, np.nan), status="not_submitted")


@dataclass
class Organisation:
    """What is known of an organisation on any day: places as (from, region, board), the rest as the newest file says."""

    code: str
    is_trust: bool
    kind: str | None = None
    opened: date | None = None
    closed: date | None = None
    places: list[tuple[date, str, str]] = field(default_factory=list)

    def place(self, on: date) -> tuple[str, str]:
        known = [place for place in sorted(self.places) if place[0] <= on] or sorted(self.places)[:1]
        return known[-1][1:]

    def is_open(self, on: date) -> bool:
        return (self.opened is None or self.opened <= on) and (self.closed is None or on <= self.closed)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The totals that it counts in, its own first."""
        every = ("trusts", "trusts_and_icbs", "all")
        return every if self.is_trust else every[1:] if self.kind == "Integrated Care Board" else every[2:]


class Recomputation:
    """All figures of a list of files, of which a later one replaces what it restates of an earlier one."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files: dict[str, list[Path]] = defaultdict(list)
        self._from_counts: set[tuple[str, date]] = set()
        self._tables: dict[str, pd.DataFrame] = {}
        self._items: dict[tuple[str, str], pd.DataFrame] = {}
        for file in files:
            self._files[file.parent.name].append(file)

    @classmethod
    def of_folder(cls, folder: Path) -> Recomputation:
        return cls(sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")))

    # Files

    def rows(self, source: str, period: str | None) -> pd.DataFrame:
        """The rows in force: of each period and organisation, those of the newest file. ``period``: the column that says
        the period; without one the month in the file's name does."""
        if source not in self._tables:
            self._tables[source] = self._read(source, period)
        return self._tables[source]

    def _read(self, source: str, period: str | None) -> pd.DataFrame:
        frames = []
        for number, file in enumerate(self._files[source]):
            rows = _sheet(file) if file.suffix == ".xlsx" else pd.read_csv(file, dtype=str, keep_default_na=False)
            if period:
                of_date = rows[period].map(lambda text: text if len(text) == 4 else day(text).isoformat()[:7])
            else:
                of_date = re.search(r"20\d\d-\d\d", file.name)[0]  # type: ignore[index]
            frames.append(rows.assign(_file=number, _period=of_date))
        if not frames:
            return pd.DataFrame(columns=["org_code", "code_system"])
        every = pd.concat(frames, ignore_index=True).fillna("")
        newest = every.groupby(["_period", "org_code"])["_file"].transform("max")
        every = every[every["_file"] == newest]
        return every if "code_system" in every else every.assign(code_system="")

    @cached_property
    def organisations(self) -> dict[str, Organisation]:
        """By the ODS file and the monthly file of kinds: places are dated by the vintage that first shows them."""
        found: dict[str, Organisation] = {}
        vintages: dict[str, list[tuple[date, str, str, str]]] = defaultdict(list)
        for file in sorted(self._files["organisations"]):
            if file.name.startswith("etr"):
                stamp = re.search(r"(\d{4})-(\d\d)", file.name)
                vintage = date(int(stamp[1]), int(stamp[2]), 1)  # type: ignore[index]
                for row in pd.read_csv(file, header=None, dtype=str, keep_default_na=False).itertuples(index=False):
                    of = found.setdefault(row[0], Organisation(row[0], is_trust=True))
                    of.opened = date.fromisoformat(row[10]) if row[10] else None
                    of.closed = date.fromisoformat(row[11]) if row[11] else None
                    vintages[row[0]].append((vintage, "ods", row[2], row[3]))
            elif "sickness" in file.name:
                for row in pd.read_csv(file, dtype=str, keep_default_na=False).itertuples(index=False):
                    of = found.setdefault(row.ORG_CODE, Organisation(row.ORG_CODE, is_trust=False))
                    of.kind = row.ORG_TYPE
                    vintages[row.ORG_CODE].append((day(row.DATE), "monthly", row.NHSE_REGION_CODE, row.ICS_CODE))
        for code, seen in vintages.items():
            ods = [vintage for vintage in seen if vintage[1] == "ods"]
            for vintage, source, region, board in seen:
                # ODS decides for trusts; the monthly file only says earlier what the next vintage of ODS says too.
                later = [v for v in sorted(ods) if v[0] >= vintage]
                if source == "ods" or not ods or (later and later[0][2:] == (region, board)):
                    found[code].places.append((vintage, region, board))
        return found

    @cached_property
    def successors(self) -> dict[str, set[str]]:
        """New codes of each old code."""
        steps: dict[str, set[str]] = defaultdict(set)
        for file in self._files["organisations"]:
            if file.name.startswith("succ"):
                for row in pd.read_csv(file, header=None, dtype=str, keep_default_na=False).itertuples(index=False):
                    if row[0] != row[1]:
                        steps[row[0]].add(row[1])
        return steps

    def today(self, code: str) -> str:
        """The organisation that stands for a code today; a code that was split stands for itself."""
        while len(self.successors.get(code, ())) == 1:
            (code,) = self.successors[code]
        return code

    def areas(self, code: str, on: date, *, open_only: bool = True) -> dict[str, str]:
        """The areas that an organisation counts towards on a day, by level; none if unknown, Welsh or closed."""
        of = self.organisations.get(code)
        if of is None or (open_only and not of.is_open(on)):
            return {}
        region, board = of.place(on)
        # Boards and regions of Wales are written W00, Q99 or left blank.
        if of.is_trust and not region.startswith("Y"):
            return {}
        areas = {"england": "ENGLAND"}
        if region.startswith("Y"):
            areas |= {"region": region, "icb": board}
        return areas | ({"org_type": of.kind} if of.kind else {})

    # Head counts

    @cached_property
    def _headcounts(self) -> dict[tuple[str, str, date], Heads]:
        """Heads by basis, organisation and day."""
        staff = self.rows("workforce", "snapshot_date")
        tables = {}
        if len(staff):
            staff = staff[~staff["is_bank_only"].map(flag)].assign(
                group=lambda rows: [
                    ethnic_group(*pair) for pair in zip(rows["ethnic_category"], rows["code_system"], strict=True)
                ],
                block=lambda rows: [
                    staff_block(*pair) for pair in zip(rows["staff_group"], rows["occupation_code"], strict=True)
                ],
                on=lambda rows: rows["snapshot_date"].map(day),
            )
            medical = staff["block"] == "medical_dental"
            staff["row"] = np.where(
                medical,
                staff["medical_grade"].map(medical_grade),
                staff["pay_band"].where(~medical, "Band 1").map(pay_band),
            )
            managers = staff[(staff["row"] == "consultants") & staff["is_medical_manager"].map(flag)]
            every = pd.concat([staff, managers.assign(row="senior_medical_manager")])
            tables |= {("records", *key): heads for key, heads in _pivot(every.assign(heads=1))}
            recent = [bool(text) and day(text) > year_before(year_before(year_before(on))) for text, on in
                      zip(staff["overseas_joined_on"], staff["on"], strict=True)]  # fmt: skip
            settled = staff[~np.array(recent)].assign(heads=1)
            tables |= {("settled", *key): heads for key, heads in _pivot(settled)}
        counts = self.rows("workforce_counts", "snapshot_date")
        if len(counts):
            counts = _with_rows(counts).assign(on=lambda rows: rows["snapshot_date"].map(day))
            for key, heads in _pivot(counts.assign(heads=counts["headcount"].astype(int))):
                if ("records", *key) not in tables:
                    tables["records", *key] = heads
                    self._from_counts.add(key)
        items = self._return_items("1", "headcount")
        for (org, on), rows in items.groupby(["org_code", "on"]):
            numbers = rows[list(GROUPS)].to_numpy(dtype=float)
            tables["return", org, on] = {
                tuple(text.split(".")): of for text, of in zip(rows["slice"], numbers, strict=True)
            }
        return tables

    def _return_items(self, indicator: str, item: str) -> pd.DataFrame:
        if (indicator, item) not in self._items:
            self._items[indicator, item] = self._read_items(indicator, item)
        return self._items[indicator, item]

    def _read_items(self, indicator: str, item: str) -> pd.DataFrame:
        items = self.rows("wres_return", "wres_year")
        if not len(items):
            return pd.DataFrame(columns=["org_code", "on", "slice", *GROUPS])
        # Nothing to report is a zero of what is counted, not of the workforce.
        names = [item] if item == "workforce" else [item, NIL]
        items = items[(items["indicator"] == indicator) & items["data_item"].isin(names)].copy()
        items["on"] = [date(int(year), 3, 31) for year in items["wres_year"]]
        items["slice"] = items["slice"].replace("", "all")
        for group in GROUPS:
            items[group] = pd.to_numeric(items[group].where(items["data_item"] != NIL, "0"), errors="coerce")
        return items

    def workforce(self, basis: str, org: str, on: date) -> np.ndarray | None:
        """White, BME and Unknown heads of the whole workforce."""
        heads = self._headcounts.get((basis, org, on))
        if heads is not None:
            return _heads(heads)
        if basis == "return":
            for indicator in ("3", "4", "9"):
                items = self._return_items(indicator, "workforce")
                mine = items[(items["org_code"] == org) & (items["on"] == on)]
                if len(mine):
                    return mine[list(GROUPS)].to_numpy(dtype=float)[0]
        return None

    # Parts: (indicator, slice, basis, organisation, day)

    @cached_property
    def parts(self) -> dict[tuple[str, str, str, str, date], Part]:
        """Every part that the files give or expressly lack."""
        every: dict[tuple[str, str, str, str, date], Part] = {}
        for (basis, org, on), heads in self._headcounts.items():
            if basis != "settled":
                every |= {("1", name, basis, org, on): part for name, part in _representation(heads, basis)}
                consultants = heads.get(("medical_dental", "consultants"), np.zeros(3)).sum()
                managers = ("medical_dental", "senior_medical_manager")
                if basis == "records" and (org, on) in self._from_counts and consultants and managers not in heads:
                    # Counts leave empty rows out; of consultants without a row of managers nothing is known.
                    every["1", ".".join(managers), basis, org, on] = ABSENT
            every |= {
                ("DR", name, "records" if basis == "settled" else basis, org, on): part
                for name, part in _disparity(heads, basis == "settled")
            }
        every |= (
            self._boards() | self._appointments() | self._cases() | self._courses() | self._answers() | self._survey()
        )
        return every | self._returns()

    def _boards(self) -> dict[tuple[str, str, str, str, date], Part]:
        rows = self.rows("board", "as_at")
        found = {}
        for (org, on), members in rows.groupby(["org_code", "as_at"]):
            groups = [
                ethnic_group(*pair) for pair in zip(members["ethnic_category"], members["code_system"], strict=True)
            ]
            voting, executive = members["is_voting"].map(flag).to_numpy(), members["is_executive"].map(flag).to_numpy()
            sides = {
                "total": np.full(len(members), True),
                "voting": voting,
                "non_voting": ~voting,
                "executive": executive,
                "non_executive": ~executive,
            }
            for side, chosen in sides.items():
                value = np.array([sum(chosen & (np.array(groups) == group)) for group in GROUPS], dtype=float)
                found["9", f"board.{side}", "records", org, day(on)] = self._of_workforce(
                    value, "records", org, day(on)
                )
        return found

    def _of_workforce(self, value: np.ndarray, basis: str, org: str, on: date) -> Part:
        workforce = self.workforce(basis, org, on)
        if workforce is None:
            return ABSENT
        return Part(value, np.full(3, value.sum()), workforce, status="ok" if value.sum() else "not_applicable")

    def _quarter_ends(self) -> list[date]:
        """Every quarter end that the feeds of staff and events reach."""
        days = {on for _, _, on in self._headcounts}
        for source, column in (("recruitment", "period_end"), ("employee_relations", None), ("training", None)):
            rows = self.rows(source, column)
            days |= {month_end(int(text[:4]), int(text[5:])) for text in rows.get("_period", ())}
        return sorted(day for day in days if day.month % 3 == 0)

    def _appointments(self) -> dict[tuple[str, str, str, str, date], Part]:
        rows = self.rows("recruitment", "period_end")
        if not len(rows):
            return {}
        rows = rows.assign(first=rows["period_start"].map(day), last=rows["period_end"].map(day))
        for number in ("shortlisted", "appointed"):
            rows[number] = pd.to_numeric(rows[number])
        found = {}
        for org, every in rows.groupby("org_code"):
            for on in self._quarter_ends():
                window = every[(every["first"] > year_before(on)) & (every["last"] <= on)]
                months = {
                    month
                    for first, last in zip(window["first"], window["last"], strict=True)
                    for month in range(first.year * 12 + first.month, last.year * 12 + last.month + 1)
                }
                if len(window) == 0:
                    continue
                if len(months) < 12:
                    found["2", "all", "records", org, on] = ABSENT
                    continue
                posts = _with_rows(window[window["vacancy_id"] != NIL])
                for name, chosen in _vacancies(posts):
                    people = (
                        chosen.groupby("group")[["appointed", "shortlisted"]].sum().reindex(list(GROUPS), fill_value=0)
                    )
                    appointed, shortlisted = people.to_numpy(dtype=float).T
                    found["2", name, "records", org, on] = Part(appointed, shortlisted)
        return found

    def _people(
        self, indicator: str, rows: pd.DataFrame, on_column: str, counted: pd.Series
    ) -> dict[tuple[str, str, str, str, date], Part]:
        """People with an event in the twelve months before each quarter's end, out of the staff on the day."""
        found = {}
        for org, mine in rows.assign(counted=counted, on=rows[on_column].map(day)).groupby("org_code"):
            quarters = {tuple(map(int, period.split("-"))) for period in mine["_period"]} | {
                (on.year, -(-on.month // 3) * 3) for on in mine["on"]
            }
            for on in self._quarter_ends():
                needed = [
                    (on.year + (on.month - back - 1) // 12, (on.month - back - 1) % 12 + 1) for back in (9, 6, 3, 0)
                ]
                if not set(needed) & quarters:
                    continue
                base = self.workforce("records", org, on)
                if base is None or not set(needed) <= quarters:
                    found[indicator, "all", "records", org, on] = ABSENT
                    continue
                events = mine[mine["counted"] & (mine["on"] > year_before(on)) & (mine["on"] <= on)]
                people = events.sort_values("on").drop_duplicates("person_id", keep="last")
                groups = [
                    ethnic_group(*pair) for pair in zip(people["ethnic_category"], people["code_system"], strict=True)
                ]
                value = np.array([groups.count(group) for group in GROUPS], dtype=float)
                found[indicator, "all", "records", org, on] = Part(value, base)
        return found

    def _cases(self) -> dict[tuple[str, str, str, str, date], Part]:
        rows = self.rows("employee_relations", None)
        if not len(rows):
            return {}
        counted = (rows["case_id"] != NIL) & (rows["process"].str.strip().str.lower() == "disciplinary")
        return self._people("3", rows, "entered_on", counted)

    def _courses(self) -> dict[tuple[str, str, str, str, date], Part]:
        rows = self.rows("training", None)
        if not len(rows):
            return {}
        counted = (rows["person_id"] != NIL) & ~rows["is_mandatory"].map(flag)
        return self._people("4", rows, "completed_on", counted)

    def _answers(self) -> dict[tuple[str, str, str, str, date], Part]:
        """Indicators 5 to 8 from answers person by person: heads, not weights."""
        rows = self.rows("survey_responses", "survey_year")
        found = {}
        if not len(rows):
            return {}
        answers = rows.filter(regex="^q1").apply(lambda column: column.str.strip().str.lower())
        groups = [ethnic_group(*pair) for pair in zip(rows["ethnic_background"], rows["code_system"], strict=True)]
        never, asked = {"never", "% never"}, answers != ""
        harassed = {question: asked[question] & ~answers[question].isin(never) for question in ("q14a", "q14b", "q14c")}
        yes = {question: answers[question] == "yes" for question in ("q15", "q16b")}
        both = asked["q14b"] & asked["q14c"]
        either = harassed["q14b"] | harassed["q14c"]
        counted = {
            ("5", "all"): (harassed["q14a"], asked["q14a"]),
            # Who says yes to one counts, whatever the other; nobody is known to be free of both without both answers.
            ("6", "all"): (either, either | both),
            ("6", "managers"): (harassed["q14b"], asked["q14b"]),
            ("6", "colleagues"): (harassed["q14c"], asked["q14c"]),
            ("7", "all"): (yes["q15"], asked["q15"]),
            ("8", "all"): (yes["q16b"], asked["q16b"]),
        }
        for (org, year), index in rows.groupby(["org_code", "survey_year"]).groups.items():
            of = pd.Series(groups, index=rows.index).loc[index]
            for (indicator, name), (value, base) in counted.items():
                part = Part(
                    *(
                        np.array([(of == group)[chosen.loc[index]].sum() for group in GROUPS], float)
                        for chosen in (value, base)
                    )
                )
                found[indicator, name, "records", org, date(int(year) + 1, 3, 31)] = part
        return found

    def _survey(self) -> dict[tuple[str, str, str, str, date], Part]:
        """Indicators 5 to 8 as the benchmark workbook prints them, with the respondents of the detailed one as bases."""
        found = {}
        measures = {"har_from_pat": "5", "har_from_staff": "6", "equal": "7", "q16b": "8"}
        bases = self._respondents()
        for file in self._files["staff_survey"]:
            if "benchmark" not in file.name.lower():
                continue
            for sheet in openpyxl.load_workbook(file, read_only=True).worksheets:
                header, *rows = list(sheet.iter_rows(values_only=True))
                for row in rows:
                    cells = dict(zip(header, row, strict=False))
                    for name in cells:
                        if not (parsed := re.fullmatch(r"(\w+)_eth_summary_1_(\d{4})", str(name))):
                            continue
                        pair = [cells[name], cells[str(name).replace("summary_1", "summary_2")]]
                        key = measures[parsed[1]], "all", "survey", str(row[0]), date(int(parsed[2]) + 1, 3, 31)
                        rate = np.array([np.nan if rate in ("-", None) else float(rate) for rate in (*pair, None)])
                        base = bases.get((str(row[0]), int(parsed[2])), np.full(3, np.nan))
                        status = "suppressed_source" if "-" in pair else "not_submitted" if None in pair else "ok"
                        found[key] = Part(ABSENT.value, base, rate=rate, base_source="q28_respondents", status=status)
        return found | self._national()

    def _national(self) -> dict[tuple[str, str, str, str, date], Part]:
        """England's published figures, weighted by the publisher, with the bases printed beside them."""
        questions = {
            "Q14a": ("5", "all"),
            "Q14b": ("6", "managers"),
            "Q14c": ("6", "colleagues"),
            "Q15": ("7", "all"),
            "Q16b": ("8", "all"),
        }
        found = {}
        for file in self._files["staff_survey"]:
            if "national" not in file.name.lower():
                continue
            for sheet in openpyxl.load_workbook(file, read_only=True).worksheets:
                rows = list(sheet.iter_rows(values_only=True))
                for start, text in enumerate(rows[0] if rows else ()):
                    if not (key := questions.get(str(text).partition(" - ")[0])):
                        continue
                    year = int(re.search(r"20\d\d", str(rows[0][0]))[0])  # type: ignore[index]
                    labels = rows[4][start:]
                    last = next(place for place, label in enumerate(labels) if str(label).startswith("Base"))
                    groups = {row[2]: row[start:] for row in rows[5:] if row[1] == "Ethnic background (summary)"}
                    cells = [groups["White staff"], groups["Staff from all other ethnic groups combined"]]
                    # The first column is `never` or `yes`.
                    shares = [float(cell[0]) / 100 for cell in cells]
                    rate = np.array([*(1 - share if labels[0] == "% Never" else share for share in shares), np.nan])
                    base = np.array([*(float(cell[last]) for cell in cells), np.nan])
                    found[*key, "survey", "ENGLAND", date(year + 1, 3, 31)] = Part(ABSENT.value, base, rate=rate)
        return found

    def _respondents(self) -> dict[tuple[str, int], np.ndarray]:
        """White and BME people who answered the question on ethnic group."""
        found = {}
        for file in self._files["staff_survey"]:
            if "organisational" not in file.name.lower():
                continue
            book = openpyxl.load_workbook(file, read_only=True)
            for sheet in book.worksheets:
                rows = list(sheet.iter_rows(values_only=True))
                start = next((i for i, text in enumerate(rows[0] if rows else ()) if str(text).startswith("Q28")), None)
                if start is None:
                    continue
                year = int(re.search(r"20\d\d", str(rows[0][0]))[0])  # type: ignore[index]
                for row in rows[5:]:
                    base, shares = row[start + 18], row[start : start + 18]
                    if base in (None, "-") or "-" in shares:
                        continue
                    heads = [round(float(share) * float(base) / 100) for share in shares]
                    found[str(row[0]), year] = np.array([sum(heads[:4]), sum(heads[4:]), np.nan])
        return found

    def _returns(self) -> dict[tuple[str, str, str, str, date], Part]:
        found = {}
        for indicator, top, bottom in (
            ("2", "appointed", "shortlisted"),
            ("3", "entered_disciplinary", "workforce"),
            ("4", "accessed_training", "workforce"),
        ):
            value, base = self._return_items(indicator, top), self._return_items(indicator, bottom)
            both = value.merge(base, on=["org_code", "on", "slice"], suffixes=("", "_base"))
            for row in both.to_dict("records"):
                numbers = [np.array([row[group + suffix] for group in GROUPS], float) for suffix in ("", "_base")]
                found[indicator, row["slice"], "return", row["org_code"], row["on"]] = Part(*numbers)
        for row in self._return_items("9", "members").to_dict("records"):
            value = np.array([row[group] for group in GROUPS], float)
            found["9", row["slice"], "return", row["org_code"], row["on"]] = self._of_workforce(
                value, "return", row["org_code"], row["on"]
            )
        for indicator in "5678":
            for row in self._return_items(indicator, "pct").to_dict("records"):
                rate = np.array([row["white"], row["bme"], np.nan]) / 100
                status = "not_submitted" if np.isnan(rate[:2]).any() else "ok"
                found[indicator, row["slice"], "return", row["org_code"], row["on"]] = Part(
                    ABSENT.value, ABSENT.base, rate=rate, base_source="none", status=status
                )
        return found

    # Figures

    @cached_property
    def _by_figure(self) -> dict[tuple[str, str, str, date], dict[str, Part]]:
        found: dict[tuple[str, str, str, date], dict[str, Part]] = defaultdict(dict)
        for (indicator, name, basis, org, on), part in self.parts.items():
            found[indicator, name, basis, on][org] = part
        return found

    def members(self, key: Key) -> dict[str, Part]:
        """What each reporting organisation gives to a figure, be it that it lacks."""
        return {org: part for org, part in self._given(key).items() if self._counts(key, org)}

    def _given(self, key: Key) -> dict[str, Part]:
        return self._by_figure.get((key.indicator_code, key.slice, key.basis, key.as_at), {})

    def _counts(self, key: Key, org: str) -> bool:
        unit = self.today(org) if key.organisation_basis == "current" else org
        if key.level == "organisation":
            return unit == key.org_code
        if not self.areas(org, key.as_at):
            return False
        of = self.organisations.get(unit)
        if of is None or key.scope not in of.scopes:
            return False
        # Places of today, on the basis of today's organisations; one that was split, or went without a successor, stays
        # where it was, since totals must not lose its people.
        today = key.organisation_basis == "current"
        areas = self.areas(unit, self.as_of, open_only=False) if today else self.areas(org, key.as_at)
        return areas.get(key.level) == key.org_code

    @cached_property
    def as_of(self) -> date:
        """The day of the newest file about organisations: today, as far as the files go."""
        return max(place[0] for of in self.organisations.values() for place in of.places)

    def part(self, key: Key) -> Part | None:
        """The sum of the parts that are there; one that lacks if all do; None where the files say nothing at all."""
        parts = list(self.members(key).values())
        there = [part for part in parts if part.status in ("ok", "not_applicable")]
        if key.level == "england" and "ENGLAND" in self._given(key):
            return self._given(key)["ENGLAND"]
        if (
            any(part.rate is not None or part.status == "suppressed_source" for part in parts)
            and key.level != "organisation"
        ):
            return Part(ABSENT.value, ABSENT.base, status="not_calculable")
        if not there or there[0].rate is not None:
            return parts[0] if parts else None
        total = there[0]
        for part in there[1:]:
            total = total + part
        return total

    def figure(self, key: Key) -> Figure:
        part = self.part(key)
        if part is None:
            # Boards have no sheet in the benchmark workbook.
            of = self.organisations.get(key.org_code)
            outside = key.basis == "survey" and of is not None and not of.is_trust
            return Figure("not_applicable" if outside else "not_submitted", evidence=no_evidence(key))
        if part.status not in ("ok", "not_applicable"):
            figure = Figure(part.status, evidence=no_evidence(key))
            if part.rate is not None:
                figure.white_pct, figure.bme_pct, figure.unknown_pct = (or_none(100 * one) for one in part.rate)
            return figure
        if key.indicator_code in ("1", "9"):
            return share(key, part)
        return likelihood(key, part) if key.indicator_code != "DR" else step(key, part)


def _sheet(file: Path) -> pd.DataFrame:
    """Sheet `Return` of a workbook as text."""
    header, *rows = openpyxl.load_workbook(file, read_only=True)["Return"].iter_rows(values_only=True)
    return pd.DataFrame([["" if cell is None else str(cell) for cell in row] for row in rows], columns=list(header))


def _with_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with block, row of the pay scale and group, where the column of the pay band holds the medical row too."""
    pairs = zip(rows["staff_block"], rows["pay_band"], strict=True)
    return rows.assign(
        block=rows["staff_block"].map(staff_block),
        row=[medical_grade(band) if block == "medical_dental" else pay_band(band) for block, band in pairs],
        group=[ethnic_group(*pair) for pair in zip(rows["ethnic_category"], rows["code_system"], strict=True)],
    )


def _pivot(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, date], Heads]]:
    found: dict[tuple[str, date], Heads] = defaultdict(lambda: defaultdict(lambda: np.zeros(3)))
    sums = rows.groupby(["org_code", "on", "block", "row", "group"])["heads"].sum()
    for (org, on, block, row, group), number in sums.items():
        found[org, on][block, row][GROUPS.index(group)] = number
    yield from found.items()


def _heads(heads: Heads, blocks: Sequence[str] = BLOCKS, rows: Sequence[str] | None = None) -> np.ndarray:
    """Sum of some rows; senior medical managers are among the consultants and are added only when asked for alone."""
    return sum(
        (of for (block, row), of in heads.items()
         if block in blocks and (row in rows if rows else row != "senior_medical_manager")),
        start=np.zeros(3),
    )  # fmt: skip


def _representation(heads: Heads, basis: str) -> Iterator[tuple[str, Part]]:
    slices: dict[str, tuple[Sequence[str], Sequence[str] | None]] = {
        "all": (BLOCKS, None),
        "all.band_8a_to_vsm": (BLOCKS, SENIOR),
    }
    slices |= {block: ((block,), None) for block in BLOCKS}
    slices |= {f"all.{band}": (BLOCKS, (band,)) for band in BANDS}
    for block in BLOCKS[:2]:
        slices |= {f"{block}.{band}": ((block,), (band,)) for band in BANDS}
        slices[f"{block}.band_8a_to_vsm"] = ((block,), SENIOR)
        # No row of a return.
        if basis == "records" or heads.get((block, "other_pay"), np.zeros(3)).sum():
            slices[f"{block}.other_pay"] = ((block,), ("other_pay",))
    slices |= {f"medical_dental.{grade}": (("medical_dental",), (grade,)) for grade in GRADES}
    workforce = _heads(heads)
    for name, (blocks, rows) in slices.items():
        value = _heads(heads, blocks, rows)
        yield name, Part(value, np.full(3, value.sum()), workforce, status="ok" if value.sum() else "not_applicable")


def _disparity(heads: Heads, settled: bool) -> Iterator[tuple[str, Part]]:
    steps = {f"{low}_to_{high}": (TIERS[low], TIERS[high]) for low, high in
             (("lower", "middle"), ("middle", "upper"), ("lower", "upper"))}  # fmt: skip
    if not settled:
        steps |= {f"{low}_to_{high}": ((low,), (high,)) for low, high in itertools.pairwise(BANDS)}
    for prefix, blocks in (("all", BLOCKS[:2]), *((block, (block,)) for block in BLOCKS[:2])):
        for name, (low, high) in steps.items():
            ending = ".excluding_recent_overseas" if settled else ""
            value, base = _heads(heads, blocks, high), _heads(heads, blocks, low)
            yield f"{prefix}.{name}{ending}", Part(value, base)


def _vacancies(posts: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The posts of each slice of indicator 2."""
    clinical = posts["block"].isin(BLOCKS[1:])
    yield "all", posts
    yield "clinical", posts[clinical]
    for block in BLOCKS:
        yield block, posts[posts["block"] == block]
    for (block, row), chosen in posts.groupby(["block", "row"]):
        yield f"{block}.{row}", chosen
    yield "excluding_international", posts[~posts["is_international"].map(flag)]
