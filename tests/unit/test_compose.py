"""docker-compose.yml against the rules of the compose specification, and against ours, without a container engine.

The schema below is the part of the specification that the file uses: an unknown or misspelt key, a value of the wrong
kind or an unknown condition fails here as it would in an engine.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
NAME = "^[a-zA-Z0-9._-]+$"
DURATION = {"type": "string", "pattern": r"^(\d+(\.\d+)?(us|ms|s|m|h))+$"}
STRINGS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
COMMAND = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
SIZE = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^\d+([bkmg]|[kmg]b)?$"}]}


def record(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """Schema of a mapping with these keys and no other."""
    return {
        "type": "object",
        "properties": properties,
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
        "required": list(required),
    }


def mapping(values: dict[str, Any]) -> dict[str, Any]:
    """Schema of a mapping from names to one kind of value."""
    return {"type": "object", "patternProperties": {NAME: values}, "additionalProperties": False}


SERVICE = record(
    {
        "image": {"type": "string", "pattern": r"^[a-z0-9./_-]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$"},
        "build": record(
            {
                "context": {"type": "string"},
                "dockerfile": {"type": "string"},
                "args": mapping({"type": ["string", "number", "boolean", "null"]}),
                "target": {"type": "string"},
            }
        ),
        "command": COMMAND,
        "entrypoint": COMMAND,
        # A bare true or 1 is not text in YAML; engines differ in what they make of it, so quotes are asked for.
        "environment": mapping({"type": ["string", "null"]}),
        "depends_on": mapping(
            record(
                {
                    "condition": {"enum": ["service_started", "service_healthy", "service_completed_successfully"]},
                    "restart": {"type": "boolean"},
                    "required": {"type": "boolean"},
                },
                "condition",
            )
        ),
        "healthcheck": record(
            {
                "test": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 2,
                    "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}],
                },
                "interval": DURATION,
                "timeout": DURATION,
                "start_period": DURATION,
                "start_interval": DURATION,
                "retries": {"type": "integer", "minimum": 1},
                "disable": {"type": "boolean"},
            },
            "test",
        ),
        "ports": {
            "type": "array",
            "items": {
                "type": "string",
                "pattern": r"^(([\d.]+|\[[0-9a-f:]+\]):)?(\d+(-\d+)?:)?\d+(-\d+)?(/(tcp|udp))?$",
            },
            "uniqueItems": True,
        },
        "volumes": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^[^:]+:/[^:]*(:(ro|rw|z|Z)(,(ro|rw|z|Z))*)?$"},
            "uniqueItems": True,
        },
        "restart": {"type": "string", "pattern": r"^(no|always|unless-stopped|on-failure(:\d+)?)$"},
        "init": {"type": "boolean"},
        "privileged": {"type": "boolean"},
        "read_only": {"type": "boolean"},
        "security_opt": STRINGS,
        "cap_add": STRINGS,
        "cap_drop": STRINGS,
        "shm_size": SIZE,
        "mem_limit": SIZE,
        "stop_grace_period": DURATION,
        "stop_signal": {"type": "string"},
        "user": {"type": "string"},
        "working_dir": {"type": "string"},
        "hostname": {"type": "string"},
        "profiles": STRINGS,
        "scale": {"type": "integer", "minimum": 1},
        "networks": STRINGS,
        "network_mode": {"type": "string"},
        "labels": mapping({"type": ["string", "number", "boolean", "null"]}),
        "tmpfs": STRINGS,
    }
)
COMPOSE = record(
    {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {**mapping(SERVICE), "minProperties": 1},
        "volumes": mapping(
            {
                "anyOf": [
                    {"type": "null"},
                    record({"name": {"type": "string"}, "driver": {"type": "string"}, "external": {"type": "boolean"}}),
                ]
            }
        ),
        "networks": mapping({"anyOf": [{"type": "null"}, {"type": "object"}]}),
    },
    "services",
)
PLACEHOLDER = re.compile(r"\$\{(?P<name>\w+)(?::?(?P<form>[-?+])(?P<rest>[^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|FERNET|TOKEN|(?<!PRIMARY)_KEY$")


def text() -> str:
    return (PROJECT / "docker-compose.yml").read_text()


def compose() -> dict[str, Any]:
    return yaml.safe_load(text())


def example() -> dict[str, str]:
    lines = (PROJECT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def interpolated(value: Any) -> Any:
    """The file as an engine sees it: placeholders replaced by the example's values, or by a stand-in."""
    if isinstance(value, dict):
        return {key: interpolated(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolated(inner) for inner in value]
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: example().get(found["name"]) or "given", value)
    return value


def problems(document: dict[str, Any]) -> list[str]:
    """Everything wrong with a compose document, as sentences."""
    validator = jsonschema.Draft202012Validator(COMPOSE)
    found = [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in validator.iter_errors(interpolated(document))
    ]
    if found:
        return found
    services = document["services"]
    for name, service in services.items():
        found += [
            f"{name}: {sentence}" for sentence in service_problems(service, services, document.get("volumes", {}))
        ]
    return found + cycles(services)


def service_problems(service: dict[str, Any], services: dict[str, Any], volumes: dict[str, Any]) -> list[str]:
    found = []
    if "image" not in service and "build" not in service:
        found.append("neither image nor build")
    tag = service.get("image", ":0").rpartition("/")[2].partition(":")[2]
    if not tag or tag == "latest":
        found.append("the image is not pinned to a tag")
    if service.get("privileged") or service.get("cap_add") or service.get("network_mode") == "host":
        found.append("more rights than a service needs")
    if "no-new-privileges:true" not in service.get("security_opt", []):
        found.append("may gain privileges")
    if "restart" not in service:
        found.append("no restart policy")
    for other, need in service.get("depends_on", {}).items():
        if other not in services:
            found.append(f"depends on {other}, which does not exist")
        elif need["condition"] == "service_healthy" and "healthcheck" not in services[other]:
            found.append(f"waits for the health of {other}, which has no health check")
        elif need["condition"] == "service_completed_successfully" and services[other].get("restart") != "no":
            found.append(f"waits for the end of {other}, which is restarted")
    for port in service.get("ports", []):
        if not port.startswith("127.0.0.1:"):
            found.append(f"port {port} is open to other machines")
    for volume in service.get("volumes", []):
        source = volume.partition(":")[0]
        if re.match(NAME, source) and source not in volumes:
            found.append(f"volume {source} is not declared")
    for key, value in service.get("environment", {}).items():
        literal = PLACEHOLDER.sub("", value or "")
        if SECRET.search(key) and not key.endswith(("_FILE", "_USERS")) and literal:
            found.append(f"{key} holds a literal secret")
        if re.search(r"://[^/@\s]*:[^/@\s$]+@", literal):
            found.append(f"{key} holds a password in an address")
    for placeholder in PLACEHOLDER.finditer(yaml.safe_dump(service, width=10_000)):
        if SECRET.search(placeholder["name"]) and placeholder["form"] != "?":
            found.append(f"{placeholder['name']} is a secret and may be left out")
    return found


def cycles(services: dict[str, Any]) -> list[str]:
    waiting = {name: set(service.get("depends_on", {})) for name, service in services.items()}
    while ready := [name for name, needs in waiting.items() if not needs]:
        for name in ready:
            del waiting[name]
        for needs in waiting.values():
            needs.difference_update(ready)
    return [f"{', '.join(sorted(waiting))} wait for each other"] if waiting else []


def test_the_file_follows_the_specification_and_our_rules() -> None:
    assert problems(compose()) == []


# Each change makes the file wrong in one way; the sentence is what must be said about it.
FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a version": (lambda it: it.update(version="3.9"), "'version' does not match"),
    "a misspelt key": (lambda it: it["services"]["init"].update(restarts="no"), "'restarts' does not match"),
    "an unknown condition": (
        lambda it: it["services"]["init"]["depends_on"].update(postgres={"condition": "healthy"}),
        "'healthy' is not one of",
    ),
    "a number in the environment": (lambda it: it["services"]["init"]["environment"].update(A=1), "1 is not of type"),
    "an unknown service": (
        lambda it: it["services"]["init"]["depends_on"].update(cache={"condition": "service_started"}),
        "depends on cache",
    ),
    "no health check": (lambda it: it["services"]["postgres"].pop("healthcheck"), "has no health check"),
    "a restarted first start": (lambda it: it["services"]["init"].update(restart="always"), "which is restarted"),
    "a circle": (
        lambda it: it["services"]["postgres"].update(depends_on={"init": {"condition": "service_started"}}),
        "wait for each other",
    ),
    "an open port": (lambda it: it["services"]["postgres"].update(ports=["5432:5432"]), "open to other machines"),
    "an undeclared volume": (lambda it: it["volumes"].pop("archive"), "volume archive is not declared"),
    "privileges": (lambda it: it["services"]["scheduler"].update(privileged=True), "more rights"),
    "no tag": (lambda it: it["services"]["postgres"].update(image="postgres"), "not pinned"),
    "a literal secret": (
        lambda it: it["services"]["postgres"]["environment"].update(POSTGRES_PASSWORD="hunter2"),
        "literal secret",
    ),
    "a password in an address": (
        lambda it: it["services"]["init"]["environment"].update(WRES_WAREHOUSE_URL="postgresql://a:b@postgres/c"),
        "password in an address",
    ),
    "a secret that may be empty": (
        lambda it: it["services"]["postgres"]["environment"].update(POSTGRES_PASSWORD="${POSTGRES_PASSWORD:-}"),
        "may be left out",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str) -> None:
    change, sentence = FAULTS[fault]
    document = copy.deepcopy(compose())
    change(document)
    assert any(sentence in problem for problem in problems(document)), problems(document)


def test_services_start_in_order_of_health() -> None:
    services = compose()["services"]
    assert services.keys() == {
        "postgres",
        "init",
        "api-server",
        "scheduler",
        "dag-processor",
        "superset",
        "redis",
        "worker",
    }
    for name in ("api-server", "scheduler", "dag-processor", "superset", "worker"):
        assert services[name]["depends_on"]["init"]["condition"] == "service_completed_successfully"
        assert "healthcheck" in services[name]
    # A task asks the execution API for leave to run: a scheduler without it fails every task.
    for name in ("scheduler", "worker"):
        assert services[name]["depends_on"]["api-server"]["condition"] == "service_healthy"


def test_the_first_start_makes_the_pool_that_the_dags_name() -> None:
    from wres.airflow_service import WRITERS_POOL
    from wres.settings import Settings

    assert f'airflow pools set {WRITERS_POOL} "$$WRES_PARALLEL_LOADS" ' in compose()["services"]["init"]["command"][-1]
    assert example()["WRES_PARALLEL_LOADS"] == str(Settings.parallel_loads)


def test_workers_run_in_their_profile_alone_as_the_scheduler_would() -> None:
    services = compose()["services"]
    assert {name for name, service in services.items() if "profiles" in service} == {"redis", "worker"}
    for name in ("redis", "worker"):
        assert services[name]["profiles"] == ["celery"]
        assert not any(
            name in service.get("depends_on", {}) for service in services.values() if "profiles" not in service
        )
    worker, scheduler = services["worker"], services["scheduler"]
    assert worker["scale"] >= 2
    for key in ("image", "environment", "volumes"):
        assert worker[key] == scheduler[key]
    assert "ports" not in services["redis"]
    [password] = PLACEHOLDER.findall(services["redis"]["environment"]["REDIS_PASSWORD"])
    assert password in PLACEHOLDER.findall(worker["environment"]["AIRFLOW__CELERY__BROKER_URL"])


def test_the_passwords_are_those_that_the_warehouse_looks_for() -> None:
    from wres import warehouse

    wanted = {f"WRES_PASSWORD_{warehouse.login(role).upper()}" for role in (warehouse.AIRFLOW, "analyst", "bi_reader")}
    given = {key for key in compose()["services"]["init"]["environment"] if key.startswith("WRES_PASSWORD_")}
    assert given == wanted


def test_the_database_is_kept_where_its_image_expects_it() -> None:
    postgres = compose()["services"]["postgres"]
    assert postgres["image"].startswith("postgres:18")
    assert "postgres:/var/lib/postgresql" in postgres["volumes"]


def test_every_placeholder_stands_in_the_example_and_the_other_way_round() -> None:
    used = {found["name"] for found in PLACEHOLDER.finditer(text())}
    assert used == example().keys()
    rest = PLACEHOLDER.sub("", text()).replace("$$", "")
    assert "$" not in rest, "a lone $ would be taken for a placeholder"


def test_the_example_gives_no_secret_away() -> None:
    assert {name: value for name, value in example().items() if SECRET.search(name) and value} == {}


def test_airflow_options_exist_in_the_airflow_we_lock() -> None:
    import importlib.util

    from airflow.providers.celery.get_provider_info import get_provider_info

    spec = importlib.util.find_spec("airflow")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(next(iter(spec.submodule_search_locations))) / "config_templates"
    known = {**get_provider_info()["config"], **yaml.safe_load((folder / "config.yml").read_text())}
    used = {key for service in compose()["services"].values() for key in service["environment"]}
    options = [key.removeprefix("AIRFLOW__").lower().split("__") for key in used if key.startswith("AIRFLOW__")]
    assert len(options) > 10
    assert [option for option in options if option[1] not in known.get(option[0], {}).get("options", {})] == []


def test_only_what_works_on_the_warehouse_gets_its_passwords() -> None:
    services = compose()["services"]
    holders = {name for name, service in services.items() if "WRES_WAREHOUSE_URL" in service["environment"]}
    assert holders == {"init", "scheduler", "worker"}


def test_superset_gets_the_readers_login_alone_and_all_that_its_configuration_asks_for() -> None:
    told = compose()["services"]["superset"]["environment"]
    read = "".join((PROJECT / "dashboards" / name).read_text() for name in ("superset_config.py", "provision.py"))
    assert told.keys() == set(re.findall(r'os\.environ\["(\w+)"\]', read))
    assert "//bi_reader_login:" in told["WRES_SUPERSET_WAREHOUSE"]
    assert "POSTGRES_PASSWORD" not in str(told)


IMAGES = {"platform": PROJECT, "dashboards": PROJECT / "dashboards"}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_installs_from_the_lock_as_an_ordinary_user(image: str) -> None:
    context = IMAGES[image]
    lines = (context / "Dockerfile").read_text().splitlines()
    images = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert images and all(re.search(r":3\.1[12]", image) for image in images)
    assert any("--require-hashes -r requirements.lock" in line for line in lines)
    assert [line for line in lines if line.startswith("USER ")][-1] not in ("USER root", "USER 0")
    copied = {name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]}
    allowed = {line[1:] for line in (context / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == allowed
