"""Candidates whose findings, submissions or declaration rates break a rule of the marts gate."""

from __future__ import annotations

from gate_case import TRUST, Case

QUALITY = "restricted_data_quality"


def finding(rule: str, indicator: str | None = "4", org_code: str = TRUST) -> tuple[str, ...]:
    """Statements that plant a finding of data_quality; what leads to one is for the tests of its models."""
    about = f"'{indicator}'" if indicator else "null"
    return (
        f"insert into {QUALITY} (org_code, wres_year, as_at, rule_id, severity, basis, indicator_code, slice, message,"
        f" is_synthetic) values ({org_code}, 2025, '2025-03-31', '{rule}', 'warning', 'return',"
        f" {about}, 'all', 'odd', true)",
    )


def planted_rows(table: str, number: int) -> tuple[str, ...]:
    """Statements that plant a finding about a number of rows of a file of people."""
    return (
        f"insert into {table} (org_code, wres_year, as_at, rule_id, severity, message, observed, is_synthetic, source, period)"
        f" values ({TRUST}, 2025, '2025-03-31', 'V13', 'error', 'odd', {number}, true, 'workforce', '2025-03')",
    )


SENT, DECLARED = "submission", "declaration_rate"
SUBMISSION = f"(org_code, source, period) = (select min(org_code), 'staff_survey', '2024' from {SENT})"


def submitted(status: str) -> tuple[str, ...]:
    """Statements that give a submission another status, published and restricted alike."""
    change = f"set status = '{status}', first_received_on = null where {SUBMISSION}"
    return f"update {SENT} {change}", f"update restricted_{SENT} {change}"


def rate(change: str) -> tuple[str, ...]:
    """Statements that plant a declaration rate, published and restricted, and change the published one."""
    row = (
        "(level, org_code, wres_year, as_at, population, basis, scope, is_headline, unknown_count, total_count, status,"
        f" is_synthetic) values ('organisation', {TRUST}, 2025, '2025-03-31', 'staff', 'records', 'trusts', true, 10, 85,"
        " 'ok', true)"
    )
    return (
        f"insert into {DECLARED} {row}",
        f"insert into restricted_{DECLARED} {row}",
        f"update {DECLARED} set {change}",
    )


CASES = (
    Case("D01", QUALITY, "differs from the records", finding("D01")),
    Case("V06", QUALITY, "than there are staff", finding("V06")),
    Case("V20", QUALITY, "not known", finding("V20")),
    Case("V21", QUALITY, "head count", finding("V21")),
    Case("V22", QUALITY, "ten points", finding("V22")),
    Case("V43", QUALITY, "three times", finding("V43")),
    Case("V17", QUALITY, "all of 5, 6, 7 and 8", finding("V17", None)),
    Case("V17", QUALITY, "values of the year before", finding("V17")),
    Case("V15", QUALITY, "implausible", finding("V15")),
    Case("V18", QUALITY, "do not add up", finding("V18")),
    Case("V27", QUALITY, "outside", finding("V27")),
    Case("V30", QUALITY, "another vintage", finding("V30")),
    Case("V31", QUALITY, "series breaks", finding("V31")),
    Case("V33", QUALITY, "closed on the day", finding("V33", None)),
    Case("V36", QUALITY, "successor", finding("V36", None)),
    Case("V42", QUALITY, "fewer than 98 %", finding("V42", "5", "'ENGLAND'")),
    Case("V40", "data_quality", "number of rows", planted_rows("data_quality", 7)),
    Case(
        "V40",
        SENT,
        "number of rows",
        (f"update {SENT} set source = 'workforce', file_row_count = 7 where {SUBMISSION}",),
    ),
    Case(
        "V40",
        SENT,
        "number of rows",
        (f"update {SENT} set source = 'workforce', rows_set_aside = 3 where {SUBMISSION}",),
    ),
    Case(
        "V40",
        SENT,
        "number of rows",
        tuple(
            f"update {table} set source = 'workforce', status = 'rejected', status_reason = 'V24: 1 of 3 rows',"
            f" first_received_on = null, file_row_count = null where {SUBMISSION}"
            for table in (f"restricted_{SENT}", SENT)
        ),
    ),
    Case("G06", SENT, "correspond", (f"delete from {SENT} where {SUBMISSION}",)),
    Case("G06", SENT, "correspond", (f"update {SENT} set status = 'overdue' where {SUBMISSION}",)),
    Case("V42", f"restricted_{SENT}", "overdue", submitted("overdue")),
    Case("V42", f"restricted_{SENT}", "was rejected", submitted("rejected")),
    Case("V40", DECLARED, "more digits", rate("declared_pct = 88.25, change_1y_points = null")),
    Case("V40", DECLARED, "more digits", rate("declared_pct = 88.2, change_1y_points = 0.15")),
    Case("V41", DECLARED, "without the counts", rate("declared_pct = 88.2, unknown_count = null")),
    Case("G06", DECLARED, "correspond", rate("declared_pct = 88.2")[:1]),
)
