"""Through a real Airflow: nothing but files dropped into the landing folder makes a release."""

import contextlib
import os
import re
import shutil
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import openpyxl
import psutil
import pytest
from commands import wres

from wres import airflow_service, background, postgres, warehouse
from wres.sample import write_sample
from wres.settings import settings as read_settings

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

# Long enough for a busy machine: only what never comes fails.
WAIT_SECONDS = 780
SURVEY = "staff_survey"
RATE = "q16b_eth_summary_1_2024"
SCREENSHOTS = Path(__file__).resolve().parents[2] / "dist" / "screenshots"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    home = tmp_path_factory.mktemp("wres")
    settings = replace(read_settings(), home=home, warehouse_url=None, watch_seconds=5)
    settings.landing.mkdir()
    yield settings
    postgres.stop(settings)


@pytest.fixture(scope="module")
def command_lines(settings):
    """What everybody on this machine can read of every program that runs meanwhile: how it was called."""
    seen, done = set(), threading.Event()

    def watch():
        while not done.wait(0.1):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen.add(path.read_text(errors="replace").replace("\0", " "))

    def started(event, arguments):
        # Looking now and then can miss a program that is over at once; of its own ones Python tells. A hook is for ever.
        if event == "subprocess.Popen" and not done.is_set():
            seen.add(" ".join(map(os.fsdecode, arguments[1])))

    sys.addaudithook(started)
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield seen
    done.set()
    thread.join(10)


@pytest.fixture(scope="module")
def service(settings, command_lines):
    yield airflow_service.start(settings)
    running = airflow_service.running(settings)
    assert running, "it ended by itself"
    family = [psutil.Process(pid) for pid, _ in running.processes.values()]
    family += [child for process in family for child in process.children(recursive=True)]
    airflow_service.stop(settings)
    assert [process for process in family if process.is_running()] == [], "a stopped service leaves no process behind"


@pytest.fixture
def sql(settings):
    def query(statement, *parameters, role="wres_publisher"):
        with warehouse.connect(settings, role, autocommit=True) as connection:
            return connection.execute(statement, parameters).fetchall()

    return query


@pytest.fixture
def until(settings, service, sql):
    """Wait for a condition; when it does not come, say what the warehouse and Airflow were doing instead.

    ``keep_up`` does what `wres up` does after a fault: an Airflow that gave up with its database is started again.
    """

    def wait(condition, what, *, keep_up=False):
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if keep_up:
                airflow_service.start(settings)
            with contextlib.suppress(*((OSError,) if keep_up else ())):  # it may end between two looks
                if result := condition():
                    return result
            assert keep_up or airflow_service.running(settings), (
                f"Airflow ended while waiting for {what}\n{story(settings, sql)}"
            )
            broken = sql(
                "select step, message from ops.outcome where status = 'failed' and source is null"
                " and message !~ 'Error: .*(connection|terminat|shut)'"  # which is tried again
            )
            assert not broken, f"no release: {broken}\n{story(settings, sql)}"
            time.sleep(1)
        pytest.fail(f"{what}: not within {WAIT_SECONDS} seconds\n{story(settings, sql)}")

    return wait


def story(settings, sql):
    """What happened so far, for a failure's message."""
    steps = sql("select step, source, status, round(seconds::numeric, 1), message from ops.outcome order by outcome_id")
    loads = sql("select f.name, l.state from ops.load l join ops.file f on f.sha256 = l.file_sha256 order by load_id")
    failed = [
        f"{path.relative_to(settings.logs)}: {line[:1500]}"
        for path in sorted((settings.logs / "airflow").rglob("attempt=*.log"))
        for line in path.read_text(errors="replace").splitlines()
        if '"level":"error"' in line.replace(" ", "")
    ]
    tails = [
        f"--- {name}\n{background.log_tail(airflow_service.log_file(settings, name))}"
        for name in ("scheduler", "dag-processor")
    ]
    return "\n".join([*map(str, steps), *map(str, loads), *failed[-10:], *tails])


def runs(settings, service, dag_id):
    answer = airflow_service.call(settings, service, f"/dags/{dag_id}/dagRuns?limit=100&order_by=-run_after")
    return answer["dag_runs"]


def ended(settings, service, dag_id, state):
    return [run for run in runs(settings, service, dag_id) if run["state"] == state]


def drop(files, folder):
    """Put files into a landing folder as a person would, but all at the same moment."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copyfile(path, folder / f".{path.name}.part")
    for path in files:
        (folder / f".{path.name}.part").rename(folder / path.name)


def correct_a_rate(workbook, folder, by=0.001, name="corrected"):
    """A copy of a benchmark workbook in which one rate differs, by a tenth of a percentage point unless told."""
    book = openpyxl.load_workbook(workbook)
    book.properties.title = name  # the same figures in other bytes are another file
    for sheet in book.worksheets:
        for column in range(1, sheet.max_column + 1):
            cell = sheet.cell(2, column)
            if str(sheet.cell(1, column).value).lower() == RATE and isinstance(cell.value, float):
                cell.value += by
                path = folder / f"{name} {workbook.name}"
                book.save(path)
                return path
    raise AssertionError(f"no sheet has a rate {RATE}")


def test_files_dropped_into_landing_are_published_without_any_command(settings, service, sql, until, tmp_path):
    for path in write_sample(tmp_path, trusts=8, first_year=2024, last_year=2024, seed=1, staff=40):
        drop([path], settings.landing / path.parent.name)

    until(
        lambda: sql(
            "select count(*) from ops.release_input as i inner join ops.release as r using (release_id)"
            " where r.is_current group by i.release_id"
            " having count(distinct i.file_sha256) = (select count(*) from ops.file)"
        ),
        "a release with every file",
    )

    rows = sql(
        "select indicator_code, white_pct, bme_pct, ratio, is_synthetic from published.indicator_result"
        " where level = 'england' and is_headline and slice = 'all' and wres_year = 2025 and period_kind = 'annual'"
        " and indicator_code in ('5', '7', '8') order by indicator_code",
        role="bi_reader",
    )
    assert [row[0] for row in rows] == ["5", "7", "8"]
    for _, white, bme, ratio, is_synthetic in rows:
        assert 0 < white < 100
        assert 0 < bme < 100
        assert ratio > 0
        assert is_synthetic
    assert {row[0] for row in sql("select state from ops.load")} == {"accepted"}
    until(lambda: ended(settings, service, f"ingest_{SURVEY}", "success"), "the end of the ingest run")
    assert not ended(settings, service, f"ingest_{SURVEY}", "failed")


def test_bad_sibling_fails_alone_with_its_report(settings, service, sql, until, tmp_path):
    [(before,)] = sql("select max(release_id) from ops.release")
    corrected = correct_a_rate(next((settings.landing / SURVEY).glob("*Benchmark*")), tmp_path)
    bad = tmp_path / "NSS24 national results from the portal.xlsx"
    bad.write_text("<!DOCTYPE html><html><body>Your session has expired</body></html>")
    drop([corrected, bad], settings.landing / SURVEY)

    until(lambda: ended(settings, service, f"ingest_{SURVEY}", "failed"), "the failed run")

    until(lambda: len(sql("select 1 from ops.load where state in ('loading', 'loaded')")) == 0, "all verdicts")
    state = dict(sql("select f.name, l.state from ops.load as l inner join ops.file as f on f.sha256 = l.file_sha256"))
    assert state[bad.name] == "rejected"
    assert state[corrected.name] == "accepted"

    [(report,)] = sql("select report from ops.load where state = 'rejected'")
    assert bad.name in (settings.home / report).read_text()
    [run] = ended(settings, service, f"ingest_{SURVEY}", "failed")
    instances = airflow_service.call(
        settings, service, f"/dags/ingest_{SURVEY}/dagRuns/{run['dag_run_id']}/taskInstances"
    )["task_instances"]
    assert {instance["task_id"]: instance["state"] for instance in instances}["report"] == "failed"
    # Nobody has to search: the failed task's log names the file and its report. A wrong file is not tried again.
    [reporting] = [instance for instance in instances if instance["task_id"] == "report"]
    assert reporting["try_number"] == 1
    logs = "".join(path.read_text() for path in (settings.logs / "airflow").rglob("*/task_id=report/attempt=*.log"))
    assert bad.name in logs
    assert report in logs

    [release] = until(
        lambda: sql(
            "select r.release_id from ops.release as r inner join ops.release_input as i using (release_id)"
            " where r.is_current and r.release_id > %s and i.file_name = %s limit 1",
            before,
            corrected.name,
        ),
        "a release with the corrected file",
    )
    assert not sql("select 1 from ops.release_input where release_id = %s and file_name = %s", release[0], bad.name)


def test_nothing_more_happens_while_nothing_new_arrives(settings, service, sql, until):
    releases = sql("select count(*) from ops.release")
    loads = sql("select count(*) from ops.load")
    newest = ended(settings, service, "watch_landing", "success")[0]["run_after"]
    until(lambda: ended(settings, service, "watch_landing", "success")[1]["run_after"] > newest, "two more looks")
    assert sql("select count(*) from ops.release") == releases
    assert sql("select count(*) from ops.load") == loads


def test_start_is_idempotent(settings, service):
    assert airflow_service.start(settings) == service


# -- What people see ----------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(settings, service):
    """The run that had a file to reject: (id, its tasks' instances)."""
    [run] = ended(settings, service, f"ingest_{SURVEY}", "failed")
    return run["dag_run_id"], instances(settings, service, f"ingest_{SURVEY}", run["dag_run_id"])


def instances(settings, service, dag_id, run_id):
    return airflow_service.call(settings, service, f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]


def link(settings, service, dag_id, run_id, task_id, name):
    path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/links"
    return airflow_service.call(settings, service, path)["extra_links"][name]


@pytest.fixture
def get(settings, service):
    """Ask for a page as a browser does: with the cookie of who has logged in, or without; status, headers, text."""
    login = {"username": airflow_service.USER, "password": airflow_service.password(settings)}
    token = airflow_service._request(f"{service.url}/auth/token", body=login)["access_token"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path, *, cookie=token):
        request = urllib.request.Request(f"{service.url}{path}", headers={"Cookie": f"_token={cookie}"})
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.headers, refusal.read().decode()

    return ask


def test_notes_say_what_was_loaded_judged_and_published(settings, service, sql, failed):
    _, tasks = failed
    rows = dict(sql("select file_name, rows_loaded from ops.load where source = %s", SURVEY))
    loads = {task["rendered_map_index"]: task["note"] for task in tasks if task["task_id"] == "load"}
    [bad] = [name for name in loads if "from the portal" in name]
    [good] = loads.keys() - {bad}
    assert good.startswith("corrected SYNTHETIC Benchmark"), "a mapped task has the name of its file"
    assert loads == {bad: f"{bad}: refused by its reader", good: f"{good}: {rows[good]:,} rows, period 2024"}
    [gate] = [task["note"] for task in tasks if task["task_id"] == "gate"]
    assert gate.splitlines() == [
        "1 file(s) accepted, 1 rejected.",
        f"- {bad}: rejected",
        f"- {good}: {rows[good]:,} rows, period 2024",
    ]
    releases = dict(sql("select release_id, count(*) from ops.release_input group by 1"))
    published = [
        task["note"]
        for run in ended(settings, service, "transform", "success")
        for task in instances(settings, service, "transform", run["dag_run_id"])
        if task["task_id"] == "publish" and task["state"] == "success"
    ]
    assert f"release 1 of {releases[1]} files, synthetic figures" in published


def test_failed_tasks_lead_to_pages_for_who_is_logged_in_and_for_nobody_else(settings, service, sql, failed, get):
    run_id, _ = failed
    reports = link(settings, service, f"ingest_{SURVEY}", run_id, "report", "Reports on rejected files")
    status, headers, page = get(reports)
    assert status == 200
    assert "NSS24 national results from the portal.xlsx" in page
    assert "what to do" in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"
    workbook = reports.rpartition("/")[0] + "/" + re.search(r'href="([^"]+)"', page)[1]
    assert get(workbook)[2].startswith("PK")
    judged = [
        run["dag_run_id"]
        for run in ended(settings, service, "transform", "success")
        for task in instances(settings, service, "transform", run["dag_run_id"])
        if task["task_id"] == "gate" and task["state"] == "success"
    ]
    docs = link(settings, service, "transform", judged[0], "gate", "Data Docs")
    front = get(docs)[2]
    assert "Results by batch" in front
    batch = docs.rpartition("/")[0] + "/" + re.search(r'href="([^"]+)"', front)[1]
    assert "Expectation" in get(batch)[2]
    for path in (reports, workbook, docs, batch):
        for cookie in ("", "made.up.token"):
            status, _, text = get(path, cookie=cookie)
            assert status in (401, 403), path
            assert "portal" not in text
            assert "Results" not in text


def test_no_path_leads_out_of_the_pages(settings, service, failed, get):
    (settings.data_docs / "link").symlink_to(settings.credentials)
    secret = "WRES_PASSWORD"
    assert secret in settings.credentials.read_text()
    for path in (
        "transform/data_docs/../credentials.env",
        "transform/data_docs/%2e%2e/credentials.env",
        "transform/data_docs/..%2fcredentials.env",
        "transform/data_docs/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
        f"transform/data_docs/{settings.credentials}",
        f"transform/data_docs/%2f{str(settings.credentials).lstrip('/')}",
        "transform/data_docs/link",
        "transform/data_docs/%00",
        "transform/data_docs/" + "x" * 5000,
        "transform/data_docs",
        f"ingest_{SURVEY}/data_docs/index.html",
        f"ingest_{SURVEY}/rejected",
        f"ingest_{SURVEY}/rejected?file=../../../credentials.env",
        f"ingest_{SURVEY}/rejected?file=%2e%2e",
        f"ingest_{SURVEY}/rejected?file=000000000000",
        "ingest_../rejected?file=000000000000",
        "~/rejected?file=000000000000",
    ):
        status, _, text = get(f"/wres/{path}")
        assert status in (404, 422), path
        assert secret not in text
        assert "root:" not in text
    (settings.data_docs / "link").unlink()


def test_status_says_what_is_wrong_and_what_is_next(settings, service, sql, failed):
    shown = wres(settings, "status").stdout
    assert re.search(r"^next load  ingest_\w+, \d{4}-\d\d-\d\d \d\d:\d\d UTC", shown, re.MULTILINE)
    [(report,)] = sql("select report from ops.load where state = 'rejected'")
    assert re.search(r"^  staff_survey/NSS24 national results from the portal.xlsx: F01 ", shown, re.MULTILINE)
    assert f"report: {settings.home / report}\n" in shown


def test_pages_in_a_browser(settings, service, failed, browser):
    """The list of DAGs, the grid of a run that ended, and the way from its failed task to the report; kept as pictures."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(base_url=service.url, viewport={"width": 1500, "height": 1000})

    def keep(name):
        page.wait_for_load_state("networkidle")
        page.screenshot(path=SCREENSHOTS / f"airflow_{name}.png")
        assert (SCREENSHOTS / f"airflow_{name}.png").stat().st_size > 20_000

    page.goto("/")
    page.fill("input[name=username]", airflow_service.USER)
    page.fill("input[name=password]", airflow_service.password(settings))
    page.click("button[type=submit]")
    # Going on at once would break the login off.
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto("/dags")
    page.get_by_role("link", name=f"ingest_{SURVEY}").first.wait_for()
    keep("dags")
    run_id, _ = failed
    page.goto(f"/dags/ingest_{SURVEY}/runs/{run_id.replace('+', '%2B')}")
    page.get_by_text("from the portal").first.wait_for()
    keep("grid")
    page.goto(f"/dags/ingest_{SURVEY}/runs/{run_id.replace('+', '%2B')}/tasks/report/details")
    page.get_by_text("Reports on rejected files").click()
    page.get_by_role("heading", name="Rejected files").wait_for()
    assert "Your session has expired" not in page.content(), "no more of the file than its report quotes"
    keep("report")
    page.close()


# -- What nobody gets ---------------------------------------------------------------------------------------------------


def test_no_secret_reaches_a_log_or_a_command_line(settings, service, command_lines):
    kept = settings.credentials.read_text().splitlines()
    secrets = [line.partition("=")[2] for line in kept if "=" in line and not line.startswith("#")]
    assert len(secrets) > 10
    environment = airflow_service._environment(settings, service.port)
    secrets += [
        environment[f"AIRFLOW__{name}"] for name in ("API__SECRET_KEY", "API_AUTH__JWT_SECRET", "CORE__FERNET_KEY")
    ]
    looked_at = 0
    private = {settings.credentials, settings.airflow_home / "passwords.json"}
    for path in settings.home.rglob("*"):
        # Postgres keeps salted hashes in binary files; what it writes as text is its log and its configuration.
        if path.is_file() and path not in private and not (settings.pgdata in path.parents and "base" in path.parts):
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in content], path
            looked_at += 1
    assert looked_at > 50
    assert (settings.pgdata / "server.log").exists()
    programs = " ".join(command_lines)
    for program in ("pg_ctl", "postgres", "airflow", "scheduler", "api-server"):
        assert program in programs, f"{program} was not seen while it ran"
    assert not [line for line in command_lines if any(secret in line for secret in secrets)]


@pytest.mark.parametrize(
    "path", ["/dags", "/dags/transform/dagRuns", "/connections", "/variables", "/config", "/pools"]
)
@pytest.mark.parametrize("token", [None, "", "made.up.token"])
def test_airflow_tells_nobody_anything_without_a_login(service, path, token):
    with pytest.raises(urllib.error.HTTPError) as refused:
        airflow_service._request(f"{service.url}/api/v2{path}", token=token)
    assert refused.value.code in (401, 403)


def test_airflow_obeys_nobody_without_a_login(service):
    for path in ("/api/v2/dags/transform/dagRuns", "/execution/task-instances/x/run"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            airflow_service._request(f"{service.url}{path}", body={"logical_date": None})
        assert refused.value.code in (401, 403, 405)


@pytest.mark.parametrize(
    ("user", "password"), [("admin", "wrong"), ("admin", ""), ("admin", "admin"), ("nobody", "wrong"), ("", "")]
)
def test_airflow_refuses_a_wrong_password(service, user, password):
    with pytest.raises(urllib.error.HTTPError) as refused:
        airflow_service._request(f"{service.url}/auth/token", body={"username": user, "password": password})
    assert refused.value.code in (400, 401)


def test_airflow_listens_on_this_machine_alone(service):
    listening = set()
    for pid, _ in service.processes.values():
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):  # a task that has ended meanwhile
                listening |= {
                    connection.laddr.ip
                    for connection in process.net_connections()
                    if connection.status == psutil.CONN_LISTEN
                }
    assert listening == {"127.0.0.1"}


# -- Faults -------------------------------------------------------------------------------------------------------------


def figures(sql, release):
    return sql(f"select t::text from release_{release:04d}.restricted_indicator_result as t order by 1")


def stop_and_start_the_server(settings):
    assert postgres.stop(settings)
    time.sleep(2)
    postgres.start(settings)
    # What `wres up` does: an Airflow that gave up with its database is started again, one that lives is left alone.
    airflow_service.start(settings)


def kill_the_scheduler(settings):
    scheduler = psutil.Process(airflow_service.running(settings).processes["scheduler"][0])
    scheduler.kill()
    scheduler.wait(30)
    assert airflow_service.running(settings) is None
    airflow_service.start(settings)


def test_server_and_scheduler_lost_under_running_dags(settings, service, sql, until, tmp_path, faults):
    """The figures of the first release, sent once more in other bytes, come out again, after all that."""
    [(before,)] = sql("select max(release_id) from ops.release")
    again = correct_a_rate(
        next((settings.landing / SURVEY).glob("SYNTHETIC Benchmark*")), tmp_path, by=0, name="as it was"
    )
    # One session of the task's own, the others of dbt.
    building = "select count(*) from pg_stat_activity where usename = 'wres_transformer_login' having count(*) > 1"
    with (
        faults("Postgres stopped and started under a running DAG", "raw gate"),
        faults("Postgres stopped and started under a running DAG", "build"),
        faults("Airflow's scheduler killed and started under a running DAG", "build"),
    ):
        drop([again], settings.landing / SURVEY)
        until(lambda: sql("select 1 from ops.load where file_name = %s", again.name), "the load")
        stop_and_start_the_server(settings)
        until(lambda: sql(building), "the build", keep_up=True)
        stop_and_start_the_server(settings)
        until(lambda: sql(building), "the build again", keep_up=True)
        kill_the_scheduler(settings)
        asked = []

        def published():
            # A run whose retries are used up has failed, and the next one has to end right.
            if len(ended(settings, service, "transform", "failed")) > len(asked):
                body = {"logical_date": None}
                asked.append(airflow_service.call(settings, service, "/dags/transform/dagRuns", body=body))
            return sql(
                "select release_id from ops.release inner join ops.release_input as i using (release_id)"
                " where is_current and i.file_name = %s limit 1",
                again.name,
            )

        [(release,)] = until(published, "a release with the file", keep_up=True)
        assert release == before + 1
        assert figures(sql, release) == figures(sql, before - 1) != figures(sql, before)
        assert sql("select state from ops.load where state in ('loading', 'loaded')") == []
        assert sql("select file_sha256 from ops.load where state = 'accepted' group by 1 having count(*) > 1") == []
        assert sql("select nspname from pg_namespace where nspname like 'release%%' order by 1") == sql(
            "select schema_name from ops.release order by 1"
        )
