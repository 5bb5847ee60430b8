"""What the DAGs decide: when to retry, how files become batches, what a report says."""

import datetime as dt
import os
import time
from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest
from airflow.sdk import RetryAction
from airflow.sdk.exceptions import AirflowSkipException

from wres import load, orchestration
from wres.gate import CandidateVerdict
from wres.settings import Settings
from wres.warehouse import WarehouseError, WriterBusyError


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, project=tmp_path)


def source(name="staff_survey", backfill="previous_year"):
    return SimpleNamespace(name=name, backfill=backfill)


def caused(error, cause):
    error.__cause__ = cause
    return error


def in_context(error, context, *, suppressed):
    error.__context__ = context
    error.__suppress_context__ = suppressed
    return error


LOST = psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize(
    "error",
    [
        LOST,
        psycopg.InterfaceError("the connection is closed"),
        psycopg.errors.AdminShutdown("terminating connection"),
        caused(WarehouseError("The warehouse server cannot be reached"), LOST),
        in_context(RuntimeError("while cleaning up"), LOST, suppressed=False),
        WriterBusyError("another wres process is building"),
    ],
)
def test_lost_connection_is_retried_with_growing_delay(error):
    policy = orchestration.LostConnection()
    first, second = (policy.evaluate(error, attempt, 3) for attempt in (1, 2))
    assert (first.action, second.action) == (RetryAction.RETRY, RetryAction.RETRY)
    assert dt.timedelta(0) < first.retry_delay < second.retry_delay <= dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bug"),
        WarehouseError("The warehouse needs Postgres 18 or newer"),
        psycopg.errors.UniqueViolation("duplicate key"),
        orchestration.RejectedFilesError("bad.xlsx"),
        orchestration.GateBlockedError("V10"),
        in_context(RuntimeError("the file is wrong"), LOST, suppressed=True),
    ],
)
def test_what_a_retry_cannot_mend_fails_at_once(error):
    assert orchestration.LostConnection().evaluate(error, 1, 3).action == RetryAction.FAIL


def put(settings, *names, age=60):
    folder = settings.landing / "staff_survey"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in names]
    for path in paths:
        path.write_text(path.name)
    return paths


@pytest.fixture
def found(monkeypatch):
    """Let ``discover`` find these paths, written long enough ago."""

    def find(paths):
        monkeypatch.setattr(
            load, "discover", lambda *_: [SimpleNamespace(path=path, source=path.parent.name) for path in paths]
        )
        now = time.time()
        monkeypatch.setattr(orchestration.time, "time", lambda: now + 60)

    return find


def test_few_files_are_loaded_side_by_side_under_their_names(settings, found):
    paths = put(settings, "a.xlsx", "b.xlsx")
    found(paths)
    assert orchestration.batches(settings, source()) == [
        {"name": "a.xlsx", "paths": [str(paths[0])], "period": None},
        {"name": "b.xlsx", "paths": [str(paths[1])], "period": None},
    ]
    for large in paths:
        os.truncate(large, 50_000_000)
        assert [batch["name"] for batch in orchestration.batches(settings, source())] == ["a.xlsx", "b.xlsx"]


def test_many_files_share_few_tasks_and_none_is_lost(settings, found):
    paths = put(settings, *(f"return_{number:03}.csv" for number in range(215)))
    found(paths)
    batches = orchestration.batches(settings, source())
    assert len(batches) <= 8
    assert [path for batch in batches for path in batch["paths"]] == [str(path) for path in paths]
    assert batches[0]["name"] == "return_000.csv and 26 more"
    more = orchestration.batches(replace(settings, parallel_loads=8), source())
    assert len(more) == 32, "more machines, smaller batches"


def test_a_few_small_files_are_not_worth_a_task_each(settings, found):
    """Twelve quarters of a small organisation: a process for each would take longer than all of them."""
    found(put(settings, *(f"workforce_{number:02}.csv" for number in range(12))))
    assert [len(batch["paths"]) for batch in orchestration.batches(settings, source())] == [4, 4, 4]


def test_a_long_name_fits_what_airflow_shows_of_a_task(settings, found):
    found(put(settings, "\u202e" + "x" * 240 + ".csv"))
    [batch] = orchestration.batches(settings, source())
    assert batch["name"].startswith("\\u202exxx")
    assert len(batch["name"]) <= 250
    assert len(batch["paths"]) == 1


def test_large_files_are_spread_and_small_ones_fill_up(settings, found):
    """A quarter's national files and the returns of single trusts: no task has two of the large ones to load."""
    paths = put(
        settings, *(f"national_{number}.csv" for number in range(4)), *(f"small_{n:03}.csv" for n in range(215))
    )
    for path in paths[:4]:
        os.truncate(path, 100_000_000)
    found(paths)
    batches = orchestration.batches(settings, source())
    assert len(batches) <= 8
    assert [path for batch in batches for path in batch["paths"]] == [str(path) for path in paths]
    assert max(sum("national" in path for path in batch["paths"]) for batch in batches) == 1
    assert batches[0]["name"] == "national_0.csv"


def test_file_that_is_still_being_written_waits_for_the_next_look(settings, monkeypatch):
    paths = put(settings, "half.xlsx")
    monkeypatch.setattr(
        load, "discover", lambda *_: [SimpleNamespace(path=path, source="staff_survey") for path in paths]
    )
    assert orchestration.dags_with_new_files(settings) == []
    with pytest.raises(AirflowSkipException):
        orchestration.batches(settings, source())


def test_file_of_a_time_to_come_does_not_wait_for_it(settings, monkeypatch):
    """The clock was put back, or the file comes from a machine whose clock is ahead."""
    [path] = put(settings, "a.xlsx")
    os.utime(path, (time.time() + 3600,) * 2)
    monkeypatch.setattr(load, "discover", lambda *_: [SimpleNamespace(path=path, source="staff_survey")])
    assert orchestration.dags_with_new_files(settings) == ["ingest_staff_survey"]


def test_watcher_names_each_dag_once(settings, found):
    found(put(settings, "a.xlsx", "b.xlsx"))
    assert orchestration.dags_with_new_files(settings) == ["ingest_staff_survey"]


def test_nothing_new_skips(settings, found):
    found([])
    with pytest.raises(AirflowSkipException):
        orchestration.batches(settings, source())


def test_backfill_reloads_the_period_from_the_archive(settings):
    folder = settings.archive / "staff_survey" / "2023" / "0123456789ab"
    folder.mkdir(parents=True)
    (folder / "survey.xlsx").write_text("x")
    (folder / "manifest.json").write_text("{}")
    assert orchestration.batches(settings, source(), "2023") == [
        {"name": "survey.xlsx", "paths": [str(folder / "survey.xlsx")], "period": "2023"}
    ]
    with pytest.raises(AirflowSkipException):
        orchestration.batches(settings, source(), "2022")


@pytest.mark.parametrize(
    ("rule", "date", "period"),
    [
        ("previous_year", dt.datetime(2025, 3, 10, tzinfo=dt.UTC), "2024"),
        ("year", dt.datetime(2025, 5, 5, tzinfo=dt.UTC), "2025"),
        ("month", dt.datetime(2025, 3, 2, tzinfo=dt.UTC), "2025-03"),
        ("quarter", dt.datetime(2025, 1, 15, tzinfo=dt.UTC), "2024-12"),
        ("quarter", dt.datetime(2025, 3, 30, tzinfo=dt.UTC), "2024-12"),
        ("quarter", dt.datetime(2025, 3, 31, tzinfo=dt.UTC), "2025-03"),
        ("quarter", dt.datetime(2025, 4, 15, tzinfo=dt.UTC), "2025-03"),
    ],
)
def test_backfill_date_stands_for_a_period(rule, date, period):
    assert orchestration.backfill_period(source(backfill=rule), date) == period


GOOD = {"file": "good.xlsx", "state": "accepted", "problems": [], "report": None}
BAD = {"file": "bad.xlsx", "state": "rejected", "problems": ["F02  is not a workbook"], "report": "/r/bad/report.txt"}


def test_report_of_a_clean_run_counts_the_files():
    assert orchestration.report(["batch"], [[1]], [GOOD]) == "1 file(s) accepted, 0 rejected."


def test_report_of_warnings_names_them_and_does_not_fail_the_run():
    warned = {**GOOD, "problems": [f"V29  question {number} is blocked" for number in range(7)]}
    text = orchestration.report(["batch"], [[1]], [warned])
    assert "good.xlsx was accepted with warnings" in text
    assert "question 4" in text
    assert "question 5" not in text
    assert "and 2 more" in text


def test_report_fails_the_run_naming_file_cause_and_report():
    with pytest.raises(orchestration.RejectedFilesError) as error:
        orchestration.report(["one", "two"], [[1], [2]], [GOOD, BAD])
    for part in ("1 file(s) accepted, 1 rejected", "bad.xlsx", "F02  is not a workbook", "/r/bad/report.txt"):
        assert part in str(error.value)


def test_report_fails_the_run_when_a_batch_was_not_loaded():
    with pytest.raises(orchestration.RejectedFilesError, match="1 of 2 batches could not be loaded"):
        orchestration.report(["one", "two"], [[1]], [GOOD])


def test_report_fails_the_run_when_the_gate_did_not_finish():
    with pytest.raises(orchestration.RejectedFilesError, match="gate did not finish"):
        orchestration.report(["one"], [[1]], None)


def test_report_has_nothing_to_say_about_nothing():
    with pytest.raises(AirflowSkipException):
        orchestration.report(None, [], None)


def test_source_is_announced_only_when_a_file_was_accepted():
    orchestration.require_accepted([GOOD, BAD])
    with pytest.raises(orchestration.NothingAcceptedError):
        orchestration.require_accepted([BAD])


JUDGED = {"period": "2024", "rows": 1200, "rows_rejected": 3}


def test_note_of_the_gate_says_what_was_loaded_with_what_was_rejected_first():
    text = orchestration.verdicts_text([{**GOOD, **JUDGED}, {**BAD, **JUDGED, "rows": 0, "rows_rejected": 0}])
    assert text.splitlines() == [
        "1 file(s) accepted, 1 rejected.",
        "- bad.xlsx: rejected",
        "- good.xlsx: 1,200 rows, 3 set aside, period 2024",
    ]


def test_a_run_leads_to_the_reports_on_its_rejected_files():
    bad = {**BAD, "report": "/home/rejected/staff_survey/0123456789ab/report.txt"}
    assert orchestration.reports_page([GOOD, bad]) == "/wres/ingest_staff_survey/rejected?file=0123456789ab"
    assert orchestration.reports_page([GOOD]) is None
    assert orchestration.reports_page(None) is None


def test_a_blocked_gate_names_its_rules_and_leads_to_their_results(settings):
    docs = settings.data_docs / "0123456789ab" / "index.html"
    verdict = CandidateVerdict(False, ("V17 a rule. An action",), (), docs)
    assert orchestration.docs_page(settings, verdict) == "/wres/transform/data_docs/0123456789ab/index.html"
    assert orchestration.candidate_text(verdict).splitlines()[1] == "- V17 a rule. An action"
    with pytest.raises(orchestration.GateBlockedError, match="V17 a rule"):
        orchestration.require_passed(verdict)


def test_a_note_that_cannot_be_written_fails_no_task(caplog):
    task = SimpleNamespace(dag_id="transform", run_id="a+b", task_id="publish", map_index=-1)
    assert orchestration.note(task, "release 1") == "release 1"
    assert "note could not be written" in caplog.text


def test_old_logs_go_and_new_ones_stay(settings):
    old, new = settings.logs / "airflow" / "dag_id=x" / "1.log", settings.logs / "airflow-scheduler.log"
    old.parent.mkdir(parents=True)
    for path in (old, new):
        path.write_text("text")
    os.utime(old, (0, time.time() - 61 * 86400))
    assert orchestration.prune_logs(settings) == 1
    assert not (settings.logs / "airflow").exists()
    assert new.exists()


@pytest.mark.parametrize(("waiting", "looks"), [([], 1), (["a", "b"], 3)])
def test_a_build_waits_for_files_on_their_way(settings, monkeypatch, waiting, looks):
    """One is judged at each look; files that never are do not hold the build up for ever."""
    seen = []
    monkeypatch.setattr("wres.build.changed_inputs", lambda _: True)
    monkeypatch.setattr("wres.load.discover", lambda _: seen.append(1) or waiting[len(seen) - 1 :])
    monkeypatch.setattr(orchestration, "_LOOK_SECONDS", 0)
    orchestration.require_changed(settings)
    assert len(seen) == looks
    monkeypatch.setattr("wres.load.discover", lambda _: ["stuck"])
    monkeypatch.setattr(orchestration, "_SETTLING_SECONDS", 0.01)
    orchestration.require_changed(settings)
