"""Candidates whose figures, or whose organisations, break a rule of the marts gate."""

from __future__ import annotations

from gate_case import TRUST, Case, P, R

COUNT, SURVEY = "intermediate.int_indicators__count", "intermediate.int_survey__count"


def one(table: str, condition: str = "true", rows: int = 1) -> str:
    """Condition that picks the first rows of a table that meet a condition."""
    return f"ctid in (select ctid from {table} where {condition} order by level, org_code, wres_year limit {rows})"


def both(change: str, condition: str) -> tuple[str, str]:
    """A change of the restricted and of the published figure alike, so that they still correspond."""
    return f"update {R} set {change} where {condition}", f"update {P} set {change} where {condition}"


FIGURE = f"org_code = {TRUST} and wres_year = 2025 and indicator_code = '5' and slice = 'all'"
REPORTED = one(R, "base_source = 'reported'")
APPROXIMATE = one(P, "base_source = 'q28_respondents'")
TODAY = one(R, "organisation_basis = 'current'")

CASES = (
    Case("G01", R, "no figure", (f"delete from {R}",)),
    Case(
        "V12",
        R,
        "more than one row",
        (
            f"create temporary table twin as select * from {R} where {one(R)}",
            "update twin set is_headline = false",
            f"insert into {R} select * from twin",
        ),
    ),
    Case("G02", R, "headline", (f"update {R} set is_headline = false where {one(R, 'is_headline')}",)),
    Case(
        "G02",
        R,
        "headline",
        (f"update {R} set is_headline = true where {TODAY}",),
    ),
    Case("V10", R, "White percentage", (f"update {R} set white_pct = 100.01 where {one(R)}",)),
    Case("V10", R, "BME percentage", (f"update {R} set bme_pct = -0.01 where {one(R)}",)),
    Case(
        "V38",
        R,
        "no definition",
        (
            f"alter table {R} alter column definition_version drop not null",
            f"update {R} set definition_version = null where {one(R)}",
        ),
    ),
    Case("V41", R, "no interval", (f"update {R} set ratio_high = null where {REPORTED}",)),
    Case("V23", R, "fewer than 10", (f"update {R} set bme_base = 9 where {REPORTED}",)),
    Case("V40", R, "disclosure policy", (f"update {COUNT} set disclosure_policy = null",)),
    Case("V40", R, "disclosure policy", (f"update {COUNT} set disclosure_policy = 'suppress_below_k'",)),
    Case(
        "V40",
        P,
        "worked out",
        (
            f"create temporary table few as select * from {R} where {one(R)}",
            f"update few set level = 'organisation', org_code = {TRUST}, as_at = '2025-03-31', scope = 'trusts', slice = 'all',"
            " basis = 'records', indicator_code = '4', denominator = 'not_applicable', organisation_basis = 'as_reported',"
            " white_count = 40, white_base = 400, bme_count = 6, bme_base = 60",
            f"insert into {R} select * from few",
            f"insert into {P} select * from few",
        ),
    ),
    Case("G03", R, "mixed", (f"update {COUNT} set is_synthetic = false where {one(COUNT)}",)),
    Case("G04", R, "gone", both("white_pct = null", FIGURE)),
    Case(
        "V39",
        R,
        "national base",
        (f"update {SURVEY} set base_count = 1.002 * base_count where level = 'england' and indicator_code = '5'",),
    ),
    Case("G05", R, "ten points", both("bme_pct = bme_pct + 10.1", FIGURE)),
    Case("V40", P, "more digits", (f"update {P} set white_pct = white_pct + 0.01 where {FIGURE}",)),
    Case("V40", P, "more digits", (f"update {P} set ratio = 1.005 where {FIGURE}",)),
    Case(
        "V41",
        P,
        "approximate base",
        (f"update {P} set white_base = 706 where {APPROXIMATE}",),
    ),
    Case("G06", P, "correspond", (f"delete from {P} where {FIGURE}",)),
    Case("G06", P, "correspond", (f"update {P} set white_pct = white_pct + 0.2 where {FIGURE}",)),
    Case(
        "V12",
        "organisation",
        "more than one",
        (f"insert into organisation select * from organisation where org_code = {TRUST}",),
    ),
)
