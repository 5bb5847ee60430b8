"""The service around Airflow: what its processes are told, and that a stop leaves nothing behind."""

import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from wres import airflow_service, background
from wres.settings import Settings

DSN = "postgresql://airflow:secret@127.0.0.1:5433/airflow?sslmode=require"
# Ignores a polite end, and so does its child.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"])
time.sleep(600)
"""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(airflow_service.warehouse, "dsn", lambda *_, **__: DSN)
    monkeypatch.setattr(airflow_service, "_migrate", lambda *_: None)
    for name in [name for name in os.environ if name.startswith("AIRFLOW__") or name.lower() == "no_proxy"]:
        monkeypatch.delenv(name)
    settings = Settings(home=tmp_path / "home", project=tmp_path / "project", watch_seconds=7)
    settings.airflow_home.mkdir(parents=True)
    return settings


def run_instead(monkeypatch, **programs):
    monkeypatch.setattr(
        airflow_service, "_COMMANDS", {name.replace("_", "-"): (code,) for name, code in programs.items()}
    )
    monkeypatch.setattr(airflow_service, "_airflow", lambda code: [sys.executable, "-c", code])


def test_addresses_and_databases_agree_with_the_port(settings):
    told = airflow_service._environment(settings, 8123)
    assert told["AIRFLOW__API__PORT"] == "8123"
    assert told["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert told["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8123"
    assert told["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"
    address = DSN.removeprefix("postgresql://")
    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"postgresql+psycopg2://{address}"
    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] == f"postgresql+psycopg://{address}"
    assert told["WRES_HOME"] == str(settings.home)
    assert told["WRES_WATCH_SECONDS"] == "7"


def test_own_settings_of_the_user_win_unless_the_service_depends_on_them(settings, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "16")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/elsewhere")
    told = airflow_service._environment(settings, 8123)
    assert told["AIRFLOW__CORE__PARALLELISM"] == "16"
    assert told["AIRFLOW__CORE__DAGS_FOLDER"] == str(settings.project / "dags")


def test_a_proxy_does_not_come_between_tasks_and_their_server(settings, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    told = airflow_service._environment(settings, 8123)
    assert set(told["NO_PROXY"].split(",")) == {"127.0.0.1", "localhost", "intranet.example"}
    assert told["no_proxy"] == told["NO_PROXY"]


def test_nothing_is_sent_home(settings):
    told = airflow_service._environment(settings, 8123)
    assert told["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert (told["DO_NOT_TRACK"], told["SCARF_ANALYTICS"], told["GX_ANALYTICS_ENABLED"]) == ("1", "false", "false")


def test_a_broker_brings_workers_and_as_many_tasks_as_loads_want(settings):
    alone = airflow_service._environment(settings, 8123)
    assert (alone["AIRFLOW__CORE__EXECUTOR"], alone["AIRFLOW__CORE__PARALLELISM"]) == ("LocalExecutor", "4")
    assert "AIRFLOW__CELERY__BROKER_URL" not in alone
    assert "worker" not in airflow_service._commands(settings)
    settings = replace(settings, broker_url="redis://:secret@broker:6379/0", parallel_loads=8, airflow_host="10.0.0.5")
    told = airflow_service._environment(settings, 8123)
    assert (told["AIRFLOW__CORE__EXECUTOR"], told["AIRFLOW__CORE__PARALLELISM"]) == ("CeleryExecutor", "10")
    assert told["AIRFLOW__CELERY__BROKER_URL"] == settings.broker_url
    assert told["AIRFLOW__API__HOST"] == "10.0.0.5"
    assert told["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://10.0.0.5:8123/execution/"
    assert told["WRES_PARALLEL_LOADS"] == "8"
    assert "10.0.0.5" in told["NO_PROXY"].split(",")
    command = airflow_service._commands(settings)["worker"]
    assert command[:2] == ("celery", "worker")
    assert not [word for word in command if "secret" in word]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "A worker takes its tasks from a broker. Name it by WRES_BROKER_URL"),
        (
            {"broker_url": "redis://:secret@127.0.0.1:1/0"},
            r"WRES_BROKER_URL \(127.0.0.1:1/0\) cannot be reached: .*refused",
        ),
        (
            {"broker_url": "amqp://wres:secret@127.0.0.1:1//"},
            r"WRES_BROKER_URL \(127.0.0.1:1//\) cannot be reached: .*refused",
        ),
        ({"broker_url": "carrier://pigeon"}, "cannot be reached: 'No such transport: carrier'"),
        ({"broker_url": "memory://", "airflow_host": "10.0.0.5"}, "The embedded Postgres serves one machine"),
        ({"broker_url": "memory://"}, "Airflow does not answer at http://127.0.0.1:1 .*Start it with `wres up`"),
    ],
)
def test_a_worker_says_what_it_lacks(settings, changes, sentence):
    (settings.airflow_home / "port").write_text("1")
    with pytest.raises(airflow_service.AirflowServiceError, match=sentence) as error:
        airflow_service.work(replace(settings, **changes))
    assert "secret" not in str(error.value)


def test_airflow_does_not_start_without_the_broker_it_is_told_of(settings):
    with pytest.raises(airflow_service.AirflowServiceError, match="The broker of WRES_BROKER_URL"):
        airflow_service.start(replace(settings, broker_url="redis://127.0.0.1:1/0"))
    assert not (settings.airflow_home / "service.json").exists()


def test_secrets_are_made_once_kept_private_and_long_enough(settings):
    first, second = (airflow_service._environment(settings, port) for port in (8123, 8124))
    names = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")
    assert [first[name] for name in names] == [second[name] for name in names]
    assert len({first[name] for name in names}) == 3
    assert len(first["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    passwords = settings.airflow_home / "passwords.json"
    for path in (settings.credentials, passwords):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(passwords.read_text()) == {"admin": airflow_service.password(settings)}


def test_process_that_ends_as_it_starts_is_named_with_its_log_and_the_others_are_ended(settings, monkeypatch):
    run_instead(
        monkeypatch,
        api_server="import time; time.sleep(600)",
        scheduler="raise SystemExit('the port of the moon is closed')",
    )
    before = psutil.Process().children(recursive=True)  # of tests before this one in the same process
    with pytest.raises(airflow_service.AirflowServiceError) as error:
        airflow_service.start(settings)
    assert "scheduler ended as it started" in str(error.value)
    assert "the port of the moon is closed" in str(error.value)
    assert airflow_service.running(settings) is None
    assert not (settings.airflow_home / "service.json").exists()
    left = set(psutil.Process().children(recursive=True)) - set(before)
    assert not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]


def test_stop_ends_what_does_not_want_to_end(settings, monkeypatch):
    monkeypatch.setattr(airflow_service, "_GRACE_SECONDS", 0.5)
    run_instead(monkeypatch, scheduler=STUBBORN)
    service = airflow_service.start(settings, wait=False)
    deadline = time.monotonic() + 20
    while (
        "ready" not in background.log_tail(airflow_service.log_file(settings, "scheduler"))
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    leader = psutil.Process(service.processes["scheduler"][0])
    family = [leader, *leader.children(recursive=True)]
    assert len(family) == 2
    assert airflow_service.stop(settings)
    assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert not airflow_service.stop(settings)


def test_what_a_killed_scheduler_left_running_is_ended(settings, monkeypatch):
    """Its workers would keep its sessions of the database, and the locks that the next scheduler needs."""
    monkeypatch.setattr(airflow_service, "_GRACE_SECONDS", 0.5)
    run_instead(monkeypatch, scheduler=STUBBORN, api_server="import time; time.sleep(600)")
    service = airflow_service.start(settings, wait=False)
    deadline = time.monotonic() + 20
    while (
        "ready" not in background.log_tail(airflow_service.log_file(settings, "scheduler"))
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    leader = psutil.Process(service.processes["scheduler"][0])
    [worker] = leader.children(recursive=True)
    leader.kill()
    leader.wait(5)
    assert worker.is_running()
    airflow_service.stop(settings)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


def test_service_of_which_a_process_died_is_not_running_and_is_started_anew(settings, monkeypatch):
    run_instead(monkeypatch, scheduler="import time; time.sleep(600)", api_server="import time; time.sleep(600)")
    first = airflow_service.start(settings, wait=False)
    assert airflow_service.start(settings, wait=False) == first
    psutil.Process(first.processes["scheduler"][0]).kill()
    psutil.Process(first.processes["scheduler"][0]).wait(5)
    assert airflow_service.running(settings) is None
    second = airflow_service.start(settings, wait=False)
    try:
        assert not psutil.pid_exists(first.processes["api-server"][0])
        assert airflow_service.running(settings) == second
    finally:
        airflow_service.stop(settings)


def test_process_that_was_given_an_old_pid_is_left_alone(settings):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        try:
            created = psutil.Process(stranger.pid).create_time()
            remembered = background.Service(8123, {"scheduler": (stranger.pid, created - 3600)})
            background.remember(settings.airflow_home, remembered)
            assert airflow_service.running(settings) is None
            assert not airflow_service.stop(settings)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_other_home_has_its_own_service(settings, monkeypatch, tmp_path):
    run_instead(monkeypatch, scheduler="import time; time.sleep(600)")
    airflow_service.start(settings, wait=False)
    try:
        assert airflow_service.running(replace(settings, home=tmp_path / "other")) is None
        assert not airflow_service.stop(replace(settings, home=tmp_path / "other"))
    finally:
        assert airflow_service.stop(settings)
