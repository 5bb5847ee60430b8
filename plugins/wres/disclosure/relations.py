"""The sums that hold between cells: groups, slices, strata, areas, and today's organisations as sums of their predecessors.

An attacker knows them all: they are what the tables mean. A sum that the true counts do not keep (an organisation sent nothing
for a slice, a return adds up wrongly) is none and is left out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from wres.disclosure.bounds import TOLERANCE
from wres.disclosure.cells import KEY

# Of which: who is counted in the first is counted in the second.
SUBSETS = {
    "appointed": "shortlisted",
    "shortlisted": "applied",
    "entered": "base of 3 not_applicable",
    "trained": "base of 4 not_applicable",
}
# Behind the population of an area's counts without the employers that do not record applications.
_RECORDING = " by recording employers"
_BLOCKS = ("non_clinical", "clinical_non_medical", "medical_dental")
_GROUPS: dict[str, tuple[str, ...]] = {"all": ("white", "bme", "unknown"), "known": ("white", "bme")}
# Which schemes the groups of a finer one add up to.
_COARSER = {"six_group": ("wres",), "white_split": ("wres",), "detailed": ("wres", "six_group", "white_split")}
# Populations whose name begins so are staff under another name; on the whole workforce alone.
_SAME = ("workforce of ", "base of 3 not_applicable", "base of 4 not_applicable")


def relations(
    cells: pd.DataFrame, pay_rows: pd.DataFrame, units: pd.DataFrame, groups: pd.DataFrame
) -> sparse.csr_matrix:
    """One row per sum that holds over ``cells["truth"]``: +1 for the whole, -1 for each part.

    Args:
        cells: columns of ``cells.KEY`` and ``truth``; the columns of the result are its rows, by position.
        pay_rows: seed ``pay_row``.
        units: ``int_indicators__unit``: which organisations an area, or an organisation of today, is made of on a day.
        groups: ``int_groups__member``: which ethnic categories each group of a scheme is made of.
    """
    parted = [name.partition("|") for name in cells["slice"]]
    numbered = cells[KEY].assign(
        cell=np.arange(len(cells)),
        slice=np.array([slice_ for slice_, _, _ in parted], dtype=object),
        stratum=np.array([stratum for _, _, stratum in parted], dtype=object),
    )
    families: list[pd.DataFrame] = [
        _sums(numbered, "member", _GROUPS | _finer(groups)),
        _sums(numbered, "slice", _slices(pay_rows, set(numbered["slice"]))),
        _sums(
            numbered,
            "population",
            {name: ("staff",) for name in cells["population"].unique() if name.startswith(_SAME)},
        ),
        _stratum_sums(numbered),
        _area_sums(numbered, units),
    ]
    members = pd.concat(families, ignore_index=True)
    relation = members.groupby(["family", "whole"], sort=False).ngroup().to_numpy()
    wholes = members.drop_duplicates(["family", "whole"])["whole"].to_numpy()
    rows = np.concatenate([np.arange(len(wholes)), relation])
    columns = np.concatenate([wholes, members["part"].to_numpy()])
    signs = np.concatenate([np.ones(len(wholes)), -np.ones(len(members))])
    matrix = sparse.csr_matrix((signs, (rows, columns)), shape=(len(wholes), len(cells)))
    holds = np.abs(matrix @ cells["truth"].to_numpy()) < TOLERANCE
    return matrix[holds]


def _slices(pay_rows: pd.DataFrame, known: set[str]) -> dict[str, tuple[str, ...]]:
    """Wholes and parts among slices, as (name of the sum → parts); a whole with several sums has a suffix after ``#``."""
    rows = pay_rows[pay_rows["parent_row"].isna()]
    bands = rows[rows["tier"].notna()]
    sums: dict[str, tuple[str, ...]] = {
        "all": _BLOCKS,
        "clinical": ("clinical_non_medical", "medical_dental"),
        "board.total": ("board.voting", "board.non_voting"),
        "board.total#executive": ("board.executive", "board.non_executive"),
    }
    for block in _BLOCKS:
        of_block = rows[rows["is_medical"] == (block == "medical_dental")]
        sums[block] = tuple(f"{block}.{row}" for row in of_block["pay_row"])
    for block in ("all", *_BLOCKS[:2]):
        for tier, of_tier in bands.groupby("tier"):
            sums[f"{block}.{tier}"] = tuple(f"{block}.{row}" for row in of_tier["pay_row"])
        sums[f"{block}.band_8a_to_vsm"] = tuple(f"{block}.{row}" for row in bands[bands["is_senior"]]["pay_row"])
    for row in (*bands["pay_row"], "band_8a_to_vsm", *bands["tier"].unique()):
        sums[f"all.{row}#blocks"] = tuple(f"{block}.{row}" for block in _BLOCKS[:2])
    return {whole: parts for whole, parts in sums.items() if whole.split("#")[0] in known}


def _finer(groups: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Wholes and parts among the groups of schemes, as in ``_slices``: groups of one scheme that make up one of another."""
    keys: dict[str, dict[str, set[str]]] = {}
    columns = ["group_scheme", "ethnicity_group", "ethnic_group", "ethnic_key"]
    for scheme, standard, group, key in groups[columns].to_numpy(dtype=str):
        name = standard if scheme == "wres" else f"{standard}/{scheme}/{group}"
        keys.setdefault(scheme, {}).setdefault(name, set()).add(key)
    sums: dict[str, tuple[str, ...]] = {}
    for finer in sorted(keys.keys() - {"wres"}):
        sums[f"all#{finer}"] = (f"all/{finer}",)
        sums[f"all/{finer}"] = tuple(keys[finer])
        for coarser in _COARSER[finer]:
            for whole, of_whole in keys[coarser].items():
                parts = [name for name, of_part in keys[finer].items() if of_part <= of_whole]
                if set().union(*(keys[finer][name] for name in parts)) == of_whole:
                    sums[f"{whole}#{finer}"] = tuple(parts)
    return sums


def _stratum_sums(cells: pd.DataFrame) -> pd.DataFrame:
    """Sexes, and staff groups, of which a slice is the sum."""
    others = [name for name in cells.columns if name not in ("cell", "stratum")]
    wholes = cells[cells["stratum"] == ""].rename(columns={"cell": "whole"}).drop(columns="stratum")
    parts = cells[cells["stratum"] != ""].rename(columns={"cell": "part"})
    found = wholes.merge(parts, on=others)
    return found.assign(family="stratum " + found["stratum"].str.split(":").str[0])[["family", "whole", "part"]]


def _sums(cells: pd.DataFrame, column: str, sums: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Members of the sums over one column of the key, all other columns equal."""
    pairs = pd.DataFrame(
        [(name, name.split("#")[0], part) for name, parts in sums.items() for part in parts],
        columns=["family", "whole_name", "part_name"],
    )
    others = [name for name in cells.columns if name not in ("cell", column)]
    wholes = cells.merge(pairs, left_on=column, right_on="whole_name").rename(columns={"cell": "whole"})
    parts = cells.rename(columns={"cell": "part", column: "part_name"})
    return wholes.merge(parts, on=[*others, "part_name"])[["family", "whole", "part"]]


def _area_sums(cells: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Areas, and organisations of today, as sums of the organisations that reported."""
    place = ["level", "org_code", "scope", "organisation_basis"]
    reported = (cells["level"] == "organisation") & (cells["organisation_basis"] == "as_reported")
    parts = cells[reported].drop(columns=["level", "scope", "organisation_basis"])
    parts = parts.rename(columns={"cell": "part", "org_code": "reporter"})
    parts = pd.concat([parts, _of_recording(parts)], ignore_index=True)
    made_of = units.rename(columns={"org_code": "reporter", "unit_code": "org_code"})[[*place, "as_at", "reporter"]]
    wholes = cells[~reported].rename(columns={"cell": "whole"}).merge(made_of, on=[*place, "as_at"])
    others = [name for name in cells.columns if name not in ("cell", *place)]
    return wholes.merge(parts, on=[*others, "reporter"])[["whole", "part"]].assign(family="area")


def _of_recording(parts: pd.DataFrame) -> pd.DataFrame:
    """The counts of employers that record who applied, as parts of sums over those alone."""
    of_recruitment = parts[parts["population"].isin(["applied", "shortlisted", "appointed"])]
    same = [name for name in parts.columns if name not in ("part", "population")]
    recording = of_recruitment.loc[of_recruitment["population"] == "applied", same].drop_duplicates()
    found = of_recruitment.merge(recording, on=same)
    return found.assign(population=found["population"] + _RECORDING)
