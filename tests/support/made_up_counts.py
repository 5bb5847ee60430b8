"""Counts of one day for disclosure control: a few organisations in two regions, and every sum over groups, slices and areas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from wres.disclosure import knowledge
from wres.disclosure.audit import Attack, attacked
from wres.disclosure.cells import KEY
from wres.disclosure.complementary import Control, control
from wres.disclosure.days import Day
from wres.disclosure.relations import relations
from wres.disclosure.schemes import Scheme

AS_AT = date(2025, 3, 31)
LEAVES = ("band_2", "band_8c", "band_8d", "vsm")
GROUPS = ("white", "bme", "unknown")
PAY_ROWS = pd.read_csv(Path(__file__).parents[2] / "dbt_project" / "seeds" / "people" / "pay_row.csv")


@dataclass(frozen=True)
class MadeUpDay:
    """Cells with their truth, and which organisations belong to which area."""

    cells: pd.DataFrame
    units: pd.DataFrame

    @classmethod
    def of(cls, people: np.ndarray) -> MadeUpDay:
        """From counts by organisation, pay row (``LEAVES``) and group (``GROUPS``); the first half is region Y1, the rest Y2."""
        codes = [f"R{number}" for number in range(len(people))]
        half = len(people) // 2
        areas = {("region", "Y1"): codes[:half], ("region", "Y2"): codes[half:], ("england", "ENGLAND"): codes}
        areas |= {("organisation", code): [code] for code in codes}
        rows = []
        for (level, org_code), members in areas.items():
            table = people[[codes.index(member) for member in members]].sum(axis=0)
            slices = {f"non_clinical.{leaf}": table[number] for number, leaf in enumerate(LEAVES)}
            slices |= {"non_clinical.band_8a_to_vsm": table[1:].sum(axis=0), "non_clinical": table.sum(axis=0)}
            for name, (white, bme, unknown) in slices.items():
                counts = {
                    "white": white,
                    "bme": bme,
                    "unknown": unknown,
                    "known": white + bme,
                    "all": white + bme + unknown,
                }
                rows += [
                    ("staff", level, org_code, "trusts", "as_reported", AS_AT, name, member, float(truth))
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
        return relations(self.cells, PAY_ROWS, self.units)

    @property
    def truth(self) -> np.ndarray:
        return self.cells["truth"].to_numpy()

    def day(self, scheme: Scheme, shown: pd.Series | None = None, public: np.ndarray | None = None, before=None) -> Day:
        cells = self.cells.assign(public=False if public is None else public)
        if shown is not None:
            cells["shown"] = shown.to_numpy()
        return Day(AS_AT, scheme, cells, PAY_ROWS, self.units, before)

    def controlled(
        self, scheme: Scheme, public: np.ndarray | None = None, before: pd.DataFrame | None = None
    ) -> Control:
        """What becomes of each cell of this day; ``before``: cells of a release, as ``Day`` has them."""
        found = control(knowledge.of_day(self.day(scheme, public=public, before=before)), scheme)
        now = slice(len(self.cells))
        return Control(found.hidden[now], found.primary[now], found.exact[now])

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
        self, scheme: Scheme, shown: pd.Series, public: np.ndarray | None = None, before: pd.DataFrame | None = None
    ) -> Attack:
        return attacked(self.day(scheme, shown, public, before))
