"""The demo as a newcomer runs it: a folder of files in, the England table out, Airflow gone, the warehouse up."""

import re
import socket
import time
from contextlib import ExitStack
from dataclasses import replace

import psutil
import pytest
from isolation import attempts_to_leave, own_network

from wres import airflow_service, postgres
from wres.demo import demo
from wres.sample import write_sample
from wres.settings import settings as read_settings

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def network():
    """Where root runs the tests, the demo has this machine for all its world, and what wants to leave it is counted."""
    with ExitStack() as stack:
        try:
            stack.enter_context(own_network())
        except PermissionError:
            yield None
        else:
            yield attempts_to_leave


@pytest.fixture(scope="module")
def settings(tmp_path_factory, network):
    home = tmp_path_factory.mktemp("wres")
    settings = replace(read_settings(), home=home, warehouse_url=None)
    yield settings
    airflow_service.stop(settings)
    postgres.stop(settings)


@pytest.fixture(scope="module")
def landing(tmp_path_factory):
    """A folder of the user's own files."""
    folder = tmp_path_factory.mktemp("own") / "files"
    write_sample(folder, trusts=8, first_year=2024, last_year=2024, seed=3, staff=60)
    return folder


def started_by_airflow():
    found = []
    for process in psutil.Process().children(recursive=True):
        if process.status() != psutil.STATUS_ZOMBIE and "airflow" in " ".join(process.cmdline()):
            found.append(process)
    return found


def test_demo_ends_with_the_england_table_and_leaves_only_the_warehouse_running(settings, landing, capsys):
    code = demo(settings, landing)
    printed = capsys.readouterr().out
    assert code == 0, printed
    assert re.search(r"England, WRES year 2025 \(release \d+, SYNTHETIC figures\)", printed), printed
    for indicator in ("1", "2", "4", "5", "7", "8", "9"):
        row = rf"│ {indicator} +│ [A-Z].+│ +\d+\.\d │ +\d+\.\d │ +\d+\.\d\d │ +\d+\.\d\d to \d+\.\d\d │"
        assert re.search(row, printed), f"indicator {indicator}:\n{printed}"
    for command in ("wres dsn", "wres status", "make up", "wres stop"):
        assert command in printed
    assert airflow_service.running(settings) is None
    assert started_by_airflow() == []
    assert postgres.running(settings)


def test_demo_again_has_nothing_to_do_and_says_the_same(settings, landing, capsys):
    began = time.monotonic()
    assert demo(settings, landing) == 0
    assert "England, WRES year 2025" in capsys.readouterr().out
    assert time.monotonic() - began < 60, "without starting Airflow, which takes a minute and more of a busy machine"


def test_demo_with_a_bad_file_prints_its_report_and_fails(settings, landing, capsys):
    bad = landing / "staff_survey" / "national results, saved from the browser.xlsx"
    bad.write_text("<!DOCTYPE html><html><body>Your session has expired</body></html>")
    assert demo(settings, landing) == 1
    printed = capsys.readouterr().out
    assert f"{bad.name} was rejected" in printed
    assert "what to do" in printed
    assert "report.xlsx" in printed
    assert "England, WRES year 2025" in printed, "the release of before is still there"


def test_demo_on_a_folder_without_feeds_says_what_it_expects(settings, tmp_path, capsys):
    assert demo(settings, tmp_path) == 2
    assert "DIR/<source>/file" in capsys.readouterr().out


def test_nothing_has_tried_to_leave_this_machine(settings, network):
    """No telemetry, no version check, no download: of dbt, Great Expectations, Airflow or ours, in all the runs above."""
    if network is None:
        pytest.skip("only root may make a network of its own")
    assert (settings.logs / "airflow-scheduler.log").exists(), "the runs above were here"
    before = network()
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 443), timeout=5)
    with pytest.raises(OSError):
        socket.getaddrinfo("telemetry.example", 443)
    assert network() >= before + 2, "the kernel counts what wants to leave, names that are looked up too"
    assert before == 0
