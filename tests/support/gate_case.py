"""A case of the marts gate: a rule, and statements that make a candidate break it."""

from __future__ import annotations

from dataclasses import dataclass

from wres.rules import Rule

R, P = "restricted_indicator_result", "indicator_result"
TRUST = f"(select min(org_code) from {R} where level = 'organisation' and indicator_code = '6' and wres_year = 2024"
TRUST += " and status = 'ok')"
# Nothing that the audit does not read may be shown.
UNAUDITED_HIDDEN = "update ops.source set unaudited_policy = 'hidden' where source = 'workforce'"


@dataclass(frozen=True)
class Case:
    """A rule (of which table, and which words of its message tell it from others of its id) and statements that break it."""

    rule: str
    table: str
    says: str
    changes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule} {self.table} {self.says}"

    def meets(self, table: str, rule: Rule) -> bool:
        return (table, rule.id) == (self.table, self.rule) and self.says in rule.message
