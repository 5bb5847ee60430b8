"""Through a real Airflow whose tasks run in two Celery workers, which a real Redis hands them to."""

import contextlib
import itertools
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
from dataclasses import replace

import psutil
import pytest
from commands import environment
from disturbed import killed_family

from wres import airflow_service, background, warehouse
from wres.load import load_files
from wres.sample import write_sample

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

WAIT_SECONDS = 300
QUARTER = "2025-03"
TRUSTS = 40
# How a worker's log names a load that it takes.
TAKEN = re.compile(
    r"Executing workload in Celery: .* task_id='load', dag_id='\w+', run_id='([^']+)'.* map_index=(\d+),"
)


@pytest.fixture(scope="module")
def delivery(tmp_path_factory):
    """A quarter of a workforce, a file for each trust."""
    sample, folder = tmp_path_factory.mktemp("sample"), tmp_path_factory.mktemp("delivery")
    write_sample(sample, trusts=TRUSTS, first_year=2024, last_year=2024, seed=1, staff=60)
    header, *lines = (sample / "workforce" / f"workforce_{QUARTER}.csv").read_text().splitlines(keepends=True)
    (folder / "workforce").mkdir()
    for trust, rows in itertools.groupby(lines, key=lambda line: line.split(",")[1]):
        (folder / "workforce" / f"workforce_{QUARTER}_{trust}.csv").write_text(header + "".join(rows))
    return folder


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """Address of a Redis of this module's own, with its password."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server on the PATH (Debian: apt-get install redis-server)")
    folder, password = tmp_path_factory.mktemp("redis"), secrets.token_hex(16)
    port = background.free_port(folder / "port")
    process = subprocess.Popen([program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    process.stdin.write(f'port {port}\nbind 127.0.0.1\nrequirepass {password}\nsave ""\ndir "{folder}"\n')
    process.stdin.close()
    deadline = time.monotonic() + 30
    while socket.socket().connect_ex(("127.0.0.1", port)):
        assert process.poll() is None and time.monotonic() < deadline, "Redis did not start"
        time.sleep(0.1)
    yield f"redis://:{password}@127.0.0.1:{port}/0"
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module")
def settings(new_warehouse, broker):
    """As for several machines: a server of its own, and Airflow on another address than the usual one."""
    of = replace(new_warehouse(), watch_seconds=3600, broker_url=broker, airflow_host="127.0.0.2")
    of.landing.mkdir()
    return of


@pytest.fixture(scope="module")
def service(settings):
    """Airflow, with a worker of its own. A worker takes one task at a time, and is missed after seconds, not minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CELERY__WORKER_CONCURRENCY", "1")
        patch.setenv("AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT", "15")
        patch.setenv("AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL", "2")
        service = airflow_service.start(settings)
        yield service
    family = [psutil.Process(pid) for pid, _ in service.processes.values()]
    family += [child for process in family for child in process.children(recursive=True)]
    airflow_service.stop(settings)
    assert [process for process in family if process.is_running()] == [], "a stopped service leaves no process behind"


@pytest.fixture(scope="module")
def workers(settings, service):
    """Both workers, by their logs: the one of `wres up`, and one of `wres worker`."""
    first, second = airflow_service.log_file(settings, "worker"), settings.logs / "second-worker.log"
    with second.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "wres", "worker"],
            env={**os.environ, **environment(settings)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        await_(lambda: " ready." in first.read_text() and " ready." in second.read_text(), "two workers")
        await_(lambda: pause(settings, "transform"), "the DAGs")  # what is built of the loads is another test's
        yield {first: psutil.Process(service.processes["worker"][0]), second: psutil.Process(process.pid)}
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def sql(settings):
    def query(statement, *parameters):
        with warehouse.connect(settings, "wres_publisher", autocommit=True) as connection:
            return connection.execute(statement, parameters).fetchall()

    return query


def await_(condition, what):
    deadline = time.monotonic() + WAIT_SECONDS
    while not (result := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {WAIT_SECONDS} seconds"
        time.sleep(0.5)
    return result


def pause(settings, dag_id):
    login = {"username": airflow_service.USER, "password": airflow_service.password(settings)}
    with contextlib.suppress(urllib.error.HTTPError):  # not parsed yet
        url = airflow_service.running(settings).url
        airflow_service.patch(url, login, f"/dags/{dag_id}?update_mask=is_paused", {"is_paused": True})
        return True


def deliver(settings, folder):
    """Put files into the landing folder and have Airflow load them; the id of its run."""
    shutil.copytree(folder, settings.landing, dirs_exist_ok=True)
    time.sleep(4)  # so long a file has to lie still
    service = airflow_service.running(settings)
    run = airflow_service.call(settings, service, "/dags/ingest_workforce/dagRuns", body={"logical_date": None})
    return run["dag_run_id"]


def end(settings, run_id):
    """The state of a run once it has ended."""
    service = airflow_service.running(settings)
    state = airflow_service.call(settings, service, f"/dags/ingest_workforce/dagRuns/{run_id}")["state"]
    return state if state in ("success", "failed") else None


def taken(log, run_id):
    """Which loads of a run a worker took, by their map index, once for each time."""
    return [int(index) for run, index in TAKEN.findall(log.read_text()) if run == run_id]


def contents(of):
    """All that the loads have left, but for their numbers and their verdicts: what they were, and every cell of every row."""
    with warehouse.connect(of, "wres_loader", autocommit=True) as connection:
        loads = connection.execute(
            "select file_name, layout, period, rows_loaded, rows_rejected from ops.load order by 1"
        ).fetchall()
        cells = connection.execute(
            "select (to_jsonb(r) - '_load_id')::text from raw.workforce__staff as r order by 1"
        ).fetchall()
        held = connection.execute(
            "select l.file_name, c.source_table, c.period, c.org_code from ops.load_content as c"
            " inner join ops.load as l using (load_id) order by 1, 2, 3, 4"
        ).fetchall()
        return loads, cells, held


def undisturbed(make, folder):
    """A warehouse of its own with the same files, loaded one after the other in this process."""
    of = make()
    files = sorted((folder / "workforce").iterdir())
    assert len(load_files(of, "workforce", files)) == len(files)
    return of


def test_two_workers_share_the_loads_and_one_of_them_is_killed(settings, workers, delivery, new_warehouse, sql, faults):
    """Halfway through, with a load in the hands of each: the other one takes what the dead one had."""
    first, second = workers
    files = list((delivery / "workforce").iterdir())
    done = "select count(*) from ops.load where state = 'loaded'"
    held = "select count(*) from pg_locks where relation = to_regclass('raw.workforce__staff') and not granted"
    with faults("A Celery worker killed under a running DAG", "load: half of the files loaded"):
        run_id = deliver(settings, delivery)
        await_(lambda: sql(done) >= [(len(files) // 2,)], "half of the files")
        with warehouse.connect(settings, "wres_loader") as connection:
            connection.execute("lock table raw.workforce__staff in exclusive mode")
            await_(lambda: sql(held) == [(2,)], "a load in the hands of each")
            shares = [taken(log, run_id) for log in workers]
            assert min(map(len, shares)) >= 2, f"one took a load and the next one: {shares}"
            killed_family(workers[second])
        assert await_(lambda: end(settings, run_id), "the end of the run") == "success"
    assert taken(second, run_id) == shares[1]
    assert shares[1][-1] in taken(first, run_id), "what the dead one had begun was taken again"
    assert {*taken(first, run_id), *shares[1]} == set(range(4 * settings.parallel_loads))
    assert sql("select state, revision, count(*) from ops.load group by 1, 2") == [("accepted", 1, len(files))]
    assert contents(settings) == contents(undisturbed(new_warehouse, delivery))


def test_the_pool_of_writers_has_a_place_for_each_load(settings, service):
    for places in (settings.parallel_loads, 5):
        airflow_service._make_pool(replace(settings, parallel_loads=places), service)
        assert airflow_service.call(settings, service, f"/pools/{airflow_service.WRITERS_POOL}")["slots"] == places


def test_the_password_of_the_broker_is_in_no_file(settings, workers):
    password = settings.broker_url.rpartition("@")[0].rpartition(":")[2]
    looked_at = [path for path in settings.logs.rglob("*") if path.is_file()]
    assert set(workers) <= set(looked_at)
    assert not [path for path in looked_at if password in path.read_text(errors="replace")]
