"""Candidates whose movements of people or leadership goals break a rule of the marts gate."""

from __future__ import annotations

from gate_case import UNAUDITED_HIDDEN, Case

RETENTION, PROMOTION, BAND = "restricted_retention", "restricted_promotion", "restricted_time_in_band"
PUBLISHED = ("retention", "promotion")
GOAL, WAY = "restricted_leadership_goal", "restricted_leadership_goal_trajectory"


def planted(table: str, **values: object) -> str:
    """A statement that plants a row: the sample has no records of people. Lists are counts of White, BME, Unknown and all."""
    row: dict[str, object] = {"level": "organisation", "org_code": "ZZZ", "wres_year": 2025, "slice": "all.band_8a"}
    row |= {"slice_label": "band 8a", "is_synthetic": True}
    if table != WAY:
        row |= {"as_at": "2025-03-31", "status": "ok"}
    if table in (RETENTION, PROMOTION, *PUBLISHED):
        row |= {"period_kind": "annual", "scope": "trusts", "is_headline": True}
    if table in (GOAL, WAY):
        row |= {"pay_row": "band_8a", "horizon_year": 2028, "target_basis": "workforce_all", "scenario": "12"}
    for name, value in values.items():
        if isinstance(value, list):
            groups = ("white", "bme", "unknown", "all")
            row |= {f"{group}_{name}_count": each for group, each in zip(groups, value, strict=False)}
        else:
            row[name] = value
    return f"insert into {table} ({', '.join(row)}) values ({', '.join(map(repr, row.values()))})"


# A row of retention that balances, a promotion, and a goal with its way: each case breaks one of them.
BALANCED = {"opening": [60, 30, 10, 100], "stayed": [54, 25, 9, 88], "leavers": [6, 5, 1, 12], "moved_out": [2, 1, 0, 3],
            "joiners": [7, 6, 1, 14], "transferred": [0, 0, 0, 0], "moved_in": [3, 1, 0, 4],
            "closing": [62, 31, 10, 103]}  # fmt: skip
RISE = {
    "staff_block": "all",
    "from_row": "band_8a",
    "to_row": "any",
    "opening": [60, 30, 10, 100],
    "promoted": [6, 2, 1, 9],
}
STEP = RISE | {"slice": "all.band_8a.to_vsm", "to_row": "vsm"}
HELD = {"staff_block": "all", "pay_row": "band_8a", "people": [60, 30, 10], "promoted": [6, 2, 1], "white_median_months": 50,
        "white_median_low": 40, "white_median_high": 60}  # fmt: skip
MEANT = {"years": 3, "basis": "records", "scope": "trusts", "bme_share_pct": 10.0, "target_share_pct": 20.0,
         "bme_share_of_recruits_pct": 42.0, "recruits_needed_per_year": 5.0}  # fmt: skip
ROUNDED = {"opening": [60, 30, 10, 100], "stayed": [55, 25], "leavers": [10, 10], "closing": [60, 30, 10, 105]}
SOUND = (
    planted("retention", **ROUNDED),
    planted("promotion", **RISE | {"promoted": [10]}),
    planted("time_in_band", **HELD | {"promoted": [10]}),
    planted(RETENTION, **BALANCED, all_leaver_pct=11.8),
    planted(PROMOTION, **RISE),
    planted(PROMOTION, **STEP),
    planted(BAND, **HELD),
    planted(GOAL, **MEANT),
    planted(WAY, year=2028, bme_share_pct=20.0, target_share_pct=20.0),
)

CASES = (
    Case("L01", RETENTION, "is not closing", (planted(RETENTION, **BALANCED | {"closing": [62, 31, 10, 104]}),)),
    Case("L01", RETENTION, "is not closing", (planted(RETENTION, **BALANCED | {"stayed": [54, 26, 9, 88]}),)),
    Case("L02", RETENTION, "fewer than no people", (planted(RETENTION, **BALANCED | {"joiners": [7, -1, 1, 14]}),)),
    Case("L03", RETENTION, "outside 0 to 200", (planted(RETENTION, **BALANCED, bme_leaver_pct=200.1),)),
    Case("L03", RETENTION, "outside 0 to 200", (planted(RETENTION, **BALANCED, white_stability_pct=100.1),)),
    Case("L04", RETENTION, "have left in a year", (planted(RETENTION, **BALANCED, slice="all", all_leaver_pct=40.1),)),
    Case("L05", PROMOTION, "more people were promoted", (planted(PROMOTION, **RISE | {"promoted": [6, 31, 1, 38]}),)),
    Case("L05", PROMOTION, "more people were promoted", (planted(PROMOTION, **RISE | {"promoted": [6, 2, 1, 10]}),)),
    Case("L06", PROMOTION, "steps out of a band", (planted(PROMOTION, **RISE),)),
    Case(
        "L06",
        PROMOTION,
        "steps out of a band",
        (planted(PROMOTION, **RISE), planted(PROMOTION, **STEP | {"promoted": [5, 2, 1, 8]})),
    ),
    Case("V40", "retention", "more exact", (planted("retention", **ROUNDED | {"closing": [62]}),)),
    Case("V40", "retention", "more exact", (planted("retention", **ROUNDED | {"level": "england", "closing": [7]}),)),
    Case("V40", "retention", "give away who left", (planted("retention", **ROUNDED | {"leavers": [10]}),)),
    Case("V40", "promotion", "more exact", (planted("promotion", **RISE),)),
    Case("V40", "retention", "more exact", (UNAUDITED_HIDDEN, planted("retention", **ROUNDED))),
    Case("V40", "time_in_band", "more exact", (planted("time_in_band", **HELD),)),
    Case(
        "V40",
        "time_in_band",
        "where none may be",
        (UNAUDITED_HIDDEN, planted("time_in_band", **HELD | {"people": [], "promoted": []})),
    ),
    Case("L07", BAND, "median time in band", (planted(BAND, **HELD | {"white_median_high": 49}),)),
    Case(
        "L07",
        BAND,
        "median time in band",
        (planted(BAND, **HELD | {"white_median_months": 1400, "white_median_high": 1500}),),
    ),
    Case("L08", GOAL, "contradicts its status", (planted(GOAL, **MEANT | {"bme_share_of_recruits_pct": 100.1}),)),
    Case("L08", GOAL, "contradicts its status", (planted(GOAL, **MEANT | {"status": "at_or_above_target"}),)),
    Case(
        "L09",
        GOAL,
        "does not end at it",
        (planted(GOAL, **MEANT), planted(WAY, year=2028, bme_share_pct=19.9, target_share_pct=20.0)),
    ),
)
