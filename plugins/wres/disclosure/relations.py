"""The sums that hold between cells: groups, slices, areas, and today's organisations as sums of their predecessors.

An attacker knows them all: they are what the tables mean. A sum that the true counts do not keep (an organisation sent nothing for a
slice, a return adds up wrongly) is none and is left out.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from scipy import sparse

from wres.disclosure.cells import KEY

_BLOCKS = ("non_clinical", "clinical_non_medical", "medical_dental")
_GROUPS = {"all": ("white", "bme", "unknown"), "known": ("white", "bme")}
_AREAS = {"region": "region_code", "icb": "icb_code", "org_type": "org_type", "england": None}


def relations(cells: pd.DataFrame, pay_rows: pd.DataFrame, organisations: pd.DataFrame) -> sparse.csr_matrix:
    """One row per sum that holds over ``cells["truth"]``: +1 for the whole, -1 for each part.

    Args:
        cells: as ``cells.of_indicators`` gives them; the columns of the result are its rows, by position.
        pay_rows: seed ``pay_row``.
        organisations: ``organisation`` of the release: areas, and ``current_org_codes``.
    """
    numbered = cells[KEY].assign(cell=np.arange(len(cells)))
    members = pd.concat(
        [
            _sums(numbered, "member", _GROUPS),
            _sums(numbered, "slice", _slices(pay_rows, set(cells["slice"]))),
            _sums(numbered, "population", {"workforce": ("staff",)}),
            _area_sums(numbered, organisations),
            _successor_sums(numbered, organisations),
        ],
        ignore_index=True,
    )
    relation = members.groupby(["family", "whole"], sort=False).ngroup().to_numpy()
    wholes = members.drop_duplicates(["family", "whole"])["whole"].to_numpy()
    rows = np.concatenate([np.arange(len(wholes)), relation])
    columns = np.concatenate([wholes, members["part"].to_numpy()])
    signs = np.concatenate([np.ones(len(wholes)), -np.ones(len(members))])
    matrix = sparse.csr_matrix((signs, (rows, columns)), shape=(len(wholes), len(cells)))
    holds = np.abs(matrix @ cells["truth"].to_numpy()) < 1e-6
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


def _sums(cells: pd.DataFrame, column: str, sums: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Members of the sums over one column of the key, all other columns equal."""
    pairs = pd.DataFrame(
        [(name, name.split("#")[0], part) for name, parts in sums.items() for part in parts],
        columns=["family", "whole_name", "part_name"],
    )
    others = [name for name in KEY if name != column]
    wholes = cells.merge(pairs, left_on=column, right_on="whole_name").rename(columns={"cell": "whole"})
    parts = cells.rename(columns={"cell": "part", column: "part_name"})
    return wholes.merge(parts, on=[*others, "part_name"])[["family", "whole", "part"]]


def _area_sums(cells: pd.DataFrame, organisations: pd.DataFrame) -> pd.DataFrame:
    """Areas as sums of their organisations, as they were on the day or are today; England as the sum of its regions besides."""
    others = [name for name in KEY if name not in ("level", "org_code", "scope")]
    own = cells[cells["level"] == "organisation"].rename(columns={"cell": "part"})
    placed = _placed(own, organisations)
    found = []
    for (level, column), scope in product(_AREAS.items(), ("trusts", "trusts_and_icbs", "all")):
        areas = cells[(cells["level"] == level) & (cells["scope"] == scope)].rename(columns={"cell": "whole"})
        of_scope = placed[placed["is_trust"]] if scope == "trusts" else placed
        if column is None:
            joined = areas.merge(of_scope, on=others)
        else:
            joined = areas.drop(columns=column, errors="ignore").merge(
                of_scope, left_on=[*others, "org_code"], right_on=[*others, column]
            )
        found.append(joined[["whole", "part"]].assign(family=f"{level} {scope}"))
    return pd.concat(found, ignore_index=True)


def _placed(cells: pd.DataFrame, organisations: pd.DataFrame) -> pd.DataFrame:
    """Each organisation's cells with the areas it counted towards on the day."""
    history = organisations[["org_code", "valid_from", *(column for column in _AREAS.values() if column)]].copy()
    history["valid_from"] = pd.to_datetime(history["valid_from"]).fillna(pd.Timestamp("1900-01-01"))
    days = cells[["org_code", "as_at"]].drop_duplicates()
    on_day = days.merge(history, on="org_code")
    on_day = on_day[on_day["valid_from"] <= on_day["as_at"]].sort_values("valid_from")
    on_day = on_day.drop_duplicates(["org_code", "as_at"], keep="last").drop(columns="valid_from")
    on_day["is_trust"] = on_day["org_type"] != "Integrated Care Board"
    return cells.merge(on_day, on=["org_code", "as_at"])


def _successor_sums(cells: pd.DataFrame, organisations: pd.DataFrame) -> pd.DataFrame:
    """Today's organisations as sums of those that reported."""
    newest = organisations.drop_duplicates("org_code", keep="last").set_index("org_code")["current_org_codes"]
    reported = cells[cells["organisation_basis"] == "as_reported"].rename(columns={"cell": "part"})
    today = reported["org_code"].map(newest).fillna(reported["org_code"])
    reported = reported.assign(org_code=today.where(reported["level"] == "organisation", reported["org_code"]))
    current = cells[cells["organisation_basis"] == "current"].rename(columns={"cell": "whole"})
    others = [name for name in KEY if name != "organisation_basis"]
    return current.merge(reported, on=others)[["whole", "part"]].assign(family="current")
