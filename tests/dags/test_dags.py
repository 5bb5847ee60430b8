"""The DAG folder as Airflow reads it: which DAGs there are, what each promises, and what reading them costs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DAGS = {
    "ingest_board",
    "ingest_employee_relations",
    "ingest_organisations",
    "ingest_peer_groups",
    "ingest_recruitment",
    "ingest_reference_results",
    "ingest_staff_survey",
    "ingest_survey_responses",
    "ingest_training",
    "ingest_workforce",
    "ingest_workforce_counts",
    "ingest_wres_return",
    "watch_landing",
    "transform",
    "housekeeping",
}
TAGS = {"ingest", "watch", "transform", "housekeeping"}
OWNERS = {"data-engineering", "workforce-equality"}

# In a process of its own: Airflow reads its home at import, and what the folder imports must not hide behind what
# other tests have imported before.
READ = """
import json, sys, time
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag

began, cpu = time.monotonic(), time.process_time()
bag = DagBag(dag_folder=sys.argv[1], safe_mode=True)
result = {
    "seconds": time.monotonic() - began,
    "cpu_seconds": time.process_time() - cpu,
    "modules": sorted({name.split(".")[0] for name in sys.modules}),
    "import_errors": bag.import_errors,
    "dags": {},
}
for dag in bag.dags.values():
    result["dags"][dag.dag_id] = {
        "file": dag.fileloc,
        "tags": sorted(dag.tags),
        "doc_md": dag.doc_md,
        "description": dag.description,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "dagrun_timeout": dag.dagrun_timeout.total_seconds() if dag.dagrun_timeout else None,
        "schedule": str(dag.schedule),
        "assets": sorted(asset.name for asset in getattr(dag.schedule, "objects", ())),
        "tasks": {
            task.task_id: {
                "owner": task.owner,
                "retries": task.retries,
                "retry_policy": type(task.retry_policy).__name__,
                "timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
                "pool": task.pool,
                "pool_slots": task.pool_slots,
                "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
                "mapped": task.is_mapped,
                "map_index_template": getattr(task, "map_index_template", None),
                "downstream": sorted(task.downstream_task_ids),
                "outlets": [asset.name for asset in getattr(task, "outlets", None) or []]
                or [asset.name for asset in (getattr(task, "partial_kwargs", {}) or {}).get("outlets", [])],
                "inlets": [asset.name for asset in getattr(task, "inlets", None) or []],
                "links": [link.name for link in task.operator_extra_links],
            }
            for task in dag.tasks
        },
    }
print("RESULT" + json.dumps(result))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What Airflow finds in ``dags/``, read as its DAG processor reads it."""
    home = tmp_path_factory.mktemp("airflow")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "WRES_HOME": str(home / "wres"),
        "WRES_WATCH_SECONDS": "600",
    }
    run = subprocess.run(
        [sys.executable, "-c", READ, str(PROJECT / "dags")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = re.search(r"^RESULT(.*)$", run.stdout, re.MULTILINE)
    assert found, f"the folder could not be read:\n{run.stdout}\n{run.stderr}"
    result = json.loads(found[1])
    result["wres_home_touched"] = (home / "wres").exists()
    return result


@pytest.fixture(scope="module")
def dags(folder):
    return folder["dags"]


@pytest.fixture(scope="module")
def tasks(dags):
    """All tasks as (DAG id, task id, what is known of it)."""
    return [(dag_id, task_id, task) for dag_id, dag in dags.items() for task_id, task in dag["tasks"].items()]


def test_folder_holds_exactly_these_dags(folder):
    assert folder["import_errors"] == {}
    assert set(folder["dags"]) == DAGS


def test_every_registered_source_has_its_ingest_dag(dags):
    sources = {path.stem for path in (PROJECT / "sources").glob("*.yml")}
    assert {f"ingest_{source}" for source in sources} == {dag_id for dag_id in dags if dag_id.startswith("ingest_")}


def test_reading_the_folder_imports_nothing_heavy_and_starts_nothing(folder):
    assert not {"pandas", "numpy", "dbt", "great_expectations"} & set(folder["modules"])
    assert not folder["wres_home_touched"], "reading the DAG files must not start a server or write state"


def test_reading_the_folder_stays_in_its_budget(folder):
    assert folder["cpu_seconds"] < 2, folder["seconds"]


def test_dag_files_are_short():
    lengths = {path.name: len(path.read_text().splitlines()) for path in (PROJECT / "dags").glob("*.py")}
    assert lengths
    assert {name: length for name, length in lengths.items() if length >= 80} == {}


def test_dag_files_import_airflow_through_its_public_interface_only():
    for path in (PROJECT / "dags").glob("*.py"):
        imported = re.findall(r"^\s*(?:from|import) (airflow[\w.]*)", path.read_text(), re.MULTILINE)
        assert imported
        assert {name for name in imported if name.split(".")[1] not in ("sdk", "providers")} == set(), path.name


@pytest.mark.parametrize("dag_id", sorted(DAGS))
def test_dag_says_what_it_is_for(dags, dag_id):
    dag = dags[dag_id]
    assert set(dag["tags"]) <= TAGS
    assert dag["tags"]
    assert dag["doc_md"].startswith("### ")
    assert len(dag["doc_md"]) > 150
    assert dag["description"]
    assert [task for task in dag["tasks"] if f"`{task}`" not in dag["doc_md"]] == [], "a task that it does not explain"
    for runbook in re.findall(r"`(docs/[^`]+)`", dag["doc_md"]):
        assert (PROJECT / runbook).is_file()


@pytest.mark.parametrize("dag_id", sorted(DAGS))
def test_dag_runs_once_at_a_time_without_catching_up_and_not_for_ever(dags, dag_id):
    dag = dags[dag_id]
    assert dag["max_active_runs"] == 1
    assert dag["catchup"] is False
    assert 0 < dag["dagrun_timeout"] <= 2 * 3600


@pytest.mark.parametrize(
    ("dag_id", "schedule"),
    [
        ("ingest_organisations", "0 5 2 * *"),
        ("ingest_staff_survey", "0 6 * 3 1"),
        # After the snapshots of March, June, September and December.
        ("ingest_workforce", "0 6 15 1,4,7,10 *"),
        ("ingest_workforce_counts", "0 6 15 1,4,7,10 *"),
        ("ingest_board", "0 6 15 1,4,7,10 *"),
        ("ingest_recruitment", "0 6 20 1,4,7,10 *"),
        ("ingest_employee_relations", "0 6 20 1,4,7,10 *"),
        ("ingest_training", "0 6 20 1,4,7,10 *"),
        # While the window for returns is open, and when results of the survey appear.
        ("ingest_wres_return", "0 6 * 5-8 1"),
        ("ingest_survey_responses", "0 7 * 3 1"),
        ("ingest_reference_results", "0 5 3 * *"),
        ("watch_landing", "0:10:00"),
        ("housekeeping", "0 4 * * 0"),
    ],
)
def test_schedule(dags, dag_id, schedule):
    assert dags[dag_id]["schedule"] == schedule


def test_transform_follows_every_source(dags):
    sources = {path.stem for path in (PROJECT / "sources").glob("*.yml")}
    assert set(dags["transform"]["assets"]) == {f"accepted: {source}" for source in sources}


def test_assets_tell_the_way_of_a_file(dags):
    """Airflow draws them: from what landed to what is published, without a gap."""
    chain = {}
    for dag in dags.values():
        for task in dag["tasks"].values():
            chain |= dict.fromkeys(task["inlets"], task["outlets"])
    for source in (path.stem for path in (PROJECT / "sources").glob("*.yml")):
        assert chain[f"landed: {source}"] == [f"accepted: {source}"]
        assert chain[f"accepted: {source}"] == ["candidate release"]
    assert chain["candidate release"] == ["published release"]


def test_tasks_that_judge_lead_to_what_they_found(dags):
    links = {
        f"{dag_id}.{task_id}": task["links"]
        for dag_id in ("ingest_board", "transform")
        for task_id, task in dags[dag_id]["tasks"].items()
        if task["links"]
    }
    assert links == {
        "ingest_board.gate": ["Reports on rejected files"],
        "ingest_board.report": ["Reports on rejected files"],
        "transform.gate": ["Data Docs"],
    }


def test_tasks_have_owner_time_limit_and_retries_for_lost_connections_only(tasks):
    for dag_id, task_id, task in tasks:
        where = f"{dag_id}.{task_id}"
        assert task["owner"] in OWNERS, where
        assert 0 < task["timeout"] <= 3600, where
        assert task["retries"] == 2, where
        assert task["retry_policy"] == "LostConnection", where


def test_owner_of_an_ingest_dag_comes_from_the_registry(dags):
    assert {task["owner"] for task in dags["ingest_staff_survey"]["tasks"].values()} == {"workforce-equality"}


@pytest.mark.parametrize("source", ["organisations", "staff_survey", "workforce", "wres_return"])
def test_ingest_has_one_gate_for_all_mapped_loads(dags, source):
    found = dags[f"ingest_{source}"]["tasks"]
    assert {name: task["downstream"] for name, task in found.items()} == {
        "discover": ["load", "report"],
        "load": ["gate", "report"],
        "gate": ["report"],
        "report": [],
    }
    assert [name for name, task in found.items() if task["mapped"]] == ["load"]
    assert "batch" in found["load"]["map_index_template"]
    # A failed batch does not keep the gate from judging the others, and the report speaks whatever happened.
    assert found["gate"]["trigger_rule"] == "all_done_min_one_success"
    assert found["report"]["trigger_rule"] == "all_done"
    assert {name: task["outlets"] for name, task in found.items() if task["outlets"]} == {
        "gate": [f"accepted: {source}"]
    }


def test_a_build_waits_until_no_load_is_running(dags):
    slots = {
        f"{dag_id}.{task_id}": task["pool_slots"]
        for dag_id in ("ingest_staff_survey", "transform")
        for task_id, task in dags[dag_id]["tasks"].items()
        if task["pool"] == "warehouse_writers"
    }
    assert slots == {
        "ingest_staff_survey.load": 1,
        "ingest_staff_survey.gate": 1,
        "transform.build": 2,
        "transform.growth": 2,
        "transform.gate": 2,
        "transform.publish": 2,
    }


def test_transform_is_one_line_that_can_stop_at_each_step(dags):
    found = dags["transform"]["tasks"]
    assert {name: task["downstream"] for name, task in found.items()} == {
        "inputs_changed": ["build"],
        "build": ["growth"],
        "growth": ["gate"],
        "gate": ["publish"],
        "publish": [],
    }
    assert {task["trigger_rule"] for task in found.values()} == {"all_success"}
