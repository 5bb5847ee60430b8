"""Candidates whose finer groups, funnel or pay gap break a rule of the marts gate."""

from __future__ import annotations

from cases_of_indicators import one
from gate_case import TRUST, UNAUDITED_HIDDEN, Case, R

# Tables of records, of which the sample has none: the rows that break a rule are made up.
GROUPS, FUNNEL, PAY = "restricted_indicator_group_result", "restricted_recruitment_funnel", "restricted_pay_gap"
AREA = {"level": "'organisation'", "org_code": TRUST, "wres_year": "2025", "as_at": "'2025-03-31'", "scope": "'trusts'"}
AREA |= {"is_synthetic": "true", "status": "'ok'", "ethnic_group": "'White'"}
SCHEME = {"group_scheme": "'wres'", "reference_group": "'White'", "is_reference": "true", "slice": "'all'"}
OF_GROUP = SCHEME | {
    "period_kind": "'annual'",
    "indicator_code": "'1'",
    "stratum": "'all'",
    "basis": "'records'",
    "definition_version": "'1.1'",
}
STAGES = {
    "shortlisting_status": "'ok'",
    "appointment_status": "'ok'",
    "employer_count": "1",
    "recording_employer_count": "1",
}
OF_PAY = {
    "population": "'all'",
    "base_group": "'white'",
    "ethnic_group": "'BME'",
    "rated_count": "20",
    "base_rated_count": "20",
}


def planted(table: str, values: dict[str, str], **changes: object) -> str:
    """Statement that plants a row of organisation figures; values are SQL."""
    row = AREA | values | {name: str(value) for name, value in changes.items()}
    return f"insert into {table} ({', '.join(row)}) values ({', '.join(row.values())})"


CASES = (
    Case(
        "G20",
        GROUPS,
        "counts of indicator_result",
        (
            planted(GROUPS, OF_GROUP, group_count=11, group_base=20),
            f"create temporary table twin as select * from {R} where {one(R)}",
            f"update twin set level = 'organisation', org_code = {TRUST}, as_at = '2025-03-31', scope = 'trusts',"
            " indicator_code = '1', slice = 'all', basis = 'records', period_kind = 'annual',"
            " organisation_basis = 'as_reported', denominator = 'all_staff',"
            " white_count = 10, white_base = 20, bme_count = 0, bme_base = 20",
            f"insert into {R} select * from twin",
        ),
    ),
    Case(
        "G20",
        GROUPS,
        "share out the same people",
        (
            planted(GROUPS, OF_GROUP, group_count=11, group_base=20),
            planted(GROUPS, OF_GROUP, group_count=12, group_base=20, group_scheme="'six_group'"),
        ),
    ),
    Case("V41", GROUPS, "no interval", (planted(GROUPS, OF_GROUP, ratio=1.5, ratio_low=1.2),)),
    Case("V40", "indicator_group_result", "more exact", (planted("indicator_group_result", OF_GROUP, ratio=1.005),)),
    Case("V40", "indicator_group_result", "more exact", (planted("indicator_group_result", OF_GROUP, group_count=12),)),
    Case(
        "V05",
        FUNNEL,
        "more people were appointed",
        (
            planted(
                FUNNEL, SCHEME | STAGES, employers="'all'", applied_count=30, shortlisted_count=31, appointed_count=2
            ),
        ),
    ),
    Case(
        "V05",
        FUNNEL,
        "more people were appointed",
        (planted(FUNNEL, SCHEME | STAGES, employers="'all'", shortlisted_count=31, appointed_count=32),),
    ),
    Case(
        "G21",
        FUNNEL,
        "product",
        (
            planted(
                FUNNEL,
                SCHEME | STAGES,
                employers="'all'",
                shortlisting_ratio=1.5,
                appointment_ratio=2,
                overall_ratio=3.001,
            ),
        ),
    ),
    Case("G22", PAY, "5 or above 200", (planted(PAY, OF_PAY, mean_hourly_gbp=38000, base_mean_hourly_gbp=20),)),
    Case("G22", PAY, "5 or above 200", (planted(PAY, OF_PAY, mean_hourly_gbp=18, base_mean_hourly_gbp=0.2),)),
    Case("G23", PAY, "no hourly rate", (planted(PAY, OF_PAY, population_count=100, population_rated_count=89),)),
    Case(
        "V40",
        "pay_gap",
        "1 to 7",
        (planted(PAY, OF_PAY, rated_count=7), planted("pay_gap", OF_PAY, rated_count="null", mean_hourly_gbp=18.25)),
    ),
    Case(
        "V40",
        "pay_gap",
        "1 to 7",
        (planted(PAY, OF_PAY, base_rated_count=3), planted("pay_gap", OF_PAY, mean_gap_pct=10)),
    ),
    Case("V40", "pay_gap", "more exact", (planted("pay_gap", OF_PAY, median_hourly_gbp=18.255),)),
    Case("V40", "pay_gap", "more exact", (planted("pay_gap", OF_PAY, people_count=21),)),
    Case("V40", "pay_gap", "more exact", (planted("pay_gap", OF_PAY, level="'england'", unrated_count=4),)),
    Case(
        "V40",
        "pay_gap",
        "where none may be",
        (
            UNAUDITED_HIDDEN,
            planted("pay_gap", OF_PAY | {"rated_count": "null", "base_rated_count": "null"}, mean_gap_pct=10),
        ),
    ),
)
