"""Great Expectations at work: rules put to batches, results turned into places (never values)."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from wres import warehouse
from wres.rules import Rule, Suite
from wres.settings import Settings

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext

_KEPT_PLACES = 50


class GateError(RuntimeError):
    """A rule could not be put to its batch: nothing passes on a rule that was not judged."""


class UnknownRuleError(ValueError):
    """A rule that does not exist, or does not wait for a person."""


@dataclass(frozen=True)
class Finding:
    """Result of one rule: whether it holds, in how many places it does not, and as many of these as were asked for."""

    rule: Rule
    table: str
    success: bool
    unexpected: int = 0
    places: tuple[dict[str, Any], ...] = ()


@dataclass
class Judge:
    """One Great Expectations context over the warehouse, for all batches of a run: importing it costs seconds."""

    context: EphemeralDataContext
    datasource: Any
    results: list[Any] = field(default_factory=list)

    def put(
        self,
        connection: psycopg.Connection,
        table: str,
        suite: Suite,
        batches: Mapping[str, str],
        places_kept: int = _KEPT_PLACES,
    ) -> list[Finding]:
        """Put every rule of a suite to the relation of its batch; a finding names at most ``places_kept`` places."""
        import great_expectations as gx
        from great_expectations.expectations.metadata_types import FailureSeverity
        from great_expectations.expectations.registry import get_expectation_impl

        findings: list[Finding] = []
        for batch_name in dict.fromkeys(rule.batch for rule in suite.rules):
            rules = [rule for rule in suite.rules if rule.batch == batch_name]
            relation = batches[batch_name]
            places = _place_columns(connection, relation, suite)
            asset = self.datasource.add_table_asset(relation, table_name=relation, schema_name="gate")
            definition = asset.add_batch_definition_whole_table("whole")
            expectations = gx.ExpectationSuite(name=f"{table}: {batch_name} ({relation})")
            for number, rule in enumerate(rules):
                expectations.add_expectation(
                    get_expectation_impl(rule.expectation)(
                        **rule.arguments,
                        severity=FailureSeverity(rule.severity),
                        meta={"rule": rule.id, "number": number, "reason": rule.reason},
                        notes=f"**{rule.id}** {rule.message}. {rule.action}",
                    )
                )
            self.context.suites.add(expectations)
            validation = self.context.validation_definitions.add(
                gx.ValidationDefinition(name=expectations.name, data=definition, suite=expectations)
            )
            result = validation.run(
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": list(places),
                    "exclude_unexpected_values": True,
                    # Even a complete result lists no more places than this.
                    "partial_unexpected_count": places_kept,
                }
            )
            self.results.append(result)
            findings += [_finding(table, rules, single, places) for single in result.results]
        return findings


def open_judge(settings: Settings) -> Judge:
    """Import Great Expectations, quietly, and give it the warehouse as wres_gate."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    # Before the import for what it logs while it is imported, after it since it sets its own level.
    logging.getLogger("great_expectations._docs_decorators").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    url = warehouse.dsn(settings, "wres_gate").replace("postgresql://", "postgresql+psycopg2://", 1)
    return Judge(context, context.data_sources.add_postgres("warehouse", connection_string=url))


def _finding(table: str, rules: Sequence[Rule], result: Any, places: Sequence[str]) -> Finding:
    rule = rules[result.expectation_config.meta["number"]]
    raised = [info for info in _exceptions(result.exception_info) if info.get("raised_exception")]
    if raised:
        raise GateError(
            f"{rule.id} on {table} ({rule.batch}) could not be judged: {raised[0].get('exception_message')}"
        )
    found = result.result or {}
    listed = [place for group in found.get("unexpected_index_list") or [] for place in _rows_of(group)]
    return Finding(
        rule=rule,
        table=table,
        success=bool(result.success),
        unexpected=int(found.get("unexpected_count") or len(listed) or 0),
        places=tuple({key: place[key] for key in places if key in place} for place in listed),
    )


def _rows_of(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Places as rows: without values, Great Expectations gives one list a column in place of one record a row."""
    if not any(isinstance(value, list) for value in group.values()):
        yield group
        return
    for values in zip(*group.values(), strict=True):
        yield dict(zip(group, values, strict=True))


def _exceptions(info: Any) -> list[dict[str, Any]]:
    """Exception records of a result: one, or one a metric."""
    if not info:
        return []
    return [info] if "raised_exception" in info else [value for value in info.values() if isinstance(value, dict)]


def _place_columns(connection: psycopg.Connection, relation: str, suite: Suite) -> list[str]:
    present = {
        row[0]
        for row in connection.execute(
            "select column_name from information_schema.columns where table_schema = 'gate' and table_name = %s",
            [relation],
        ).fetchall()
    }
    return [column for column in suite.places if column in present]


def record(
    connection: psycopg.Connection,
    gate: str,
    findings: Sequence[Finding],
    *,
    load_id: int | None = None,
    fingerprint: str | None = None,
) -> None:
    """Write the findings to ``ops.gate_result``: places of the first offending rows, no values."""
    connection.cursor().executemany(
        "insert into ops.gate_result (gate, load_id, fingerprint, table_name, rule_id, severity, scope, success,"
        " unexpected_count, places, message) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (
                gate,
                load_id,
                fingerprint,
                finding.table,
                finding.rule.id,
                finding.rule.severity,
                finding.rule.scope,
                finding.success,
                finding.unexpected,
                json.dumps(finding.places[:_KEPT_PLACES]),
                finding.rule.message,
            )
            for finding in findings
        ],
    )
