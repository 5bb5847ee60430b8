"""The dbt project as a whole: its unit tests, and what every mart promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from candidates import administrator, stage_candidate
from dbt.cli.main import dbtRunner

from wres import build
from wres.settings import Settings

PASSED = {"pass", "success"}


@pytest.fixture(scope="module")
def of(published_sample: Settings, copy_warehouse: Callable[[Settings], Settings]) -> Settings:
    """A warehouse with a candidate in it: unit tests ask the database for the types of their inputs."""
    copy = copy_warehouse(published_sample)
    stage_candidate(copy, "candidate of a test")
    return copy


@contextmanager
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The events that dbt fires, warnings among them, which the build's quiet mode does not print."""
    events: list[Any] = []
    made = dbtRunner.__init__

    def with_ear(self: dbtRunner, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        self.callbacks.append(events.append)

    monkeypatch.setattr(dbtRunner, "__init__", with_ear)
    yield events


@pytest.fixture(scope="module")
def manifest(of: Settings) -> Any:
    parsed = build.dbt(of, "parse")
    assert parsed.success
    return parsed.result


def test_every_unit_test_passes(of: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(monkeypatch) as events:
        done = build.dbt(of, "test", "--no-partial-parse", "--select", "test_type:unit")
    assert done.exception is None
    results = {result.node.name: result for result in done.result.results}
    failed = {name: result.message for name, result in results.items() if result.status not in PASSED}
    assert failed == {}
    assert len(results) >= 20
    warned = [event.info.msg for event in events if event.info.level == "warn"]
    assert warned == []
    assert [event.info.name for event in events if "Deprecat" in event.info.name] == []


def test_a_value_that_may_never_be_missing_fails_its_test(of: Settings) -> None:
    chosen = ("--select", "int_benchmarks__peer_set,test_name:never_null")
    assert build.dbt(of, "test", *chosen).success
    with administrator(of) as connection:
        changed = connection.execute("update intermediate.int_benchmarks__peer_set set peer_set_name = null").rowcount
    (failed,) = build.dbt(of, "test", *chosen).result.results
    assert (failed.status, failed.failures) == ("fail", changed) and changed > 0
    assert failed.node.name.startswith("never_null_int_benchmarks__peer_set")


# Their macros control the counts before any arithmetic; unit tests of the same names show it.
CONTROL_THEIR_OWN = ("indicator_group_result", "recruitment_funnel", "pay_gap")


def marts(manifest: Any) -> list[Any]:
    return [
        node for node in manifest.nodes.values() if node.resource_type == "model" and node.path.startswith("marts/")
    ]


def test_every_mart_keeps_a_contract_and_explains_itself(manifest: Any) -> None:
    found = marts(manifest)
    assert len(found) >= 16
    for node in found:
        assert node.config.contract.enforced, node.name
        assert "One row per" in node.description, node.name
        assert node.access == "public", node.name
        assert node.config.materialized == "table", node.name
        silent = [column.name for column in node.columns.values() if not column.description or not column.data_type]
        assert silent == [], node.name


def test_every_model_and_seed_is_described(manifest: Any) -> None:
    silent = [
        node.name
        for node in manifest.nodes.values()
        if node.resource_type in ("model", "seed") and not node.description.strip()
    ]
    assert silent == []


def test_only_staging_reads_raw(manifest: Any) -> None:
    readers = {
        node.name
        for node in manifest.nodes.values()
        if node.resource_type == "model"
        and any(
            manifest.sources[source].schema == "raw" for source in node.depends_on.nodes if source in manifest.sources
        )
    }
    assert readers and all(name.startswith("stg_") for name in readers)


def test_published_marts_stand_on_controlled_counts(manifest: Any) -> None:
    true_counts = "int_indicators__count"

    def reads(node_id: str, seen: set[str]) -> set[str]:
        """Names of all models a model stands on, stopping at the disclosure stage."""
        for parent in manifest.nodes[node_id].depends_on.nodes:
            name = parent.split(".")[-1]
            if parent.startswith("model.") and name not in seen:
                seen.add(name)
                if name != f"{true_counts}_controlled":
                    reads(parent, seen)
        return seen

    for node in marts(manifest):
        names = reads(node.unique_id, set())
        if node.name in CONTROL_THEIR_OWN:
            assert "restricted_" not in "".join(names), node.name
        elif node.name.startswith("indicator_") and node.name != "indicator_definition":
            assert f"{true_counts}_controlled" in names, node.name
            assert true_counts not in names and not any(name.startswith("restricted_") for name in names), node.name
