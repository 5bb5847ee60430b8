"""Finer ethnic groups, the recruitment funnel and pay once more, from the files alone, beside ``recompute``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

import numpy as np
import pandas as pd
from recompute import NIL, Recomputation
from recompute_cells import day, flag, medical_grade, pay_band, staff_block, year_before

SENIOR = ("band_8a", "band_8b", "band_8c", "band_8d", "band_9", "vsm")
LETTERS = {
    "A": ("White British", "White"),
    "B": ("White Irish", "White"),
    "C": ("Other White", "White"),
    "D": ("White and Black Caribbean", "Mixed"),
    "E": ("White and Black African", "Mixed"),
    "F": ("White and Asian", "Mixed"),
    "G": ("Other Mixed", "Mixed"),
    "H": ("Indian", "Asian"),
    "J": ("Pakistani", "Asian"),
    "K": ("Bangladeshi", "Asian"),
    "L": ("Other Asian", "Asian"),
    "M": ("Caribbean", "Black"),
    "N": ("African", "Black"),
    "P": ("Other Black", "Black"),
    "R": ("Chinese", "Asian"),
    "S": ("Other ethnic group", "Other"),
    "Z": ("Not stated", "Unknown"),
    "T": ("White Gypsy or Irish Traveller", "White"),
    "W": ("Arab", "Other"),
}
DIGITS = {
    "0": ("White unspecified", "White"),
    "1": ("Caribbean", "Black"),
    "2": ("African", "Black"),
    "3": ("Other Black", "Black"),
    "4": ("Indian", "Asian"),
    "5": ("Pakistani", "Asian"),
    "6": ("Bangladeshi", "Asian"),
    "7": ("Chinese", "Asian"),
    "8": ("Other ethnic group", "Other"),
    "9": ("Not stated", "Unknown"),
    "": ("Not known", "Unknown"),
}
WORDS = {
    "white": ("White unspecified", "White"),
    "bme": ("BME unspecified", "BME unspecified"),
    "unknown": ("Unknown", "Unknown"),
    "not stated": ("Not stated", "Unknown"),
    "prefer not to say": ("Not stated", "Unknown"),
    **dict.fromkeys(("", "99", "not known"), ("Not known", "Unknown")),
}
# Staff of the group, and of all; for the events of indicators 2 to 4 those with the event, and all of the group.
Tally = dict[str, tuple[float, float]]


@cache
def groups_of(category: str, code_system: str) -> dict[str, str]:
    """The group of a category in each scheme."""
    text = " ".join(category.split())
    if code_system.strip() == "1995":
        detailed, six = DIGITS[text]
    elif text.lower() in WORDS:
        detailed, six = WORDS[text.lower()]
    else:
        detailed, six = LETTERS[text[0].upper()]
    standard = six if six in ("White", "Unknown") else "BME"
    split = standard if standard != "White" else "White other"
    if detailed in ("White British", "White unspecified"):
        split = detailed
    return {"wres": standard, "six_group": six, "white_split": split, "detailed": detailed}


def is_coarse(people: pd.Series) -> bool:
    """Whether people by (group, standard group) name no White or no BME group but the bare one."""
    for standard in ("White", "BME"):
        named = {group for (group, of), number in people.items() if of == standard and number > 0}
        if named == {f"{standard} unspecified"}:
            return True
    return False


def quarters(rates: np.ndarray, chosen: np.ndarray) -> list[float]:
    """Shares (percent) of the chosen among each quarter of people by rate; ties at a boundary in proportion."""
    size, found = len(rates) / 4, [0.0] * 4
    for rate in np.unique(rates):
        tied = rates == rate
        first, last = (rates < rate).sum(), (rates <= rate).sum()
        for place in range(4):
            overlap = max(0.0, min(last, (place + 1) * size) - max(first, place * size))
            found[place] += overlap * chosen[tied].sum() / tied.sum()
    return [100 * number / size for number in found]


@dataclass
class Groups:
    """Finer groups of the files that a recomputation reads."""

    of: Recomputation

    @cached_property
    def staff(self) -> pd.DataFrame:
        """Employed people at 31 March, and counts where there is no extract: one row each, with a weight."""
        people = self.of.rows("workforce", "snapshot_date")
        people = people[~people["is_bank_only"].map(flag)].assign(weight=1.0)
        people["block"] = [
            staff_block(*cells) for cells in zip(people["staff_group"], people["occupation_code"], strict=True)
        ]
        people["grade"] = people["medical_grade"]
        counts = self.of.rows("workforce_counts", "snapshot_date")
        counts = counts.assign(
            weight=counts["headcount"].astype(float),
            block=counts["staff_block"].map(staff_block),
            grade=counts["pay_band"],
        )
        extracts = set(zip(people["org_code"], people["snapshot_date"].map(day), strict=True))
        spoken = [key in extracts for key in zip(counts["org_code"], counts["snapshot_date"].map(day), strict=True)]
        staff = pd.concat([people, counts[~np.array(spoken, dtype=bool)]], ignore_index=True)
        staff["on"] = staff["snapshot_date"].map(day)
        staff = staff[[on.month == 3 for on in staff["on"]]].copy()
        medical = staff["block"] == "medical_dental"
        staff["row"] = [
            medical_grade(grade) if is_medical else pay_band(band)
            for grade, band, is_medical in zip(staff["grade"], staff["pay_band"], medical, strict=True)
        ]
        # Counts name senior medical managers besides the consultants; they are among them.
        staff = staff[(staff["row"] != "senior_medical_manager") | staff["person_id"].notna()]
        staff["row"] = staff["row"].replace("senior_medical_manager", "consultants")
        return staff

    @cached_property
    def _staff_of(self) -> dict[tuple[str, date], pd.DataFrame]:
        return dict(iter(self.staff.groupby(["org_code", "on"])))

    @cached_property
    def _events(self) -> dict[str, dict[str, pd.DataFrame]]:
        cases, courses = self.of.rows("employee_relations", None), self.of.rows("training", None)
        cases = cases[(cases["case_id"] != NIL) & (cases["process"].str.strip().str.lower() == "disciplinary")]
        courses = courses[(courses["person_id"] != NIL) & ~courses["is_mandatory"].map(flag)]
        return {
            "3": dict(iter(cases.assign(on=cases["entered_on"].map(day)).groupby("org_code"))),
            "4": dict(iter(courses.assign(on=courses["completed_on"].map(day)).groupby("org_code"))),
        }

    @cached_property
    def posts(self) -> dict[str, pd.DataFrame]:
        """Vacancy lines by organisation, nil returns left out."""
        rows = self.of.rows("recruitment", "period_end")
        rows = rows[rows["vacancy_id"] != NIL].assign(
            block=lambda frame: frame["staff_block"].map(staff_block),
            first=lambda frame: frame["period_start"].map(day),
            last=lambda frame: frame["period_end"].map(day),
            international=lambda frame: frame["is_international"].map(flag),
        )
        for name in ("applied", "shortlisted", "appointed"):
            rows[name] = pd.to_numeric(rows[name])
        return dict(iter(rows.groupby("org_code")))

    def members(self, level: str, code: str, scope: str, on: date) -> Iterator[str]:
        """The organisations that make up an area."""
        if level == "organisation":
            yield code
            return
        for org, organisation in self.of.organisations.items():
            if scope in organisation.scopes and self.of.areas(org, on).get(level) == code:
                yield org

    def has(self, indicator: str, org: str, on: date) -> bool:
        part = self.of.parts.get((indicator, "all", "records", org, on))
        return part is not None and part.status == "ok"

    def window(self, org: str, on: date) -> pd.DataFrame:
        posts = self.posts.get(org)
        if posts is None or not self.has("2", org, on):
            return pd.DataFrame()
        return posts[(posts["first"] > year_before(on)) & (posts["last"] <= on)]

    def tally(self, indicator: str, org: str, on: date, scheme: str, name: str, stratum: str) -> Tally:
        """Counts of one organisation; empty where its records have none in that scheme."""
        if indicator == "2":
            rows = self.window(org, on)
            if not len(rows):
                return {}
            value, base = (_by_group(rows, scheme, rows[column]) for column in ("appointed", "shortlisted"))
        elif not self.has(indicator, org, on):
            return {}
        else:
            staff = self._staff_of.get((org, on))
            if staff is None:
                return {}
            base = _by_group(staff, scheme, staff["weight"])
            if indicator == "1":
                value = base
            else:
                events = self._events[indicator].get(
                    org, pd.DataFrame({"on": [], "person_id": [], "ethnic_category": [], "code_system": []})
                )
                events = events[(events["on"] > year_before(on)) & (events["on"] <= on)]
                people = events.sort_values("on", kind="stable").drop_duplicates("person_id", keep="last")
                value = _by_group(people, scheme, pd.Series(1.0, index=people.index))
        if is_coarse(value) or is_coarse(base):
            return {}
        if indicator == "1":
            rows = staff[_in_stratum(staff, stratum)]
            chosen = rows[rows.apply(_in_slice(name), axis=1).astype(bool)] if len(rows) else rows
            value = _by_group(chosen, scheme, chosen["weight"])
            base = _by_group(rows, scheme, rows["weight"])
        found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for place, people in enumerate((value, base)):
            for (group, _), number in people.items():
                found[group][place] += number
        return {group: (pair[0], pair[1]) for group, pair in found.items()}

    def pooled(self, level: str, code: str, scope: str, on: date, *figure: str) -> Tally:
        """Sums of the organisations of an area: group to (count, base); of indicator 1 to (row, workforce)."""
        indicator, *rest = figure
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for org in self.members(level, code, scope, on):
            for group, pair in self.tally(indicator, org, on, *rest).items():
                for place in (0, 1):
                    sums[group][place] += pair[place]
        return {group: (pair[0], pair[1]) for group, pair in sums.items()}

    def funnel(self, level: str, code: str, scope: str, on: date, name: str, scheme: str) -> dict[str, np.ndarray]:
        """People who applied, were shortlisted and were appointed, by group; all employers of the area."""
        sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3))
        for org in self.members(level, code, scope, on):
            rows = self.window(org, on)
            if not len(rows) or is_coarse(_by_group(rows, scheme, rows["shortlisted"])):
                continue
            if name == "excluding_international":
                rows = rows[~rows["international"]]
            elif name == "clinical":
                rows = rows[rows["block"] != "non_clinical"]
            elif name != "all":
                rows = rows[rows["block"] == name]
            groups = _groups(rows, scheme)
            for group in set(groups):
                chosen = rows[[of == group for of in groups]]
                sums[group] += chosen[["applied", "shortlisted", "appointed"]].sum(skipna=False).to_numpy(dtype=float)
        return dict(sums)

    def paid(self, level: str, code: str, scope: str, on: date, population: str) -> pd.DataFrame:
        """Employed people of a population: their groups in three schemes, and rate (null where there is none)."""
        members = set(self.members(level, code, scope, on))
        staff = self.staff[
            (self.staff["on"] == on) & self.staff["org_code"].isin(members) & self.staff["person_id"].notna()
        ]
        bands = ("under_1", *(row for row in staff["row"].unique() if row.startswith("band_")))
        medical = staff["block"] == "medical_dental"
        chosen = {
            "all": pd.Series(True, index=staff.index),
            "medical_dental": medical,
            "afc": ~medical & staff["row"].isin(bands),
        }.get(population)
        if chosen is None:
            block, _, row = population.rpartition(".")
            chosen = (staff["row"] == row) & (medical if block else ~medical)
        rows = staff[chosen]
        return pd.DataFrame(
            {
                "rate": pd.to_numeric(rows["hourly_rate_gbp"]).replace(0, np.nan),
                **{scheme: _groups(rows, scheme) for scheme in ("wres", "six_group", "white_split")},
            }
        )


def _groups(rows: pd.DataFrame, scheme: str) -> list[str]:
    cells = zip(rows["ethnic_category"], rows["code_system"].fillna(""), strict=True)
    return [groups_of(*pair)[scheme] for pair in cells]


def _by_group(rows: pd.DataFrame, scheme: str, people: pd.Series) -> pd.Series:
    keys = pd.MultiIndex.from_arrays([_groups(rows, scheme), _groups(rows, "wres")])
    return pd.Series(people.to_numpy(dtype=float), index=keys).groupby(level=[0, 1]).sum()


def _in_stratum(staff: pd.DataFrame, stratum: str) -> pd.Series:
    kind, _, name = stratum.partition(":")
    if kind == "all":
        return pd.Series(True, index=staff.index)
    if kind == "sex":
        return staff["gender"].fillna("").str.lower() == name
    label = staff["staff_group"].fillna("").str.lower().str.replace(" ", "_")
    return (
        label.str.replace("_registered", "").replace({"add_prof_scientific_and_technic": "scientific_and_technical"})
        == name
    )


def _in_slice(name: str) -> Callable[[pd.Series], bool]:
    block, _, row = name.partition(".")
    if name == "all":
        return lambda person: True
    if not row:
        return lambda person: person["block"] == block
    if row == "band_8a_to_vsm":
        return lambda person: person["row"] in SENIOR
    if block == "all":
        return lambda person: person["row"] == row
    return lambda person: person["block"] == block and person["row"] == row
