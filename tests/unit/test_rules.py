"""The gate's rules as data: each says what it costs, why it is there and since when, and a slip is an error."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from wres import registry, rules
from wres.settings import Settings, settings

RAW = [
    pytest.param(table, rule, id=f"{table}-{rule.id}-{number}")
    for table, suite in rules.raw_suites(settings()).items()
    for number, rule in enumerate(suite.rules)
]


def test_every_raw_table_has_rules() -> None:
    """A load of a table without rules would stop at the gate."""
    tables = {
        source.raw_table(layout) for source in registry.registry(settings()).values() for layout in source.layouts
    }
    assert set(rules.raw_suites(settings())) == tables


@pytest.mark.parametrize(("table", "rule"), RAW)
def test_rule_says_what_it_costs_and_why(table: str, rule: rules.Rule) -> None:
    assert rule.scope in ("file", "row", "measure")
    assert rule.since <= date(2100, 1, 1)
    assert rule.action.endswith("."), "the action is a sentence to follow"
    assert not rule.message.endswith("."), "the message stands in a sentence"
    assert rule.shows, "a report names a value"
    if rule.scope == "row":
        select = rules.raw_suites(settings())[table].batches.get(rule.batch, "")
        assert not re.search(r"\b(group by|distinct|join)\b", select), "only rows of the table itself can be set aside"
    if rule.severity != "critical":
        assert rule.scope == "file", "a warning costs nothing, so that no row or measure can hang on it"


@pytest.mark.parametrize(("table", "rule"), RAW)
def test_rule_names_columns_of_its_table(table: str, rule: rules.Rule) -> None:
    columns = {
        column
        for source in registry.registry(settings()).values()
        for layout in source.layouts
        if source.raw_table(layout) == table
        for column in layout.raw_columns
    } | {"_load_id", "_sheet", "_row_number"}
    if rule.batch != rules.WHOLE:
        return  # the columns of a select are known to the server alone; the gate's own tests put each rule to it
    named = [rule.arguments.get("column"), *rule.arguments.get("column_list", []), rule.shows, rule.measure]
    assert {name for name in named if name} <= columns


@pytest.mark.parametrize(("table", "suite"), rules.raw_suites(settings()).items())
def test_every_select_is_used_and_keeps_places(table: str, suite: rules.Suite) -> None:
    judged = {rule.batch for rule in suite.rules}
    used = judged | {name for text in suite.batches.values() for name in re.findall(r"\{(\w+)\}", text)}
    assert set(suite.batches) | {check.batch for check in suite.checks} <= used
    for name in judged & set(suite.batches):
        text = suite.batches[name]
        if not re.search(r"select\s+(\w+[.])?\*", text):
            assert {"_load_id", "_sheet", "_row_number"} <= set(re.findall(r"\w+", text)), name


@pytest.mark.parametrize(("table", "suite"), rules.raw_suites(settings()).items())
def test_every_problem_that_a_check_looks_for_is_judged(table: str, suite: rules.Suite) -> None:
    judged = {(rule.batch, rule.arguments.get("column")) for rule in suite.rules}
    found = [(check.batch, name) for check in suite.checks if check.batch in dict(judged) for name in check.problems]
    assert len(found) == len(set(found)), "a problem of one name would hide the other"
    assert set(found) <= judged, table


@pytest.mark.parametrize(("table", "suite"), rules.raw_suites(settings()).items())
def test_every_seed_is_there_and_used(table: str, suite: rules.Suite) -> None:
    text = " ".join(
        [
            *suite.batches.values(),
            *(text for check in suite.checks for text in (check.reading, *check.problems.values())),
        ]
    )
    for name in suite.seeds:
        assert rules.seed_file(settings(), name).is_file()
        assert f"{{{name}}}" in text, f"{table} looks nothing up in {name}"


def test_markers_of_the_registry_are_those_of_the_rule() -> None:
    """A marker is registered in two places: staging gives it a status, the gate lets it pass."""
    markers = registry.registry(settings())["staff_survey"].markers
    patterns = [
        rule.arguments["regex"]
        for table, suite in rules.raw_suites(settings()).items()
        for rule in suite.rules
        if rule.id == "V24" and table.startswith("staff_survey__")
    ]
    assert len(patterns) == 3
    for pattern in patterns:
        for passes in (*markers, "0", "100", "-1.5", "1e-07", "12.25E+3"):
            assert re.fullmatch(pattern, passes), passes
        for fails in ("<5", "?", "4*", "43+", "12%", "1,234", "inf", "nan", "TRUE", " 5", ".5", "5.", "", "--"):
            assert not re.fullmatch(pattern, fails), fails


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], object]], Settings]:
    """Settings of a copy of the rules of organisations, changed."""

    def change(edit: Callable[[dict[str, Any]], object]) -> Settings:
        of = replace(settings(), project=tmp_path / "project")
        shutil.copytree(settings().expectations, of.expectations)
        path = of.expectations / "raw/organisations.yml"
        declared = yaml.safe_load(path.read_text())
        edit(declared)
        path.write_text(yaml.safe_dump(declared))
        return of

    return change


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda file: file["tables"][0]["rules"][0].update(severty="info"), "severty"),
        (lambda file: file["tables"][0]["rules"][0].update(severity="fatal"), "severity"),
        (lambda file: file["tables"][0]["rules"][0].update(batch="nothing"), "which is not defined"),
        (lambda file: file["tables"][0].update(seeds=["dated"]), "a seed and a batch have one name: dated"),
        (lambda file: file["tables"][0].update(seeds=["table"]), "a seed and a batch have one name: table"),
        (
            lambda file: file["tables"][0].update(
                checks=[{"of": ["org_code"], "batch": "dated", "problems": {"org_problem": "null"}}]
            ),
            "a batch is what checks find and something else: dated",
        ),
        (lambda file: file["tables"][0].update(checks=[{"of": ["org_code"], "problems": {}}]), "problems"),
        (lambda file: file["tables"][0]["rules"][0].update(id="rule one"), "id"),
        (lambda file: file["tables"][0]["rules"][0].update(scope="measure"), "go together"),
        (lambda file: file["tables"][0]["rules"][0].update(measure="org_code"), "go together"),
        (lambda file: file["tables"][0]["rules"][0].update(expectation="drop_table"), "expectation"),
        (lambda file: file["tables"][0]["rules"][0].pop("reason"), "reason"),
        (lambda file: file["tables"][0]["rules"][0].pop("since"), "since"),
        (lambda file: file.update(source="organisation"), "the file is named after its source"),
    ],
)
def test_a_slip_is_named(
    changed: Callable[..., Settings], edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(rules.RulesError) as caught:
        rules.raw_suites(changed(edit))
    assert str(caught.value).startswith("organisations.yml: ")
    assert message in str(caught.value)
