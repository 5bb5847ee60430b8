"""Candidates whose growth or reconciliation breaks a rule of the marts gate."""

from __future__ import annotations

from gate_case import Case

RECONCILED, GROWTH = "reconciliation", "yearly_change"


def reference(vintage: str, value: float, status: str, newest: str = "true") -> str:
    """Statement that plants a published figure."""
    return (
        f"insert into {RECONCILED} (publisher, vintage, is_default_vintage, scope, wres_year, indicator_code, slice,"
        " measure, method, published_value, is_approximate, status, source, is_synthetic) values"
        f" ('NHS England', {vintage}, {newest}, 'trusts', 2021, '1', 'all',"
        f" 'bme_pct', 'pooled', {value}, false, '{status}', 'a report', true)"
    )


def unfitted(table: str) -> str:
    """Statement that plants a row as the build leaves it."""
    return (
        f"insert into {table} (indicator_code, slice, definition_version, basis, scale, grouping_kind, group_name, is_headline,"
        " organisations, observations, first_year, last_year, status, model_status, is_synthetic) values"
        " ('2', 'all', '2.1', 'return', 'ratio', 'overall', 'all', true, 9, 27, 2023, 2025, 'ok', 'not_fitted', true)"
    )


CASES = (
    Case("V39", RECONCILED, "does not reconcile", (reference("'2024'", 28.6, "differs"),)),
    Case(
        "V30",
        RECONCILED,
        "restated",
        (reference("'2022'", 22.4, "not_computed", "false"), reference("'2023'", 23.5, "not_computed")),
    ),
    Case("G11", f"restricted_{GROWTH}", "not fitted", (unfitted(f"restricted_{GROWTH}"),)),
    Case("G11", GROWTH, "not fitted", (unfitted(GROWTH),)),
)
