"""Counts of one day for disclosure control: a few organisations in two regions, and every sum over groups, slices and areas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from wres.disclosure import knowledge
from wres.disclosure.audit import Attack, attacked
from wres.disclosure.cells import KEY
from wres.disclosure.complementary import Control, control
from wres.disclosure.days import Before, Day
from wres.disclosure.relations import relations
from wres.disclosure.schemes import Scheme

AS_AT = date(2025, 3, 31)
LEAVES = ("band_2", "band_8c", "band_8d", "vsm")
GROUPS = ("white", "bme", "unknown")
SLICES = {f"non_clinical.{leaf}": [number] for number, leaf in enumerate(LEAVES)}
SLICES |= {"non_clinical.band_8a_to_vsm": [1, 2, 3], "non_clinical": [0, 1, 2, 3]}
PAY_ROWS = pd.read_csv(Path(__file__).parents[2] / "dbt_project" / "seeds" / "people" / "pay_row.csv")
# Two schemes: the standard's, and one in which BME is Asian and Black.
SCHEMES = pd.DataFrame(
    [
        (scheme, group, standard, key)
        for scheme in ("wres", "six_group")
        for group, standard, key in (
            ("White", "white", "A"),
            ("Asian", "bme", "H"),
            ("Black", "bme", "M"),
            ("Unknown", "unknown", "Z"),
        )
    ],
    columns=["group_scheme", "ethnic_group", "ethnicity_group", "ethnic_key"],
)


@dataclass(frozen=True)
class MadeUpDay:
    """Cells with their truth, and which organisations belong to which area."""

    cells: pd.DataFrame
    units: pd.DataFrame

    @classmethod
    def of(cls, people: np.ndarray, black: np.ndarray | None = None, men: np.ndarray | None = None) -> MadeUpDay:
        """From counts by organisation, pay row (``LEAVES``) and group (``GROUPS``); the first half is region Y1, the rest Y2.

        Args:
            people: organisations × pay rows × groups.
            black: how many of the BME staff are Black, the others being Asian: organisations × pay rows.
            men: how many of each group are men, as ``people``.
        """
        codes = [f"R{number}" for number in range(len(people))]
        half = len(people) // 2
        areas = {("region", "Y1"): codes[:half], ("region", "Y2"): codes[half:], ("england", "ENGLAND"): codes}
        areas |= {("organisation", code): [code] for code in codes}
        rows = []
        layers = {"": people}
        if men is not None:
            layers |= {"|sex:Male": men, "|sex:Female": people - men}
        for ((level, org_code), members), (stratum, counted) in product(areas.items(), layers.items()):
            inside = [codes.index(member) for member in members]
            finer = black if black is not None and not stratum else None
            for name, rows_of in SLICES.items():
                white, bme, unknown = counted[np.ix_(inside, rows_of)].sum(axis=(0, 1))
                counts = {
                    "white": white,
                    "bme": bme,
                    "unknown": unknown,
                    "known": white + bme,
                    "all": white + bme + unknown,
                }
                if finer is not None:
                    of_bme = finer[np.ix_(inside, rows_of)].sum()
                    counts |= {"bme/six_group/Black": of_bme, "bme/six_group/Asian": bme - of_bme}
                    counts |= {"white/six_group/White": white, "unknown/six_group/Unknown": unknown}
                    counts |= {"all/six_group": counts["all"]}
                rows += [
                    ("staff", level, org_code, "trusts", "as_reported", AS_AT, name + stratum, member, float(truth))
                    for member, truth in counts.items()
                ]
        units = pd.DataFrame(
            [
                (level, unit_code, "trusts", "as_reported", AS_AT, org_code)
                for (level, unit_code), members in areas.items()
                for org_code in members
            ],
            columns=["level", "unit_code", "scope", "organisation_basis", "as_at", "org_code"],
        )
        return cls(pd.DataFrame(rows, columns=[*KEY, "truth"]), units)

    @property
    def sums(self):
        return relations(self.cells, PAY_ROWS, self.units, SCHEMES)

    @property
    def truth(self) -> np.ndarray:
        return self.cells["truth"].to_numpy()

    def day(
        self,
        scheme: Scheme,
        shown: pd.Series | None = None,
        public: np.ndarray | None = None,
        before: Before | None = None,
    ) -> Day:
        cells = self.cells.assign(public=False if public is None else public, withheld=False)
        if shown is not None:
            cells["shown"] = shown.to_numpy()
        return Day(AS_AT, scheme, cells, PAY_ROWS, self.units, SCHEMES, before)

    def controlled(self, scheme: Scheme, public: np.ndarray | None = None, before: Before | None = None) -> Control:
        """What becomes of each cell of this day; ``before``: cells of a release, as ``Day`` has them."""
        found = control(knowledge.of_day(self.day(scheme, public=public, before=before)), scheme)
        now = slice(len(self.cells))
        return Control(found.hidden[now], found.primary[now], found.exact[now], found.moves)

    def shown(self, scheme: Scheme, hidden: np.ndarray, exact: np.ndarray) -> pd.Series:
        """What a release shows: NaN where hidden."""
        return pd.Series(np.where(hidden, np.nan, np.where(exact, self.truth, scheme.rounded(self.truth))))

    def where(self, **key: str) -> np.ndarray:
        """Boolean: cells whose key has these values."""
        found = np.ones(len(self.cells), dtype=bool)
        for column, value in key.items():
            found &= (self.cells[column] == value).to_numpy()
        return found

    def audited(
        self, scheme: Scheme, shown: pd.Series, public: np.ndarray | None = None, before: Before | None = None
    ) -> Attack:
        return attacked(self.day(scheme, shown, public, before))
